#ifndef SITU_VMM_CTL_REQUEST_H
#define SITU_VMM_CTL_REQUEST_H

#include <stddef.h>

#include "base/err.h"

/*
 * What a client may ask a running VM for. Pure: bytes in, request out; any thread. The bytes come
 * from another process and are not trusted.
 *
 *   {"op": "show"}
 */
enum ctl_op {
	CTL_SHOW, /* wanted and live place of every thread and page */
	CTL_RESTORE, /* puts threads that somebody moved back, then as show */
	CTL_POWER_BUTTON,
	CTL_PAUSE,
	CTL_RESUME,
	NR_CTL_OPS
};

extern const char *const ctl_op_names[NR_CTL_OPS];

#define CTL_REQUEST_MAX 4096u /* bytes */

struct ctl_request {
	enum ctl_op op;
};

/* The number of bytes that the request takes; 0: it is not complete yet; -EINVAL with err
 * (EXIT_INPUT). */
int ctl_request_parse(struct ctl_request *request, const char *bytes, size_t len, struct err *err);

#endif

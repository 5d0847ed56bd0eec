/* What clients of a running VM send: any bytes, in any pieces, are an answer and never more bytes
 * than there are. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/ctl/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ctl_request whole, part;
	struct err err;
	int taken = ctl_request_parse(&whole, (const char *)data, len, &err);

	assert(taken < 0 || (size_t)taken <= len);
	if (taken <= 0)
		return 0;
	assert(whole.op < NR_CTL_OPS);
	/* A request that came in pieces is not complete before its last byte, and is then the same.
	 */
	for (int i = 0; i < taken; i++)
		assert(ctl_request_parse(&part, (const char *)data, (size_t)i, &err) <= 0);
	assert(ctl_request_parse(&part, (const char *)data, (size_t)taken, &err) == taken);
	assert(part.op == whole.op);
	return 0;
}

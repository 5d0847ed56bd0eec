#ifndef SITU_CLI_PROGRESS_H
#define SITU_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bar on stderr for what may take over a second, on a terminal only. One thread per bar.
 * It is drawn at most ten times a second and removed at the end.
 */
struct progress {
	const char *label;
	bool shown, drawn;
	uint64_t start_ns, last_ns;
};

void progress_init(struct progress *progress, const char *label);
/* done of total; the time left follows from what is done so far. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total);
void progress_fini(struct progress *progress);

/* "[#####.....]  50 %  12 s left", into buf; what the bar shows, apart from the label. Pure. */
void progress_format(char *buf, size_t len, uint64_t done, uint64_t total, uint64_t elapsed_ns);

#endif

#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/monotonic.h"

#define WIDTH	    30
#define INTERVAL_NS 100000000u

void progress_init(struct progress *progress, const char *label)
{
	*progress = (struct progress){ .label = label, .shown = isatty(STDERR_FILENO) };
	if (progress->shown)
		progress->start_ns = monotonic_ns();
}

void progress_format(char *buf, size_t len, uint64_t done, uint64_t total, uint64_t elapsed_ns)
{
	double share = total ? (double)done / (double)total : 1;
	int filled = (int)(share * WIDTH);
	char bar[WIDTH + 1], left[32] = "";

	memset(bar, '#', (size_t)filled);
	memset(bar + filled, '.', (size_t)(WIDTH - filled));
	bar[WIDTH] = '\0';
	if (done && done < total)
		snprintf(left, sizeof(left), "  %.0f s left",
			 (double)elapsed_ns / NS_PER_S * (1 / share - 1));
	snprintf(buf, len, "[%s] %3.0f %%%s", bar, share * 100, left);
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total)
{
	char text[96];
	uint64_t now;

	if (!progress->shown)
		return;
	now = monotonic_ns();
	if (progress->drawn && now - progress->last_ns < INTERVAL_NS)
		return;
	progress->last_ns = now;
	progress->drawn = true;
	progress_format(text, sizeof(text), done, total, now - progress->start_ns);
	fprintf(stderr, "\r%s %s\033[K", progress->label, text);
}

void progress_fini(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

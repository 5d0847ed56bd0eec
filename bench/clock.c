#include "bench/clock.h"

#include <stdint.h>
#include <time.h>

#include "guest/clock.h"

#define WINDOW_NS 20000000
#define TRIES	  20

struct instant {
	uint64_t ticks;
	double ns;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Both clocks at once, as nearly as can be: the narrowest of a few readings. */
static struct instant read_both(void)
{
	struct instant best = { 0 };
	uint64_t narrowest = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ticks();
		double ns = now_ns();
		uint64_t width = clock_ticks() - before;

		if (width < narrowest) {
			narrowest = width;
			best = (struct instant){ before + width / 2, ns };
		}
	}
	return best;
}

double clock_ns_per_tick(void)
{
	const struct timespec window = { .tv_nsec = WINDOW_NS };
	struct instant begin = read_both(), end;

	nanosleep(&window, NULL);
	end = read_both();
	return (end.ns - begin.ns) / (double)(end.ticks - begin.ticks);
}

double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

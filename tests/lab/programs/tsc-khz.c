/*
 * tsc-khz: prints the frequency of this machine's time stamp counter, for the runner of the lab.
 *
 * A host under QEMU's software CPU reads this counter as its own. Left to calibrate it against
 * emulated timers on a busy machine, its kernel can be wrong by a factor of ten, and so are all its
 * clocks and time limits then.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t tsc;
	double ns;
};

/* Of several readings the one that took least: nothing came in between. */
static struct moment now(void)
{
	struct moment best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		struct timespec ts;
		uint64_t before = __rdtsc(), after;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before < least) {
			least = after - before;
			best.tsc = before + least / 2;
			best.ns = (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
		}
	}
	return best;
}

int main(void)
{
	struct moment begin = now(), end;

	nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
	end = now();
	printf("%.0f\n", (double)(end.tsc - begin.tsc) / (end.ns - begin.ns) * 1e6);
	return 0;
}

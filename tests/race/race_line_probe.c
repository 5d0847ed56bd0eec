/* Two pinned threads and one line, under ThreadSanitizer: what is shared is shared by atomics. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "affinity/pin.h"
#include "bench/line_probe.h"

int main(void)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	void *line = aligned_alloc(LINE_PROBE_LINE_BYTES, LINE_PROBE_LINE_BYTES);
	struct line_probe probe = { .line = line, .nr_samples = 20, .sample_ns = 200000 };
	struct line_result result;
	struct err err;
	int first, second, ret;

	assert(!pin_read(0, &cpus, &err));
	first = cpuset_next(&cpus, 0);
	second = cpuset_next(&cpus, (unsigned int)first + 1);
	if (second < 0) {
		puts("needs two CPUs");
		return 77;
	}
	probe.cpu_a = (unsigned int)first;
	probe.cpu_b = (unsigned int)second;
	for (int i = 0; i < 5; i++) {
		ret = line_probe_run(&probe, &result, &err);
		assert(!ret || ret == -EAGAIN);
		assert(result.nr_kept + result.nr_dropped == 20);
		assert(ret || result.one_way_ns > 0);
	}
	/* A CPU that does not exist: both threads go home, and the error names it. */
	probe.cpu_b = 60000;
	ret = line_probe_run(&probe, &result, &err);
	assert(ret < 0 && err.status == EXIT_INPUT);
	free(line);
	return 0;
}

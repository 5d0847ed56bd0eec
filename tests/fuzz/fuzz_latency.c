/* Latency tables: whatever parses can be read at every cell, the same both ways. */
#include <assert.h>
#include <math.h>
#include <stdint.h>

#include "affinity/latency.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct latency latency;
	struct err err = { 0 };

	if (latency_parse(&latency, (const char *)data, len, &err)) {
		assert(err.status == EXIT_INPUT && err.text[0]);
		return 0;
	}
	for (unsigned int a = 0; a < latency.nr_cpus; a++)
		for (unsigned int b = 0; b <= a; b++) {
			double there = latency_c2c_ns(&latency, a, b, -1);
			double back = latency_c2c_ns(&latency, b, a, -1);

			assert(isnan(there) ? isnan(back) : there == back && there >= 0);
		}
	latency_fini(&latency);
	return 0;
}

/* Placements made by hand: what is read names each vCPU once, below the limit, with one CPU. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan_pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NR_VCPUS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);
	bool seen[NR_VCPUS] = { false };
	struct place_pin *pins;
	struct err err = { 0 };
	unsigned int nr;

	if (plan_pins_parse(&pins, &nr, NR_VCPUS, text, &err)) {
		assert(err.status == EXIT_INPUT && err.text[0]);
	} else {
		for (unsigned int i = 0; i < nr; i++) {
			assert(pins[i].vcpu < NR_VCPUS && !seen[pins[i].vcpu]);
			assert(cpuset_count(&pins[i].cpus) == 1);
			seen[pins[i].vcpu] = true;
		}
	}
	plan_pins_free(pins, nr);
	free(text);
	return 0;
}

/* The state files of other VMs: whatever is accepted must write and read back the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/reserve_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct reserve_claim *claim)
{
	char *text = reserve_state_write(claim);
	struct reserve_claim back;
	struct err err;

	assert(reserve_name_valid(claim->name));
	assert(!reserve_state_read(&back, text, strlen(text), &err));
	assert(!strcmp(back.name, claim->name) && back.pid == claim->pid);
	assert(cpuset_equal(&back.cpus, &claim->cpus));
	assert(back.exclusive == claim->exclusive && back.populated == claim->populated);
	assert(back.nr_memory == claim->nr_memory);
	assert(!claim->nr_memory ||
	       !memcmp(&back.memory[0].bytes, &claim->memory[0].bytes, sizeof(uint64_t)));
	reserve_claim_fini(&back);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reserve_claim claim;
	struct err err;

	if (!reserve_state_read(&claim, (const char *)data, len, &err))
		check(&claim);
	reserve_claim_fini(&claim);
	return 0;
}

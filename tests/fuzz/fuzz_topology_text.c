/* Our own readers of foreign text around hwloc: nesting, synthetic counts, meminfo. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/topology_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);
	struct err err = { 0 };
	uint64_t bytes = 0;

	/* A refusal always has its sentence. */
	assert(!topology_check_xml(text, &err) == (err.status == EXIT_OK));
	err = (struct err){ 0 };
	assert(!topology_check_synthetic(text, &err) == (err.status == EXIT_OK));
	if (topology_meminfo(text, "MemFree", &bytes))
		assert(bytes % 1024 == 0);
	free(text);
	return 0;
}

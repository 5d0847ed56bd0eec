/* Lists of CPUs: whatever parses must print to a text that parses to the same set. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len), *printed;
	struct cpuset set = { 0 }, again = { 0 };
	struct err err;

	if (!cpuset_parse(&set, text, &err)) {
		printed = cpuset_string(&set);
		assert(!cpuset_parse(&again, printed, &err));
		assert(cpuset_equal(&set, &again));
		free(printed);
	}
	cpuset_fini(&set);
	cpuset_fini(&again);
	free(text);
	return 0;
}

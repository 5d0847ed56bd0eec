/* numa_maps of any content: counts stay within what the format can say. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"
#include "base/size.h"
#include "numa/numa_maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void visit(const struct numa_count *count, void *arg)
{
	(void)arg;
	assert(count->node < CPUSET_MAX);
	assert(count->page_size && count->page_size % KIB == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);

	numa_maps_read(text, visit, NULL);
	free(text);
	return 0;
}

/* Guest addresses: a pointer comes out only where a slow look at every region agrees. Bytes are one
 * layout (count, then page-granular gaps and lengths), then (gpa, len) questions. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "numa/memory.h"

#define MAX_REGIONS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What gmem_ptr() must answer, in arithmetic too wide to overflow. */
static void *slow_ptr(const struct gmem *gmem, gpa_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_region *region = &gmem->regions[i];
		__extension__ unsigned __int128 start = region->spec.gpa, end = start;

		end += region->spec.len;
		if (gpa >= start && gpa < end && (unsigned __int128)gpa + len <= end)
			return (char *)region->hva + (gpa - region->spec.gpa);
	}
	return NULL;
}

static size_t read_layout(struct gmem *gmem, const uint8_t *data, size_t len)
{
	gpa_t next = 0;
	size_t used = 1;

	gmem->nr_regions = len ? data[0] % (MAX_REGIONS + 1) : 0;
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		uint8_t gap = used < len ? data[used++] : 0, size = used < len ? data[used++] : 0;
		struct gmem_region *region = &gmem->regions[i];

		region->spec.gpa = next + ((uint64_t)gap << (gap & 0x80 ? 40 : 12));
		region->spec.len = (uint64_t)(size + 1) << 12;
		/* Never followed: the door computes addresses and reads nothing. */
		region->hva = (void *)((uintptr_t)(i + 1) << 44);
		next = region->spec.gpa + region->spec.len;
	}
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct gmem_region regions[MAX_REGIONS] = { 0 };
	struct gmem gmem = { .regions = regions };
	size_t used = read_layout(&gmem, data, len);
	uint64_t ask[2];

	for (; used + sizeof(ask) <= len; used += sizeof(ask)) {
		memcpy(ask, data + used, sizeof(ask));
		assert(gmem_ptr(&gmem, ask[0], ask[1]) == slow_ptr(&gmem, ask[0], ask[1]));
	}
	return 0;
}

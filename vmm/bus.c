#include "vmm/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define LOG_BURST 10 /* misses told a second */

void bus_init(struct bus *bus, const char *name)
{
	*bus = (struct bus){ .name = name };
	pthread_rwlock_init(&bus->lock, NULL);
	pthread_mutex_init(&bus->limit_lock, NULL);
}

void bus_fini(struct bus *bus)
{
	free(bus->ranges);
	pthread_rwlock_destroy(&bus->lock);
	pthread_mutex_destroy(&bus->limit_lock);
	*bus = (struct bus){ 0 };
}

/* How many ranges begin at or below addr; the last of them is the only one that can hold it. */
static unsigned int count_below(const struct bus *bus, uint64_t addr)
{
	unsigned int low = 0, high = bus->nr;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (bus->ranges[mid].base <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool overlap(const struct bus_range *a, const struct bus_range *b)
{
	return a->base - b->base < b->len || b->base - a->base < a->len;
}

/* The range that a new one at `index` would overlap, or NULL. */
static const struct bus_range *find_overlap(const struct bus *bus, unsigned int index,
					    const struct bus_range *range)
{
	if (index > 0 && overlap(&bus->ranges[index - 1], range))
		return &bus->ranges[index - 1];
	if (index < bus->nr && overlap(&bus->ranges[index], range))
		return &bus->ranges[index];
	return NULL;
}

static int insert(struct bus *bus, const struct bus_range *range, struct err *err)
{
	unsigned int index = count_below(bus, range->base);
	const struct bus_range *other = find_overlap(bus, index, range);

	if (other)
		return err_set(err, EXIT_INPUT, EEXIST,
			       "%s bus: %s at 0x%" PRIx64 ", length 0x%" PRIx64 ", overlaps %s at "
			       "0x%" PRIx64 ", length 0x%" PRIx64,
			       bus->name, range->name, range->base, range->len, other->name,
			       other->base, other->len);
	bus->ranges = alloc_resize(bus->ranges, bus->nr + 1, sizeof(*bus->ranges));
	memmove(&bus->ranges[index + 1], &bus->ranges[index],
		(bus->nr - index) * sizeof(*bus->ranges));
	bus->ranges[index] = *range;
	bus->nr++;
	return 0;
}

int bus_add(struct bus *bus, const struct bus_range *range, struct err *err)
{
	int ret;

	if (!range->len || range->base + (range->len - 1) < range->base)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "%s bus: %s at 0x%" PRIx64 ", length 0x%" PRIx64
			       ", is empty or wraps around",
			       bus->name, range->name, range->base, range->len);
	pthread_rwlock_wrlock(&bus->lock);
	ret = insert(bus, range, err);
	pthread_rwlock_unlock(&bus->lock);
	return ret;
}

int bus_remove(struct bus *bus, uint64_t base)
{
	unsigned int index;
	int ret = -ENOENT;

	pthread_rwlock_wrlock(&bus->lock);
	index = count_below(bus, base);
	if (index > 0 && bus->ranges[index - 1].base == base) {
		memmove(&bus->ranges[index - 1], &bus->ranges[index],
			(bus->nr - index) * sizeof(*bus->ranges));
		bus->nr--;
		ret = 0;
	}
	pthread_rwlock_unlock(&bus->lock);
	return ret;
}

static bool look_up(struct bus *bus, uint64_t addr, uint32_t len, struct bus_range *found)
{
	unsigned int index;
	bool is_hit = false;

	pthread_rwlock_rdlock(&bus->lock);
	index = count_below(bus, addr);
	if (index > 0) {
		*found = bus->ranges[index - 1];
		is_hit = len <= found->len && addr - found->base <= found->len - len;
	}
	pthread_rwlock_unlock(&bus->lock);
	return is_hit;
}

static void miss(struct bus *bus, uint64_t addr, uint32_t len, bool is_write)
{
	bool told;

	bus->misses++;
	if (!log_enabled(LOG_DEBUG))
		return;
	pthread_mutex_lock(&bus->limit_lock);
	told = log_limit_pass(&bus->limit, LOG_BURST);
	pthread_mutex_unlock(&bus->limit_lock);
	if (told)
		log_debug("%s bus: nothing is at 0x%" PRIx64 " for a %s of %u bytes", bus->name,
			  addr, is_write ? "write" : "read", len);
}

bool bus_access(struct bus *bus, uint64_t addr, void *data, uint32_t len, bool is_write)
{
	struct bus_range range;

	if (look_up(bus, addr, len, &range)) {
		range.fn(range.dev, addr - range.base, data, len, is_write);
		return true;
	}
	if (!is_write)
		memset(data, 0xff, len);
	miss(bus, addr, len, is_write);
	return false;
}

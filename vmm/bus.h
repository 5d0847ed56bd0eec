#ifndef SITU_VMM_BUS_H
#define SITU_VMM_BUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

/*
 * An address space of devices (ports, or MMIO): ranges, each with a callback. Any thread.
 *
 * Ranges are sorted and never overlap. An access belongs to a range only if it lies in it wholly;
 * one that belongs to none reads as all-ones, writes to nowhere, is counted, and is logged with a
 * rate limit. Callbacks run with no lock of the bus held, on the thread of the vCPU that made the
 * access, so a callback may add and remove ranges, and one that is running may outlast its range's
 * removal: a device outlives the vCPUs.
 */
typedef void (*bus_fn)(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

struct bus_range {
	uint64_t base, len;
	bus_fn fn;
	void *dev;
	const char *name; /* for messages; static */
};

struct bus {
	const char *name; /* "port" or "mmio"; static */
	pthread_rwlock_t lock; /* ranges, nr */
	struct bus_range *ranges; /* sorted by base */
	unsigned int nr;
	_Atomic uint64_t misses;
	struct log_limit limit; /* under limit_lock */
	pthread_mutex_t limit_lock;
};

void bus_init(struct bus *bus, const char *name);
void bus_fini(struct bus *bus);

/* -EEXIST: overlaps another range, which err names; -EINVAL: empty or wraps around. */
int bus_add(struct bus *bus, const struct bus_range *range, struct err *err);
/* Removes the range that begins at base. -ENOENT. */
int bus_remove(struct bus *bus, uint64_t base);

/* One access by a guest. len: 1, 2, 4 or 8. data is read for a write, filled for a read. Returns
 * false for a miss. */
bool bus_access(struct bus *bus, uint64_t addr, void *data, uint32_t len, bool is_write);

#endif

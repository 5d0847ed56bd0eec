#ifndef SITU_NUMA_BIND_H
#define SITU_NUMA_BIND_H

#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "numa/memory.h"

/* The memory policy of an address range, mbind(2). Any thread. */

/* Sets the policy for pages to come, and with `move` moves those that are there. nodes by the
 * operating system's number, of any size. -EINVAL where no node of the set can be used, -EPERM
 * where a container's seccomp filter refuses the call, -EIO where pages could not be moved. */
int bind_range(void *hva, uint64_t len, enum mem_policy policy, const struct cpuset *nodes,
	       bool move, struct err *err);

/* The node of the CPU that runs the caller, getcpu(2). */
unsigned int bind_current_node(void);

#endif

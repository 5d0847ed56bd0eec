#ifndef SITU_NUMA_POPULATE_H
#define SITU_NUMA_POPULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "numa/memory.h"

/*
 * Touches all pages of the regions that ask for it, before anything uses them. Called by one thread
 * at a time; it starts its own and returns when they have ended.
 *
 * Regions with the same prefault_cpus share a crew of threads, one per CPU, confined to these CPUs;
 * crews run at the same time. What memory holds is kept.
 */
struct populate_options {
	void (*progress)(void *arg, uint64_t done,
			 uint64_t total); /* bytes; from the caller's thread */
	void *arg;
	bool touch; /* as on kernels before 5.14, without MADV_POPULATE_WRITE */
	struct cpuset *ran_on; /* filled with the CPUs that did the work; or NULL */
};

/* -ENOMEM where pages run out (nothing is undone here: unmap the regions), -EINVAL where none of
 * prefault_cpus can be used. */
int populate_regions(const struct gmem *gmem, const struct populate_options *options,
		     struct err *err);

#endif

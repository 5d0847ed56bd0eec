#ifndef SITU_GUEST_WORK_H
#define SITU_GUEST_WORK_H

#include "guest/abi.h"

/* The one place where an address in a command block becomes a pointer. */
static inline void *work_at(uint64_t address)
{
	return (void *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr): it is the ABI */
}

/*
 * Does one piece of work, in a vCPU, a host thread or a host process: the benchmark's hot part,
 * compiled once. Freestanding; nothing here makes a system call or leaves the guest.
 */
void work_run(const struct work *work, struct work_result *result);

/* guest/memory.c */
void work_chase(const struct work *work, struct work_result *result);
void work_stream(const struct work *work, struct work_result *result);

/* Links the cache lines of a buffer into one cycle in random order, so that each step's address
 * depends on the one before and no prefetcher can guess it. len is a multiple of 64; the links are
 * offsets, so the buffer may be filled at one address and followed at another. */
void chase_link(void *buffer, uint64_t len, uint64_t seed);

#endif

#ifndef SITU_GUEST_WAIT_H
#define SITU_GUEST_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a side does when its ring is empty or full, and how it learns that it shall give up. Any
 * thread, host or guest; freestanding.
 *
 * A policy is one number, the PAUSE instructions between two looks: 0 spins, 1 pauses, N backs off.
 */
enum { WAIT_SPIN = 0, WAIT_PAUSE = 1 };

struct waiter {
	uint32_t pauses;
	uint64_t waits; /* how often the ring was empty or full */
	const _Atomic uint32_t *stop; /* not 0: give up (the peer died, the user stopped) */
};

static inline void cpu_pause(void)
{
	__builtin_ia32_pause();
}

/* Waits once; false: give up. */
static inline bool waiter_wait(struct waiter *waiter)
{
	for (uint32_t i = 0; i < waiter->pauses; i++)
		cpu_pause();
	/* The stop word is looked at seldom: its line shall not take part in what is measured. */
	return (++waiter->waits & 0xfff) ||
	       !atomic_load_explicit(waiter->stop, memory_order_relaxed);
}

#endif

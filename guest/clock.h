#ifndef SITU_GUEST_CLOCK_H
#define SITU_GUEST_CLOCK_H

#include <stdint.h>

/* The time-stamp counter, in its own ticks. Any thread, host or guest (CPL 3: CR4.TSD is clear). */

/* RDTSCP waits for all earlier instructions; the LFENCE keeps later ones behind it (Intel SDM vol.
 * 2, RDTSCP; AMD APM vol. 3). */
static inline uint64_t clock_ticks(void)
{
	uint32_t aux;
	uint64_t ticks = __builtin_ia32_rdtscp(&aux);

	__builtin_ia32_lfence();
	return ticks;
}

#endif

#ifndef SITU_BENCH_STEAL_H
#define SITU_BENCH_STEAL_H

#include <stdint.h>

/*
 * Time that a CPU was away for the hypervisor's sake: /proc/stat, column "steal" (proc(5)), in
 * clock ticks. Any thread.
 */
uint64_t steal_ticks(unsigned int cpu); /* 0 where the kernel does not say */
/* The same from the text of /proc/stat. Pure. */
uint64_t steal_parse(const char *text, unsigned int cpu);

#endif

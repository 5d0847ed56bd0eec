#ifndef SITU_BENCH_FIRST_BYTE_H
#define SITU_BENCH_FIRST_BYTE_H

#include "base/err.h"

/*
 * The shortest way into a guest: no host map is read, nothing is prefaulted; memory from wherever
 * it comes, one vCPU on the CPU named. Starts the built-in guest, calls tell() from the vCPU's
 * thread when the guest says that it runs, ends it. One thread.
 */
int first_byte(unsigned int cpu, void (*tell)(void *arg), void *arg, struct err *err);

#endif

#ifndef SITU_TESTS_KVM_CYCLES_H
#define SITU_TESTS_KVM_CYCLES_H

#include "base/err.h"

/* Creates, runs and destroys a VM of two vCPUs `times` times, and tells what this process holds
 * more of than after the first twenty. */
struct cycles_growth {
	int fds, threads;
	long rss_kib;
};
int cycles_run(unsigned int times, struct cycles_growth *growth, struct err *err);

#endif

#ifndef SITU_TESTS_KVM_BARRIER_H
#define SITU_TESTS_KVM_BARRIER_H

#include "base/err.h"

/* Runs a VM whose vCPUs each count themselves in, wait in the guest until all have, and tell their
 * index: so all of them ran at the same time. 0, or -errno with err filled. At most SMALL_KEPT. */
int barrier_run(unsigned int nr_vcpus, struct err *err);

#endif

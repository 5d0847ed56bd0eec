#ifndef SITU_TESTS_KVM_ECHO_GUEST_H
#define SITU_TESTS_KVM_ECHO_GUEST_H

#include <stdatomic.h>
#include <stdint.h>

#include "tests/kvm/small_vm.h"

/*
 * A guest that notices a lost or repeated exit: each vCPU counts, writes the count to a port of its
 * own, reads it back, compares, and writes it to an MMIO register of its own, for ever. The device
 * checks that the counts it is given are consecutive, the guest that what it reads is what it
 * wrote.
 */
#define ECHO_MAX 512u

struct echo_guest {
	struct small_vm small;
	struct echo_vcpu {
		atomic_uint port, mmio; /* the last count written there */
		atomic_uint errors;
	} vcpus[ECHO_MAX];
};

int echo_init(struct echo_guest *echo, unsigned int nr_vcpus, struct err *err);
void echo_fini(struct echo_guest *echo);
/* Pauses and resumes `times` times at random points, each time reading and rewriting every vCPU's
 * registers. Returns the number of things that were wrong. */
unsigned int echo_pause_often(struct echo_guest *echo, unsigned int times, unsigned int seed);
unsigned int echo_errors(const struct echo_guest *echo);
uint64_t echo_count(const struct echo_guest *echo); /* all vCPUs' counts together */

#endif

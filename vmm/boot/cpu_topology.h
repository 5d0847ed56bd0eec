#ifndef SITU_VMM_BOOT_CPU_TOPOLOGY_H
#define SITU_VMM_BOOT_CPU_TOPOLOGY_H

#include <linux/kvm.h>
#include <stdbool.h>

#include "vmm/guest_topology.h"

/*
 * The CPUID leaves that state topology and caches. Pure.
 *
 * Intel: 1, 4, 0xB, 0x1F (SDM volume 2A, CPUID). AMD and Hygon: 1, 0xB, 0x80000001, 0x80000008,
 * 0x8000001D, 0x8000001E (APM volume 3, appendix E); TOPOEXT and 0xB are ours to set whatever KVM
 * lists. Other vendors are treated as Intel, whose leaves they follow.
 */
bool cpu_topology_is_amd(struct kvm_cpuid2 *cpuid);

/* Replaces these leaves in a list of what KVM supports by those of one vCPU. *cpuid may move. */
void cpu_topology_set(struct kvm_cpuid2 **cpuid, const struct guest_topology *guest,
		      unsigned int vcpu);

/* For a list that has been through cpu_topology_set(): only what differs between vCPUs. */
void cpu_topology_set_vcpu(struct kvm_cpuid2 *cpuid, const struct guest_topology *guest,
			   unsigned int vcpu);

#endif

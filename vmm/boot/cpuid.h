#ifndef SITU_VMM_BOOT_CPUID_H
#define SITU_VMM_BOOT_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

#include "vmm/guest_topology.h"

/* The whole CPUID list of a vCPU: what KVM supports, the guest's topology, and choices. Pure. */
struct guest_cpuid_options {
	bool tsc_deadline; /* KVM's local APIC has the timer; KVM never lists the bit itself */
	bool amx;
	bool realtime; /* KVM_HINTS_REALTIME: vCPUs are never preempted; switches PV TLB flush off
			*/
};

/* The caller frees. (Documentation/virt/kvm/x86/cpuid.rst for 0x40000001.) */
struct kvm_cpuid2 *guest_cpuid(const struct kvm_cpuid2 *supported,
			       const struct guest_topology *guest, unsigned int vcpu,
			       const struct guest_cpuid_options *options);

#endif

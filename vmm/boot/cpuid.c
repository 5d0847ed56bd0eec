#include "vmm/boot/cpuid.h"

#include <asm/kvm_para.h>

#include "accel/kvm_cpuid.h"
#include "vmm/boot/cpu_topology.h"

#define LEAF1_X2APIC	   (1u << 21) /* ecx */
#define LEAF1_TSC_DEADLINE (1u << 24)
#define LEAF1_HYPERVISOR   (1u << 31)
#define LEAF7_AMX	   (1u << 22 | 1u << 24 | 1u << 25) /* edx: BF16, TILE, INT8 */
#define LEAF_D_TILES	   (1u << 17 | 1u << 18) /* eax: XTILECFG, XTILEDATA */

static void drop_amx(struct kvm_cpuid2 *cpuid)
{
	kvm_cpuid_mask(cpuid, 7, 0, CPUID_EDX, LEAF7_AMX, 0);
	kvm_cpuid_mask(cpuid, 0xd, 0, CPUID_EAX, LEAF_D_TILES, 0);
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 0xd && (entry->index == 17 || entry->index == 18))
			entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
	}
	kvm_cpuid_remove(cpuid, 0x1d);
	kvm_cpuid_remove(cpuid, 0x1e);
}

struct kvm_cpuid2 *guest_cpuid(const struct kvm_cpuid2 *supported,
			       const struct guest_topology *guest, unsigned int vcpu,
			       const struct guest_cpuid_options *options)
{
	struct kvm_cpuid2 *cpuid = kvm_cpuid_copy(supported);

	kvm_cpuid_mask(cpuid, 1, 0, CPUID_ECX, LEAF1_TSC_DEADLINE,
		       LEAF1_HYPERVISOR | LEAF1_X2APIC |
			       (options->tsc_deadline ? LEAF1_TSC_DEADLINE : 0));
	/* Without this bit Linux drops the CPUs whose id does not fit an interrupt's 8 bits. */
	if (guest_topology_max_apic_id(guest) > 254)
		kvm_cpuid_mask(cpuid, KVM_CPUID_FEATURES, 0, CPUID_EAX, 0,
			       1u << KVM_FEATURE_MSI_EXT_DEST_ID);
	kvm_cpuid_mask(cpuid, KVM_CPUID_FEATURES, 0, CPUID_EDX, 1u << KVM_HINTS_REALTIME,
		       options->realtime ? 1u << KVM_HINTS_REALTIME : 0);
	if (!options->amx)
		drop_amx(cpuid);
	cpu_topology_set(&cpuid, guest, vcpu);
	return cpuid;
}

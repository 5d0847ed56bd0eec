#ifndef SITU_ACCEL_KVM_CPUID_H
#define SITU_ACCEL_KVM_CPUID_H

#include <linux/kvm.h>
#include <stdint.h>

/*
 * A list of CPUID leaves as KVM takes it (struct kvm_cpuid2), edited in place. Pure; one thread at
 * a time per list. Lists are on the heap; whoever made one frees it.
 */
struct kvm_cpuid2 *kvm_cpuid_copy(const struct kvm_cpuid2 *from);

/* The entry of a leaf (and subleaf, where the leaf has them), or NULL. */
struct kvm_cpuid_entry2 *kvm_cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf);

/* Sets a leaf, adding it if need be; KVM_CPUID_FLAG_SIGNIFCANT_INDEX in entry->flags says that
 * subleaves count. *cpuid may move. */
void kvm_cpuid_set(struct kvm_cpuid2 **cpuid, const struct kvm_cpuid_entry2 *entry);
/* Drops every subleaf of a leaf. */
void kvm_cpuid_remove(struct kvm_cpuid2 *cpuid, uint32_t leaf);

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };
/* Clears, then sets bits of one register; a leaf that is absent stays absent. */
void kvm_cpuid_mask(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf, enum cpuid_reg reg,
		    uint32_t clear, uint32_t set);

/* Writes a vCPU's APIC id wherever the list already states one: leaves 1, 0xB, 0x1F, 0x8000001E. */
void kvm_cpuid_set_apic_id(struct kvm_cpuid2 *cpuid, uint32_t apic_id);

#endif

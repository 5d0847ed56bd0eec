#include "accel/kvm_cpuid.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

static size_t size_of(uint32_t nent)
{
	return sizeof(struct kvm_cpuid2) + nent * sizeof(struct kvm_cpuid_entry2);
}

struct kvm_cpuid2 *kvm_cpuid_copy(const struct kvm_cpuid2 *from)
{
	struct kvm_cpuid2 *to = alloc_zeroed(1, size_of(from->nent));

	memcpy(to, from, size_of(from->nent));
	return to;
}

struct kvm_cpuid_entry2 *kvm_cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		bool has_subleaves = entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX;

		if (entry->function == leaf && (!has_subleaves || entry->index == subleaf))
			return entry;
	}
	return NULL;
}

void kvm_cpuid_set(struct kvm_cpuid2 **cpuid, const struct kvm_cpuid_entry2 *entry)
{
	struct kvm_cpuid_entry2 *old = kvm_cpuid_find(*cpuid, entry->function, entry->index);

	if (!old) {
		*cpuid = alloc_resize(*cpuid, 1, size_of((*cpuid)->nent + 1));
		old = &(*cpuid)->entries[(*cpuid)->nent++];
	}
	*old = *entry;
}

void kvm_cpuid_remove(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function != leaf)
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
}

static uint32_t *reg_of(struct kvm_cpuid_entry2 *entry, enum cpuid_reg reg)
{
	uint32_t *const regs[] = { &entry->eax, &entry->ebx, &entry->ecx, &entry->edx };

	return regs[reg];
}

void kvm_cpuid_mask(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf, enum cpuid_reg reg,
		    uint32_t clear, uint32_t set)
{
	struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, leaf, subleaf);

	if (entry)
		*reg_of(entry, reg) = (*reg_of(entry, reg) & ~clear) | set;
}

void kvm_cpuid_set_apic_id(struct kvm_cpuid2 *cpuid, uint32_t apic_id)
{
	kvm_cpuid_mask(cpuid, 1, 0, CPUID_EBX, 0xff000000, apic_id << 24);
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 0xb || entry->function == 0x1f)
			entry->edx = apic_id;
		if (entry->function == 0x8000001e)
			entry->eax = apic_id;
	}
}

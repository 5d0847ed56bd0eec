#ifndef SITU_ACCEL_KVM_SLOTS_H
#define SITU_ACCEL_KVM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The memory slots of a VM: which guest-physical ranges are backed by which addresses here.
 * One thread at a time.
 *
 * KVM answers a bad slot with EINVAL or EEXIST alone, so the rules are checked here first, where
 * the range at fault can be named: page-aligned, not empty, no wrap-around, no overlap.
 */
struct kvm;

struct kvm_slot {
	uint64_t gpa, len; /* len 0: the slot is free */
	void *hva;
	uint32_t flags; /* KVM_MEM_* */
};

struct kvm_slots {
	struct kvm_slot *slots; /* index = KVM's slot number */
	unsigned int nr;
};

/* Backs [gpa, gpa + len) by hva, which must stay mapped until the slot is deleted. Returns the
 * slot's number. -EINVAL misaligned or empty, -EEXIST overlap, -ENOSPC too many slots. */
int kvm_slot_add(struct kvm *kvm, const struct kvm_slot *slot, struct err *err);
/* Forgets them; KVM has dropped its own with the VM. */
void kvm_slots_fini(struct kvm_slots *slots);
/* Deletes the slot that is exactly [gpa, gpa + len). -ENOENT if there is none. */
int kvm_slot_delete(struct kvm *kvm, uint64_t gpa, uint64_t len, struct err *err);

#endif

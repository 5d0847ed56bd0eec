#include "accel/kvm_slots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "accel/kvm.h"
#include "base/alloc.h"

#define PAGE	  4096u
#define SLOTS_MAX 32764u /* x86 KVM_USER_MEM_SLOTS since 2021; older kernels say EINVAL before */

static int check_shape(const struct kvm_slot *slot, struct err *err)
{
	if (!slot->len || slot->gpa + slot->len < slot->gpa)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "kvm: memory slot at 0x%" PRIx64 " of 0x%" PRIx64
			       " bytes is empty or wraps around",
			       slot->gpa, slot->len);
	if ((slot->gpa | slot->len | (uintptr_t)slot->hva) % PAGE)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "kvm: memory slot at 0x%" PRIx64 " of 0x%" PRIx64
			       " bytes, backed at %p, is not aligned to pages of %u bytes",
			       slot->gpa, slot->len, slot->hva, PAGE);
	return 0;
}

static int check_overlap(const struct kvm_slots *slots, const struct kvm_slot *new_slot,
			 struct err *err)
{
	for (unsigned int i = 0; i < slots->nr; i++) {
		const struct kvm_slot *old = &slots->slots[i];

		if (new_slot->gpa < old->gpa + old->len && old->gpa < new_slot->gpa + new_slot->len)
			return err_set(err, EXIT_INPUT, EEXIST,
				       "kvm: memory slot at 0x%" PRIx64 " of 0x%" PRIx64
				       " bytes overlaps slot %u at 0x%" PRIx64 " of 0x%" PRIx64
				       " bytes",
				       new_slot->gpa, new_slot->len, i, old->gpa, old->len);
	}
	return 0;
}

/* A number that was given back, or one more. */
static unsigned int free_slot(struct kvm_slots *slots)
{
	unsigned int i = 0;

	while (i < slots->nr && slots->slots[i].len)
		i++;
	if (i == slots->nr) {
		slots->slots = alloc_resize(slots->slots, ++slots->nr, sizeof(*slots->slots));
		slots->slots[i] = (struct kvm_slot){ 0 };
	}
	return i;
}

int kvm_slot_add(struct kvm *kvm, const struct kvm_slot *slot, struct err *err)
{
	struct kvm_slots *slots = &kvm->slots;
	unsigned int number;
	int ret = check_shape(slot, err);

	if (!ret)
		ret = check_overlap(slots, slot, err);
	if (ret)
		return ret;
	number = free_slot(slots);
	if (number >= SLOTS_MAX)
		return err_set(err, EXIT_HOST, ENOSPC, "kvm: all %u memory slots are taken",
			       SLOTS_MAX);
	ret = kvm_set_slot(kvm, number, slot);
	if (ret)
		return err_sys(err, EXIT_HOST, -ret,
			       "kvm: cannot add memory slot %u at 0x%" PRIx64 " of 0x%" PRIx64
			       " bytes",
			       number, slot->gpa, slot->len);
	slots->slots[number] = *slot;
	return (int)number;
}

int kvm_slot_delete(struct kvm *kvm, uint64_t gpa, uint64_t len, struct err *err)
{
	struct kvm_slots *slots = &kvm->slots;
	const struct kvm_slot none = { 0 };
	unsigned int i = 0;
	int ret;

	while (i < slots->nr && !(len && slots->slots[i].gpa == gpa && slots->slots[i].len == len))
		i++;
	if (i == slots->nr)
		return err_set(err, EXIT_INPUT, ENOENT,
			       "kvm: no memory slot is at 0x%" PRIx64 " of 0x%" PRIx64 " bytes",
			       gpa, len);
	ret = kvm_set_slot(kvm, i, &none);
	if (ret)
		return err_sys(err, EXIT_HOST, -ret, "kvm: cannot delete memory slot %u", i);
	slots->slots[i] = none;
	return 0;
}

void kvm_slots_fini(struct kvm_slots *slots)
{
	free(slots->slots);
	*slots = (struct kvm_slots){ 0 };
}

#ifndef SITU_ACCEL_KVM_H
#define SITU_ACCEL_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accel/kvm_slots.h"
#include "base/err.h"

/*
 * /dev/kvm and one VM's file descriptor: what KVM can do, its options, its memory slots. Every call
 * names a section of the kernel's Documentation/virt/kvm/api.rst.
 *
 * One thread sets a VM up. Afterwards slots may be changed by one thread at a time; the rest of the
 * structure is constant, so any thread may make calls on vm_fd.
 */

/* Where interrupt controllers live. */
enum irqchip_mode {
	IRQCHIP_NONE, /* no interrupts at all: HLT comes back as an exit */
	IRQCHIP_SPLIT, /* local APICs in KVM; I/O APIC and PIC, if any, are ours */
	IRQCHIP_FULL, /* local APICs, I/O APIC and PIC in KVM */
};

#define KVM_IRQ_PINS 24 /* of the I/O APIC; GSIs from here on are message-signalled */

/* What has to be said before the first vCPU exists. */
struct kvm_options {
	enum irqchip_mode irqchip;
	bool pit; /* KVM's i8254; IRQCHIP_FULL only */
	bool x2apic; /* APIC ids above 254 in routes and MSIs (4.7, KVM_CAP_X2APIC_API) */
	uint32_t disable_exits; /* KVM_X86_DISABLE_EXITS_*: these stay in the guest */
};

/* A capability that situ knows of, and what becomes of a VM without it. */
struct kvm_capability {
	const char *name;
	int number; /* KVM_CAP_* */
	bool essential;
	const char *purpose;
};
extern const struct kvm_capability kvm_capabilities[];
extern const unsigned int kvm_nr_capabilities;

struct kvm {
	int sys_fd, vm_fd; /* -1: not open */
	size_t run_len; /* bytes of a vCPU's run area */
	unsigned int max_vcpu_id; /* ids from here on are refused */
	enum irqchip_mode irqchip;
	struct kvm_slots slots;
};

/* Opens /dev/kvm and checks that it speaks API version 12, the only one there is. Returns the
 * descriptor. EXIT_HOST: missing, not permitted, another version. */
int kvm_open(struct err *err);
/* KVM_CHECK_EXTENSION on a system or VM descriptor: 0 absent, otherwise its value. */
int kvm_check(int fd, int capability);

/* Opens KVM, creates a VM and sets its options in the order that KVM wants. EXIT_HOST. */
int kvm_init(struct kvm *kvm, const struct kvm_options *options, struct err *err);
void kvm_fini(struct kvm *kvm);

/* KVM_SET_USER_MEMORY_REGION (4.35) of one slot as it stands; len 0 deletes it. -errno. */
int kvm_set_slot(const struct kvm *kvm, unsigned int slot, const struct kvm_slot *to);

/* What KVM can show to a guest (4.46 KVM_GET_SUPPORTED_CPUID); the caller frees *cpuid. */
int kvm_supported_cpuid(const struct kvm *kvm, struct kvm_cpuid2 **cpuid, struct err *err);

#endif

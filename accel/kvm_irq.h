#ifndef SITU_ACCEL_KVM_IRQ_H
#define SITU_ACCEL_KVM_IRQ_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "accel/kvm.h"
#include "base/err.h"

/*
 * Interrupts of a VM: in-kernel chips, GSI routes, and the file descriptors that stand for an
 * interrupt (irqfd) or for a guest's write to a doorbell (ioeventfd).
 *
 * KVM takes the routing table only as a whole (4.52 KVM_SET_GSI_ROUTING), so all routes are kept
 * here and one is changed among them. One thread at a time changes routes; lines, MSIs, irqfds and
 * ioeventfds may be used by any.
 */
struct kvm_routes {
	struct kvm_irq_routing_entry *entries;
	unsigned int nr;
};

/* Starts with the routes that the VM's chips imply: every pin of PIC and I/O APIC for FULL. */
void kvm_routes_init(struct kvm_routes *routes, enum irqchip_mode mode);
void kvm_routes_fini(struct kvm_routes *routes);
/* Points gsi at a message, leaving the other GSIs as they are. */
int kvm_route_msi(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		  const struct kvm_irq_routing_msi *msi, struct err *err);
/* Points gsi at one pin of a chip (KVM_IRQCHIP_*), in addition to those that it already has. */
int kvm_route_pin(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi, uint32_t chip,
		  uint32_t pin, struct err *err);
int kvm_route_remove(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		     struct err *err);

/* 4.25 KVM_IRQ_LINE and 4.70 KVM_SIGNAL_MSI; 0 or -errno. */
int kvm_irq_line(const struct kvm *kvm, uint32_t gsi, bool level);
int kvm_irq_msi(const struct kvm *kvm, const struct kvm_irq_routing_msi *msi);

/* Writing to the eventfd raises gsi, until taken back (4.75 KVM_IRQFD). */
int kvm_irqfd_add(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err);
int kvm_irqfd_remove(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err);

/* A guest's write of len bytes (0: any) to addr signals the eventfd and causes no exit
 * (4.59 KVM_IOEVENTFD). match: only a write of exactly this value; NULL: any. */
struct kvm_doorbell {
	uint64_t addr;
	uint32_t len;
	bool pio;
	const uint64_t *match;
};
int kvm_ioeventfd_add(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
		      struct err *err);
int kvm_ioeventfd_remove(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
			 struct err *err);

#endif

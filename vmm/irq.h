#ifndef SITU_VMM_IRQ_H
#define SITU_VMM_IRQ_H

#include <pthread.h>
#include <stdint.h>

#include "accel/kvm_irq.h"
#include "base/cpuset.h"
#include "base/err.h"

/*
 * Who has which interrupt: lines of the I/O APIC below KVM_IRQ_PINS, messages (MSI) above. Any
 * thread; the routes are changed under the lock.
 */
struct irq_map {
	const struct kvm *kvm;
	pthread_mutex_t lock; /* taken, routes */
	struct cpuset taken;
	struct kvm_routes routes;
	unsigned int max_gsi;
};

/* Nothing is taken at first. kvm outlives the map. */
void irq_map_init(struct irq_map *map, const struct kvm *kvm);
void irq_map_fini(struct irq_map *map);

/* Takes a line by number: -EBUSY if it is taken. */
int irq_take_line(struct irq_map *map, uint32_t gsi, struct err *err);
/* Takes a free GSI for messages and routes it. Returns the GSI. -ENOSPC. */
int irq_take_msi(struct irq_map *map, const struct kvm_irq_routing_msi *msi, struct err *err);
/* Points a message's GSI elsewhere (the guest rewrote its vector). */
int irq_move_msi(struct irq_map *map, uint32_t gsi, const struct kvm_irq_routing_msi *msi,
		 struct err *err);
void irq_release(struct irq_map *map, uint32_t gsi);

#endif

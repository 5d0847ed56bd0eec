#include "vmm/irq.h"

#include <errno.h>

#define GSI_MAX 4096 /* KVM_MAX_IRQ_ROUTES on x86 */

void irq_map_init(struct irq_map *map, const struct kvm *kvm)
{
	*map = (struct irq_map){ .kvm = kvm, .max_gsi = GSI_MAX };
	pthread_mutex_init(&map->lock, NULL);
	kvm_routes_init(&map->routes, kvm->irqchip);
}

void irq_map_fini(struct irq_map *map)
{
	kvm_routes_fini(&map->routes);
	cpuset_fini(&map->taken);
	pthread_mutex_destroy(&map->lock);
	*map = (struct irq_map){ 0 };
}

int irq_take_line(struct irq_map *map, uint32_t gsi, struct err *err)
{
	int ret = 0;

	if (gsi >= KVM_IRQ_PINS)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "irq: line %u does not exist, the last is %u", gsi,
			       KVM_IRQ_PINS - 1);
	pthread_mutex_lock(&map->lock);
	if (cpuset_has(&map->taken, gsi))
		ret = err_set(err, EXIT_INPUT, EBUSY, "irq: line %u is taken by another device",
			      gsi);
	else
		cpuset_add(&map->taken, gsi);
	pthread_mutex_unlock(&map->lock);
	return ret;
}

static int take_msi(struct irq_map *map, const struct kvm_irq_routing_msi *msi, struct err *err)
{
	uint32_t gsi = KVM_IRQ_PINS;
	int ret;

	while (gsi < map->max_gsi && cpuset_has(&map->taken, gsi))
		gsi++;
	if (gsi == map->max_gsi)
		return err_set(err, EXIT_HOST, ENOSPC, "irq: all %u message interrupts are taken",
			       map->max_gsi - KVM_IRQ_PINS);
	ret = kvm_route_msi(&map->routes, map->kvm, gsi, msi, err);
	if (ret)
		return ret;
	cpuset_add(&map->taken, gsi);
	return (int)gsi;
}

int irq_take_msi(struct irq_map *map, const struct kvm_irq_routing_msi *msi, struct err *err)
{
	int ret;

	pthread_mutex_lock(&map->lock);
	ret = take_msi(map, msi, err);
	pthread_mutex_unlock(&map->lock);
	return ret;
}

int irq_move_msi(struct irq_map *map, uint32_t gsi, const struct kvm_irq_routing_msi *msi,
		 struct err *err)
{
	int ret;

	pthread_mutex_lock(&map->lock);
	if (gsi < KVM_IRQ_PINS || !cpuset_has(&map->taken, gsi))
		ret = err_set(err, EXIT_INPUT, ENOENT, "irq: GSI %u is no message interrupt", gsi);
	else
		ret = kvm_route_msi(&map->routes, map->kvm, gsi, msi, err);
	pthread_mutex_unlock(&map->lock);
	return ret;
}

void irq_release(struct irq_map *map, uint32_t gsi)
{
	struct err ignored;

	pthread_mutex_lock(&map->lock);
	if (gsi >= KVM_IRQ_PINS && cpuset_has(&map->taken, gsi))
		kvm_route_remove(&map->routes, map->kvm, gsi, &ignored);
	cpuset_remove(&map->taken, gsi);
	pthread_mutex_unlock(&map->lock);
}

#include "accel/kvm_irq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/alloc.h"

static void append(struct kvm_routes *routes, const struct kvm_irq_routing_entry *entry)
{
	routes->entries = alloc_resize(routes->entries, routes->nr + 1, sizeof(*routes->entries));
	routes->entries[routes->nr++] = *entry;
}

static struct kvm_irq_routing_entry pin_entry(uint32_t gsi, uint32_t chip, uint32_t pin)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

void kvm_routes_init(struct kvm_routes *routes, enum irqchip_mode mode)
{
	struct kvm_irq_routing_entry entry;

	*routes = (struct kvm_routes){ 0 };
	/* What KVM itself sets when it creates the chips: GSI n is pin n. */
	for (uint32_t gsi = 0; mode == IRQCHIP_FULL && gsi < KVM_IRQ_PINS; gsi++) {
		if (gsi < 16) {
			entry = pin_entry(gsi,
					  gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
					  gsi % 8);
			append(routes, &entry);
		}
		entry = pin_entry(gsi, KVM_IRQCHIP_IOAPIC, gsi);
		append(routes, &entry);
	}
}

void kvm_routes_fini(struct kvm_routes *routes)
{
	free(routes->entries);
	*routes = (struct kvm_routes){ 0 };
}

static void drop(struct kvm_routes *routes, uint32_t gsi)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < routes->nr; i++)
		if (routes->entries[i].gsi != gsi)
			routes->entries[kept++] = routes->entries[i];
	routes->nr = kept;
}

/* Hands KVM the whole table. */
static int push(const struct kvm_routes *routes, const struct kvm *kvm)
{
	size_t len = routes->nr * sizeof(*routes->entries);
	struct kvm_irq_routing *table = alloc_zeroed(1, sizeof(*table) + len);
	int ret;

	table->nr = routes->nr;
	if (len)
		memcpy(table->entries, routes->entries, len);
	ret = ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, table) ? -errno : 0;
	free(table);
	return ret;
}

static struct kvm_routes copy_of(const struct kvm_routes *routes)
{
	struct kvm_routes copy = { 0 };

	for (unsigned int i = 0; i < routes->nr; i++)
		append(&copy, &routes->entries[i]);
	return copy;
}

/* Keeps the new table if KVM takes it, otherwise the old one. */
static int commit(struct kvm_routes *routes, struct kvm_routes *next, const struct kvm *kvm,
		  uint32_t gsi, struct err *err)
{
	int ret = push(next, kvm);

	if (ret) {
		kvm_routes_fini(next);
		return err_sys(err, EXIT_HOST, -ret, "irq: cannot change the route of GSI %u", gsi);
	}
	kvm_routes_fini(routes);
	*routes = *next;
	return 0;
}

int kvm_route_msi(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		  const struct kvm_irq_routing_msi *msi, struct err *err)
{
	struct kvm_irq_routing_entry entry = {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = *msi,
	};
	struct kvm_routes next = copy_of(routes);

	drop(&next, gsi);
	append(&next, &entry);
	return commit(routes, &next, kvm, gsi, err);
}

int kvm_route_pin(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi, uint32_t chip,
		  uint32_t pin, struct err *err)
{
	struct kvm_irq_routing_entry entry = pin_entry(gsi, chip, pin);
	struct kvm_routes next = copy_of(routes);

	append(&next, &entry);
	return commit(routes, &next, kvm, gsi, err);
}

int kvm_route_remove(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		     struct err *err)
{
	struct kvm_routes next = copy_of(routes);

	drop(&next, gsi);
	if (next.nr != routes->nr)
		return commit(routes, &next, kvm, gsi, err);
	kvm_routes_fini(&next);
	return err_set(err, EXIT_INPUT, ENOENT, "irq: GSI %u has no route", gsi);
}

int kvm_irq_line(const struct kvm *kvm, uint32_t gsi, bool level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	return ioctl(kvm->vm_fd, KVM_IRQ_LINE, &line) ? -errno : 0;
}

int kvm_irq_msi(const struct kvm *kvm, const struct kvm_irq_routing_msi *msi)
{
	struct kvm_msi message = {
		.address_lo = msi->address_lo,
		.address_hi = msi->address_hi,
		.data = msi->data,
	};

	return ioctl(kvm->vm_fd, KVM_SIGNAL_MSI, &message) < 0 ? -errno : 0;
}

static int irqfd(const struct kvm *kvm, int eventfd, uint32_t gsi, uint32_t flags, struct err *err)
{
	struct kvm_irqfd request = { .fd = (uint32_t)eventfd, .gsi = gsi, .flags = flags };

	if (!ioctl(kvm->vm_fd, KVM_IRQFD, &request))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "irq: cannot %s an irqfd for GSI %u",
		       flags ? "remove" : "add", gsi);
}

int kvm_irqfd_add(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err)
{
	return irqfd(kvm, eventfd, gsi, 0, err);
}

int kvm_irqfd_remove(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err)
{
	return irqfd(kvm, eventfd, gsi, KVM_IRQFD_FLAG_DEASSIGN, err);
}

static int ioeventfd(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
		     uint32_t flags, struct err *err)
{
	struct kvm_ioeventfd request = {
		.addr = bell->addr,
		.len = bell->len,
		.fd = eventfd,
		.datamatch = bell->match ? *bell->match : 0,
		.flags = flags | (bell->pio ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (bell->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
	};

	if (!ioctl(kvm->vm_fd, KVM_IOEVENTFD, &request))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "irq: cannot %s a doorbell at %s 0x%llx",
		       flags ? "remove" : "add", bell->pio ? "port" : "address",
		       (unsigned long long)bell->addr);
}

int kvm_ioeventfd_add(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
		      struct err *err)
{
	return ioeventfd(kvm, eventfd, bell, 0, err);
}

int kvm_ioeventfd_remove(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
			 struct err *err)
{
	return ioeventfd(kvm, eventfd, bell, KVM_IOEVENTFD_FLAG_DEASSIGN, err);
}

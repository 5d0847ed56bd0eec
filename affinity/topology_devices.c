/* Network cards, disks and GPUs with their node, from hwloc's I/O objects. */
#include <stdio.h>
#include <string.h>

#include "affinity/topology_source.h"
#include "base/alloc.h"

#define PCI_ADDRESS	  sizeof("0000:00:00.0")
#define PCI_CLASS_DISPLAY 0x03 /* base class, PCI Code and ID Assignment Specification */

static hwloc_obj_t pci_of(hwloc_obj_t obj)
{
	while (obj && obj->type != HWLOC_OBJ_PCI_DEVICE)
		obj = obj->parent;
	return obj;
}

static char *pci_address(hwloc_obj_t pci)
{
	const struct hwloc_pcidev_attr_s *attr = &pci->attr->pcidev;

	return alloc_printf("%04x:%02x:%02x.%01x", attr->domain, attr->bus, attr->dev, attr->func);
}

/* The node whose CPUs are the ones near the device; a device near several nodes has none. */
static int node_near(const struct topology *topo, hwloc_obj_t obj)
{
	hwloc_obj_t near = obj;
	int found = -1;

	while (near && !near->cpuset)
		near = near->parent;
	for (unsigned int i = 0; near && i < topo->nr_nodes; i++) {
		const struct topo_node *node = &topo->nodes[i];

		if (!hwloc_bitmap_isset(near->nodeset, node->os) || cpuset_empty(&node->cpus))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

static bool known_pci(const struct topology *topo, const char *pci, enum device_class class)
{
	for (unsigned int i = 0; i < topo->nr_devices; i++)
		if (topo->devices[i].class == class && topo->devices[i].pci &&
		    !strcmp(topo->devices[i].pci, pci))
			return true;
	return false;
}

static void add_device(struct topology *topo, hwloc_obj_t obj, enum device_class class,
		       const char *name)
{
	hwloc_obj_t pci = pci_of(obj);
	AUTO_FREE char *address = pci ? pci_address(pci) : NULL;

	/* A GPU shows as several devices of its drivers: cardN, renderDN, opencl0. */
	if (class == DEVICE_GPU && address && known_pci(topo, address, class))
		return;
	topo->devices = alloc_resize(topo->devices, topo->nr_devices + 1, sizeof(*topo->devices));
	topo->devices[topo->nr_devices++] = (struct topo_device){
		.class = class,
		.name = alloc_string(name && *name ? name
				     : address	   ? address
						   : "unnamed"),
		.pci = address ? alloc_string(address) : NULL,
		.node = node_near(topo, obj),
	};
}

static bool display_class(hwloc_obj_t pci)
{
	return pci && pci->attr->pcidev.class_id >> 8 == PCI_CLASS_DISPLAY;
}

static enum device_class class_of(hwloc_obj_t obj)
{
	switch (obj->attr->osdev.type) {
	case HWLOC_OBJ_OSDEV_NETWORK:
		return DEVICE_NIC;
	case HWLOC_OBJ_OSDEV_BLOCK:
		return DEVICE_BLOCK;
	case HWLOC_OBJ_OSDEV_GPU:
		return DEVICE_GPU;
	default:
		return display_class(pci_of(obj)) ? DEVICE_GPU : DEVICE_OTHER;
	}
}

void topology_fill_devices(struct topology *topo, hwloc_topology_t hw)
{
	hwloc_obj_t obj = NULL;

	while ((obj = hwloc_get_next_osdev(hw, obj)))
		add_device(topo, obj, class_of(obj), obj->name);
	/* A GPU without a driver has no device of the operating system. */
	while ((obj = hwloc_get_next_pcidev(hw, obj)))
		if (display_class(obj))
			add_device(topo, obj, DEVICE_GPU, NULL);
}

/* What contradicts itself or the host is an error of the request, not an unplaced VM. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "affinity/place_check.h"

static int bad(struct err *err, const struct place_vm *vm, const char *what, unsigned int nr,
	       const char *remedy)
{
	return err_set(err, EXIT_INPUT, EINVAL, "placement: %s: %s %u; %s",
		       vm->name ? vm->name : "VM", what, nr, remedy);
}

static int check_pins(const struct topology *topo, const struct place_vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->nr_pins; i++) {
		const struct place_pin *pin = &vm->pins[i];

		if (pin->vcpu >= vm->nr_vcpus)
			return bad(err, vm, "a pin names vCPU", pin->vcpu,
				   "number vCPUs from 0 to boot_vcpus - 1");
		for (unsigned int j = 0; j < i; j++)
			if (vm->pins[j].vcpu == pin->vcpu)
				return bad(err, vm, "two pins for vCPU", pin->vcpu, "keep one");
		if (cpuset_empty(&pin->cpus))
			return bad(err, vm, "no CPU is named for vCPU", pin->vcpu, "name one");
		cpuset_for_each (os, &pin->cpus)
			if (!topology_cpu(topo, (unsigned int)os))
				return bad(err, vm, "a pin names CPU", (unsigned int)os,
					   "this host does not have it, or not for this process");
	}
	return 0;
}

static int check_nodes(const struct topology *topo, const struct place_vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->nr_nodes; i++) {
		if (!topology_node(topo, vm->nodes[i]))
			return bad(err, vm, "placement.nodes names node", vm->nodes[i],
				   "see situ topo for the host's nodes");
		for (unsigned int j = 0; j < i; j++)
			if (vm->nodes[j] == vm->nodes[i])
				return bad(err, vm, "placement.nodes names twice node",
					   vm->nodes[i], "name it once");
	}
	return 0;
}

static int check_guest_nodes(const struct topology *topo, const struct place_vm *vm,
			     struct err *err)
{
	if (vm->nr_guest_nodes > PLACE_MAX_GUEST_NODES)
		return bad(err, vm, "guest nodes:", vm->nr_guest_nodes, "at most 64 are placed");
	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++) {
		const struct place_guest_node *guest = &vm->guest_nodes[i];

		cpuset_for_each (vcpu, &guest->vcpus)
			if ((unsigned int)vcpu >= vm->nr_vcpus)
				return bad(err, vm, "a guest node names vCPU", (unsigned int)vcpu,
					   "number vCPUs from 0 to boot_vcpus - 1");
		for (unsigned int j = 0; j < i; j++) {
			if (vm->guest_nodes[j].id == guest->id)
				return bad(err, vm, "two guest nodes have the number", guest->id,
					   "number them apart");
			if (cpuset_intersects(&vm->guest_nodes[j].vcpus, &guest->vcpus))
				return bad(err, vm, "a vCPU is in two guest nodes, one is",
					   guest->id, "put each vCPU in one");
		}
		cpuset_for_each (os, &guest->host_nodes)
			if (!topology_node(topo, (unsigned int)os))
				return bad(err, vm, "a guest node asks for host node",
					   (unsigned int)os, "see situ topo for the host's nodes");
	}
	return 0;
}

static int check_devices(const struct topology *topo, const struct place_vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->nr_devices; i++)
		if (place_find_device(topo, vm->devices[i].name) < 0)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "placement: %s: the host has no device %s; see situ topo",
				       vm->name ? vm->name : "VM", vm->devices[i].name);
	return 0;
}

static int check_weights(const struct place_vm *vm, struct err *err)
{
	size_t nr = (size_t)vm->nr_vcpus * vm->nr_vcpus;

	if (vm->traffic.pattern != PLACE_TRAFFIC_MATRIX)
		return 0;
	if (!vm->traffic.weights)
		return bad(err, vm, "traffic: no weights for vCPUs:", vm->nr_vcpus, "give a table");
	for (size_t i = 0; i < nr; i++)
		if (!isfinite(vm->traffic.weights[i]) || vm->traffic.weights[i] < 0)
			return bad(err, vm, "traffic: no rate in row",
				   (unsigned int)(i / vm->nr_vcpus),
				   "weights are numbers from 0 up");
	return 0;
}

static int check_rules(const struct place_vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->nr_rules; i++)
		cpuset_for_each (vcpu, &vm->rules[i].vcpus)
			if ((unsigned int)vcpu >= vm->nr_vcpus)
				return bad(err, vm, "a rule names vCPU", (unsigned int)vcpu,
					   "number vCPUs from 0 to boot_vcpus - 1");
	return 0;
}

int place_check_vm(const struct topology *topo, const struct place_vm *vm, struct err *err)
{
	int ret = 0;

	if (!vm->nr_vcpus || vm->nr_vcpus > PLACE_MAX_VCPUS)
		return bad(err, vm, "vCPUs:", vm->nr_vcpus, "ask for 1 to 4096");
	if (!ret)
		ret = check_pins(topo, vm, err);
	if (!ret)
		ret = check_nodes(topo, vm, err);
	if (!ret)
		ret = check_guest_nodes(topo, vm, err);
	if (!ret)
		ret = check_devices(topo, vm, err);
	if (!ret)
		ret = check_rules(vm, err);
	return ret ? ret : check_weights(vm, err);
}

int place_find_device(const struct topology *topo, const char *name)
{
	for (unsigned int i = 0; name && i < topo->nr_devices; i++) {
		const struct topo_device *device = &topo->devices[i];

		if ((device->name && !strcmp(device->name, name)) ||
		    (device->pci && !strcmp(device->pci, name)))
			return (int)i;
	}
	return -1;
}

double place_device_rate(const struct place_device *device)
{
	return device->requests_per_s > 0 ? device->requests_per_s : 1e5;
}

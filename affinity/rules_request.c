/* Rules on all VMs of a request together: names, devices, totals, load. */
#include <stdlib.h>
#include <string.h>

#include "affinity/place_check.h"
#include "affinity/rules_table.h"
#include "base/alloc.h"
#include "base/size.h"

static bool name_used(const struct place_request *request, const char *name)
{
	for (unsigned int i = 0; i < request->nr_vms; i++)
		if (!strcmp(request->vms[i].name, name))
			return true;
	return false;
}

static char *free_name(const struct place_request *request, const char *name)
{
	for (unsigned int nr = 2;; nr++) {
		char *other = alloc_printf("%s-%u", name, nr);

		if (!name_used(request, other))
			return other;
		free(other);
	}
}

void rule_name_twice(const struct rule *rule, const struct rule_input *in)
{
	const struct place_request *request = in->request;

	for (unsigned int i = 1; i < request->nr_vms; i++)
		for (unsigned int j = 0; j < i; j++) {
			const char *name = request->vms[i].name;

			if (strcmp(name, request->vms[j].name) != 0)
				continue;
			rule_found(
				rule, in, i,
				(struct fix){ .kind = FIX_NAME, .name = free_name(request, name) },
				"VM %u has the name of VM %u, %s", i + 1, j + 1, name);
			break;
		}
}

void rule_device_unknown(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int i = 0; in->topo->devices_loaded && i < in->vm->nr_devices; i++)
		if (place_find_device(in->topo, in->vm->devices[i].name) < 0)
			rule_found(rule, in, in->index,
				   (struct fix){ .kind = FIX_DEVICE, .value = i },
				   "the host has no device %s", in->vm->devices[i].name);
}

static int device_index(const struct place_vm *vm, const char *name)
{
	for (unsigned int i = 0; i < vm->nr_devices; i++)
		if (!strcmp(vm->devices[i].name, name))
			return (int)i;
	return -1;
}

void rule_device_twice(const struct rule *rule, const struct rule_input *in)
{
	const struct place_vm *vms = in->request->vms;

	for (unsigned int second = 1; second < in->request->nr_vms; second++)
		for (unsigned int first = 0; first < second; first++)
			for (unsigned int i = 0; i < vms[first].nr_devices; i++) {
				const char *name = vms[first].devices[i].name;
				int same = device_index(&vms[second], name);

				if (same >= 0)
					rule_found(rule, in, second,
						   (struct fix){ .kind = FIX_DEVICE,
								 .value = (unsigned int)same },
						   "device %s is instance %s's too", name,
						   vms[first].name);
			}
}

static uint64_t vm_bytes(const struct place_vm *vm)
{
	uint64_t bytes = vm->nr_guest_nodes ? 0 : vm->memory;

	for (unsigned int g = 0; g < vm->nr_guest_nodes; g++)
		bytes += vm->guest_nodes[g].bytes;
	return bytes;
}

/* Bytes of a node that nothing has yet: what is free where that is known, without what others were
 * promised. */
static uint64_t node_bytes(const struct rule_input *in, const struct topo_node *node)
{
	uint64_t bytes = node->mem_free_known ? node->mem_free : node->mem_total;

	for (unsigned int i = 0; node->mem_free_known && i < node->nr_pools; i++)
		bytes += node->pools[i].free * node->pools[i].size;
	for (unsigned int i = 0; i < in->request->host.nr_nodes; i++) {
		const struct place_node_state *state = &in->request->host.nodes[i];

		if (state->node == node->os)
			bytes -= state->memory_taken < bytes ? state->memory_taken : bytes;
	}
	return bytes;
}

/* Guest nodes that may use this host node alone. */
static bool bound_to(const struct place_guest_node *guest, unsigned int node)
{
	return cpuset_count(&guest->host_nodes) == 1 && cpuset_has(&guest->host_nodes, node);
}

static void node_sum(const struct rule *rule, const struct rule_input *in,
		     const struct topo_node *node)
{
	uint64_t room = node_bytes(in, node), sum = 0;
	char over[SIZE_TEXT], have[SIZE_TEXT];

	for (unsigned int i = 0; i < in->request->nr_vms; i++)
		for (unsigned int g = 0; g < in->request->vms[i].nr_guest_nodes; g++) {
			const struct place_guest_node *guest = &in->request->vms[i].guest_nodes[g];

			if (!bound_to(guest, node->os))
				continue;
			sum += guest->bytes;
			if (!node->mem_total || sum <= room)
				continue;
			rule_found(rule, in, i, (struct fix){ .kind = FIX_GUEST_HOST, .value = g },
				   "guest node %u takes the memory bound to NUMA node %u %s past "
				   "the %s that it has",
				   guest->id, node->os, size_format(sum - room, over),
				   size_format(room, have));
			sum -= guest->bytes;
		}
}

void rule_node_memory_sum(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int i = 0; i < in->topo->nr_nodes; i++)
		node_sum(rule, in, &in->topo->nodes[i]);
}

#define DEALT (2 * MIB) /* the engine deals memory out in these */

static uint64_t host_bytes(const struct rule_input *in)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < in->topo->nr_nodes; i++)
		bytes += node_bytes(in, &in->topo->nodes[i]);
	return bytes;
}

static unsigned int largest_vm(const struct rule_input *in)
{
	unsigned int largest = 0;

	for (unsigned int i = 1; i < in->request->nr_vms; i++)
		if (vm_bytes(&in->request->vms[i]) > vm_bytes(&in->request->vms[largest]))
			largest = i;
	return largest;
}

/* What the VM may have beside the others: whole units, and one at least. */
static struct fix smaller(const struct rule_input *in, unsigned int vm, uint64_t excess)
{
	const struct place_vm *at = &in->request->vms[vm];
	uint64_t page = at->page_size > DEALT ? at->page_size : DEALT, bytes = vm_bytes(at);

	excess += page * in->topo->nr_nodes; /* what does not divide on each node */
	bytes = bytes > excess + page ? bytes - excess : page;
	return (struct fix){ .kind = at->nr_guest_nodes ? FIX_GUEST_MEMORY : FIX_MEMORY,
			     .bytes = bytes - bytes % page };
}

void rule_memory_sum(const struct rule *rule, const struct rule_input *in)
{
	uint64_t room = host_bytes(in), sum = 0;
	char want[SIZE_TEXT], have[SIZE_TEXT];
	unsigned int vm;

	for (unsigned int i = 0; i < in->request->nr_vms; i++)
		sum += vm_bytes(&in->request->vms[i]);
	if (!room || sum <= room)
		return;
	vm = largest_vm(in);
	rule_found(rule, in, vm, smaller(in, vm, sum - room),
		   "the VMs ask for %s of memory together, the host has %s for them",
		   size_format(sum, want), size_format(room, have));
}

static void open_cpus(const struct rule_input *in, struct cpuset *cpus)
{
	cpuset_copy(cpus, &in->topo->allowed);
	for (unsigned int i = 0; i < in->request->host.nr_holders; i++)
		cpuset_sub(cpus, &in->request->host.holders[i].cpus);
}

/* CPUs may be shared unless a VM refuses; so only those that refuse are summed. */
void rule_cpu_sum(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset open = { 0 };
	unsigned int sum = 0, last = 0;

	open_cpus(in, &open);
	for (unsigned int i = 0; i < in->request->nr_vms; i++)
		if (in->request->vms[i].exclusive == PLACE_EXCLUSIVE_YES) {
			sum += in->request->vms[i].nr_vcpus;
			last = i;
		}
	if (sum > cpuset_count(&open))
		rule_found(rule, in, last,
			   (struct fix){ .kind = FIX_EXCLUSIVE, .value = PLACE_EXCLUSIVE_AUTO },
			   "%u CPUs are asked for exclusively, %u are there", sum,
			   cpuset_count(&open));
}

static unsigned int vcpus_on(const struct place_vm_plan *plan, unsigned int node)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; plan->placed && i < plan->nr_vcpus; i++)
		nr += plan->vcpus[i].node == (int)node;
	return nr;
}

static unsigned int load_of(const struct rule_input *in, unsigned int node, unsigned int *nr_vms)
{
	unsigned int load = 0;

	*nr_vms = 0;
	for (unsigned int i = 0; i < in->plan->nr_vms; i++) {
		unsigned int nr = vcpus_on(&in->plan->vms[i], node);

		load += nr;
		*nr_vms += nr > 0;
	}
	return load;
}

/* Another node with CPUs for all of the VM's vCPUs, or -1. */
static int roomy_node(const struct rule_input *in, unsigned int nr_vcpus, unsigned int but)
{
	for (unsigned int i = 0; i < in->topo->nr_nodes; i++) {
		const struct topo_node *node = &in->topo->nodes[i];
		unsigned int nr_vms;

		if (node->os != but &&
		    cpuset_count(&node->cpus) >= load_of(in, node->os, &nr_vms) + nr_vcpus)
			return (int)node->os;
	}
	return -1;
}

static void crowded(const struct rule *rule, const struct rule_input *in,
		    const struct topo_node *node)
{
	unsigned int nr_vms, load = load_of(in, node->os, &nr_vms),
			     room = cpuset_count(&node->cpus);

	if (nr_vms < 2 || load <= room)
		return;
	for (unsigned int i = in->plan->nr_vms; i-- > 0;) {
		const struct place_vm_plan *vm = &in->plan->vms[i];
		struct fix fix = { .kind = FIX_NODES };
		int other;

		if (!vcpus_on(vm, node->os) || in->request->vms[i].nr_pins)
			continue;
		other = roomy_node(in, vm->nr_vcpus, node->os);
		if (other < 0)
			continue;
		cpuset_add(&fix.set, (unsigned int)other);
		rule_found(rule, in, i, fix,
			   "%u instances put %u vCPUs on the %u CPUs of NUMA node %u", nr_vms, load,
			   room, node->os);
		return;
	}
}

void rule_node_crowded(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int i = 0; in->plan && i < in->topo->nr_nodes; i++)
		crowded(rule, in, &in->topo->nodes[i]);
}

void rule_unallocated(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset open = { 0 };
	AUTO_FREE char *list = NULL;
	uint64_t room = host_bytes(in), used = 0;
	char left[SIZE_TEXT], have[SIZE_TEXT];
	unsigned int nr;

	if (!in->plan)
		return;
	open_cpus(in, &open);
	nr = cpuset_count(&open);
	for (unsigned int i = 0; i < in->plan->nr_vms; i++) {
		const struct place_vm_plan *vm = &in->plan->vms[i];

		for (unsigned int j = 0; vm->placed && j < vm->nr_vcpus; j++)
			cpuset_remove(&open, vm->vcpus[j].cpu);
		cpuset_sub(&open, &vm->reserved);
		for (unsigned int j = 0; vm->placed && j < vm->nr_memory; j++)
			used += vm->memory[j].bytes;
	}
	rule_noted(rule, in, "%u of %u CPUs and %s of %s of memory stay unallocated",
		   cpuset_count(&open), nr, size_format(room > used ? room - used : 0, left),
		   size_format(room, have));
}

void rule_one_node(const struct rule *rule, const struct rule_input *in)
{
	if (in->topo->nr_nodes <= 1)
		rule_noted(rule, in,
			   "the host has one NUMA node: memory is local wherever it is, and only "
			   "L3 caches and SMT siblings tell CPUs apart; leave placement.nodes and "
			   "placement.memory out");
}

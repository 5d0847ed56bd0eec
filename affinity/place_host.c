#include "affinity/place_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void fill_pools(struct place_node_room *room, const struct topo_node *node)
{
	unsigned int nr = node->nr_pools < PLACE_POOLS ? node->nr_pools : PLACE_POOLS;

	for (unsigned int i = 0; i < nr; i++) {
		room->pools[i].page_size = node->pools[i].size;
		room->pools[i].pages = node->pools[i].free;
	}
}

/* A map without any memory size (a synthetic one, say) is no host without memory. */
static bool sizes_known(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (topo->nodes[i].mem_total || topo->nodes[i].mem_free)
			return true;
	return false;
}

static uint64_t minus(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

static void take_pages(struct place_node_room *room, uint64_t page_size, uint64_t pages)
{
	if (page_size <= PLACE_SMALL_PAGE) {
		if (room->small != PLACE_ROOM_UNKNOWN)
			room->small = minus(room->small, pages * PLACE_SMALL_PAGE);
		return;
	}
	for (unsigned int i = 0; i < PLACE_POOLS; i++)
		if (room->pools[i].page_size == page_size)
			room->pools[i].pages = minus(room->pools[i].pages, pages);
}

static void fill_rooms(struct place_host *host)
{
	const struct topology *topo = host->topo;
	const struct place_host_state *state = &host->request->host;
	bool known = sizes_known(topo);

	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		const struct topo_node *node = &topo->nodes[i];

		host->nodes[i].small = node->mem_free_known ? node->mem_free : node->mem_total;
		if (!known)
			host->nodes[i].small = PLACE_ROOM_UNKNOWN;
		fill_pools(&host->nodes[i], node);
	}
	for (unsigned int i = 0; i < state->nr_nodes; i++) {
		const struct place_node_state *taken = &state->nodes[i];
		const struct topo_node *node = topology_node(topo, taken->node);
		struct place_node_room *room;

		if (!node)
			continue;
		room = &host->nodes[node - topo->nodes];
		room->bandwidth_used = taken->bandwidth_used;
		take_pages(room, 0, taken->memory_taken / PLACE_SMALL_PAGE);
		for (unsigned int p = 0; p < PLACE_POOLS; p++)
			take_pages(room, taken->pools_taken[p].page_size,
				   taken->pools_taken[p].pages);
	}
}

static int add_holder(struct place_host *host, const char *name, bool shares)
{
	unsigned int nr = host->nr_holders++;

	host->holder_names[nr] = name ? name : "another VM";
	host->holder_shares[nr] = shares;
	return (int)nr;
}

static void hold(struct place_host *host, int holder, unsigned int os, double working_set)
{
	const struct topo_cpu *cpu = topology_cpu(host->topo, os);

	if (!cpu)
		return;
	host->holder[cpu - host->topo->cpus] = holder;
	if (cpu->l3 >= 0)
		host->l3_working_set[cpu->l3] += working_set;
}

static void fill_holders(struct place_host *host)
{
	const struct place_host_state *state = &host->request->host;

	for (unsigned int i = 0; i < state->nr_holders; i++) {
		const struct place_holder *from = &state->holders[i];
		int holder = add_holder(host, from->name, from->shared);
		unsigned int nr = cpuset_count(&from->cpus);

		cpuset_for_each (os, &from->cpus)
			hold(host, holder, (unsigned int)os, (double)from->working_set / nr);
	}
}

int place_host_init(struct place_host *host, const struct place_request *request, struct err *err)
{
	const struct topology *topo = request->topo;
	unsigned int most_holders = request->host.nr_holders + request->nr_vms;

	memset(host, 0, sizeof(*host));
	host->topo = topo;
	host->request = request;
	host->holder = alloc_zeroed(topo->nr_cpus, sizeof(*host->holder));
	for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++)
		host->holder[cpu] = -1;
	host->holder_names = alloc_zeroed(most_holders, sizeof(*host->holder_names));
	host->holder_shares = alloc_zeroed(most_holders, sizeof(*host->holder_shares));
	host->l3_working_set = alloc_zeroed(topo->nr_caches, sizeof(*host->l3_working_set));
	host->nodes = alloc_zeroed(topo->nr_nodes, sizeof(*host->nodes));
	fill_rooms(host);
	fill_holders(host);
	return cost_model_init(&host->model, topo, request->latency, err);
}

void place_host_fini(struct place_host *host)
{
	cost_model_fini(&host->model);
	free(host->holder);
	free(host->holder_names);
	free(host->holder_shares);
	free(host->l3_working_set);
	free(host->nodes);
	memset(host, 0, sizeof(*host));
}

uint64_t place_host_room(const struct place_host *host, unsigned int node, uint64_t page_size)
{
	const struct place_node_room *room = &host->nodes[node];

	if (page_size <= PLACE_SMALL_PAGE)
		return room->small;
	for (unsigned int i = 0; i < PLACE_POOLS; i++)
		if (room->pools[i].page_size == page_size)
			return room->pools[i].pages * page_size;
	return 0;
}

void place_host_commit(struct place_host *host, const struct place_vm *vm,
		       const struct place_vm_plan *plan)
{
	int holder = add_holder(host, vm->name, vm->exclusive != PLACE_EXCLUSIVE_YES);

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		hold(host, holder, plan->vcpus[i].cpu, (double)vm->working_set);
	cpuset_for_each (os, &plan->reserved)
		hold(host, holder, (unsigned int)os, 0);
	for (unsigned int i = 0; i < plan->nr_threads; i++)
		cpuset_for_each (os, &plan->threads[i].cpus)
			hold(host, holder, (unsigned int)os, 0);
	for (unsigned int i = 0; i < plan->nr_memory; i++) {
		const struct place_memory *memory = &plan->memory[i];
		const struct topo_node *node = topology_node(host->topo, memory->host_node);
		uint64_t size = memory->page_size;

		if (node)
			take_pages(&host->nodes[node - host->topo->nodes], size,
				   (memory->bytes + size - 1) / size);
	}
}

int place_node_rank(const struct topology *topo, const struct place_vm *vm, unsigned int node)
{
	for (unsigned int i = 0; i < vm->nr_nodes; i++)
		if (vm->nodes[i] == topo->nodes[node].os)
			return (int)i;
	return vm->nr_nodes ? -1 : 0;
}

static bool same_domain(const struct topology *topo, enum place_level level, unsigned int a,
			unsigned int b)
{
	const struct topo_cpu *x = &topo->cpus[a], *y = &topo->cpus[b];

	switch (level) {
	case PLACE_CORE:
		return x->core == y->core;
	case PLACE_L3:
		return x->l3 == y->l3 && x->node == y->node;
	case PLACE_NODE:
		return x->node == y->node;
	default:
		return x->package == y->package;
	}
}

/* Does `name` hold a CPU in this CPU's domain? -1: nobody of that name holds any CPU. */
static int near_holder(const struct place_host *host, const char *name, enum place_level level,
		       unsigned int cpu)
{
	int found = -1;

	for (unsigned int other = 0; other < host->topo->nr_cpus; other++) {
		int holder = host->holder[other];

		if (holder < 0 || strcmp(host->holder_names[holder], name) != 0)
			continue;
		if (same_domain(host->topo, level, cpu, other))
			return 1;
		found = 0;
	}
	return found;
}

static bool rules_allow(const struct place_host *host, const struct place_vm *vm, unsigned int cpu)
{
	for (unsigned int i = 0; i < vm->nr_rules; i++) {
		const struct place_rule *rule = &vm->rules[i];
		int near;

		if (!rule->other_vm)
			continue;
		near = near_holder(host, rule->other_vm, rule->level, cpu);
		if (near >= 0 && near != (rule->kind == PLACE_TOGETHER))
			return false;
	}
	return true;
}

static enum place_usable usable_cpu(const struct place_host *host, const struct place_vm *vm,
				    const struct place_filter *filter, unsigned int index)
{
	const struct topo_cpu *cpu = &host->topo->cpus[index];
	int holder = host->holder[index];

	if (cpuset_has(&vm->avoid, cpu->os) || (cpu->isolated && !vm->allow_isolated))
		return PLACE_UNUSABLE;
	if (filter->kind >= 0 && cpu->kind != filter->kind)
		return PLACE_UNUSABLE;
	if (cpu->node < 0 ? vm->nr_nodes > 0
			  : place_node_rank(host->topo, vm, (unsigned int)cpu->node) < 0)
		return PLACE_UNUSABLE;
	if (vm->nr_rules && !rules_allow(host, vm, index))
		return PLACE_UNUSABLE;
	if (holder < 0)
		return PLACE_FREE;
	return filter->shared && host->holder_shares[holder] ? PLACE_SHARED : PLACE_UNUSABLE;
}

void place_host_usable(const struct place_host *host, const struct place_vm *vm,
		       const struct place_filter *filter, uint8_t *usable)
{
	for (unsigned int cpu = 0; cpu < host->topo->nr_cpus; cpu++)
		usable[cpu] = (uint8_t)usable_cpu(host, vm, filter, cpu);
}

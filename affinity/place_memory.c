/*
 * Memory follows the vCPUs. Each guest node's pages are a supply, each host node's free pages a
 * capacity, and a page costs what the guest node's vCPUs pay to read it there; the cheapest
 * assignment is a transportation problem, solved exactly by successive shortest paths, one problem
 * per page size. Without declared guest nodes there is one for each host node that vCPUs are on.
 */
#include "affinity/place_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place_cpus.h"
#include "affinity/place_flow.h"
#include "base/alloc.h"
#include "base/size.h"

#define UNIT_SMALL (2 * MIB) /* small pages are dealt in what a transparent huge page holds */

static int node_of(const struct place_job *job, unsigned int vcpu)
{
	return job->cpu[vcpu] < 0 ? -1 : job->host->topo->cpus[job->cpu[vcpu]].node;
}

static struct place_guest_map *add_guest_map(struct place_vm_plan *plan, unsigned int id)
{
	struct place_guest_map *map;

	plan->guest_nodes = alloc_resize(plan->guest_nodes, plan->nr_guest_nodes + 1, sizeof(*map));
	map = &plan->guest_nodes[plan->nr_guest_nodes++];
	*map = (struct place_guest_map){ .id = id };
	return map;
}

static void copy_guest_nodes(struct place_job *job)
{
	for (unsigned int i = 0; i < job->vm->nr_guest_nodes; i++) {
		const struct place_guest_node *from = &job->vm->guest_nodes[i];
		struct place_guest_map *map = add_guest_map(job->plan, from->id);

		cpuset_copy(&map->vcpus, &from->vcpus);
		map->bytes = from->bytes;
	}
}

static uint64_t unit_of(uint64_t page_size)
{
	return page_size > UNIT_SMALL ? page_size : UNIT_SMALL;
}

/* Shares of the VM's memory by the number of vCPUs, in whole units; the first gets the rest. */
static void share_memory(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	uint64_t unit = unit_of(place_page_size(job->vm, NULL)), given = 0;
	unsigned int nr_vcpus = job->vm->nr_vcpus ? job->vm->nr_vcpus : 1;

	for (unsigned int i = 1; i < plan->nr_guest_nodes; i++) {
		struct place_guest_map *map = &plan->guest_nodes[i];
		uint64_t units = job->vm->memory / unit;

		map->bytes = units * cpuset_count(&map->vcpus) / nr_vcpus * unit;
		given += map->bytes;
	}
	plan->guest_nodes[0].bytes = job->vm->memory - given;
}

static void follow_host_nodes(struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	bool one = job->vm->mem == PLACE_MEM_INTERLEAVE || job->vm->mem == PLACE_MEM_PREFERRED;

	for (unsigned int node = 0; node < topo->nr_nodes; node++) {
		struct place_guest_map *map = NULL;

		for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
			if (one || node_of(job, vcpu) != (int)node)
				continue;
			if (!map)
				map = add_guest_map(job->plan, job->plan->nr_guest_nodes);
			cpuset_add(&map->vcpus, vcpu);
		}
	}
	if (!job->plan->nr_guest_nodes)
		cpuset_add_range(&add_guest_map(job->plan, 0)->vcpus, 0, job->vm->nr_vcpus - 1);
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (node_of(job, vcpu) < 0)
			cpuset_add(&job->plan->guest_nodes[0].vcpus, vcpu);
	share_memory(job);
}

static bool vcpus_on(const struct place_job *job, unsigned int node)
{
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (node_of(job, vcpu) == (int)node)
			return true;
	return false;
}

/* May this host node hold pages of this guest node? */
static bool may_hold(const struct place_job *job, unsigned int g, unsigned int node)
{
	const struct place_vm *vm = job->vm;
	const struct topo_node *to = &job->host->topo->nodes[node];

	if (g < vm->nr_guest_nodes && !cpuset_empty(&vm->guest_nodes[g].host_nodes))
		return cpuset_has(&vm->guest_nodes[g].host_nodes, to->os);
	if (vm->nr_nodes)
		return place_node_rank(job->host->topo, vm, node) >= 0;
	if (vm->mem == PLACE_MEM_BIND || vm->mem == PLACE_MEM_INTERLEAVE)
		return vcpus_on(job, node);
	return !cpuset_empty(&to->cpus) || vm->allow_far_memory;
}

/* The node that "preferred" means: the first named, else the one with the most vCPUs. */
static unsigned int preferred_node(const struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	unsigned int best = 0, most = 0;

	if (job->vm->nr_nodes)
		return (unsigned int)(topology_node(topo, job->vm->nodes[0]) - topo->nodes);
	for (unsigned int node = 0; node < topo->nr_nodes; node++) {
		unsigned int nr = 0;

		for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
			nr += node_of(job, vcpu) == (int)node;
		if (nr > most) {
			most = nr;
			best = node;
		}
	}
	return best;
}

/* ns that the guest node's vCPUs pay per read, times how many of them: per byte it holds. */
static double page_cost(const struct place_job *job, const struct place_guest_map *map,
			unsigned int node)
{
	const struct cost_model *model = &job->host->model;
	double sum = 0, nr = 0;
	bool own = !cpuset_empty(&map->vcpus);

	if (job->vm->mem == PLACE_MEM_PREFERRED)
		return cost_mem_ns(model, preferred_node(job), node);
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		if (node_of(job, vcpu) < 0 || (own && !cpuset_has(&map->vcpus, vcpu)))
			continue;
		sum += cost_mem_ns(model, (unsigned int)node_of(job, vcpu), node);
		nr++;
	}
	if (!own && nr > 0) /* memory only: any vCPU reads it, seldom */
		sum /= nr;
	return sum / (double)(map->bytes ? map->bytes : 1);
}

static void add_memory(struct place_job *job, unsigned int g, unsigned int node, uint64_t bytes,
		       uint64_t page_size)
{
	struct place_vm_plan *plan = job->plan;
	enum place_mem_policy policy =
		job->vm->mem == PLACE_MEM_AUTO ? PLACE_MEM_LOCAL : job->vm->mem;

	plan->memory = alloc_resize(plan->memory, plan->nr_memory + 1, sizeof(*plan->memory));
	plan->memory[plan->nr_memory++] = (struct place_memory){
		.guest_node = plan->guest_nodes[g].id,
		.host_node = job->host->topo->nodes[node].os,
		.bytes = bytes,
		.policy = policy,
		.page_size = page_size,
	};
}

static uint64_t guest_page_size(const struct place_job *job, unsigned int g)
{
	return place_page_size(job->vm,
			       g < job->vm->nr_guest_nodes ? &job->vm->guest_nodes[g] : NULL);
}

static bool refuse_memory(struct place_job *job, uint64_t page_size)
{
	const struct topology *topo = job->host->topo;
	uint64_t wanted = 0, room = 0;
	char want[SIZE_TEXT], have[SIZE_TEXT], page[SIZE_TEXT];

	for (unsigned int g = 0; g < job->plan->nr_guest_nodes; g++)
		if (guest_page_size(job, g) == page_size)
			wanted += job->plan->guest_nodes[g].bytes;
	for (unsigned int node = 0; node < topo->nr_nodes; node++)
		for (unsigned int g = 0; g < job->plan->nr_guest_nodes; g++)
			if (may_hold(job, g, node) && guest_page_size(job, g) == page_size) {
				room += place_host_room(job->host, node, page_size);
				break;
			}
	return plan_refuse(
		job->plan, "memory",
		"%s in pages of %s are needed, the nodes that may hold them have %s free; "
		"free memory, allow more nodes or set memory.hugepage_size",
		size_format(wanted, want), size_format(page_size, page), size_format(room, have));
}

/* All guest nodes with pages of this size; the flow takes and gives whole units. */
static bool place_pages(struct place_job *job, uint64_t page_size)
{
	struct place_vm_plan *plan = job->plan;
	unsigned int nr_nodes = job->host->topo->nr_nodes;
	uint64_t unit = unit_of(page_size);
	struct flow flow;
	bool ok;

	flow_init(&flow, plan->nr_guest_nodes, nr_nodes);
	for (unsigned int node = 0; node < nr_nodes; node++)
		flow.room[node] = place_host_room(job->host, node, page_size) / unit;
	for (unsigned int g = 0; g < plan->nr_guest_nodes; g++) {
		const struct place_guest_map *map = &plan->guest_nodes[g];

		if (guest_page_size(job, g) == page_size)
			flow.supply[g] = (map->bytes + unit - 1) / unit;
		for (unsigned int node = 0; node < nr_nodes; node++)
			if (may_hold(job, g, node))
				*flow_cost(&flow, g, node) = page_cost(job, map, node);
	}
	ok = flow_solve(&flow);
	for (unsigned int g = 0; ok && g < plan->nr_guest_nodes; g++) {
		uint64_t left = plan->guest_nodes[g].bytes;

		for (unsigned int node = 0; node < nr_nodes; node++) {
			uint64_t bytes = *flow_amount(&flow, g, node) * unit;

			if (!bytes)
				continue;
			bytes = bytes < left ? bytes : left;
			add_memory(job, g, node, bytes, page_size);
			left -= bytes;
		}
	}
	flow_fini(&flow);
	return ok || refuse_memory(job, page_size);
}

/* Equal shares; what a full node cannot take, the others share. */
static bool interleave(struct place_job *job, unsigned int g)
{
	unsigned int nr_nodes = job->host->topo->nr_nodes, open = 0;
	uint64_t page_size = guest_page_size(job, g), left;
	AUTO_FREE uint64_t *share = alloc_zeroed(nr_nodes, sizeof(*share));
	AUTO_FREE uint64_t *room = alloc_zeroed(nr_nodes, sizeof(*room));

	left = (job->plan->guest_nodes[g].bytes + page_size - 1) / page_size;
	for (unsigned int node = 0; node < nr_nodes; node++) {
		if (may_hold(job, g, node))
			room[node] = place_host_room(job->host, node, page_size) / page_size;
		open += room[node] > 0;
	}
	while (left && open) {
		uint64_t each = left / open + (left % open != 0);

		open = 0;
		for (unsigned int node = 0; node < nr_nodes; node++) {
			uint64_t more =
				each < room[node] - share[node] ? each : room[node] - share[node];

			more = more < left ? more : left;
			share[node] += more;
			left -= more;
			open += share[node] < room[node];
		}
	}
	if (left)
		return refuse_memory(job, page_size);
	for (unsigned int node = 0; node < nr_nodes; node++)
		if (share[node])
			add_memory(job, g, node, share[node] * page_size, page_size);
	return true;
}

static bool seen_before(const struct place_job *job, unsigned int g)
{
	for (unsigned int i = 0; i < g; i++)
		if (guest_page_size(job, i) == guest_page_size(job, g))
			return true;
	return false;
}

bool memory_place(struct place_job *job)
{
	if (job->vm->nr_guest_nodes)
		copy_guest_nodes(job);
	else
		follow_host_nodes(job);
	for (unsigned int g = 0; g < job->plan->nr_guest_nodes; g++) {
		if (job->vm->mem == PLACE_MEM_INTERLEAVE) {
			if (!interleave(job, g))
				return false;
		} else if (!seen_before(job, g) && !place_pages(job, guest_page_size(job, g))) {
			return false;
		}
	}
	return true;
}

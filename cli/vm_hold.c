#include "cli/vm_hold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/size.h"

#define LOCK_WAIT_MS 20000u /* another VM's placement takes well under a second */

static const uint64_t huge_sizes[] = { 2 * MIB, GIB };

static void fill_state(struct vm_hold *hold, const struct topology *topo,
		       struct place_host_state *state)
{
	hold->holders = alloc_zeroed(hold->list.nr_claims + 1, sizeof(*hold->holders));
	hold->nodes = alloc_zeroed(topo->nr_nodes + 1, sizeof(*hold->nodes));
	for (unsigned int i = 0; i < hold->list.nr_claims; i++)
		hold->holders[i] =
			(struct place_holder){ .name = hold->list.claims[i].name,
					       .cpus = hold->list.claims[i].cpus,
					       .shared = !hold->list.claims[i].exclusive };
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		unsigned int os = topo->nodes[i].os;
		struct place_node_state *node = &hold->nodes[i];

		node->node = os;
		node->memory_taken = reserve_taken(&hold->list, os, 4 * KIB);
		for (unsigned int j = 0; j < sizeof(huge_sizes) / sizeof(*huge_sizes); j++) {
			node->pools_taken[j].page_size = huge_sizes[j];
			node->pools_taken[j].pages =
				reserve_taken(&hold->list, os, huge_sizes[j]) / huge_sizes[j];
		}
	}
	state->holders = hold->holders;
	state->nr_holders = hold->list.nr_claims;
	state->nodes = hold->nodes;
	state->nr_nodes = topo->nr_nodes;
}

int vm_hold_open(struct vm_hold *hold, struct topology *topo, struct place_host_state *state,
		 struct err *err)
{
	int ret;

	*hold = (struct vm_hold){ .hold.lock_fd = -1 };
	ret = reserve_open(&hold->reserve, NULL, err);
	if (ret)
		return ret;
	hold->is_open = true;
	ret = reserve_lock(&hold->reserve, LOCK_WAIT_MS, err);
	if (!ret)
		ret = reserve_list(&hold->reserve, &hold->list, err);
	if (ret)
		return ret;
	topology_refresh(topo);
	fill_state(hold, topo, state);
	return 0;
}

/* A VM that merely prefers CPUs of its own lets others in once there are no free ones. */
static void fill_claim(struct vm_hold *hold, const char *name, const struct place_vm *request,
		       const struct place_vm_plan *plan)
{
	struct reserve_claim *claim = &hold->claim;

	snprintf(claim->name, sizeof(claim->name), "%s", name);
	claim->pid = getpid();
	cpuset_copy(&claim->cpus, &plan->reserved);
	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		cpuset_add(&claim->cpus, plan->vcpus[i].cpu);
	claim->exclusive = request->exclusive == PLACE_EXCLUSIVE_YES;
	claim->memory = alloc_zeroed(plan->nr_memory + 1, sizeof(*claim->memory));
	for (unsigned int i = 0; i < plan->nr_memory; i++)
		claim->memory[claim->nr_memory++] = (struct reserve_memory){
			.node = plan->memory[i].host_node,
			.page_size =
				plan->memory[i].page_size ? plan->memory[i].page_size : 4 * KIB,
			.bytes = plan->memory[i].bytes,
		};
}

void vm_hold_unlock(struct vm_hold *hold)
{
	reserve_unlock(&hold->reserve);
}

int vm_hold_take(struct vm_hold *hold, const char *name, const struct place_vm *request,
		 const struct place_vm_plan *plan, struct err *err)
{
	fill_claim(hold, name, request, plan);
	return vm_hold_commit(hold, err);
}

int vm_hold_commit(struct vm_hold *hold, struct err *err)
{
	int ret = reserve_take(&hold->reserve, &hold->hold, &hold->claim, err);
	reserve_unlock(&hold->reserve);
	return ret;
}

void vm_hold_populated(struct vm_hold *hold)
{
	struct err err;

	hold->claim.populated = true;
	if (reserve_update(&hold->reserve, &hold->hold, &hold->claim, &err))
		log_warn("%s", err.text);
}

void vm_hold_release(struct vm_hold *hold)
{
	if (!hold->is_open)
		return;
	if (hold->hold.lock_fd >= 0)
		reserve_release(&hold->reserve, &hold->hold);
	reserve_list_fini(&hold->list);
	reserve_claim_fini(&hold->claim);
	free(hold->holders);
	free(hold->nodes);
	reserve_close(&hold->reserve);
	hold->is_open = false;
}

/*
 * Guest nodes that the request declares go to one host node each, and to different ones while there
 * are enough: what the guest is told are distances must be distances. Assignments are searched
 * depth first, biggest guest node first, within a budget.
 */
#include <stdlib.h>
#include <string.h>

#include "affinity/place_cpus.h"
#include "base/alloc.h"

#define TRIES_MAX 20000u

struct groups {
	struct place_job *job;
	unsigned int nr, tries;
	unsigned int size[PLACE_MAX_GUEST_NODES]; /* unpinned vCPUs */
	unsigned int order[PLACE_MAX_GUEST_NODES]; /* biggest first */
	int node[PLACE_MAX_GUEST_NODES]; /* being tried; node domain */
	int best_node[PLACE_MAX_GUEST_NODES];
	unsigned int *vcpus, *best_vcpus; /* per node domain */
	bool apart, found;
	struct dp_key best;
};

static const struct place_guest_node *guest(const struct groups *groups, unsigned int g)
{
	return &groups->job->vm->guest_nodes[g];
}

static void count_sizes(struct groups *groups)
{
	const struct place_job *job = groups->job;

	for (unsigned int g = 0; g < groups->nr; g++) {
		unsigned int at = g;

		cpuset_for_each (vcpu, &guest(groups, g)->vcpus)
			groups->size[g] += !job->pinned[vcpu];
		while (at && groups->size[groups->order[at - 1]] < groups->size[g]) {
			groups->order[at] = groups->order[at - 1];
			at--;
		}
		groups->order[at] = g;
	}
}

static bool memory_fits(const struct groups *groups, unsigned int upto, unsigned int node)
{
	const struct place_job *job = groups->job;
	unsigned int g = groups->order[upto];
	uint64_t page_size = place_page_size(job->vm, guest(groups, g));
	uint64_t bytes = guest(groups, g)->bytes;
	int host_node = job->tree.domains[job->tree.first_node + node].node;

	if (!cpuset_empty(&guest(groups, g)->host_nodes))
		return host_node >= 0 && cpuset_has(&guest(groups, g)->host_nodes,
						    job->host->topo->nodes[host_node].os);
	for (unsigned int i = 0; i < upto; i++) {
		unsigned int other = groups->order[i];

		if (groups->node[other] == (int)node &&
		    place_page_size(job->vm, guest(groups, other)) == page_size)
			bytes += guest(groups, other)->bytes;
	}
	return host_node >= 0 &&
	       place_host_room(job->host, (unsigned int)host_node, page_size) >= bytes;
}

/* Lines per second between two guest nodes, in units of one average pair. */
static double between(const struct groups *groups, unsigned int g, unsigned int h)
{
	const struct place_job *job = groups->job;
	double sum = 0;

	if (!job->traffic.start)
		return (double)groups->size[g] * groups->size[h];
	cpuset_for_each (i, &guest(groups, g)->vcpus)
		cpuset_for_each (j, &guest(groups, h)->vcpus)
			sum += traffic_between(&job->traffic, (unsigned int)i, (unsigned int)j);
	return sum / job->dp.unit;
}

static void weigh(struct groups *groups)
{
	const struct place_job *job = groups->job;
	const struct tree_domain *first = &job->tree.domains[job->tree.first_node];
	struct dp_key key = { 0 };
	double lines = 0;

	for (unsigned int i = 0; i < job->tree.nr_nodes; i++)
		dp_add(job->rule, &key,
		       &job->dp.tables[job->tree.first_node + i].best[groups->vcpus[i]]);
	for (unsigned int g = 0; g < groups->nr; g++)
		for (unsigned int h = 0; h < g; h++)
			if (groups->node[g] >= 0 && groups->node[h] >= 0 &&
			    groups->node[g] != groups->node[h])
				lines += between(groups, g, h) *
					 tree_pair_ns(&job->tree, first + groups->node[g],
						      first + groups->node[h]);
	dp_count(job->rule, &key, DP_COST, dp_round(lines));
	if (groups->found && dp_compare(job->rule, &key, &groups->best) >= 0)
		return;
	groups->found = true;
	groups->best = key;
	memcpy(groups->best_node, groups->node, sizeof(groups->node));
	memcpy(groups->best_vcpus, groups->vcpus, job->tree.nr_nodes * sizeof(*groups->best_vcpus));
}

static void assign_next(struct groups *groups, unsigned int at)
{
	const struct place_job *job = groups->job;
	unsigned int g = groups->order[at];

	if (at == groups->nr) {
		weigh(groups);
		groups->tries--;
		return;
	}
	if (!groups->size[g]) { /* memory only, or pinned: follows later */
		groups->node[g] = -1;
		assign_next(groups, at + 1);
		return;
	}
	for (unsigned int node = 0; node < job->tree.nr_nodes && groups->tries; node++) {
		unsigned int room = job->dp.tables[job->tree.first_node + node].room;

		if ((groups->apart && groups->vcpus[node]) ||
		    groups->vcpus[node] + groups->size[g] > room)
			continue;
		groups->node[g] = (int)node;
		if (!memory_fits(groups, at, node))
			continue;
		groups->vcpus[node] += groups->size[g];
		assign_next(groups, at + 1);
		groups->vcpus[node] -= groups->size[g];
	}
}

bool groups_to_nodes(struct place_job *job, unsigned int *vcpus)
{
	AUTO_FREE unsigned int *trying = alloc_zeroed(job->tree.nr_nodes, sizeof(*trying));
	struct groups groups = {
		.job = job, .nr = job->vm->nr_guest_nodes, .vcpus = trying, .best_vcpus = vcpus
	};

	count_sizes(&groups);
	for (int apart = 1; apart >= 0 && !groups.found; apart--) {
		groups.apart = apart;
		groups.tries = TRIES_MAX;
		memset(trying, 0, job->tree.nr_nodes * sizeof(*trying));
		assign_next(&groups, 0);
	}
	if (!groups.found)
		return false;
	job->group_node = alloc_zeroed(groups.nr, sizeof(*job->group_node));
	memcpy(job->group_node, groups.best_node, groups.nr * sizeof(*job->group_node));
	job->counts_exact = job->counts_exact && groups.tries;
	return true;
}

#ifndef SITU_AFFINITY_PLACE_TREE_H
#define SITU_AFFINITY_PLACE_TREE_H

#include "affinity/place_host.h"

/*
 * What one VM may use of the host, as a tree of domains: host, packages, nodes, L3s, L2s shared by
 * several cores, cores. Part of the placement engine; one thread.
 *
 * Built from keys of the CPUs, not by nesting sets: a node domain is what a node has within one
 * package, an L3 domain what an L3 has within one node domain. So sub-NUMA clusters under one L3
 * and one node over several packages need no special case. Siblings in the tree are in the order of
 * their lowest CPU numbers, which is how ties fall to the lowest number.
 */
#define TREE_MAX_THREADS 8u

enum tree_level { TREE_HOST, TREE_PACKAGE, TREE_NODE, TREE_L3, TREE_L2, TREE_CORE };

struct tree_core {
	unsigned int core; /* in the topology */
	unsigned int cpus[TREE_MAX_THREADS]; /* usable, lowest number first */
	unsigned int nr_cpus;
	unsigned int busy; /* siblings that others use */
	unsigned int base; /* vCPUs of this VM that are pinned to it */
	unsigned int shared; /* of cpus, those that others use too */
	double load; /* other work on its usable CPUs, the most of any, 0..1 */
};

struct tree_domain {
	enum tree_level level;
	int node, package, l3; /* in the topology; -1: several or none */
	unsigned int first_child, nr_children; /* in domains */
	unsigned int first_core, nr_cores; /* in cores; a core domain has one */
	unsigned int base; /* pinned vCPUs within */
	double split_ns; /* a line between two of its children */
};

struct tree {
	const struct place_host *host;
	struct tree_domain *domains; /* the host first, parents before children */
	struct tree_core *cores;
	unsigned int nr_domains, nr_cores;
	unsigned int first_node, nr_nodes; /* the node domains lie behind each other */
	bool uniform; /* node pairs of one class cost the same: split_ns is exact at the top too */
};

/* usable: by CPU, enum place_usable. taken_by_vm: CPUs that this VM's pins hold already. */
void tree_init(struct tree *tree, const struct place_host *host, const uint8_t *usable,
	       const struct place_vm *vm, const uint8_t *taken_by_vm);
void tree_fini(struct tree *tree);

/* Lines between CPUs of two node domains. */
double tree_pair_ns(const struct tree *tree, const struct tree_domain *a,
		    const struct tree_domain *b);

/* vCPUs that fit into the domain's cores, by the rule on siblings. */
unsigned int tree_core_room(const struct tree_core *core, enum place_smt smt);
unsigned int tree_room(const struct tree *tree, const struct tree_domain *domain,
		       enum place_smt smt);

/* Cores that nobody uses, within. */
unsigned int tree_idle_cores(const struct tree *tree, const struct tree_domain *domain);

static inline bool tree_core_idle(const struct tree_core *core)
{
	return !core->busy && !core->shared && !core->base;
}

#endif

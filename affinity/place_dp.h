#ifndef SITU_AFFINITY_PLACE_DP_H
#define SITU_AFFINITY_PLACE_DP_H

#include "affinity/place_tree.h"

/*
 * The exact way for traffic that is not known: how many vCPUs each domain gets. Part of the
 * placement engine; one thread.
 */

/* What is counted, all additive over the tree. A rule minimises some of them, one after the other.
 */
enum dp_count {
	DP_SHARED, /* vCPUs on CPUs that other VMs use */
	DP_SIBLINGS, /* vCPUs that are not the first on their core */
	DP_HALF, /* cores used with a sibling left over */
	DP_PACKAGES, /* domains used */
	DP_NODES,
	DP_L3S,
	DP_CORES,
	DP_PREFERENCE, /* ranks of the nodes used, in the VM's order of preference */
	DP_COST, /* lines, memory, devices, L3: in ns of one line per second and pair */
	DP_ROOM, /* later VMs that no longer fit */
	NR_DP_COUNTS
};

#define DP_KEYS 8u

struct dp_key {
	double v[DP_KEYS]; /* in the order of the rule; compared as words are */
};

struct dp_rule {
	const char *text; /* "fewest nodes, then ..." */
	unsigned int nr_keys;
	enum dp_count keys[DP_KEYS];
	enum place_smt smt;
	bool pack; /* siblings together, so that k vCPUs take k / threads cores */
};

struct dp_table {
	unsigned int room; /* most vCPUs, at most the number wanted */
	unsigned int stride; /* of split */
	struct dp_key *best; /* room + 1 */
	uint16_t *split; /* per child, stride: what it gets of so many in it and those before */
};

struct dp_node {
	double ns; /* one vCPU's memory and devices, in the unit of DP_COST */
	double rank; /* of the node, in the VM's order of preference */
	unsigned int most; /* vCPUs whose share of the VM's memory the node can hold */
};

struct dp {
	const struct tree *tree;
	const struct dp_rule *rule;
	unsigned int wanted;
	const struct dp_node *nodes; /* per node domain */
	double unit; /* lines per second and pair: DP_COST times this is ns of stall per second */
	double working_set, miss_ns; /* T3: bytes and ns of stall per second at full contention */
	struct dp_table *tables; /* per domain */
};

/* Fills the tables of every domain. All but `tables` is set before and stays the caller's. */
void dp_solve(struct dp *dp);
void dp_fini(struct dp *dp);

int dp_compare(const struct dp_rule *rule, const struct dp_key *a, const struct dp_key *b);
unsigned int dp_position(const struct dp_rule *rule, enum dp_count what); /* nr_keys: not in it */
void dp_count(const struct dp_rule *rule, struct dp_key *key, enum dp_count what, double by);
void dp_add(const struct dp_rule *rule, struct dp_key *sum, const struct dp_key *a);

/* counts[core of the tree] for `wanted` vCPUs in this domain, which must have room for them. */
void dp_counts(const struct dp *dp, unsigned int domain, unsigned int wanted, unsigned int *counts);

/* DP_COST is counted in whole 1/1024 ns, so that sums do not depend on their order. */
double dp_round(double ns);

#endif

/*
 * Between nodes the host need not be a tree: rings of sockets, chassis, asymmetric distances. Sets
 * of nodes are enumerated, with the number of nodes rising, never permutations; inside each node
 * the table of the tree says what k vCPUs cost. A set of one or two nodes, or one whose nodes are
 * all equally far apart, is split exactly. For others every node but one is filled in turn, and
 * then vCPUs move between pairs of nodes while that helps.
 *
 * Sets that grow from one node by the nearest come first, so that where the budget ends early the
 * answer is a good one, and said not to be proven.
 */
#include "affinity/place_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BUDGET 150000l

struct sets {
	const struct place_job *job;
	struct node_split *best;
	unsigned int wanted, size; /* vCPUs; nodes per set */
	unsigned int *member, *vcpus; /* the set at hand */
	unsigned int *used,
		*whole; /* scratch; per node: vCPUs that it takes before using siblings */
	long budget; /* in nodes and pairs of nodes looked at */
	bool all_exact;
};

static const struct tree_domain *node_domain(const struct place_job *job, unsigned int node)
{
	return &job->tree.domains[job->tree.first_node + node];
}

static const struct dp_table *node_table(const struct place_job *job, unsigned int node)
{
	return &job->dp.tables[job->tree.first_node + node];
}

static bool cpus_fit(const struct sets *sets)
{
	unsigned int room = 0;

	for (unsigned int i = 0; i < sets->size; i++)
		room += node_table(sets->job, sets->member[i])->room;
	return room >= sets->wanted;
}

/* Lines between nodes: pinned vCPUs count too, on all nodes. */
static double pair_cost(const struct sets *sets)
{
	const struct tree *tree = &sets->job->tree;
	unsigned int nr = 0;
	double sum = 0;

	for (unsigned int i = 0; i < tree->nr_nodes; i++)
		if (sets->vcpus[i] + node_domain(sets->job, i)->base)
			sets->used[nr++] = i;
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < i; j++) {
			unsigned int a = sets->used[i], b = sets->used[j];
			const struct tree_domain *x = node_domain(sets->job, a);
			const struct tree_domain *y = node_domain(sets->job, b);

			sum += dp_round(tree_pair_ns(tree, x, y)) * (sets->vcpus[a] + x->base) *
			       (sets->vcpus[b] + y->base);
		}
	return sum;
}

static unsigned int packages_used(const struct sets *sets, const unsigned int *vcpus)
{
	unsigned int nr = 0;
	int last = -2;

	for (unsigned int i = 0; i < sets->job->tree.nr_nodes; i++) { /* packages are contiguous */
		const struct tree_domain *domain = node_domain(sets->job, i);

		if (vcpus[i] && domain->package != last) {
			last = domain->package;
			nr++;
		}
	}
	return nr;
}

static void weigh(struct sets *sets)
{
	const struct place_job *job = sets->job;
	struct dp_key key = { 0 };

	sets->budget -= job->tree.nr_nodes + sets->size * sets->size;
	for (unsigned int i = 0; i < job->tree.nr_nodes; i++)
		dp_add(job->rule, &key, &node_table(job, i)->best[sets->vcpus[i]]);
	dp_count(job->rule, &key, DP_COST, pair_cost(sets));
	dp_count(job->rule, &key, DP_PACKAGES, packages_used(sets, sets->vcpus));
	if (sets->best->found && dp_compare(job->rule, &key, &sets->best->key) >= 0)
		return;
	sets->best->found = true;
	sets->best->key = key;
	memcpy(sets->best->vcpus, sets->vcpus, job->tree.nr_nodes * sizeof(*sets->vcpus));
}

/* vCPUs that each node takes before it must use siblings. */
static void fill_whole(struct sets *sets)
{
	const struct place_job *job = sets->job;

	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		unsigned int room = node_table(job, i)->room;
		unsigned int idle = tree_idle_cores(&job->tree, node_domain(job, i));

		sets->whole[i] = job->rule->pack || idle > room ? room : idle;
	}
}

/* All nodes full but `last`, and then that one; whole cores of all nodes before any sibling. */
static bool fill_but(struct sets *sets, unsigned int last)
{
	unsigned int left = sets->wanted;

	for (unsigned int i = 0; i < sets->size; i++)
		sets->vcpus[sets->member[i]] = 0;
	for (int whole = 1; whole >= 0; whole--)
		for (unsigned int i = 1; i <= sets->size; i++) {
			unsigned int node = sets->member[(last + i) % sets->size];
			unsigned int room =
				whole ? sets->whole[node] : node_table(sets->job, node)->room;

			room -= sets->vcpus[node] < room ? sets->vcpus[node] : room;
			room = left < room ? left : room;
			sets->vcpus[node] += room;
			left -= room;
		}
	return left == 0;
}

/* Every split between two nodes of what they have together. */
static void split_pair(struct sets *sets, unsigned int a, unsigned int b)
{
	unsigned int sum = sets->vcpus[a] + sets->vcpus[b];
	unsigned int room_a = node_table(sets->job, a)->room;
	unsigned int room_b = node_table(sets->job, b)->room;

	for (unsigned int k = sum > room_b ? sum - room_b : 0; k <= sum && k <= room_a; k++) {
		sets->vcpus[a] = k;
		sets->vcpus[b] = sum - k;
		weigh(sets);
	}
	sets->vcpus[a] = sets->best->vcpus[a];
	sets->vcpus[b] = sets->best->vcpus[b];
}

static void split_many(struct sets *sets)
{
	sets->all_exact = false;
	for (unsigned int last = 0; last < sets->size; last++)
		if (fill_but(sets, last))
			weigh(sets);
}

static void split_set(struct sets *sets)
{
	const struct place_job *job = sets->job;

	if (!cpus_fit(sets))
		return;
	memset(sets->vcpus, 0, job->tree.nr_nodes * sizeof(*sets->vcpus));
	if (!fill_but(sets, sets->size - 1))
		return;
	if (sets->size == 1)
		weigh(sets);
	else if (sets->size == 2)
		split_pair(sets, sets->member[0], sets->member[1]);
	else
		split_many(sets);
}

/* Sets of sets->size nodes in rising order, from position `at` on. */
static void enumerate(struct sets *sets, unsigned int at, unsigned int from)
{
	if (at == sets->size) {
		split_set(sets);
		return;
	}
	for (unsigned int i = from; i < sets->job->tree.nr_nodes && sets->budget > 0; i++) {
		sets->member[at] = i;
		enumerate(sets, at + 1, i + 1);
	}
}

/* From `seed` on, always the node that is nearest to those taken. */
static void grow_from(struct sets *sets, unsigned int seed)
{
	const struct tree *tree = &sets->job->tree;
	AUTO_FREE bool *taken = alloc_zeroed(tree->nr_nodes, sizeof(*taken));

	sets->member[0] = seed;
	taken[seed] = true;
	for (unsigned int size = 1; size < sets->size; size++) {
		double least = -1;

		for (unsigned int i = 0; i < tree->nr_nodes; i++) {
			double sum = 0;

			for (unsigned int j = 0; j < size; j++)
				sum += tree_pair_ns(tree, node_domain(sets->job, i),
						    node_domain(sets->job, sets->member[j]));
			if (taken[i] || (least >= 0 && sum >= least) ||
			    !node_table(sets->job, i)->room)
				continue;
			least = sum;
			sets->member[size] = i;
		}
		if (least < 0)
			return;
		taken[sets->member[size]] = true;
	}
	split_set(sets);
}

static void try_size(struct sets *sets)
{
	if (sets->size > 2)
		for (unsigned int seed = 0; seed < sets->job->tree.nr_nodes; seed++)
			grow_from(sets, seed);
	enumerate(sets, 0, 0);
}

/* The tree's answer, which is right about everything but the distances between nodes. Returns the
 * number of nodes that it uses. */
static unsigned int try_tree(struct sets *sets)
{
	const struct place_job *job = sets->job;
	AUTO_FREE unsigned int *counts = alloc_zeroed(job->tree.nr_cores, sizeof(*counts));
	unsigned int used = 0;

	dp_counts(&job->dp, 0, sets->wanted, counts);
	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		const struct tree_domain *domain = node_domain(job, i);

		sets->vcpus[i] = 0;
		for (unsigned int c = 0; c < domain->nr_cores; c++)
			sets->vcpus[i] += counts[domain->first_core + c];
		used += sets->vcpus[i] > 0;
	}
	weigh(sets);
	return used;
}

void nodes_split(const struct place_job *job, unsigned int most, struct node_split *split)
{
	unsigned int nr = job->tree.nr_nodes, first = 1, last = most ? most : nr, tree_used = 0;
	bool by_number = dp_position(job->rule, DP_NODES) < job->rule->nr_keys;
	AUTO_FREE unsigned int *member = alloc_zeroed(nr, sizeof(*member));
	AUTO_FREE unsigned int *vcpus = alloc_zeroed(nr, sizeof(*vcpus));
	AUTO_FREE unsigned int *used = alloc_zeroed(nr, sizeof(*used));
	AUTO_FREE unsigned int *whole = alloc_zeroed(nr, sizeof(*whole));
	struct sets sets = { .job = job,
			     .best = split,
			     .wanted = job->dp.wanted,
			     .member = member,
			     .vcpus = vcpus,
			     .used = used,
			     .whole = whole,
			     .budget = BUDGET,
			     .all_exact = true };

	fill_whole(&sets);
	split->found = false;
	if (!most)
		tree_used = try_tree(&sets);
	if (!most && by_number) /* the tree knows how many nodes are needed */
		first = last = tree_used;
	for (sets.size = first; sets.size <= last; sets.size++) {
		struct dp_key before = split->key;
		bool found = split->found;

		try_size(&sets);
		if (found && sets.size > tree_used && !dp_compare(job->rule, &before, &split->key))
			break; /* one node more did not pay */
	}
	split->exact = sets.all_exact && sets.budget > 0 && (by_number || most == 1);
}

/*
 * When every vCPU talks to every other alike, the cost on a tree depends only on how many vCPUs
 * each domain gets, and so do the domains used and the room left. So the best way to put k vCPUs
 * into a domain is the best split of k over its children: a knapsack, solved child by child.
 *
 *   best(domain, k) = min over j of best(children before, k - j) + best(child, j)
 *                     + split_ns * (k - j) * j, plus what using the domain itself counts
 *
 * Values are vectors compared as words are; such a minimum still distributes over sums, so the
 * result is exact. Ties go to the earlier child, and children are in the order of their lowest CPU
 * number.
 */
#include "affinity/place_dp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define ROUND 1024.0

double dp_round(double ns)
{
	return nearbyint(ns * ROUND) / ROUND;
}

int dp_compare(const struct dp_rule *rule, const struct dp_key *a, const struct dp_key *b)
{
	for (unsigned int i = 0; i < rule->nr_keys; i++)
		if (a->v[i] != b->v[i])
			return a->v[i] < b->v[i] ? -1 : 1;
	return 0;
}

void dp_add(const struct dp_rule *rule, struct dp_key *sum, const struct dp_key *a)
{
	for (unsigned int i = 0; i < rule->nr_keys; i++)
		sum->v[i] += a->v[i];
}

void dp_count(const struct dp_rule *rule, struct dp_key *key, enum dp_count what, double by)
{
	for (unsigned int i = 0; i < rule->nr_keys; i++)
		if (rule->keys[i] == what)
			key->v[i] += by;
}

unsigned int dp_position(const struct dp_rule *rule, enum dp_count what)
{
	unsigned int i = 0;

	while (i < rule->nr_keys && rule->keys[i] != what)
		i++;
	return i;
}

static double pairs(double k)
{
	return k * (k - 1) / 2;
}

/* k vCPUs on one core: free CPUs of its own first, then those that are shared. */
static void count_core(const struct dp *dp, const struct tree_domain *domain,
		       const struct tree_core *core, unsigned int k, struct dp_key *key)
{
	unsigned int alone = core->nr_cpus - core->shared, all = k + core->base;
	bool first = !core->base && !core->busy && core->shared < core->nr_cpus;
	const struct dp_rule *rule = dp->rule;

	memset(key, 0, sizeof(*key));
	if (!k)
		return;
	dp_count(rule, key, DP_SHARED, k > alone ? k - alone : 0);
	dp_count(rule, key, DP_SIBLINGS, k - first);
	dp_count(rule, key, DP_HALF, all < core->nr_cpus + core->base);
	dp_count(rule, key, DP_CORES, !core->base);
	dp_count(rule, key, DP_COST, dp_round(domain->split_ns) * (pairs(all) - pairs(core->base)));
	dp_count(rule, key, DP_COST,
		 all * dp_round(cost_smt_ns(all - 1 + core->busy, core->load) / dp->unit));
	if (core->base)
		dp_count(rule, key, DP_COST,
			 -(double)core->base *
				 dp_round(cost_smt_ns(core->base - 1 + core->busy, core->load) /
					  dp->unit));
}

static void solve_core(const struct dp *dp, unsigned int index, struct dp_table *table)
{
	const struct tree_domain *domain = &dp->tree->domains[index];
	const struct tree_core *core = &dp->tree->cores[domain->first_core];

	table->room = tree_core_room(core, dp->rule->smt);
	if (table->room > dp->wanted)
		table->room = dp->wanted;
	table->best = alloc_zeroed(table->room + 1, sizeof(*table->best));
	for (unsigned int k = 0; k <= table->room; k++)
		count_core(dp, domain, core, k, &table->best[k]);
}

/* Idle cores that k vCPUs take away, as the rule packs them. */
static unsigned int cores_taken(const struct dp *dp, unsigned int idle, unsigned int k,
				unsigned int threads)
{
	if (dp->rule->pack && threads > 1)
		k = (k + threads - 1) / threads;
	return k < idle ? k : idle;
}

static double llc_cost(const struct dp *dp, const struct tree_domain *domain, double k)
{
	const struct place_host *host = dp->tree->host;

	if (domain->l3 < 0 || dp->working_set <= 0)
		return 0;
	return dp_round(k * cost_llc_ns(dp->working_set * k, host->l3_working_set[domain->l3],
					(double)host->topo->caches[domain->l3].size, 1,
					dp->miss_ns / dp->unit));
}

/* What a domain counts by itself, beside its children. */
static void count_domain(const struct dp *dp, unsigned int index, struct dp_table *table)
{
	static const enum dp_count used[] = {
		[TREE_PACKAGE] = DP_PACKAGES, [TREE_NODE] = DP_NODES, [TREE_L3] = DP_L3S
	};
	const struct tree_domain *domain = &dp->tree->domains[index];
	unsigned int idle = tree_idle_cores(dp->tree, domain);
	unsigned int threads = dp->tree->cores[domain->first_core].nr_cpus;
	const struct dp_node *node = NULL;

	if (domain->level < TREE_PACKAGE || domain->level > TREE_L3)
		return;
	if (domain->level == TREE_NODE)
		node = &dp->nodes[index - dp->tree->first_node];
	for (unsigned int k = 1; k <= table->room; k++) {
		struct dp_key *key = &table->best[k];

		dp_count(dp->rule, key, used[domain->level], !domain->base);
		if (domain->level == TREE_PACKAGE)
			continue;
		dp_count(dp->rule, key, DP_ROOM,
			 cost_room(idle) - cost_room(idle - cores_taken(dp, idle, k, threads)));
		dp_count(dp->rule, key, DP_COST,
			 node ? k * dp_round(node->ns) : llc_cost(dp, domain, k));
		dp_count(dp->rule, key, DP_PREFERENCE, node ? node->rank : 0);
	}
}

/* Joins a child's table to that of the children before it, whose pinned vCPUs are `base`. */
static void join(const struct dp *dp, const struct tree_domain *domain, struct dp_table *table,
		 unsigned int base, unsigned int child)
{
	const struct tree_domain *with = &dp->tree->domains[domain->first_child + child];
	const struct dp_table *other = &dp->tables[domain->first_child + child];
	unsigned int room = table->room + other->room;
	double split = dp_round(domain->split_ns), pinned = (double)base * with->base;
	unsigned int cost = dp_position(dp->rule, DP_COST);
	struct dp_key *best;
	uint16_t *choice;

	if (room > dp->wanted)
		room = dp->wanted;
	best = alloc_zeroed(room + 1, sizeof(*best));
	choice = table->split + (size_t)child * table->stride;
	for (unsigned int k = 0; k <= room; k++) {
		unsigned int least = k > table->room ? k - table->room : 0;

		for (unsigned int j = least; j <= k && j <= other->room; j++) {
			struct dp_key key = table->best[k - j];

			dp_add(dp->rule, &key, &other->best[j]);
			key.v[cost] += split * ((double)(k - j + base) * (j + with->base) - pinned);
			if (j == least || dp_compare(dp->rule, &key, &best[k]) < 0) {
				best[k] = key;
				choice[k] = (uint16_t)j;
			}
		}
	}
	free(table->best);
	table->best = best;
	table->room = room;
}

static void solve_domain(struct dp *dp, unsigned int index)
{
	const struct tree_domain *domain = &dp->tree->domains[index];
	struct dp_table *table = &dp->tables[index];
	unsigned int base = 0;

	if (domain->level == TREE_CORE) {
		solve_core(dp, index, table);
		return;
	}
	table->best = alloc_zeroed(1, sizeof(*table->best));
	for (unsigned int child = 0; child < domain->nr_children; child++)
		table->stride += dp->tables[domain->first_child + child].room;
	table->stride = 1 + (table->stride < dp->wanted ? table->stride : dp->wanted);
	table->split =
		alloc_zeroed((size_t)domain->nr_children * table->stride, sizeof(*table->split));
	for (unsigned int child = 0; child < domain->nr_children; child++) {
		join(dp, domain, table, base, child);
		base += dp->tree->domains[domain->first_child + child].base;
	}
	if (domain->level == TREE_NODE &&
	    table->room > dp->nodes[index - dp->tree->first_node].most)
		table->room = dp->nodes[index - dp->tree->first_node].most;
	count_domain(dp, index, table);
}

void dp_solve(struct dp *dp)
{
	dp->tables = alloc_zeroed(dp->tree->nr_domains, sizeof(*dp->tables));
	for (unsigned int i = dp->tree->nr_domains; i-- > 0;)
		solve_domain(dp, i);
}

void dp_fini(struct dp *dp)
{
	for (unsigned int i = 0; dp->tables && i < dp->tree->nr_domains; i++) {
		free(dp->tables[i].best);
		free(dp->tables[i].split);
	}
	free(dp->tables);
	dp->tables = NULL;
}

void dp_counts(const struct dp *dp, unsigned int index, unsigned int wanted, unsigned int *counts)
{
	const struct tree_domain *domain = &dp->tree->domains[index];
	const struct dp_table *table = &dp->tables[index];

	if (domain->level == TREE_CORE) {
		counts[domain->first_core] = wanted;
		return;
	}
	for (unsigned int child = domain->nr_children; child-- > 0;) {
		unsigned int j = table->split[(size_t)child * table->stride + wanted];

		dp_counts(dp, domain->first_child + child, j, counts);
		wanted -= j;
	}
}

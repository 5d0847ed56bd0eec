/*
 * Spread: most domains, equal counts. vCPUs are dealt one by one to the node with the fewest, among
 * equals in the package with the fewest, then to the L3 and the core with the fewest. Dealing one
 * by one keeps counts within one of each other wherever there is room.
 */
#include "affinity/place_cpus.h"
#include "base/alloc.h"

struct deal {
	const struct tree *tree;
	enum place_smt smt;
	unsigned int *room, *used; /* per domain */
};

static void add_room(struct deal *deal)
{
	for (unsigned int i = deal->tree->nr_domains; i-- > 0;) {
		const struct tree_domain *domain = &deal->tree->domains[i];

		deal->room[i] = tree_room(deal->tree, domain, deal->smt);
		deal->used[i] = domain->base;
	}
}

/* Cores with a sibling taken come after those without. */
static unsigned int handicap(const struct deal *deal, unsigned int index)
{
	const struct tree_domain *domain = &deal->tree->domains[index];
	const struct tree_core *core = &deal->tree->cores[domain->first_core];

	return domain->level == TREE_CORE ? core->busy + core->shared : 0;
}

/* The child with the fewest vCPUs that still has room. */
static unsigned int fewest(const struct deal *deal, const struct tree_domain *domain)
{
	unsigned int best = 0, least = UINT32_MAX;

	for (unsigned int i = 0; i < domain->nr_children; i++) {
		unsigned int child = domain->first_child + i;
		unsigned int has = deal->used[child] + handicap(deal, child);

		if (deal->room[child] && has < least) {
			least = has;
			best = child;
		}
	}
	return best;
}

static unsigned int package_of(const struct tree *tree, unsigned int node)
{
	unsigned int package = 1;

	while (tree->domains[package].first_child + tree->domains[package].nr_children <= node)
		package++;
	return package;
}

static unsigned int next_node(const struct deal *deal)
{
	const struct tree *tree = deal->tree;
	unsigned int best = 0;

	for (unsigned int i = tree->first_node; i < tree->first_node + tree->nr_nodes; i++) {
		if (!deal->room[i])
			continue;
		if (!best || deal->used[i] < deal->used[best] ||
		    (deal->used[i] == deal->used[best] &&
		     deal->used[package_of(tree, i)] < deal->used[package_of(tree, best)]))
			best = i;
	}
	return best;
}

static void take(struct deal *deal, unsigned int domain, unsigned int nr)
{
	deal->room[domain] -= nr;
	deal->used[domain] += nr;
}

/* Deals one vCPU, or a whole core's where siblings must be together; returns how many. */
static unsigned int deal_core(struct deal *deal, unsigned int left, unsigned int *counts)
{
	const struct tree *tree = deal->tree;
	unsigned int node = next_node(deal), domain = node, nr = 1;

	while (tree->domains[domain].level != TREE_CORE)
		domain = fewest(deal, &tree->domains[domain]);
	if (deal->smt == PLACE_SMT_REQUIRE)
		nr = left < deal->room[domain] ? left : deal->room[domain];
	counts[tree->domains[domain].first_core] += nr;
	take(deal, package_of(tree, node), nr);
	for (domain = node; tree->domains[domain].level != TREE_CORE;) {
		unsigned int child = fewest(deal, &tree->domains[domain]);

		take(deal, domain, nr);
		domain = child;
	}
	take(deal, domain, nr);
	return nr;
}

bool spread_counts(const struct tree *tree, enum place_smt smt, unsigned int wanted,
		   unsigned int *counts)
{
	AUTO_FREE unsigned int *room = alloc_zeroed(tree->nr_domains, sizeof(*room));
	AUTO_FREE unsigned int *used = alloc_zeroed(tree->nr_domains, sizeof(*used));
	struct deal deal = { tree, smt, room, used };

	add_room(&deal);
	if (deal.room[0] < wanted)
		return false;
	while (wanted)
		wanted -= deal_core(&deal, wanted, counts);
	return true;
}

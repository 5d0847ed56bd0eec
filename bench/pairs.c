#include "bench/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void pair_list_fini(struct pair_list *list)
{
	free(list->pairs);
	*list = (struct pair_list){ 0 };
}

static void add_pair(struct pair_list *list, const struct topology *topo, unsigned int producer,
		     unsigned int consumer)
{
	list->pairs = alloc_resize(list->pairs, list->nr + 1, sizeof(*list->pairs));
	list->pairs[list->nr++] = (struct cpu_pair){ producer, consumer,
						     topology_relation(topo, producer, consumer) };
}

static bool is_among(const struct topology *topo, const struct cpuset *among, unsigned int cpu)
{
	return cpuset_has(among, topo->cpus[cpu].os);
}

/* The first pair of a relation, if there is one. */
static bool find_class(const struct topology *topo, const struct cpuset *among,
		       enum cpu_relation relation, unsigned int *a, unsigned int *b)
{
	for (*a = 0; *a < topo->nr_cpus; ++*a) {
		if (!is_among(topo, among, *a))
			continue;
		for (*b = *a + 1; *b < topo->nr_cpus; ++*b)
			if (is_among(topo, among, *b) &&
			    topology_relation(topo, *a, *b) == relation)
				return true;
	}
	return false;
}

void pairs_of_classes(struct pair_list *list, const struct topology *topo,
		      const struct cpuset *among)
{
	unsigned int a, b;

	*list = (struct pair_list){ 0 };
	for (enum cpu_relation relation = REL_SMT; relation < NR_RELATIONS; relation++)
		if (find_class(topo, among, relation, &a, &b))
			add_pair(list, topo, a, b);
}

void pairs_all(struct pair_list *list, const struct topology *topo, const struct cpuset *among)
{
	*list = (struct pair_list){ 0 };
	for (unsigned int a = 0; a < topo->nr_cpus; a++)
		for (unsigned int b = a + 1; b < topo->nr_cpus; b++)
			if (is_among(topo, among, a) && is_among(topo, among, b))
				add_pair(list, topo, a, b);
}

/* A CPU of the node, not the one left out (-1: none); prefers another core. -1: there is none. */
static int cpu_of_node(const struct topology *topo, const struct cpuset *among, int node, int out)
{
	int sibling = -1;

	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		if (topo->cpus[i].node != node || (int)i == out || !is_among(topo, among, i))
			continue;
		if (out < 0 || topo->cpus[i].core != topo->cpus[out].core)
			return (int)i;
		sibling = sibling < 0 ? (int)i : sibling;
	}
	return sibling;
}

void pairs_of_nodes(struct pair_list *list, const struct topology *topo, const struct cpuset *among)
{
	*list = (struct pair_list){ 0 };
	for (unsigned int from = 0; from < topo->nr_nodes; from++)
		for (unsigned int to = 0; to < topo->nr_nodes; to++) {
			int a = cpu_of_node(topo, among, (int)from, -1);
			int b = cpu_of_node(topo, among, (int)to, a);

			if (a >= 0 && b >= 0)
				add_pair(list, topo, (unsigned int)a, (unsigned int)b);
		}
}

static int parse_cpu(const struct topology *topo, const struct cpuset *among, const char **text,
		     unsigned int *index, struct err *err)
{
	char *end;
	unsigned long os = strtoul(*text, &end, 10);
	const struct topo_cpu *cpu;

	if (**text < '0' || **text > '9' || os >= CPUSET_MAX)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--pairs: \"%.40s\" is no pair of CPUs; write A:B, for example 0:1",
			       *text);
	cpu = topology_cpu(topo, (unsigned int)os);
	if (!cpu || !cpuset_has(among, (unsigned int)os))
		return err_set(err, EXIT_INPUT, ENODEV,
			       "--pairs: CPU %lu is not among those that may be used here; "
			       "\"situ topo\" shows them",
			       os);
	*index = (unsigned int)(cpu - topo->cpus);
	*text = end;
	return 0;
}

static int parse_pair(struct pair_list *list, const struct topology *topo,
		      const struct cpuset *among, const char **text, struct err *err)
{
	const char *begin = *text;
	unsigned int a = 0, b = 0;
	int ret = parse_cpu(topo, among, text, &a, err);

	if (ret)
		return ret;
	if (**text != ':')
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--pairs: \"%.40s\" lacks its second CPU; write A:B", begin);
	++*text;
	ret = parse_cpu(topo, among, text, &b, err);
	if (ret)
		return ret;
	if (a == b || (**text && **text != ','))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--pairs: \"%.40s\" is no list of pairs of different CPUs; write "
			       "A:B,C:D",
			       begin);
	add_pair(list, topo, a, b);
	if (**text && !*++*text)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--pairs: there is nothing after the last comma");
	return 0;
}

int pairs_parse(struct pair_list *list, const struct topology *topo, const struct cpuset *among,
		const char *text, struct err *err)
{
	int ret;

	*list = (struct pair_list){ 0 };
	do {
		ret = parse_pair(list, topo, among, &text, err);
	} while (!ret && *text);
	if (ret)
		pair_list_fini(list);
	return ret;
}

const char *pairs_missing(const struct topology *topo, enum cpu_relation relation)
{
	static const char *const why[NR_RELATIONS] = {
		[REL_SMT] = "no core has two CPUs that may be used here",
		[REL_L2] = "no two cores share an L2 cache",
		[REL_L3] = "no two cores share an L3 cache",
		[REL_NODE] = "all CPUs of a node share caches",
		[REL_PACKAGE] = "no package has CPUs on two nodes",
		[REL_CROSS] = "there is one package",
	};

	for (unsigned int a = 0; a < topo->nr_cpus; a++)
		for (unsigned int b = a + 1; b < topo->nr_cpus; b++)
			if (topology_relation(topo, a, b) == relation)
				return NULL;
	return why[relation];
}

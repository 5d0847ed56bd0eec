#include <criterion/criterion.h>
#include <errno.h>

#include "bench/pairs.h"

static void load(struct topology *topo, const char *source)
{
	struct err err = { 0 };

	topology_setup();
	cr_assert_eq(topology_load(topo, source, &err), 0, "%s", err.text);
}

Test(pairs, classes_are_the_relations_that_occur)
{
	struct topology topo;
	struct pair_list list;

	load(&topo, "synthetic:package:2 node:2 l3:2 l2:2 core:1 pu:2");
	pairs_of_classes(&list, &topo, &topo.allowed);
	cr_assert_eq(list.nr, 5, "smt, l3, node, package, cross: %u", list.nr);
	cr_assert_eq(list.pairs[0].relation, REL_SMT);
	cr_assert_eq(list.pairs[1].relation, REL_L3);
	cr_assert_eq(list.pairs[2].relation, REL_NODE);
	cr_assert_eq(list.pairs[3].relation, REL_PACKAGE);
	cr_assert_eq(list.pairs[4].relation, REL_CROSS);
	cr_assert_not_null(pairs_missing(&topo, REL_L2));
	cr_assert_null(pairs_missing(&topo, REL_CROSS));
	pair_list_fini(&list);
	topology_fini(&topo);
}

Test(pairs, a_matrix_of_eight_nodes_has_both_directions_and_the_diagonal)
{
	struct topology topo;
	struct pair_list list;

	load(&topo, "synthetic:package:4 node:2 core:2 pu:1");
	pairs_of_nodes(&list, &topo, &topo.allowed);
	cr_assert_eq(list.nr, 64);
	for (unsigned int i = 0; i < list.nr; i++) {
		cr_assert_eq(topo.cpus[list.pairs[i].producer].node, (int)i / 8);
		cr_assert_eq(topo.cpus[list.pairs[i].consumer].node, (int)i % 8);
		cr_assert_neq(list.pairs[i].producer, list.pairs[i].consumer);
	}
	pair_list_fini(&list);
	topology_fini(&topo);
}

Test(pairs, all_pairs_are_listed_once_and_only_among_the_cpus_given)
{
	struct topology topo;
	struct pair_list list;
	AUTO_CPUSET struct cpuset among = { 0 };

	load(&topo, "synthetic:package:1 core:4 pu:2");
	pairs_all(&list, &topo, &topo.allowed);
	cr_assert_eq(list.nr, 8 * 7 / 2);
	pair_list_fini(&list);
	cpuset_add_range(&among, 2, 4);
	pairs_all(&list, &topo, &among);
	cr_assert_eq(list.nr, 3);
	pair_list_fini(&list);
	topology_fini(&topo);
}

Test(pairs, text_names_pairs_by_the_systems_numbers_and_mistakes_are_refused)
{
	static const char *const wrong[] = { "",	"0",	"0:",  "0:0",  "0:1,",
					     "0:1;2:3", "0:99", "a:b", "-1:0", "0:1:2" };
	struct topology topo;
	struct pair_list list;
	struct err err = { 0 };

	load(&topo, "synthetic:package:1 core:4 pu:1");
	cr_assert_eq(pairs_parse(&list, &topo, &topo.allowed, "1:0,2:3", &err), 0, "%s", err.text);
	cr_assert_eq(list.nr, 2);
	cr_assert_eq(list.pairs[0].producer, 1);
	cr_assert_eq(list.pairs[0].consumer, 0);
	pair_list_fini(&list);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		err = (struct err){ 0 };
		cr_assert_lt(pairs_parse(&list, &topo, &topo.allowed, wrong[i], &err), 0, "%s",
			     wrong[i]);
		cr_assert_eq(err.status, EXIT_INPUT);
	}
	topology_fini(&topo);
}

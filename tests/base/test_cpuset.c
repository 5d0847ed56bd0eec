#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cpuset.h"

struct list_case {
	char text[32], printed[32];
	int ret;
};

ParameterizedTestParameters(cpuset, a_list_parses_and_prints_in_its_shortest_form)
{
	static struct list_case cases[] = {
		{ "", "", 0 },
		{ "\n", "", 0 },
		{ "0", "0", 0 },
		{ "0-3,8\n", "0-3,8", 0 },
		{ "3,2,1,0", "0-3", 0 },
		{ "63-64", "63-64", 0 },
		{ "65535", "65535", 0 },
		{ "65536", "", -ERANGE },
		{ "99999999999", "", -ERANGE },
		{ "3-1", "", -EINVAL },
		{ "1,", "", -EINVAL },
		{ ",1", "", -EINVAL },
		{ "-1", "", -EINVAL },
		{ "1 ", "", -EINVAL },
		{ "+1", "", -EINVAL },
		{ "0x3", "", -EINVAL },
	};

	return cr_make_param_array(struct list_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct list_case *c, cpuset, a_list_parses_and_prints_in_its_shortest_form)
{
	struct cpuset set = { 0 };
	struct err err = { 0 };
	char *text;

	cr_assert_eq(cpuset_parse(&set, c->text, &err), c->ret, "%s", c->text);
	text = cpuset_string(&set);
	cr_assert_str_eq(text, c->printed);
	cr_assert_eq(err.status, c->ret ? EXIT_INPUT : EXIT_OK);
	free(text);
	cpuset_fini(&set);
}

Test(cpuset, set_operations_work_on_sets_of_different_length)
{
	struct cpuset a = { 0 }, b = { 0 };
	struct err err;

	cpuset_parse(&a, "0-3,2000", &err);
	cpuset_parse(&b, "2-5", &err);
	cr_assert_eq(cpuset_count(&a), 5);
	cr_assert_eq(cpuset_and_count(&a, &b), 2);
	cr_assert(cpuset_intersects(&b, &a));
	cr_assert_not(cpuset_subset(&b, &a));
	cpuset_or(&b, &a);
	cr_assert(cpuset_subset(&a, &b));
	cr_assert_eq(cpuset_next(&b, 6), 2000);
	cr_assert_eq(cpuset_next(&b, 2001), -1);
	cpuset_sub(&b, &a);
	cr_assert_eq(cpuset_count(&b), 2);
	cpuset_and(&b, &a);
	cr_assert(cpuset_empty(&b));
	cr_assert_not(cpuset_has(&b, 1u << 20));
	cpuset_remove(&a, 1u << 20);
	cpuset_copy(&b, &a);
	cr_assert(cpuset_equal(&a, &b));
	cpuset_fini(&a);
	cpuset_fini(&b);
}

Test(cpuset, format_reports_the_length_it_needs_and_cuts)
{
	struct cpuset set = { 0 };
	struct err err;
	char small[4];

	cpuset_parse(&set, "0-3,8", &err);
	cr_assert_eq(cpuset_format(&set, small, sizeof(small)), 5);
	cr_assert_str_eq(small, "0-3");
	cpuset_fini(&set);
}

Test(cpuset, a_range_is_what_its_members_are_one_by_one)
{
	static const unsigned int ends[] = { 0, 1, 62, 63, 64, 65, 127, 128, 191, 192, 200 };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (size_t j = 0; j < sizeof(ends) / sizeof(*ends); j++) {
			struct cpuset range = { 0 }, members = { 0 };

			cpuset_add_range(&range, ends[i], ends[j]);
			for (unsigned int nr = ends[i]; nr <= ends[j]; nr++)
				cpuset_add(&members, nr);
			cr_assert(cpuset_equal(&range, &members), "%u-%u", ends[i], ends[j]);
			cpuset_fini(&range);
			cpuset_fini(&members);
		}
}

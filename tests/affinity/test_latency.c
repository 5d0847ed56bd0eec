#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "affinity/latency.h"

struct text_case {
	char text[160], says[48];
	int ret;
	unsigned int nr_cpus;
};

ParameterizedTestParameters(latency, a_table_is_read_or_refused_by_line_and_cell)
{
	static struct text_case cases[] = {
		{ ",,\n10,,\n20,30,\n", "", 0, 3 },
		{ "0,1\n1,0", "", 0, 2 },
		{ " 0 , 1.5 \r\n2.5,0\r\n", "", 0, 2 },
		{ "0\n", "", 0, 1 },
		{ "", "empty", -EINVAL, 0 },
		{ ",1\n1,\n1,1\n", "more lines", -EINVAL, 0 },
		{ ",1\n", "1 lines for 2 CPUs", -EINVAL, 0 },
		{ ",1\n1\n", "line 2 has 1 cells", -EINVAL, 0 },
		{ ",1\nx,\n", "line 2, cell 1: \"x\"", -EINVAL, 0 },
		{ ",nan\n1,\n", "line 1, cell 2", -EINVAL, 0 },
		{ ",-1\n1,\n", "line 1, cell 2", -EINVAL, 0 },
		{ ",0\n1,\n", "line 1, cell 2", -EINVAL, 0 },
		{ ",1e30\n1,\n", "line 1, cell 2", -EINVAL, 0 },
		{ "{\"c2c\":{\"0\":[[0,10],[12,0]]}}", "", 0, 2 },
		{ "{\"c2c\":{\"0\":[[0,10],[12,0]]},\"mem_ns\":[[1]]}", "", 0, 2 },
		{ "{\"c2c\":{\"0\":[[0,10]]}}", "row 0 has more than 1", -EINVAL, 0 },
		{ "{\"c2c\":{\"a\":[[0]]}}", "key \"a\"", -EINVAL, 0 },
		{ "{\"c2c\":{\"0\":[[0,\"1\"],[1,0]]}}", "c2c.0[0][1]", -EINVAL, 0 },
		{ "{\"c2c\":{\"0\":[[0]],\"1\":[[0,1],[1,0]]}}", "c2c.1 has 2 rows", -EINVAL, 0 },
		{ "{\"c2c\":{\"0\":[[0]]},\"mem_bw\":[[0]]}", "mem_bw[0][0]", -EINVAL, 0 },
		{ "{\"c2c\":", "line 1", -EINVAL, 0 },
		{ "{}", "c2c is no object", -EINVAL, 0 },
	};

	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct text_case *c, latency, a_table_is_read_or_refused_by_line_and_cell)
{
	struct latency latency;
	struct err err = { 0 };

	cr_assert_eq(latency_parse(&latency, c->text, strlen(c->text), &err), c->ret, "%s: %s",
		     c->text, err.text);
	cr_assert_eq(latency.nr_cpus, c->nr_cpus);
	cr_assert(strstr(err.text, c->says) || !c->ret, "%s", err.text);
	cr_assert_eq(err.status, c->ret ? EXIT_INPUT : EXIT_OK);
	latency_fini(&latency);
}

Test(latency, one_way_stands_for_both_and_two_ways_are_averaged)
{
	static const char text[] = ",10,\n20,,\n30,,\n";
	struct latency latency;
	struct err err;

	cr_assert_eq(latency_parse(&latency, text, sizeof(text) - 1, &err), 0);
	cr_assert_float_eq(latency_c2c_ns(&latency, 0, 1, -1), 15, 1e-6);
	cr_assert_float_eq(latency_c2c_ns(&latency, 1, 0, -1), 15, 1e-6);
	cr_assert_float_eq(latency_c2c_ns(&latency, 0, 2, -1), 30, 1e-6);
	cr_assert(isnan(latency_c2c_ns(&latency, 1, 2, -1)));
	cr_assert(isnan(latency_c2c_ns(&latency, 0, 3, -1)));
	latency_fini(&latency);
}

Test(latency, each_home_has_its_table_and_no_home_means_the_best)
{
	static const char text[] =
		"{\"key\":\"h\",\"c2c\":{\"4\":[[0,10],[10,0]],\"7\":[[0,30],[30,0]]}}";
	struct latency latency;
	struct err err;

	cr_assert_eq(latency_parse(&latency, text, sizeof(text) - 1, &err), 0);
	cr_assert_str_eq(latency.key, "h");
	cr_assert_float_eq(latency_c2c_ns(&latency, 0, 1, 4), 10, 1e-6);
	cr_assert_float_eq(latency_c2c_ns(&latency, 0, 1, 7), 30, 1e-6);
	cr_assert_float_eq(latency_c2c_ns(&latency, 0, 1, -1), 10, 1e-6);
	cr_assert(isnan(latency_c2c_ns(&latency, 0, 1, 5)));
	latency_fini(&latency);
}

Test(latency, a_file_that_is_missing_is_named)
{
	struct latency latency;
	struct err err;

	cr_assert_eq(latency_load(&latency, "no/such/file.csv", &err), -ENOENT);
	cr_assert(strstr(err.text, "no/such/file.csv"));
}

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/weights.h"

Test(weights, commas_blanks_comments_and_empty_lines_are_read)
{
	struct err err;
	double *weights;

	cr_assert_eq(
		weights_parse("# who talks to whom\n0, 1.5\n\n 2e3\t0 # back\n", 2, &weights, &err),
		0);
	cr_assert_float_eq(weights[1], 1.5, 0);
	cr_assert_float_eq(weights[2], 2000, 0);
	free(weights);
	cr_assert_eq(weights_parse("", 0, &weights, &err), 0);
	free(weights);
}

struct bad {
	char text[32], sentence[64];
};

ParameterizedTestParameters(weights, what_is_wrong_is_shown_with_its_place)
{
	static struct bad cases[] = {
		{ "0 1\n1", "2:2: a number of at least 0 is expected" },
		{ "0 1\n", "2:1: 1 lines are given, 2 vCPUs need as many" },
		{ "0 1\n1 0\n3 4", "3:1: more than the 2 lines that 2 vCPUs need" },
		{ "0 1 2\n1 0\n", "1:5: more than the 2 numbers that 2 vCPUs need" },
		{ "0 -1\n1 0", "1:3: a number of at least 0 is expected" },
		{ "0 nan\n1 0", "1:3: a number of at least 0 is expected" },
		{ "0 0x1\n1 0", "1:3: this is no finite decimal number" },
		{ "0 1e999\n1 0", "1:3: this is no finite decimal number" },
		{ "0 .\n1 0", "1:3: this is no finite decimal number" },
		{ "0,,1\n1 0", "1:3: a number of at least 0 is expected" },
	};

	return cr_make_param_array(struct bad, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct bad *c, weights, what_is_wrong_is_shown_with_its_place)
{
	struct err err = { 0 };
	double *weights;

	cr_assert_eq(weights_parse(c->text, 2, &weights, &err), -EINVAL, "%s", c->text);
	cr_assert_str_eq(err.text, c->sentence);
	cr_assert_null(weights);
}

Test(weights, a_file_is_named_in_its_errors)
{
	struct err err;
	double *weights;

	cr_assert_eq(weights_load("/no/such/file", 2, &weights, &err), -ENOENT);
	cr_assert(strstr(err.text, "/no/such/file"));
	cr_assert_eq(weights_load("/proc/version", 2, &weights, &err), -EINVAL);
	cr_assert(strstr(err.text, "/proc/version: 1:1: "));
}

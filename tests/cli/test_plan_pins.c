#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/plan_pins.h"

/* "0:4 1:6" */
static char *shown(const struct place_pin *pins, unsigned int nr)
{
	char *text = alloc_string("");

	for (unsigned int i = 0; i < nr; i++) {
		char *longer = alloc_printf("%s%s%u:%d", text, i ? " " : "", pins[i].vcpu,
					    cpuset_next(&pins[i].cpus, 0));

		free(text);
		text = longer;
	}
	return text;
}

struct good_case {
	char text[32], pins[48];
};

ParameterizedTestParameters(plan_pins, pairs_and_ranges_are_read)
{
	static struct good_case cases[] = {
		{ "0=4", "0:4" },
		{ "0=4,1=6", "0:4 1:6" },
		{ "7=0,0=7", "7:0 0:7" },
		{ "0-3=8-11", "0:8 1:9 2:10 3:11" },
		{ "0-1=2-3,2=65535", "0:2 1:3 2:65535" },
	};

	return cr_make_param_array(struct good_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct good_case *c, plan_pins, pairs_and_ranges_are_read)
{
	struct place_pin *pins;
	struct err err = { 0 };
	unsigned int nr;
	char *text;

	cr_assert_eq(plan_pins_parse(&pins, &nr, 8, c->text, &err), 0, "%s", err.text);
	text = shown(pins, nr);
	cr_expect_str_eq(text, c->pins);
	free(text);
	plan_pins_free(pins, nr);
}

struct bad_case {
	char text[32], told[32];
};

ParameterizedTestParameters(plan_pins, anything_else_is_refused_with_the_text_at_fault)
{
	static struct bad_case cases[] = {
		{ "", "has no =" },
		{ "0", "\"0\" has no =" },
		{ "0=4,", "has no =" },
		{ "0=", "a CPU for each" },
		{ "=4", "a CPU for each" },
		{ "0=1=2", "--pin: \"0=1=2\"" },
		{ "8=1", "\"8=1\" names a vCPU that" },
		{ "0=1,0=2", "\"0=2\" names a vCPU for" },
		{ "0-2=1-2", "a CPU for each" },
		{ "a=b", "--pin: \"a=b\"" },
		{ "0=-1", "--pin: \"0=-1\"" },
		{ "0=99999999999", "--pin: \"0=99999999999\"" },
		{ " 0=1", "--pin: \" 0=1\"" },
	};

	return cr_make_param_array(struct bad_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct bad_case *c, plan_pins, anything_else_is_refused_with_the_text_at_fault)
{
	struct place_pin *pins;
	struct err err = { 0 };
	unsigned int nr;

	cr_expect_eq(plan_pins_parse(&pins, &nr, 8, c->text, &err), -EINVAL);
	cr_expect_eq(err.status, EXIT_INPUT);
	cr_expect(strstr(err.text, c->told), "%s", err.text);
	plan_pins_free(pins, nr);
}

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>

#include "cli/options.h"

struct values {
	bool flag;
	const char *name;
	uint64_t number, size;
	struct option_list list;
};

static struct values values;
static const struct option_spec specs[] = {
	{ "flag", OPT_FLAG, &values.flag, NULL, "a flag" },
	{ "name", OPT_STRING, &values.name, "NAME", "a name" },
	{ "number", OPT_U64, &values.number, "N", "a number" },
	{ "size", OPT_SIZE, &values.size, "SIZE", "a size" },
	{ "item", OPT_LIST, &values.list, "ITEM", "an item; may be repeated" },
};
static const struct option_usage usage = {
	.synopsis = "situ test [OPTIONS]",
	.about = "Tests.",
	.specs = specs,
	.nr_specs = sizeof(specs) / sizeof(*specs),
};

/* getopt reorders argv but does not write to the words. */
#define PARSE(err, ...)                                                                          \
	({                                                                                       \
		const char *words[] = { "test", __VA_ARGS__, NULL };                             \
		options_parse(sizeof(words) / sizeof(*words) - 1, (char **)words, &usage, &err); \
	})

Test(options, every_type_is_read_in_both_spellings)
{
	struct err err = { 0 };

	cr_assert_eq(PARSE(err, "--flag", "--name", "db", "--number=8", "--size=2M", "--item=a",
			   "--item", "b", "operand"),
		     9);
	cr_assert(values.flag);
	cr_assert_str_eq(values.name, "db");
	cr_assert_eq(values.number, 8);
	cr_assert_eq(values.size, 2u << 20);
	cr_assert_eq(values.list.nr, 2);
	cr_assert_str_eq(values.list.values[1], "b");
	option_list_fini(&values.list);
}

Test(options, what_is_wrong_is_named_with_its_remedy)
{
	struct err err = { 0 };

	cr_assert_eq(PARSE(err, "--nosuch"), -EINVAL);
	cr_assert_str_eq(
		err.text,
		"option --nosuch is not known or takes no value; see \"situ test --help\"");
	cr_assert_eq(err.status, EXIT_INPUT);
	cr_assert_eq(PARSE(err, "--name"), -EINVAL);
	cr_assert_str_eq(err.text, "option --name needs a value; see \"situ test --help\"");
	cr_assert_eq(PARSE(err, "--flag=yes"), -EINVAL);
	cr_assert_eq(PARSE(err, "--number=8x"), -EINVAL);
	cr_assert_str_eq(err.text, "--number: \"8x\" is no number; write decimal digits");
	cr_assert_eq(PARSE(err, "--number=010"), -EINVAL);
	cr_assert_eq(PARSE(err, "--size=1GB"), -EINVAL);
}

Test(options, help_lists_the_table_and_stops, .init = cr_redirect_stdout)
{
	struct err err = { 0 };

	cr_assert_eq(PARSE(err, "--help"), -1);
	fflush(stdout);
	cr_assert_stdout_eq_str("Usage: situ test [OPTIONS]\n\nTests.\n\nOptions:\n"
				"  --flag                     a flag\n"
				"  --name NAME                a name\n"
				"  --number N                 a number\n"
				"  --size SIZE                a size\n"
				"  --item ITEM                an item; may be repeated\n"
				"  -h, --help                 print this and exit\n");
}

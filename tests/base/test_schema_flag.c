#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/schema.h"
#include "tests/base/schema_fixture.h"

struct flag_case {
	char flag[16], text[64], again[32], report[256], printed[96];
};

static void take(struct schema_node *root, const char *name, const char *text,
		 struct schema_report *report)
{
	size_t nr;
	struct schema_flag *flags = schema_flags(&fixture_table, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!strcmp(flags[i].path[flags[i].nr - 1]->flag, name))
			schema_take_flag(root, &flags[i], text, report);
	free(flags);
}

ParameterizedTestParameters(schema_flag, text_becomes_values_or_an_error_with_its_position)
{
	static struct flag_case cases[] = {
		{ "number", "8", "", "", "number: 8\n" },
		{ "number", "8x", "",
		  "--number:1: number: \"8x\" is no number; write a number from 1 to 1024\n", "" },
		{ "number", "8", "9", "--number:1: number: is given twice; give it once\n", "" },
		{ "size", "16G", "", "", "size: 16G\n" },
		{ "truth", "on", "", "", "truth: true\n" },
		{ "truth", "", "",
		  "--truth:1: truth: \"\" is not allowed; write true or false (or on, off, yes, "
		  "no)\n",
		  "" },
		{ "color", "green", "", "", "color: Green\n" },
		{ "text", "a,b=[c \"d\"", "", "", "text: \"a,b=[c \\\"d\\\"\"\n" },
		{ "text", "\xc3\xa4", "", "", "text: \"\xc3\xa4\"\n" },
		{ "text", "a\xff", "", "--text:1: text: \"a\xff\" is not UTF-8; write text\n", "" },
		{ "text", "\xed\xa0\x80", "",
		  "--text:1: text: \"\xed\xa0\x80\" is not UTF-8; write text\n", "" },
		{ "cpus", "0-3,8", "", "", "cpus: \"0-3,8\"\n" },
		{ "cpus", "[0-3,8]", "", "", "cpus: \"0-3,8\"\n" },
		{ "cpus", "[0-3,x]", "",
		  "--cpus:6: cpus: \"x\" is no list of numbers; write numbers: 4, \"0-3,8\" or a "
		  "list of these\n",
		  "" },
		{ "numbers", "[3,1]", "", "", "numbers: [3, 1]\n" },
		{ "numbers", "5", "", "", "numbers: [5]\n" },
		{ "numbers", "[]", "", "", "" },
		{ "numbers", "[3", "", "--numbers:1: this [ has no ]; close it\n", "" },
		{ "numbers", "3]", "", "--numbers:2: this ] has no [ within 16 levels\n", "" },
		{ "pair", "3:4", "", "", "pair:\n  first: 3\n  second: 4\n" },
		{ "pair", "second=4,first=3", "", "", "pair:\n  first: 3\n  second: 4\n" },
		{ "pair", "3:4:5", "",
		  "--pair:5: there are too many values between \":\"; remove this one\n", "" },
		{ "pair", "3", "", "--pair:1: pair.second: is missing; add it\n", "" },
		{ "pair", "first=3,,", "",
		  "--pair:9: \"\" is no key=value; write one, or put lists in [ ]\n"
		  "--pair:10: \"\" is no key=value; write one, or put lists in [ ]\n"
		  "--pair:1: pair.second: is missing; add it\n",
		  "" },
		{ "item", "a", "b,weight=3", "",
		  "items:\n- id: \"a\"\n  weight: 1\n- id: \"b\"\n  weight: 3\n" },
		{ "item", "id=\"a,b\"", "", "", "- id: \"a,b\"\n" },
		{ "item", "id=\"a", "", "--item:1: a double quote is not closed\n", "" },
		{ "item", "id=a,wieght=3", "",
		  "--item:6: items[0].wieght: this key is not known; did you mean \"weight\"?\n",
		  "" },
		{ "future", "x", "", "--future:1: this is not supported yet; remove it\n", "" },
	};

	return cr_make_param_array(struct flag_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct flag_case *c, schema_flag,
		  text_becomes_values_or_an_error_with_its_position)
{
	struct schema_node *root = schema_node_new();
	struct schema_report report = { 0 };
	struct fixture fixture;
	char *printed;

	take(root, c->flag, c->text, &report);
	if (*c->again)
		take(root, c->flag, c->again, &report);
	schema_defaults(&fixture_table, &fixture);
	schema_apply(&fixture_table, root, &fixture, &report);
	printed = schema_print(&fixture_table, &fixture);
	cr_assert_str_eq(report.text ? report.text : "", c->report, "--%s %s: got\n%s", c->flag,
			 c->text, report.text ? report.text : "");
	cr_assert_not_null(strstr(printed, c->printed), "--%s %s: got\n%s", c->flag, c->text,
			   printed);
	free(printed);
	schema_fini(&fixture_table, &fixture);
	schema_node_free(root);
	schema_report_fini(&report);
}

Test(schema_flag, a_flag_overrides_what_a_file_said)
{
	const char *text = "number: 3\nitems: [{id: x}, {id: y}]\n";
	struct schema_report report = { 0 };
	struct schema_node *file = schema_parse("f", text, strlen(text), &report);
	struct schema_node *root = schema_node_new();
	struct fixture fixture;

	take(root, "item", "z", &report);
	schema_defaults(&fixture_table, &fixture);
	schema_apply(&fixture_table, file, &fixture, &report);
	schema_apply(&fixture_table, root, &fixture, &report);
	cr_assert_eq(report.nr, 0);
	cr_assert_eq(fixture.number, 3);
	cr_assert_eq(fixture.nr_items, 1);
	cr_assert_str_eq(fixture.items[0].id, "z");
	schema_fini(&fixture_table, &fixture);
	schema_node_free(file);
	schema_node_free(root);
}

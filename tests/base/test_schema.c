#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/schema.h"
#include "tests/base/schema_fixture.h"

/* One document, and the lines of its report; none: the line that it must print instead. */
struct value_case {
	char text[96], report[320], printed[96];
};

static void check_case(const struct value_case *c)
{
	struct schema_report report = { 0 };
	struct schema_node *node = schema_parse("f", c->text, strlen(c->text), &report);
	struct fixture fixture;
	char *printed;

	schema_defaults(&fixture_table, &fixture);
	if (node)
		schema_apply(&fixture_table, node, &fixture, &report);
	cr_assert_str_eq(report.text ? report.text : "", c->report, "%s: got\n%s", c->text,
			 report.text ? report.text : "");
	printed = schema_print(&fixture_table, &fixture);
	if (*c->printed)
		cr_assert_not_null(strstr(printed, c->printed), "%s: got\n%s", c->text, printed);
	free(printed);
	schema_node_free(node);
	schema_fini(&fixture_table, &fixture);
	schema_report_fini(&report);
}

#define BOOLS " is not allowed; write true or false (or on, off, yes, no)\n"
#define TRIS  " is not allowed; write auto, true or false (or on, off, yes, no)\n"
#define RANGE "; write a number from 1 to 1024\n"
#define SIZES "; write a size such as 16G, 512M or bytes, at least 4K\n"
#define CPUS  "; write numbers: 4, \"0-3,8\" or a list of these\n"

ParameterizedTestParameters(schema, a_value_is_exactly_of_its_type_or_an_error)
{
	static struct value_case cases[] = {
		{ "truth: on", "", "truth: true\n" },
		{ "truth: yes", "", "truth: true\n" },
		{ "truth: no", "", "truth: false\n" },
		{ "truth: 2M", "f:1:8: truth: \"2M\"" BOOLS, "truth: false\n" },
		{ "truth: 1", "f:1:8: truth: \"1\"" BOOLS, "" },
		{ "truth: True", "f:1:8: truth: \"True\"" BOOLS, "" },
		{ "truth: \"true\"",
		  "f:1:8: truth: \"true\" is text in quotes; write true or false (or on, off, yes, "
		  "no)\n",
		  "" },
		{ "truth:",
		  "f:1:7: truth: \"\" is no value; write true or false (or on, off, yes, no)\n",
		  "" },
		{ "tri: \"auto\"", "", "tri: auto\n" },
		{ "tri: off", "", "tri: false\n" },
		{ "tri: maybe", "f:1:6: tri: \"maybe\"" TRIS, "" },
		{ "number: 1024", "", "number: 1024\n" },
		{ "number: 0", "f:1:9: number: \"0\" is out of range" RANGE, "number: 7\n" },
		{ "number: 1025", "f:1:9: number: \"1025\" is out of range" RANGE, "" },
		{ "number: 8x", "f:1:9: number: \"8x\" is no number" RANGE, "number: 7\n" },
		{ "number: 010", "f:1:9: number: \"010\" is no number" RANGE, "" },
		{ "number: 0x10", "f:1:9: number: \"0x10\" is no number" RANGE, "" },
		{ "number: 8.0", "f:1:9: number: \"8.0\" is no number" RANGE, "" },
		{ "number: +8", "f:1:9: number: \"+8\" is no number" RANGE, "" },
		{ "number: 1_000", "f:1:9: number: \"1_000\" is no number" RANGE, "" },
		{ "number: \"4-7\"", "f:1:9: number: \"4-7\" is text in quotes" RANGE, "" },
		{ "number: 4-7", "f:1:9: number: \"4-7\" is no number" RANGE, "" },
		{ "number: 99999999999999999999",
		  "f:1:9: number: \"99999999999999999999\" is no number" RANGE, "" },
		{ "number: [8]", "f:1:9: number: a list is not allowed here" RANGE, "" },
		{ "number: {a: 8}", "f:1:9: number: a mapping is not allowed here" RANGE, "" },
		{ "optional: 0", "", "optional: 0\n" },
		{ "optional: 4294967295",
		  "f:1:11: optional: \"4294967295\" is out of range; write a decimal number\n",
		  "" },
		{ "level: -20", "", "level: -20\n" },
		{ "level: -0", "f:1:8: level: \"-0\" is no number; write a number from -20 to 19\n",
		  "" },
		{ "size: 16G", "", "size: 16G\n" },
		{ "size: \"512M\"", "", "size: 512M\n" },
		{ "size: 4097", "", "size: 4097\n" },
		{ "size: 2T", "", "size: 2T\n" },
		{ "size: 1K", "f:1:7: size: \"1K\" is out of range" SIZES, "" },
		{ "size: 1.5G", "f:1:7: size: \"1.5G\" is no size" SIZES, "" },
		{ "size: 16GiB", "f:1:7: size: \"16GiB\" is no size" SIZES, "" },
		{ "size: 16777216T", "f:1:7: size: \"16777216T\" is no size" SIZES, "" },
		{ "text: off", "", "text: \"off\"\n" },
		{ "text: 8", "", "text: \"8\"\n" },
		{ "text: \"null\"", "", "text: \"null\"\n" },
		{ "text: \"a\\n\\x01\"", "", "text: \"a\\n\\x01\"\n" },
		{ "text: null", "f:1:7: text: \"null\" is no value; write text\n", "" },
		{ "text: ~", "f:1:7: text: \"~\" is no value; write text\n", "" },
		{ "text: []", "f:1:7: text: a list is not allowed here; write text\n", "" },
		{ "path: /a/b", "", "path: \"/a/b\"\n" },
		{ "color: Red", "", "color: Red\n" },
		{ "color: green", "", "color: Green\n" },
		{ "color: Blue",
		  "f:1:8: color: \"Blue\" is not supported yet; write one of Red, Green\n", "" },
		{ "color: Pink", "f:1:8: color: \"Pink\" is not allowed; write one of Red, Green\n",
		  "" },
		{ "cpus: 4", "", "cpus: \"4\"\n" },
		{ "cpus: \"0-3,8\"", "", "cpus: \"0-3,8\"\n" },
		{ "cpus: [0, \"2-3\", 8-9]", "", "cpus: \"0,2-3,8-9\"\n" },
		{ "cpus: [3, \"2-4\"]", "f:1:11: cpus: lists a number twice; list each once\n",
		  "" },
		{ "cpus: 8x", "f:1:7: cpus: \"8x\" is no list of numbers" CPUS, "" },
		{ "cpus: [70000]", "f:1:8: cpus: \"70000\" has a number beyond 65535" CPUS, "" },
		{ "cpus: [[1]]", "f:1:8: cpus: a list is not allowed here" CPUS, "" },
		{ "numbers: [3, 1]", "", "numbers: [3, 1]\n" },
		{ "numbers: 5", "", "numbers: [5]\n" },
		{ "numbers: [1, x]",
		  "f:1:14: numbers[1]: \"x\" is no number; write a decimal number\n", "" },
		{ "numbers: [1,2,3,4,5]", "f:1:10: numbers: has 5 items; write 0 to 4\n", "" },
		{ "words: [a, \"b c\"]", "", "words: [\"a\", \"b c\"]\n" },
		{ "items: [{id: a}, b]", "", "items:\n- id: \"a\"\n  weight: 1\n- id: \"b\"\n" },
		{ "items: {id: a}", "f:1:8: items: a mapping is not allowed here; write a list\n",
		  "" },
		{ "items: [{weight: 2}]", "f:1:9: items[0].id: is missing; add it\n", "" },
		{ "items: [{id: \"\"}]", "f:1:14: items[0].id: \"\" is empty; write text\n", "" },
		{ "pair: {first: 1}", "f:1:7: pair.second: is missing; add it\n", "" },
		{ "pair: 3", "f:1:7: pair: is not a mapping; write keys and values\n", "" },
		{ "future: x", "f:1:1: future: is not supported yet; remove it\n", "" },
		{ "nubmer: 3", "f:1:1: nubmer: this key is not known; did you mean \"number\"?\n",
		  "" },
		{ "zzz: 3", "f:1:1: zzz: this key is not known; remove it\n", "" },
		{ "number: 3\nnumber: 4", "f:2:1: number: is given twice; give it once\n",
		  "number: 3\n" },
		{ "number: x\nsize: y",
		  "f:1:9: number: \"x\" is no number" RANGE "f:2:7: size: \"y\" is no size" SIZES,
		  "" },
		{ "{\"number\": 8, \"text\": \"x\", \"cpus\": [1, 2]}", "", "cpus: \"1-2\"\n" },
	};

	return cr_make_param_array(struct value_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct value_case *c, schema, a_value_is_exactly_of_its_type_or_an_error)
{
	check_case(c);
}

ParameterizedTestParameters(schema, text_that_guesses_or_grows_is_refused_with_its_place)
{
	static struct value_case cases[] = {
		{ "", "", "number: 7\n" },
		{ "# nothing\n", "", "number: 7\n" },
		{ "---\n", "f:2:1: is not a mapping; write keys and values\n", "" },
		{ "[1]", "f:1:1: is not a mapping; write keys and values\n", "" },
		{ "a: &x 1", "f:1:4: anchors and aliases are not allowed; write the value out\n",
		  "" },
		{ "a: *x", "f:1:4: anchors and aliases are not allowed; write the value out\n",
		  "" },
		{ "a: !!int 1",
		  "f:1:4: tags are not allowed; the key alone says what type its value has\n", "" },
		{ "a: 1\n---\nb: 1", "f:3:1: a second document begins here; use a file for each\n",
		  "" },
		{ "text: \"a\\0b\"", "f:1:7: the text holds a NUL byte; remove it\n", "" },
		{ "? [a]\n: 1", "f:1:3: a key must be a word\n", "" },
		{ "[[[[[[[[[[[[[[[[[[",
		  "f:1:17: this is nested deeper than 16 levels; flatten it\n", "" },
		{ "text: \xff",
		  "f:1:1: this is neither YAML nor JSON: invalid leading UTF-8 octet\n", "" },
		{ "a: [1",
		  "f:2:1: this is neither YAML nor JSON: did not find expected ',' or "
		  "']', while parsing a flow sequence\n",
		  "" },
	};

	return cr_make_param_array(struct value_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct value_case *c, schema,
		  text_that_guesses_or_grows_is_refused_with_its_place)
{
	check_case(c);
}

static unsigned int errors_of(const char *text, size_t len, char *first, size_t room)
{
	struct schema_report report = { 0 };
	struct schema_node *node = schema_parse("f", text, len, &report);
	struct fixture fixture;
	unsigned int nr;

	schema_defaults(&fixture_table, &fixture);
	if (node)
		schema_apply(&fixture_table, node, &fixture, &report);
	nr = report.nr;
	snprintf(first, room, "%.*s", (int)strcspn(report.text ? report.text : "", "\n"),
		 report.text ? report.text : "");
	schema_node_free(node);
	schema_fini(&fixture_table, &fixture);
	schema_report_fini(&report);
	return nr;
}

Test(schema, text_beyond_the_limits_is_refused_before_it_is_stored)
{
	size_t len = 10u << 20;
	char *text = malloc(len), first[160];

	memset(text, '[', len);
	cr_assert_eq(errors_of(text, len, first, sizeof(first)), 1);
	cr_assert_str_eq(first, "f: the file is larger than 1 MiB; make it smaller");
	memcpy(text, "numbers: [", 10);
	for (size_t i = 10; i < SCHEMA_FILE_MAX; i += 2)
		memcpy(text + i, "1,", 2);
	cr_assert_eq(errors_of(text, SCHEMA_FILE_MAX, first, sizeof(first)), 1);
	cr_assert_not_null(strstr(first, "there are more than 65536 values"), "%s", first);
	free(text);
}

Test(schema, a_report_keeps_the_first_errors_and_the_reader_stops_there)
{
	char text[4096] = "", first[160];

	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "key%d: x\n", i);
	cr_assert_eq(errors_of(text, strlen(text), first, sizeof(first)), SCHEMA_REPORT_MAX);
	cr_assert_str_eq(first, "f:1:1: key0: this key is not known; remove it");
}

Test(schema, a_file_that_cannot_be_read_is_named)
{
	struct schema_report report = { 0 };

	cr_assert_null(schema_parse_file("/nonexistent/x.yaml", &report));
	cr_assert_str_eq(report.text, "/nonexistent/x.yaml: cannot be read: No such file or "
				      "directory; name a YAML or JSON file\n");
	cr_assert_null(schema_parse_file("/", &report));
	cr_assert_eq(report.nr, 2);
	schema_report_fini(&report);
}

/* A later document wins key by key; its lists replace the earlier ones as a whole. */
Test(schema, documents_merge_from_left_to_right)
{
	const char *left = "number: 3\ntext: a\nwords: [a, b]\nitems: [{id: x}]\n";
	const char *right = "number: 4\nwords: [c]\nitems: []\n";
	struct schema_report report = { 0 };
	struct schema_node *a = schema_parse("a", left, strlen(left), &report);
	struct schema_node *b = schema_parse("b", right, strlen(right), &report);
	struct fixture fixture;

	schema_defaults(&fixture_table, &fixture);
	schema_apply(&fixture_table, a, &fixture, &report);
	schema_apply(&fixture_table, b, &fixture, &report);
	cr_assert_eq(report.nr, 0);
	cr_assert_eq(fixture.number, 4);
	cr_assert_str_eq(fixture.text, "a");
	cr_assert_eq(fixture.nr_words, 1);
	cr_assert_str_eq(fixture.words[0], "c");
	cr_assert_eq(fixture.nr_items, 0);
	schema_fini(&fixture_table, &fixture);
	cr_assert_null(fixture.text);
	schema_node_free(a);
	schema_node_free(b);
}

Test(schema, a_relative_path_belongs_to_the_folder_of_its_file)
{
	const char *text = "path: w.csv";
	struct schema_report report = { 0 };
	struct schema_node *node = schema_parse("/etc/vm/a.yaml", text, strlen(text), &report);
	struct fixture fixture;

	schema_defaults(&fixture_table, &fixture);
	schema_apply(&fixture_table, node, &fixture, &report);
	cr_assert_str_eq(fixture.path, "/etc/vm/w.csv");
	schema_fini(&fixture_table, &fixture);
	schema_node_free(node);
}

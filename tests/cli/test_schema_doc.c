/* One row in a table is enough: flags, help, manual and completion follow. The test's table is the
 * schema's fixture; nothing else knows its rows. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/schema_doc.h"
#include "tests/base/schema_fixture.h"

#define ROOM 8192

static void document(char text[ROOM], void (*write)(FILE *, const struct schema_table *))
{
	FILE *file = fmemopen(text, ROOM, "w");

	write(file, &fixture_table);
	cr_assert_eq(fclose(file), 0);
}

Test(schema_doc, every_supported_row_is_in_the_manual_and_the_others_are_in_their_list)
{
	char text[ROOM], entry[64], *later;

	document(text, schema_doc_man);
	later = strstr(text, ".Sh NOT SUPPORTED YET");
	cr_assert(later != NULL);
	for (size_t i = 0; i < fixture_table.nr_rows; i++) {
		const struct schema_row *row = &fixture_table.rows[i];
		const char *items = row->type == SCHEMA_LIST ? "[]" : "";

		snprintf(entry, sizeof(entry), "%sCm %s%s\n", row->later ? "." : ".It ", row->key,
			 items);
		cr_assert(strstr(row->later ? later : text, entry) != NULL, "%s", entry);
	}
	cr_assert_not_null(strstr(text, ".It Cm items[].weight\nWeight.\nTakes a decimal number.\n"
					"Default:\n.Cm 1 .\n"));
	cr_assert_not_null(strstr(text, "Takes one of Red, Green.\nFlag:\n.Fl -color .\n"));
}

Test(schema_doc, completion_offers_keys_and_the_words_of_enums_and_truths)
{
	char text[ROOM];

	document(text, schema_doc_completion);
	cr_assert_not_null(strstr(text, "--item) echo 'id= weight= ' ;;"));
	cr_assert_not_null(strstr(text, "--color) echo 'Red Green ' ;;"));
	cr_assert_not_null(strstr(text, "--truth) echo 'on off' ;;"));
	cr_assert_null(strstr(text, "future"));
}

static int parse(struct option_flags *flags, const char **argv, int argc, struct err *err)
{
	static const struct option_usage usage = {
		.synopsis = "situ test [flags]",
		.about = "Tests.",
		.schema = &fixture_table,
		.schema_title = "From the table",
	};

	return options_parse_flags(argc, (char **)argv, &usage, flags, err);
}

Test(schema_doc, help_lists_the_flags_of_the_table, .init = cr_redirect_stdout)
{
	const char *argv[] = { "test", "--help", NULL };
	struct option_flags flags;
	struct err err = { 0 };

	cr_assert_eq(parse(&flags, argv, 2, &err), -1);
	option_flags_fini(&flags);
	fflush(stdout);
	cr_assert_stdout_eq_str("Usage: situ test [flags]\n\nTests.\n\nOptions:\n"
				"  -h, --help                 print this and exit\n\n"
				"From the table:\n"
				"  --truth on|off             a truth\n"
				"  --number NUMBER            a number\n"
				"  --size SIZE                a size\n"
				"  --text TEXT                a text\n"
				"  --color Red|Green          a color\n"
				"  --cpus [LIST]              CPUs\n"
				"  --pair KEY=VALUE,...       two numbers\n"
				"                             keys: first, second\n"
				"  --numbers [LIST]           numbers\n"
				"  --item TEXT|KEY=VALUE,...  items\n"
				"                             keys: id, weight\n");
}

Test(schema_doc, flags_stand_beside_operands_and_unknown_ones_are_refused)
{
	const char *good[] = { "test", "--number", "9", "file.yaml", "--color=red", NULL };
	const char *bad[] = { "test", "--nubmer", "9", NULL };
	struct schema_report report = { 0 };
	struct option_flags flags;
	struct fixture fixture;
	struct err err = { 0 };

	cr_assert_eq(parse(&flags, good, 5, &err), 4);
	cr_assert_str_eq(good[4], "file.yaml");
	schema_defaults(&fixture_table, &fixture);
	schema_apply(&fixture_table, flags.values, &fixture, &report);
	cr_assert_eq(report.nr, 0);
	cr_assert_eq(fixture.number, 9);
	cr_assert_eq(fixture.color, 0);
	schema_fini(&fixture_table, &fixture);
	option_flags_fini(&flags);
	cr_assert_lt(parse(&flags, bad, 3, &err), 0);
	cr_assert_eq(err.status, EXIT_INPUT);
	option_flags_fini(&flags);
}

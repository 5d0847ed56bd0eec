#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

/* One line for each option; the long ones of a schema get a line of their own. */
static void print_option(const char *name, const char *placeholder, const char *help)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", name, placeholder ? " " : "",
		 placeholder ? placeholder : "");
	if (strlen(left) > 26)
		printf("  %s\n  %-26s %s\n", left, "", help);
	else
		printf("  %-26s %s\n", left, help);
}

static void print_keys(const struct schema_table *table)
{
	size_t column = 0;

	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];

		if (row->later)
			continue;
		if (!column || column + strlen(row->key) > 66)
			column = (size_t)printf("%s%-29s%s", column ? ",\n" : "", "",
						column ? "" : "keys: ") -
				 29;
		else
			column += (size_t)printf(", ");
		column += (size_t)printf("%s", row->key);
	}
	printf("\n");
}

static void print_flags(const struct option_usage *usage)
{
	AUTO_FREE struct schema_flag *flags = NULL;
	char words[SCHEMA_WORDS];
	size_t nr;

	flags = schema_flags(usage->schema, &nr);
	printf("\n%s:\n", usage->schema_title);
	for (size_t i = 0; i < nr; i++) {
		const struct schema_row *row = flags[i].path[flags[i].nr - 1];

		if (flags[i].later)
			continue;
		print_option(row->flag, schema_placeholder(row, words), row->help);
		if (row->table)
			print_keys(row->table);
	}
}

static void print_usage(const struct option_usage *usage)
{
	printf("Usage: %s\n\n%s\n\nOptions:\n", usage->synopsis, usage->about);
	for (size_t i = 0; i < usage->nr_specs; i++)
		print_option(usage->specs[i].name, usage->specs[i].placeholder,
			     usage->specs[i].help);
	printf("  %-26s %s\n", "-h, --help", "print this and exit");
	if (usage->schema)
		print_flags(usage);
	if (usage->notes)
		printf("\n%s\n", usage->notes);
}

static int parse_u64(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9' || (*text == '0' && text[1]))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static void list_add(struct option_list *list, const char *value)
{
	list->values = alloc_resize(list->values, list->nr + 1, sizeof(*list->values));
	list->values[list->nr++] = value;
}

static int take_value(const struct option_spec *spec, const char *text, struct err *err)
{
	int ret = 0;

	switch (spec->type) {
	case OPT_FLAG:
		*(bool *)spec->value = true;
		break;
	case OPT_STRING:
		*(const char **)spec->value = text;
		break;
	case OPT_U64:
		if (parse_u64(text, spec->value))
			ret = err_set(err, EXIT_INPUT, EINVAL,
				      "\"%.40s\" is no number; write decimal digits", text);
		break;
	case OPT_SIZE:
		ret = size_parse(text, spec->value, err);
		break;
	case OPT_LIST:
		list_add(spec->value, text);
		break;
	}
	if (ret)
		err_context(err, "--%s", spec->name);
	return ret;
}

static int refuse(const char *arg, int missing_value, const struct option_usage *usage,
		  struct err *err)
{
	int command = (int)strcspn(usage->synopsis, "[<");

	if (missing_value)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "option %.60s needs a value; see \"%.*s--help\"", arg, command,
			       usage->synopsis);
	return err_set(err, EXIT_INPUT, EINVAL,
		       "option %.60s is not known or takes no value; see "
		       "\"%.*s--help\"",
		       arg, command, usage->synopsis);
}

/* What getopt_long() returns for the first of our own options and of the schema's flags. */
#define FIRST_SPEC 256
#define FIRST_FLAG 4096

static struct option *long_options(const struct option_usage *usage,
				   const struct schema_flag *flags, size_t nr_flags)
{
	struct option *longs = alloc_zeroed(usage->nr_specs + nr_flags + 2, sizeof(*longs));
	struct option *at = longs;

	for (size_t i = 0; i < usage->nr_specs; i++)
		*at++ = (struct option){
			.name = usage->specs[i].name,
			.has_arg =
				usage->specs[i].type == OPT_FLAG ? no_argument : required_argument,
			.val = FIRST_SPEC + (int)i,
		};
	for (size_t i = 0; i < nr_flags; i++)
		*at++ = (struct option){
			.name = flags[i].path[flags[i].nr - 1]->flag,
			.has_arg = required_argument,
			.val = FIRST_FLAG + (int)i,
		};
	*at = (struct option){ .name = "help", .val = 'h' };
	return longs;
}

int options_parse_flags(int argc, char **argv, const struct option_usage *usage,
			struct option_flags *flags, struct err *err)
{
	AUTO_FREE struct schema_flag *known = NULL;
	AUTO_FREE struct option *longs = NULL;
	size_t nr_known = 0;
	int c, ret;

	*flags = (struct option_flags){ .values = schema_node_new() };
	if (usage->schema)
		known = schema_flags(usage->schema, &nr_known);
	longs = long_options(usage, known, nr_known);
	optind = 0; /* glibc: start afresh, so that tests may parse many times */
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			print_usage(usage);
			return -1;
		}
		if (c == '?' || c == ':')
			return refuse(argv[optind - 1], c == ':', usage, err);
		if (c >= FIRST_FLAG) {
			schema_take_flag(flags->values, &known[c - FIRST_FLAG], optarg,
					 &flags->report);
			continue;
		}
		ret = take_value(&usage->specs[c - FIRST_SPEC], optarg, err);
		if (ret)
			return ret;
	}
	return optind;
}

int options_parse(int argc, char **argv, const struct option_usage *usage, struct err *err)
{
	struct option_flags none;
	int ret = options_parse_flags(argc, argv, usage, &none, err);

	option_flags_fini(&none);
	return ret;
}

void option_flags_fini(struct option_flags *flags)
{
	schema_node_free(flags->values);
	schema_report_fini(&flags->report);
	*flags = (struct option_flags){ 0 };
}

void option_list_fini(struct option_list *list)
{
	free(list->values);
	*list = (struct option_list){ 0 };
}

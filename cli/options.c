#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

static void print_usage(const struct option_usage *usage)
{
	printf("Usage: %s\n\n%s\n\nOptions:\n", usage->synopsis, usage->about);
	for (size_t i = 0; i < usage->nr_specs; i++) {
		const struct option_spec *spec = &usage->specs[i];
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", spec->name, spec->placeholder ? " " : "",
			 spec->placeholder ? spec->placeholder : "");
		printf("  %-26s %s\n", left, spec->help);
	}
	printf("  %-26s %s\n", "-h, --help", "print this and exit");
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

static struct option *long_options(const struct option_usage *usage)
{
	struct option *longs = alloc_zeroed(usage->nr_specs + 2, sizeof(*longs));

	for (size_t i = 0; i < usage->nr_specs; i++) {
		longs[i].name = usage->specs[i].name;
		longs[i].has_arg =
			usage->specs[i].type == OPT_FLAG ? no_argument : required_argument;
		longs[i].val = 256 + (int)i;
	}
	longs[usage->nr_specs] = (struct option){ .name = "help", .val = 'h' };
	return longs;
}

int options_parse(int argc, char **argv, const struct option_usage *usage, struct err *err)
{
	AUTO_FREE struct option *longs = long_options(usage);
	int c, ret;

	optind = 0; /* glibc: start afresh, so that tests may parse many times */
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			print_usage(usage);
			return -1;
		}
		if (c == '?' || c == ':')
			return refuse(argv[optind - 1], c == ':', usage, err);
		ret = take_value(&usage->specs[c - 256], optarg, err);
		if (ret)
			return ret;
	}
	return optind;
}

void option_list_fini(struct option_list *list)
{
	free(list->values);
	*list = (struct option_list){ 0 };
}

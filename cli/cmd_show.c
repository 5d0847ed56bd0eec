/* situ show: where a running VM's threads and pages are, beside where its plan wants them. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/running.h"

struct show_options {
	bool json, restore;
};

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : otherwise;
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void print_thread(const json_t *thread)
{
	bool fits = json_is_true(json_object_get(thread, "on_plan"));
	const json_t *last = json_object_get(thread, "last_cpu");

	printf("%8llu %-16s %-12s %-12s ", (unsigned long long)number_of(thread, "tid"),
	       text_of(thread, "name", "?"), text_of(thread, "wanted", "any"),
	       text_of(thread, "live", "?"));
	if (json_is_integer(last))
		printf("%5d", (int)json_integer_value(last));
	else
		printf("%5s", "?");
	puts(fits ? "" : "  MOVED: not what the plan wants");
}

static void print_region(const json_t *region)
{
	const json_t *on_nodes = json_object_get(region, "on_nodes"), *pages;
	uint64_t page = number_of(region, "page_size"), off = number_of(region, "off_plan");
	char size[SIZE_TEXT], each[SIZE_TEXT];
	const char *node;

	printf("%-12s 0x%-12llx %-8s on %-8s", size_format(number_of(region, "bytes"), size),
	       (unsigned long long)number_of(region, "gpa"), size_format(page, each),
	       text_of(region, "wanted_nodes", "any"));
	printf(" %llu of %llu pages present;", (unsigned long long)number_of(region, "present"),
	       (unsigned long long)number_of(region, "pages"));
	json_object_foreach((json_t *)on_nodes, node, pages)
	{
		printf(" node %s: %s", node,
		       size_format((uint64_t)json_integer_value(pages) * page, size));
	}
	if (off)
		printf("  %llu pages OFF PLAN", (unsigned long long)off);
	putchar('\n');
}

static void print_text(const json_t *state)
{
	const json_t *item;
	size_t i;

	printf("%s: process %llu, %s, %s\n\n", text_of(state, "name", "?"),
	       (unsigned long long)number_of(state, "pid"),
	       json_is_true(json_object_get(state, "paused")) ? "paused" : "running",
	       json_is_true(json_object_get(state, "on_plan")) ? "all on plan" : "NOT ON PLAN");
	printf("%8s %-16s %-12s %-12s %5s\n", "THREAD", "NAME", "WANTED", "LIVE", "LAST");
	json_array_foreach(json_object_get(state, "threads"), i, item)
	{
		print_thread(item);
	}
	printf("\n%-12s %-14s %-8s %s\n", "MEMORY", "ADDRESS", "PAGES", "WANTED, PRESENT");
	json_array_foreach(json_object_get(state, "memory"), i, item)
	{
		print_region(item);
	}
	if (!json_is_true(json_object_get(state, "on_plan")))
		printf("\n\"situ show --restore %s\" puts the threads back.\n",
		       text_of(state, "name", "NAME"));
}

static int show(const char *name, const struct show_options *options, struct err *err)
{
	struct running vm;
	json_t *state = NULL;

	if (!running_open(&vm, name, err))
		state = running_ask(&vm, options->restore ? CTL_RESTORE : CTL_SHOW, err);
	running_close(&vm);
	if (!state)
		return (int)err->status;
	if (options->json) {
		json_dumpf(state, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_text(state);
	}
	json_decref(state);
	return EXIT_OK;
}

int cmd_show(int argc, char **argv, struct err *err)
{
	struct show_options options = { 0 };
	const struct option_spec specs[] = {
		{ "restore", OPT_FLAG, &options.restore, NULL,
		  "first put threads back that something else moved" },
		{ "json", OPT_FLAG, &options.json, NULL, "print JSON" },
	};
	const struct option_usage usage = {
		.synopsis = "situ show NAME [--restore] [--json]",
		.about = "Shows where each thread and page of a running VM is, beside where its "
			 "plan\nwants it, and which threads somebody else has moved.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
	};
	int first = options_parse(argc, argv, &usage, err);

	if (first < 0)
		return first == -1 ? EXIT_OK : (int)err->status;
	if (first + 1 != argc) {
		err_set(err, EXIT_INPUT, EINVAL, "show: give one VM's name; see \"situ ps\"");
		return EXIT_INPUT;
	}
	return show(argv[first], &options, err);
}

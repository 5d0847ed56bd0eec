#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/topology.h"
#include "base/alloc.h"
#include "cli/cmd.h"

#define TWO  "synthetic:package:2 [numa(memory=34359738368)] l3:1 core:8 pu:2"
#define DATA "tests/data/plan/"

#define MAX_ARGS 16

/* Splits at blanks outside of quotes' work: arguments here have none but the host. */
static int run(const char *host, const char *line, struct err *err)
{
	AUTO_FREE char *copy = alloc_string(line);
	char name[] = "plan", topology[] = "--topology";
	AUTO_FREE char *source = alloc_string(host);
	char *argv[MAX_ARGS + 4] = { name, topology, source }, *rest = copy, *word;
	int argc = 3;

	while (argc < MAX_ARGS + 3 && (word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = word;
	*err = (struct err){ 0 };
	topology_setup();
	return cmd_plan(argc, argv, err);
}

static char *read_all(FILE *file)
{
	char *text = alloc_zeroed(1, 1 << 20);

	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	return text;
}

static char *printed(void)
{
	fflush(stdout);
	return read_all(cr_get_redirected_stdout());
}

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Without what rests on the cost model, which is tested where it is made. */
static char *without_costs(const char *text)
{
	AUTO_FREE char *copy = alloc_string(text);
	char *rest = copy, *line, *kept = NULL;
	bool skip = false;
	size_t len;
	FILE *out = open_memstream(&kept, &len);

	while ((line = strsep(&rest, "\n"))) {
		skip = starts(line, "  cost ") || starts(line, "  bound ") ||
		       starts(line, "  why ") || starts(line, "  instead ") ||
		       starts(line, "Latencies ") || (skip && starts(line, "          "));
		if (!skip && rest)
			fprintf(out, "%s\n", line);
	}
	fclose(out);
	return kept;
}

static void compare_golden(const char *name, const char *text)
{
	AUTO_FREE char *path = alloc_printf(DATA "%s.out", name);
	AUTO_FREE char *golden = NULL;
	FILE *file;

	if (getenv("SITU_UPDATE_GOLDEN")) {
		file = fopen(path, "w");
		cr_assert(file);
		fputs(text, file);
		fclose(file);
	}
	file = fopen(path, "r");
	cr_assert(file, "%s", path);
	golden = read_all(file);
	fclose(file);
	cr_expect_str_eq(text, golden, "%s differs; SITU_UPDATE_GOLDEN=1 rewrites it:\n%s", path,
			 text);
}

struct golden_case {
	char name[24], host[96], args[160];
	int status;
};

ParameterizedTestParameters(cmd_plan, texts_are_as_recorded)
{
	static struct golden_case cases[] = {
		{ "one", TWO, "--cpus 8 --memory 16G", EXIT_OK },
		{ "several", TWO, DATA "big.yaml " DATA "small.yaml --taken 4-5", EXIT_OK },
		{ "conflicts", TWO, DATA "web.yaml " DATA "db.yaml " DATA "compute.yaml", EXIT_NO },
		{ "broken", TWO, DATA "broken.yaml", EXIT_NO },
		{ "too-big", TWO, "--cpus 4 --memory 80G", EXIT_NO },
		{ "one-node", "synthetic:numa:1(memory=8GB) core:4 pu:1", "--cpus 2 --memory 2G",
		  EXIT_OK },
	};

	return cr_make_param_array(struct golden_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct golden_case *c, cmd_plan, texts_are_as_recorded,
		  .init = cr_redirect_stdout)
{
	struct err err;
	AUTO_FREE char *text = NULL, *kept = NULL;

	cr_expect_eq(run(c->host, c->args, &err), c->status, "%s", err.text);
	text = printed();
	kept = without_costs(text);
	compare_golden(c->name, kept);
}

static json_t *printed_json(void)
{
	AUTO_FREE char *text = printed();
	json_error_t error;
	json_t *document = json_loads(text, 0, &error);

	cr_assert(document, "%s", error.text);
	return document;
}

static const char *string_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

Test(cmd_plan, json_has_every_promised_key, .init = cr_redirect_stdout)
{
	static const char *const keys[] = { "name",	   "vcpus", "memory",  "io_cpus", "cost",
					    "lower_bound", "exact", "reasons", "warnings" };
	struct err err;
	json_t *document, *vm, *memory;

	cr_assert_eq(run(TWO, "--cpus 4 --memory 4G --json", &err), EXIT_OK, "%s", err.text);
	document = printed_json();
	vm = json_array_get(json_object_get(document, "vms"), 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_expect(json_object_get(vm, keys[i]), "%s", keys[i]);
	memory = json_array_get(json_object_get(vm, "memory"), 0);
	cr_expect_str_eq(string_at(memory, "locality"), "local");
	cr_expect_eq(json_array_size(json_object_get(document, "unplaced")), 0);
	cr_expect_eq(json_array_size(json_object_get(document, "errors")), 0);
	json_decref(document);
}

Test(cmd_plan, json_lists_all_findings_and_those_of_each_vm, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document, *list, *finding;
	size_t i;

	cr_expect_eq(run(TWO, DATA "broken.yaml --json", &err), EXIT_NO);
	document = printed_json();
	list = json_object_get(document, "errors");
	cr_expect_eq(json_array_size(list), 2u);
	json_array_foreach(list, i, finding)
	{
		cr_expect_str_eq(string_at(finding, "vm"), "broken");
		cr_expect(string_at(finding, "remedy"));
	}
	cr_expect_eq(json_array_size(json_object_get(document, "warnings")), 2u);
	json_decref(document);
}

Test(cmd_plan, policies_are_compared_on_the_same_vm, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document, *rows, *row;
	size_t i;
	unsigned int least = 0, unplaced = 0;

	cr_assert_eq(run(TWO, "--cpus 20 --memory 4G --compare --json", &err), EXIT_OK, "%s",
		     err.text);
	document = printed_json();
	rows = json_object_get(json_array_get(json_object_get(document, "compare"), 0), "policies");
	cr_expect_eq(json_array_size(rows), 8u, "4 CPU policies, auto and interleave");
	json_array_foreach(rows, i, row)
	{
		bool local = !strcmp(string_at(row, "cpu"), "local");

		cr_expect_eq(json_is_true(json_object_get(row, "placed")), !local);
		least += !strcmp(string_at(row, "verdict"), "least cost");
		unplaced += !strcmp(string_at(row, "verdict"), "does not fit (local)");
	}
	cr_expect_geq(least, 1u);
	cr_expect_eq(unplaced, 2u);
	json_decref(document);
}

Test(cmd_plan, a_placement_by_hand_is_scored_against_the_free_one, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document, *score;

	cr_assert_eq(run(TWO, "--cpus 2 --memory 4G --pin 0=0,1=16 --json", &err), EXIT_OK, "%s",
		     err.text);
	document = printed_json();
	score = json_object_get(document, "score");
	cr_expect_gt(json_real_value(json_object_get(score, "cost")),
		     json_real_value(json_object_get(score, "free_cost")));
	cr_expect_gt(json_real_value(json_object_get(score, "lost_percent")), 0);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(score, "why"), 0)),
			 "2 packages instead of 1");
	json_decref(document);
}

Test(cmd_plan, the_free_placement_made_by_hand_loses_nothing, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document, *score;

	cr_assert_eq(run(TWO, "--cpus 2 --memory 4G --pin 0=0,1=2 --json", &err), EXIT_OK, "%s",
		     err.text);
	document = printed_json();
	score = json_object_get(document, "score");
	cr_expect_float_eq(json_real_value(json_object_get(score, "lost_percent")), 0, 1e-9);
	json_decref(document);
}

struct preset_case {
	char preset[8], nodes[8], policy[16];
};

ParameterizedTestParameters(cmd_plan, presets_stand_for_policies)
{
	static struct preset_case cases[] = {
		{ "cpu", "0", "local" },
		{ "memory", "0", "local" },
		{ "io", "0-1", "interleave" },
	};

	return cr_make_param_array(struct preset_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct preset_case *c, cmd_plan, presets_stand_for_policies,
		  .init = cr_redirect_stdout)
{
	AUTO_FREE char *args = alloc_printf("--cpus 4 --memory 4G --json --preset %s", c->preset);
	AUTO_CPUSET struct cpuset nodes = { 0 };
	AUTO_FREE char *list = NULL;
	struct err err;
	json_t *document, *vm, *vcpu;
	size_t i;

	cr_assert_eq(run(TWO, args, &err), EXIT_OK, "%s", err.text);
	document = printed_json();
	vm = json_array_get(json_object_get(document, "vms"), 0);
	json_array_foreach(json_object_get(vm, "vcpus"), i, vcpu)
		cpuset_add(&nodes, (unsigned int)json_integer_value(json_object_get(vcpu, "node")));
	list = cpuset_string(&nodes);
	cr_expect_str_eq(list, c->nodes);
	cr_expect_str_eq(string_at(json_array_get(json_object_get(vm, "memory"), 0), "policy"),
			 c->policy);
	json_decref(document);
}

Test(cmd_plan, memory_that_is_taken_moves_the_vm, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document, *vm;

	cr_assert_eq(run(TWO, "--cpus 2 --memory 16G --taken-memory 0=30G --json", &err), EXIT_OK,
		     "%s", err.text);
	document = printed_json();
	vm = json_array_get(json_object_get(document, "vms"), 0);
	cr_expect_eq(json_integer_value(json_object_get(
			     json_array_get(json_object_get(vm, "memory"), 0), "host_node")),
		     1);
	json_decref(document);
}

struct refused_case {
	char args[80], told[40];
};

ParameterizedTestParameters(cmd_plan, bad_options_are_refused_by_name)
{
	static struct refused_case cases[] = {
		{ "--json --svg x", "one of --json and --svg" },
		{ "--compare --pin 0=0", "--compare goes with" },
		{ "--pin 0", "--pin" },
		{ "--preset fast", "use cpu, memory or io" },
		{ "--taken 0-x", "--taken" },
		{ "--taken-memory 0", "--taken-memory" },
		{ "--taken-memory 9=1G", "no node 9" },
		{ "--taken-memory 0=1X", "--taken-memory" },
		{ DATA "big.yaml " DATA "small.yaml --pin 0=0", "that of one" },
	};

	return cr_make_param_array(struct refused_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct refused_case *c, cmd_plan, bad_options_are_refused_by_name)
{
	struct err err;

	cr_expect_eq(run(TWO, c->args, &err), EXIT_INPUT);
	cr_expect(strstr(err.text, c->told), "%s", err.text);
}

Test(cmd_plan, the_drawing_shows_vms_memory_and_what_is_taken, .init = cr_redirect_stdout)
{
	static const char *const parts[] = { ">4 x<", "taken already", "2 GiB of small", ">1 a<",
					     "</svg>" };
	struct err err;
	AUTO_FREE char *text = NULL;

	cr_assert_eq(run(TWO, DATA "small.yaml --taken 4-5 --svg -", &err), EXIT_OK, "%s",
		     err.text);
	text = printed();
	cr_expect(starts(text, "<svg xmlns="));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		cr_expect(strstr(text, parts[i]), "%s", parts[i]);
	cr_expect_not(strstr(text, "\033"), "no escapes in a drawing");
}

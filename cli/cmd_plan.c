/* situ plan: where VMs would go on a host, and why. Nothing is changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affinity/rules.h"
#include "base/alloc.h"
#include "cli/cmd.h"
#include "cli/map.h"
#include "cli/out_file.h"
#include "cli/plan_compare.h"
#include "cli/plan_json.h"
#include "cli/plan_marks.h"
#include "cli/plan_request.h"
#include "cli/plan_text.h"
#include "cli/terminal.h"

struct plan_options {
	struct plan_source source;
	const char *svg;
	bool json, compare;
};

/* What one run shows. */
struct plan_run {
	const struct plan_options *options;
	const struct plan_request *request;
	struct place_plan plan;
	struct findings findings;
};

static int check_options(const struct plan_options *options, struct err *err)
{
	if (options->json && options->svg)
		return err_set(err, EXIT_INPUT, EINVAL, "plan: give one of --json and --svg");
	if (options->compare && (options->svg || options->source.pin))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "plan: --compare goes with neither --svg nor --pin; give one");
	return 0;
}

static int parse(int argc, char **argv, struct plan_options *options, struct vm_args *args,
		 struct err *err)
{
	const struct option_spec specs[] = {
		{ "topology", OPT_STRING, &options->source.topology, "SRC",
		  "plan for this host; see \"situ topo --help\"" },
		{ "latency", OPT_STRING, &options->source.latency, "FILE",
		  "measured latencies (situ topo --measure, or CSV)" },
		{ "taken", OPT_STRING, &options->source.taken, "CPUS",
		  "CPUs that something else holds, as 0-3,8" },
		{ "taken-memory", OPT_STRING, &options->source.taken_memory, "LIST",
		  "memory that is gone, by node, as 0=8G,1=2G" },
		{ "preset", OPT_STRING, &options->source.preset, "KIND",
		  "policies for work bound by cpu, memory or io" },
		{ "pin", OPT_STRING, &options->source.pin, "PAIRS",
		  "score a placement made by hand, as 0=4,1=6" },
		{ "compare", OPT_FLAG, &options->compare, NULL,
		  "the same VM under each policy, side by side" },
		{ "json", OPT_FLAG, &options->json, NULL, "print JSON" },
		{ "svg", OPT_STRING, &options->svg, "FILE", "draw the plan into FILE; -: stdout" },
	};
	const struct option_usage usage = {
		.synopsis = "situ plan [CONFIG...] [VM FLAGS] [--topology SRC] [--latency FILE] "
			    "[--compare|--pin PAIRS]\n                 [--json|--svg FILE]",
		.about = "Shows where every vCPU, page and thread of a VM would go, and why. "
			 "Several files are\nseveral VMs. Exit status 1: a VM does not fit, or its "
			 "configuration contradicts the host.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
	};
	int ret = vm_args_parse(args, argc, argv, &usage, err);

	return ret >= 0 && check_options(options, err) ? -EINVAL : ret;
}

static int write_svg(const char *path, const struct map_view *view, struct err *err)
{
	FILE *file;
	int ret = out_file_open(&file, path, err);

	if (ret)
		return ret;
	map_print_svg(file, view);
	return out_file_close(file, path, err);
}

/* A file's name without its folders: they would only push the summary off the line. */
static const char *short_source(const char *source)
{
	const char *slash = strrchr(source, '/');

	if (!strncmp(source, "synthetic:", 10))
		return "a synthetic host";
	return slash && slash[1] ? slash + 1 : source;
}

/* "db, web on host.xml"; the caller frees. */
static char *title_of(const struct plan_run *run)
{
	char *names = alloc_string(run->plan.vms[0].name), *title;

	for (unsigned int i = 1; i < run->plan.nr_vms; i++) {
		char *longer = alloc_printf("%s, %s", names, run->plan.vms[i].name);

		free(names);
		names = longer;
	}
	title = alloc_printf("%s on %s", names, short_source(run->request->topo.source));
	free(names);
	return title;
}

static int draw(const struct plan_run *run, struct err *err)
{
	AUTO_FREE char *title = title_of(run);
	struct map_view view = { .topo = &run->request->topo, .columns = terminal_columns() };
	struct plan_marks marks;
	int ret = 0;

	plan_marks_init(&marks, &run->request->place, &run->plan);
	plan_marks_show(&marks, &view);
	view.title = title;
	view.colours = isatty(STDOUT_FILENO);
	if (run->options->svg) {
		ret = write_svg(run->options->svg, &view, err);
	} else {
		putchar('\n');
		map_print_text(stdout, &view);
	}
	plan_marks_fini(&marks);
	return ret;
}

static void print_json(json_t *document)
{
	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(document);
}

static int show_json(const struct plan_run *run, struct err *err)
{
	json_t *document = plan_json(&run->request->topo, &run->plan, &run->findings), *part;
	int ret = 0;

	if (run->options->compare) {
		ret = plan_compare_json(&part, run->request, err);
		json_object_set_new(document, "compare", part);
	} else if (run->options->source.pin && run->plan.nr_vms) {
		ret = plan_score_json(&part, run->request, &run->plan, err);
		json_object_set_new(document, "score", part);
	}
	print_json(document);
	return ret;
}

static int show_text(const struct plan_run *run, struct err *err)
{
	int ret = 0;

	if (!run->plan.nr_vms) {
		plan_print_findings(stdout, &run->findings);
		return 0;
	}
	if (run->options->compare)
		return plan_compare_text(stdout, run->request, err);
	plan_print_text(stdout, &run->request->topo, &run->plan, terminal_columns());
	if (run->options->source.pin)
		ret = plan_score_text(stdout, run->request, &run->plan, err);
	putchar('\n');
	plan_print_findings(stdout, &run->findings);
	return ret ? ret : draw(run, err);
}

static int show(const struct plan_run *run, struct err *err)
{
	if (run->request->latency_note)
		fprintf(stderr, "situ: warning: %s\n", run->request->latency_note);
	if (run->options->json)
		return show_json(run, err);
	if (!run->options->svg)
		return show_text(run, err);
	plan_print_findings(stderr, &run->findings);
	return run->plan.nr_vms ? draw(run, err) : 0;
}

/* What the engine refuses as a contradiction, the rules name one by one; only what they do not know
 * is the engine's to say. */
static int plan_and_show(struct plan_run *run, struct err *err)
{
	struct err refusal = { 0 };
	int refused = place(&run->plan, &run->request->place, &refusal), ret = refused;

	rules_check(&run->findings, &run->request->place, refused ? NULL : &run->plan);
	if (refused && !run->findings.nr_errors)
		*err = refusal;
	else
		ret = show(run, err);
	if (ret)
		ret = (int)err->status;
	else if (run->findings.nr_errors || run->plan.nr_unplaced)
		ret = EXIT_NO;
	findings_fini(&run->findings);
	place_plan_fini(&run->plan);
	return ret;
}

int cmd_plan(int argc, char **argv, struct err *err)
{
	struct plan_options options = { .source.topology = "host" };
	struct plan_request request = { 0 };
	struct plan_run run = { .options = &options, .request = &request };
	struct vm_args args;
	int first = parse(argc, argv, &options, &args, err), ret;

	if (first < 0) {
		vm_args_fini(&args);
		return first == -1 ? EXIT_OK : (int)err->status;
	}
	ret = plan_request_init(&request, &options.source, &args, (const char *const *)argv + first,
				(unsigned int)(argc - first), err);
	if (ret == 0)
		ret = plan_and_show(&run, err);
	else
		ret = ret == 1 ? EXIT_OK : (int)err->status;
	plan_request_fini(&request);
	vm_args_fini(&args);
	return ret;
}

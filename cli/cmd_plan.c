/* situ plan: where VMs would go on a host, and why. Nothing is changed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/map.h"
#include "cli/plan_json.h"
#include "cli/plan_marks.h"
#include "cli/plan_request.h"
#include "cli/plan_text.h"

struct plan_options {
	struct plan_source source;
	const char *svg;
	bool json;
};

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
		{ "json", OPT_FLAG, &options->json, NULL, "print JSON" },
		{ "svg", OPT_STRING, &options->svg, "FILE", "draw the plan into FILE; -: stdout" },
	};
	const struct option_usage usage = {
		.synopsis = "situ plan [CONFIG...] [VM FLAGS] [--topology SRC] [--latency FILE] "
			    "[--json|--svg FILE]",
		.about = "Shows where every vCPU, page and thread of a VM would go, and why. "
			 "Several "
			 "files are several VMs.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
	};
	int ret = vm_args_parse(args, argc, argv, &usage, err);

	if (ret >= 0 && options->json && options->svg)
		return err_set(err, EXIT_INPUT, EINVAL, "plan: give one of --json and --svg");
	return ret;
}

static int write_svg(const char *path, const struct map_view *view, struct err *err)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	int failed;

	if (!file)
		return err_sys(err, EXIT_INPUT, errno, "%s: cannot open for writing", path);
	map_print_svg(file, view);
	if (file == stdout)
		return 0;
	failed = ferror(file);
	if (fclose(file) || failed)
		return err_sys(err, EXIT_NO, errno, "%s: cannot write", path);
	return 0;
}

static int draw(const struct plan_options *options, const struct plan_request *request,
		const struct place_plan *plan, struct err *err)
{
	struct plan_marks marks;
	struct map_view view = { .topo = &request->topo };
	int ret = 0;

	plan_marks_init(&marks, &request->place, plan);
	view.cpus = marks.cpus;
	view.columns = 100;
	view.colours = isatty(STDOUT_FILENO);
	if (options->svg) {
		ret = write_svg(options->svg, &view, err);
	} else {
		putchar('\n');
		map_print_text(stdout, &view);
	}
	plan_marks_fini(&marks);
	return ret;
}

static int show(const struct plan_options *options, const struct plan_request *request,
		const struct place_plan *plan, struct err *err)
{
	if (request->latency_note)
		fprintf(stderr, "situ: warning: %s\n", request->latency_note);
	if (options->json) {
		json_t *document = plan_json(plan);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
		return 0;
	}
	if (!options->svg)
		plan_print_text(stdout, plan);
	return draw(options, request, plan, err);
}

static int plan_and_show(const struct plan_options *options, struct plan_request *request,
			 struct err *err)
{
	struct place_plan plan;
	int ret = place(&plan, &request->place, err);

	if (!ret)
		ret = show(options, request, &plan, err);
	if (!ret && plan.nr_unplaced)
		ret = EXIT_NO;
	else if (ret)
		ret = (int)err->status;
	place_plan_fini(&plan);
	return ret;
}

int cmd_plan(int argc, char **argv, struct err *err)
{
	struct plan_options options = { .source.topology = "host" };
	struct plan_request request = { 0 };
	struct vm_args args;
	int first = parse(argc, argv, &options, &args, err), ret;

	if (first < 0) {
		vm_args_fini(&args);
		return first == -1 ? EXIT_OK : (int)err->status;
	}
	ret = plan_request_init(&request, &options.source, &args, (const char *const *)argv + first,
				(unsigned int)(argc - first), err);
	if (ret == 0)
		ret = plan_and_show(&options, &request, err);
	else
		ret = ret == 1 ? EXIT_OK : (int)err->status;
	plan_request_fini(&request);
	vm_args_fini(&args);
	return ret;
}

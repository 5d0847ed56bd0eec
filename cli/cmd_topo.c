/* situ topo: the host's map, for a person, a script or a page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/map.h"
#include "cli/measure.h"
#include "cli/options.h"
#include "cli/out_file.h"
#include "cli/terminal.h"
#include "cli/topo_held.h"
#include "cli/topo_json.h"

struct topo_options {
	const char *source, *svg, *measure;
	bool json;
};

static int parse(int argc, char **argv, struct topo_options *options, struct err *err)
{
	const struct option_spec specs[] = {
		{ "topology", OPT_STRING, &options->source, "SRC",
		  "where the map comes from; default: host" },
		{ "json", OPT_FLAG, &options->json, NULL, "print JSON" },
		{ "svg", OPT_STRING, &options->svg, "FILE", "draw the map into FILE; -: stdout" },
		{ "measure", OPT_STRING, &options->measure, "FILE",
		  "measure this host's latencies into FILE; auto: where plan and run look" },
	};
	const struct option_usage usage = {
		.synopsis = "situ topo [--topology SRC] [--json|--svg FILE|--measure FILE]",
		.about = "Shows packages, NUMA nodes, L3 domains, cores, CPUs, memory and devices.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
		.notes = "SRC is host, a file in hwloc's XML, dir:PATH (a captured sysfs and "
			 "procfs) or\nsynthetic:TEXT (hwloc's synthetic description).",
	};
	int ret = options_parse(argc, argv, &usage, err);

	if (ret < 0)
		return ret;
	if (ret < argc)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "topo: operand \"%.60s\" is not wanted; see \"situ topo --help\"",
			       argv[ret]);
	if (!!options->json + !!options->svg + !!options->measure > 1)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "topo: give one of --json, --svg and --measure");
	return 0;
}

static void print_json(const struct topology *topo)
{
	json_t *document = topo_json(topo);

	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(document);
}

static int write_svg(const struct map_view *view, const char *path, struct err *err)
{
	FILE *file;
	int ret = out_file_open(&file, path, err);

	if (ret)
		return ret;
	map_print_svg(file, view);
	return out_file_close(file, path, err);
}

/* That VMs could not be listed is said, and the map shown without them. */
static int draw(const struct topology *topo, const char *svg, struct err *err)
{
	struct map_view view = { .topo = topo, .columns = terminal_columns() };
	struct topo_held held;
	struct err unlisted;
	int ret = 0;

	if (topo_held_init(&held, topo, NULL, &unlisted))
		log_warn("running VMs are not in the map: %s", unlisted.text);
	view.cpus = held.marks;
	view.colours = isatty(STDOUT_FILENO);
	if (svg) {
		ret = write_svg(&view, svg, err);
	} else {
		map_print_text(stdout, &view);
		topo_held_print(stdout, &held);
	}
	topo_held_fini(&held);
	return ret;
}

static int show(const struct topology *topo, const struct topo_options *options, struct err *err)
{
	if (options->measure)
		return measure_host(topo, options->measure, err);
	if (!options->json)
		return draw(topo, options->svg, err);
	print_json(topo);
	return 0;
}

int cmd_topo(int argc, char **argv, struct err *err)
{
	struct topo_options options = { .source = "host" };
	struct topology topo;
	int ret = parse(argc, argv, &options, err);

	if (ret == -1)
		return EXIT_OK;
	if (ret || topology_load_devices(&topo, options.source, err))
		return (int)err->status;
	ret = show(&topo, &options, err);
	topology_fini(&topo);
	return ret ? (int)err->status : EXIT_OK;
}

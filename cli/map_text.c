/*
 * The map as text. A core is a pair of brackets around its CPUs: [0 64]. A line holds one L3
 * domain, or a part of one where the terminal is narrow.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/map.h"

#define INDENT 6

static const char *colour_code(enum map_colour colour)
{
	static const char *const fixed[MAP_VM] = { "", "\033[90m", "\033[90m", "\033[1m" };
	static const char *const vms[8] = { "\033[32m", "\033[34m", "\033[35m", "\033[36m",
					    "\033[33m", "\033[31m", "\033[92m", "\033[94m" };

	return colour < MAP_VM ? fixed[colour] : vms[(colour - MAP_VM) % 8];
}

static struct map_mark cpu_mark(const struct map_view *view, unsigned int index)
{
	return view->cpus ? view->cpus[index] : (struct map_mark){ NULL, MAP_PLAIN };
}

/* The text of one CPU: its number, "*" where isolated, ":label" where marked. */
static int cpu_text(const struct map_view *view, unsigned int index, char *buf, size_t len)
{
	const struct topo_cpu *cpu = &view->topo->cpus[index];
	struct map_mark mark = cpu_mark(view, index);

	return snprintf(buf, len, "%u%s%s%s%s", cpu->os, cpu->isolated ? "*" : "",
			cpu->nohz_full ? "~" : "", mark.label ? ":" : "",
			mark.label ? mark.label : "");
}

/* All cells are as wide as the widest, so that columns line up. */
static int cell_width(const struct map_view *view)
{
	int width = 0;
	char text[64];

	for (unsigned int i = 0; i < view->topo->nr_cpus; i++) {
		int len = cpu_text(view, i, text, sizeof(text));

		width = len > width ? len : width;
	}
	return width < 63 ? width : 63;
}

static void print_cpu(FILE *out, const struct map_view *view, unsigned int index, int width)
{
	struct map_mark mark = cpu_mark(view, index);
	bool coloured = view->colours && mark.colour != MAP_PLAIN;
	char text[64];

	cpu_text(view, index, text, sizeof(text));
	fprintf(out, "%s%*s%s", coloured ? colour_code(mark.colour) : "", width, text,
		coloured ? "\033[0m" : "");
}

static void print_core(FILE *out, const struct map_view *view, const struct topo_core *core,
		       int width)
{
	const char *before = "[";

	cpuset_for_each (os, &core->cpus) {
		fputs(before, out);
		print_cpu(out, view, (unsigned int)view->topo->cpu_index[os], width);
		before = " ";
	}
	fputc(']', out);
}

static unsigned int core_columns(const struct topo_core *core, int width)
{
	return cpuset_count(&core->cpus) * ((unsigned int)width + 1) + 1;
}

static void print_cores(FILE *out, const struct map_view *view, const struct map_domain *domain,
			int width)
{
	unsigned int column = INDENT;

	fprintf(out, "%*s", INDENT, "");
	for (unsigned int i = 0; i < domain->nr_cores; i++) {
		const struct topo_core *core = &view->topo->cores[domain->first_core + i];
		unsigned int len = core_columns(core, width) + 1;

		if (column > INDENT && column + len > view->columns) {
			fprintf(out, "\n%*s", INDENT, "");
			column = INDENT;
		}
		fputs(column > INDENT ? " " : "", out);
		print_core(out, view, core, width);
		column += len;
	}
	fputc('\n', out);
}

static void print_package(FILE *out, const struct topology *topo, int index)
{
	if (index < 0) {
		fprintf(out, "\nNo package known\n");
		return;
	}
	fprintf(out, "\nPackage %u", topo->packages[index].os);
	if (topo->packages[index].model)
		fprintf(out, "  %s", topo->packages[index].model);
	fputc('\n', out);
}

static void print_node(FILE *out, const struct map_view *view, int index)
{
	const struct topo_node *node = index < 0 ? NULL : &view->topo->nodes[index];
	AUTO_FREE char *memory = NULL;

	if (!node) {
		fprintf(out, "  No node known\n");
		return;
	}
	memory = map_node_memory(node);
	fprintf(out, "  Node %u  %s", node->os, memory);
	if (view->nodes && view->nodes[index].label)
		fprintf(out, "  <- %s", view->nodes[index].label);
	fputc('\n', out);
}

static void print_l3(FILE *out, const struct topology *topo, int index)
{
	char size[SIZE_TEXT];

	if (index < 0)
		return;
	fprintf(out, "    L3");
	if (topo->caches[index].size)
		fprintf(out, " %s", size_format(topo->caches[index].size, size));
	fputc('\n', out);
}

static void print_tree(FILE *out, const struct map_view *view)
{
	unsigned int nr;
	AUTO_FREE struct map_domain *domains = map_domains(view->topo, &nr);
	int width = cell_width(view);

	for (unsigned int i = 0; i < nr; i++) {
		const struct map_domain *last = i ? &domains[i - 1] : NULL, *here = &domains[i];
		bool package = !last || last->package != here->package;

		if (package)
			print_package(out, view->topo, here->package);
		if (package || last->node != here->node)
			print_node(out, view, here->node);
		print_l3(out, view->topo, here->l3);
		print_cores(out, view, here, width);
	}
}

/* Which CPUs reach a node's memory best: a node's, if they are just these. */
static void print_near(FILE *out, const struct topology *topo, const struct topo_node *node)
{
	AUTO_FREE char *near = cpuset_string(&node->near_cpus);

	if (!*near || cpuset_equal(&node->near_cpus, &topo->allowed))
		return;
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		if (!cpuset_equal(&topo->nodes[i].cpus, &node->near_cpus))
			continue;
		fprintf(out, ", nearest to node %u", topo->nodes[i].os);
		return;
	}
	fprintf(out, ", nearest to CPUs %s", near);
}

static void print_far_memory(FILE *out, const struct map_view *view)
{
	const char *heading = "\nNodes without CPUs\n";

	for (unsigned int i = 0; i < view->topo->nr_nodes; i++) {
		const struct topo_node *node = &view->topo->nodes[i];
		AUTO_FREE char *memory = map_node_memory(node);

		if (!cpuset_empty(&node->cpus))
			continue;
		fprintf(out, "%s  Node %u  %s", heading, node->os, memory);
		print_near(out, view->topo, node);
		if (view->nodes && view->nodes[i].label)
			fprintf(out, "  <- %s", view->nodes[i].label);
		fputc('\n', out);
		heading = "";
	}
}

static void print_distances(FILE *out, const struct topology *topo)
{
	AUTO_FREE unsigned int *order = map_node_order(topo);

	if (!topo->distances || topo->nr_nodes < 2)
		return;
	fprintf(out, "\nDistances (from the firmware; 10 is local)\n  %4s", "");
	for (unsigned int to = 0; to < topo->nr_nodes; to++)
		fprintf(out, " %3u", topo->nodes[order[to]].os);
	for (unsigned int from = 0; from < topo->nr_nodes; from++) {
		fprintf(out, "\n  %4u", topo->nodes[order[from]].os);
		for (unsigned int to = 0; to < topo->nr_nodes; to++)
			fprintf(out, " %3u", topology_distance(topo, order[from], order[to]));
	}
	fputc('\n', out);
}

static void print_pool(FILE *out, const struct topo_hugepages *pool)
{
	char size[SIZE_TEXT];

	fprintf(out, "  %s: %llu", size_format(pool->size, size), (unsigned long long)pool->total);
	if (pool->free_known)
		fprintf(out, " (%llu free)", (unsigned long long)pool->free);
}

static bool has_pages(const struct topo_node *node)
{
	for (unsigned int i = 0; i < node->nr_pools; i++)
		if (node->pools[i].total)
			return true;
	return false;
}

static void print_pools(FILE *out, const struct topology *topo)
{
	AUTO_FREE unsigned int *order = map_node_order(topo);
	bool known = false, any = false;

	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		const struct topo_node *node = &topo->nodes[order[i]];

		known = known || node->nr_pools;
		if (!has_pages(node))
			continue;
		fprintf(out, "%s  Node %u", any ? "" : "\nHuge pages\n", node->os);
		for (unsigned int j = 0; j < node->nr_pools; j++)
			print_pool(out, &node->pools[j]);
		fputc('\n', out);
		any = true;
	}
	if (known && !any)
		fprintf(out, "\nHuge pages: none set aside\n");
}

static void print_devices(FILE *out, const struct topology *topo)
{
	if (topo->nr_devices)
		fprintf(out, "\nDevices\n");
	for (unsigned int i = 0; i < topo->nr_devices; i++) {
		const struct topo_device *device = &topo->devices[i];

		fprintf(out, "  %-5s %-14s %-13s", map_device_class(device->class), device->name,
			device->pci ? device->pci : "");
		if (device->node >= 0)
			fprintf(out, " node %u\n", topo->nodes[device->node].os);
		else
			fprintf(out, " near no single node\n");
	}
}

static void print_set(FILE *out, const char *name, const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	if (*text)
		fprintf(out, "%s: %s\n", name, text);
}

static void print_kinds(FILE *out, const struct topology *topo)
{
	for (unsigned int kind = 0; topo->nr_kinds > 1 && kind < topo->nr_kinds; kind++) {
		AUTO_CPUSET struct cpuset set = { 0 };
		AUTO_FREE char *text = NULL;

		for (unsigned int i = 0; i < topo->nr_cpus; i++)
			if (topo->cpus[i].kind == (int)kind)
				cpuset_add(&set, topo->cpus[i].os);
		text = cpuset_string(&set);
		fprintf(out, "CPUs of kind %u: %s\n", kind, text);
	}
}

static void print_states(FILE *out, const struct topology *topo)
{
	const char *unknown[MAP_MAX_UNKNOWN], *before = "Not told by this source: ";

	fputc('\n', out);
	print_kinds(out, topo);
	print_set(out, "Offline CPUs", &topo->offline);
	print_set(out,
		  topo->offline_known ? "CPUs not allowed here" : "CPUs offline or not allowed",
		  &topo->disallowed);
	print_set(out, "Nodes not allowed here", &topo->disallowed_nodes);
	print_set(out, "Isolated CPUs (*)", &topo->isolated);
	print_set(out, "Tickless CPUs, nohz_full (~)", &topo->nohz_full);
	map_unknown(topo, unknown);
	for (unsigned int i = 0; unknown[i]; i++, before = ", ")
		fprintf(out, "%s%s", before, unknown[i]);
	if (unknown[0])
		fputc('\n', out);
}

static void print_legend(FILE *out, const struct map_view *view)
{
	for (unsigned int i = 0; i < view->nr_legend; i++) {
		bool coloured = view->colours && view->legend[i].colour != MAP_PLAIN;

		fprintf(out, "  %s%s%s\n", coloured ? colour_code(view->legend[i].colour) : "",
			view->legend[i].label, coloured ? "\033[0m" : "");
	}
}

void map_print_text(FILE *out, const struct map_view *view)
{
	AUTO_FREE char *summary = map_summary(view->topo);

	fprintf(out, "%s: %s\n", view->title ? view->title : view->topo->source, summary);
	print_legend(out, view);
	print_tree(out, view);
	print_far_memory(out, view);
	print_distances(out, view->topo);
	print_pools(out, view->topo);
	print_devices(out, view->topo);
	print_states(out, view->topo);
}

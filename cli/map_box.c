#include "cli/map_box.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

#define TITLE_CHAR 7.6 /* width of a character of a heading */
#define NOTE_CHAR  6.0 /* of the line below it */
#define CPU_HEIGHT 20.0
#define ASPECT	   1.7 /* a group of boxes is about this much wider than high */

/* Space inside a box around its children, and between these. */
static const struct {
	double padding, gap, heading;
} shapes[NR_BOX_KINDS] = {
	[BOX_PAGE] = { 0, 20, 0 }, [BOX_PACKAGE] = { 14, 14, 26 }, [BOX_NODE] = { 10, 10, 24 },
	[BOX_L3] = { 7, 5, 18 },   [BOX_CORE] = { 3, 2, 0 },	   [BOX_CPU] = { 0, 0, 0 },
};

static struct map_box *add_box(struct map_box *parent, enum box_kind kind, int index, char *title)
{
	struct map_box *box = alloc_zeroed(1, sizeof(*box));

	*box = (struct map_box){ .kind = kind, .index = index, .title = title };
	if (!parent)
		return box;
	parent->children =
		alloc_resize(parent->children, parent->nr_children + 1, sizeof(struct map_box *));
	parent->children[parent->nr_children++] = box;
	return box;
}

void map_box_free(struct map_box *box)
{
	for (unsigned int i = 0; i < box->nr_children; i++)
		map_box_free(box->children[i]);
	free(box->children);
	free(box->title);
	free(box);
}

static void add_cpu(struct map_box *core, const struct map_view *view, unsigned int index)
{
	const struct topo_cpu *cpu = &view->topo->cpus[index];
	struct map_mark mark = { NULL, MAP_PLAIN };
	struct map_box *box;

	if (view->cpus)
		mark = view->cpus[index];
	box = add_box(core, BOX_CPU, (int)index,
		      mark.label ? alloc_printf("%u %s", cpu->os, mark.label)
				 : alloc_printf("%u", cpu->os));
	box->colour = mark.colour;
	box->isolated = cpu->isolated;
}

static void add_cores(struct map_box *parent, const struct map_view *view,
		      const struct map_domain *domain)
{
	for (unsigned int i = 0; i < domain->nr_cores; i++) {
		unsigned int index = domain->first_core + i;
		struct map_box *core = add_box(parent, BOX_CORE, (int)index, NULL);

		cpuset_for_each (os, &view->topo->cores[index].cpus) {
			add_cpu(core, view, (unsigned int)view->topo->cpu_index[os]);
		}
	}
}

static struct map_box *add_package(struct map_box *page, const struct topology *topo, int index)
{
	struct map_box *box;

	if (index < 0)
		return add_box(page, BOX_PACKAGE, index, alloc_string("No package known"));
	box = add_box(page, BOX_PACKAGE, index,
		      alloc_printf("Package %u", topo->packages[index].os));
	box->note = topo->packages[index].model;
	return box;
}

static struct map_box *add_node(struct map_box *parent, const struct map_view *view, int index)
{
	AUTO_FREE char *memory = NULL;
	struct map_box *box;

	if (index < 0)
		return add_box(parent, BOX_NODE, index, alloc_string("No node known"));
	memory = map_node_memory(&view->topo->nodes[index]);
	box = add_box(parent, BOX_NODE, index,
		      alloc_printf("Node %u · %s", view->topo->nodes[index].os, memory));
	if (view->nodes) {
		box->note = view->nodes[index].label;
		box->colour = view->nodes[index].colour;
	}
	return box;
}

static char *l3_title(const struct topology *topo, int index)
{
	char size[SIZE_TEXT];

	if (index < 0)
		return NULL;
	if (!topo->caches[index].size)
		return alloc_string("L3");
	return alloc_printf("L3 %s", size_format(topo->caches[index].size, size));
}

/* Nodes without CPUs stand in their package after the others, or by themselves. */
static void add_memory_nodes(struct map_box *parent, const struct map_view *view, int package)
{
	for (unsigned int i = 0; i < view->topo->nr_nodes; i++) {
		const struct topo_node *node = &view->topo->nodes[i];

		if (cpuset_empty(&node->cpus) && node->package == package)
			add_node(parent, view, (int)i);
	}
}

static void add_domains(struct map_box *page, const struct map_view *view)
{
	struct map_box *package = NULL, *node = NULL;
	unsigned int nr;
	AUTO_FREE struct map_domain *domains = map_domains(view->topo, &nr);

	for (unsigned int i = 0; i < nr; i++) {
		const struct map_domain *here = &domains[i];

		if (!package || package->index != here->package) {
			if (package && package->index >= 0)
				add_memory_nodes(package, view, package->index);
			package = add_package(page, view->topo, here->package);
			node = NULL;
		}
		if (!node || node->index != here->node)
			node = add_node(package, view, here->node);
		add_cores(add_box(node, BOX_L3, here->l3, l3_title(view->topo, here->l3)), view,
			  here);
	}
	if (package && package->index >= 0)
		add_memory_nodes(package, view, package->index);
	add_memory_nodes(page, view, -1);
}

static double heading_height(const struct map_box *box)
{
	if (!box->title || box->kind == BOX_CPU)
		return shapes[box->kind].padding;
	return shapes[box->kind].heading + (box->note ? 14 : 0);
}

static double title_width(const struct map_box *box)
{
	double title = box->title ? (double)strlen(box->title) * TITLE_CHAR : 0;
	double note = box->note ? (double)strlen(box->note) * NOTE_CHAR : 0;

	return fmax(title, note) + 2 * shapes[box->kind].padding;
}

/* Places the children relative to (0, 0) on a grid of so many columns; all get the width of the
 * widest and the height of the tallest in their row. */
static void place_children(struct map_box *box, unsigned int columns, double *width, double *height)
{
	double gap = shapes[box->kind].gap, cell = 0, y = 0;

	for (unsigned int i = 0; i < box->nr_children; i++)
		cell = fmax(cell, box->children[i]->width);
	for (unsigned int row = 0; row < box->nr_children; row += columns) {
		double tallest = 0;

		for (unsigned int i = row; i < row + columns && i < box->nr_children; i++) {
			box->children[i]->x = (i - row) * (cell + gap);
			box->children[i]->y = y;
			tallest = fmax(tallest, box->children[i]->height);
		}
		y += tallest + gap;
	}
	*width = columns * (cell + gap) - gap;
	*height = box->nr_children ? y - gap : 0;
}

/* Boxes of one row end at one line, boxes of one grid are of one width. */
static void stretch_children(struct map_box *box, unsigned int columns)
{
	double cell = 0;

	for (unsigned int i = 0; i < box->nr_children; i++)
		cell = fmax(cell, box->children[i]->width);
	for (unsigned int row = 0; row < box->nr_children; row += columns) {
		double tallest = 0;

		for (unsigned int i = row; i < row + columns && i < box->nr_children; i++)
			tallest = fmax(tallest, box->children[i]->height);
		for (unsigned int i = row; i < row + columns && i < box->nr_children; i++) {
			box->children[i]->width = cell;
			box->children[i]->height = tallest;
		}
	}
}

/* The number of columns that comes nearest to the wanted shape; siblings stay side by side. */
static unsigned int best_columns(struct map_box *box)
{
	unsigned int best = box->nr_children ? box->nr_children : 1;
	double best_error = INFINITY;

	if (box->kind == BOX_CORE)
		return best;
	for (unsigned int columns = 1; columns <= box->nr_children; columns++) {
		double width, height, error;

		/* A last row that is not full costs a little. */
		place_children(box, columns, &width, &height);
		error = fabs(log(width / height / ASPECT)) + (box->nr_children % columns ? 0.4 : 0);
		if (error < best_error) {
			best_error = error;
			best = columns;
		}
		if (width > 8 * height)
			break;
	}
	return best;
}

static void measure(struct map_box *box, double cpu_width)
{
	double width, height, padding = shapes[box->kind].padding;
	unsigned int columns;

	if (box->kind == BOX_CPU) {
		box->width = cpu_width;
		box->height = CPU_HEIGHT;
		return;
	}
	for (unsigned int i = 0; i < box->nr_children; i++)
		measure(box->children[i], cpu_width);
	columns = best_columns(box);
	place_children(box, columns, &width, &height);
	if (box->kind != BOX_L3 && box->kind != BOX_CORE)
		stretch_children(box, columns);
	box->width = fmax(width + 2 * padding, title_width(box));
	box->height = heading_height(box) + height + padding;
}

static void move_children(struct map_box *box)
{
	for (unsigned int i = 0; i < box->nr_children; i++) {
		struct map_box *child = box->children[i];

		child->x += box->x + shapes[box->kind].padding;
		child->y += box->y + heading_height(box);
		move_children(child);
	}
}

/* All CPU boxes are as wide as the longest title needs. */
static double widest_cpu(const struct map_box *box)
{
	double widest = 26;

	if (box->kind == BOX_CPU)
		return fmax(widest, (double)strlen(box->title) * 6.6 + 8);
	for (unsigned int i = 0; i < box->nr_children; i++)
		widest = fmax(widest, widest_cpu(box->children[i]));
	return widest;
}

struct map_box *map_box_tree(const struct map_view *view)
{
	struct map_box *page = add_box(NULL, BOX_PAGE, 0, NULL);

	add_domains(page, view);
	measure(page, widest_cpu(page));
	move_children(page);
	return page;
}

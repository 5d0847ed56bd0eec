/* The map as a drawing: nested boxes, then tables of distances, huge pages and devices. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/map.h"
#include "cli/map_box.h"

#define MARGIN	    24.0
#define TITLE_SPACE 46.0
#define ROW	    18.0
#define CELL	    34.0 /* a distance */

struct paint {
	const char *fill, *stroke, *text;
};

static const struct paint box_paint[NR_BOX_KINDS] = {
	[BOX_PACKAGE] = { "#f5f7fa", "#9aa8ba", "#1f2d3d" },
	[BOX_NODE] = { "#e6eff9", "#86aad3", "#1d4a7a" },
	[BOX_L3] = { "#ffffff", "#b9c9dc", "#5b6b7d" },
	[BOX_CORE] = { "#eef1f4", "#d3dae2", "#5b6b7d" },
	[BOX_CPU] = { "#ffffff", "#b4bfcc", "#1f2d3d" },
};

/* Memory that is not plain DRAM has a ground of its own. */
static const struct paint node_paint[NR_MEM_KINDS] = {
	[MEM_UNKNOWN] = { "#f1f1f1", "#a5a5a5", "#444444" },
	[MEM_DRAM] = { "#e6eff9", "#86aad3", "#1d4a7a" },
	[MEM_HBM] = { "#fdeee4", "#e0a27a", "#8a4210" },
	[MEM_CXL] = { "#eee9f8", "#ab98d6", "#4c3489" },
	[MEM_PMEM] = { "#e7f4ea", "#8cc09a", "#22643a" },
};

static const struct paint mark_paint[MAP_VM] = {
	[MAP_PLAIN] = { "#ffffff", "#b4bfcc", "#1f2d3d" },
	[MAP_RESERVED] = { "#c9cfd6", "#8e99a6", "#3d4753" },
	[MAP_AVOIDED] = { "#ececec", "#bdbdbd", "#8a8a8a" },
	[MAP_IO] = { "#fff3c4", "#d6b13c", "#6b5200" },
};

static const struct paint vm_paint[8] = {
	{ "#a6dba0", "#4d9a52", "#103d14" }, { "#9ecae1", "#4a8fb8", "#0d3550" },
	{ "#fdc086", "#d08a3e", "#5a3206" }, { "#c5b0e0", "#8363b3", "#33195c" },
	{ "#f4a6b5", "#c85f77", "#5c1124" }, { "#b5e3d8", "#58a893", "#0e4538" },
	{ "#e6d98f", "#a8983a", "#4a4106" }, { "#c9c4bc", "#8a8378", "#38332a" },
};

static struct paint colour_paint(enum map_colour colour)
{
	return colour < MAP_VM ? mark_paint[colour] : vm_paint[(colour - MAP_VM) % 8];
}

static struct paint paint_of(const struct map_view *view, const struct map_box *box)
{
	if (box->kind == BOX_CPU)
		return colour_paint(box->colour);
	if (box->kind == BOX_NODE && box->index >= 0)
		return node_paint[view->topo->nodes[box->index].kind];
	return box_paint[box->kind];
}

/* Text from a file: markup is escaped, what XML forbids is replaced. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else
			fputc(c < ' ' ? '?' : c, out);
	}
}

static void put_line(FILE *out, double x, double y, const char *class, const char *fill,
		     const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" fill=\"%s\">", x, y, class, fill);
	put_text(out, text);
	fputs("</text>\n", out);
}

static void put_rect(FILE *out, const struct map_box *box, const struct paint *paint)
{
	static const double radius[NR_BOX_KINDS] = { 0, 10, 8, 5, 4, 3 };

	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\" "
		"fill=\"%s\" stroke=\"%s\"%s/>\n",
		box->x, box->y, box->width, box->height, radius[box->kind], paint->fill,
		paint->stroke, box->isolated ? " stroke-width=\"2\" stroke-dasharray=\"3 2\"" : "");
}

static void put_swatch(FILE *out, double x, double y, enum map_colour colour)
{
	struct paint paint = colour_paint(colour);

	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\" rx=\"2\" fill=\"%s\" "
		"stroke=\"%s\"/>\n",
		x, y, paint.fill, paint.stroke);
}

/* The second line of a heading; a mark's begins with its colour. */
static void draw_note(FILE *out, const struct map_box *box)
{
	double x = box->x + 12;

	if (box->colour != MAP_PLAIN) {
		put_swatch(out, x, box->y + 23, box->colour);
		x += 13;
	}
	put_line(out, x, box->y + 31, "l3", "#3d4a58", box->note);
}

static void draw_box(FILE *out, const struct map_view *view, const struct map_box *box)
{
	static const char *const classes[NR_BOX_KINDS] = { "", "package", "node", "l3", "", "cpu" };
	struct paint paint = paint_of(view, box);

	if (box->kind != BOX_PAGE)
		put_rect(out, box, &paint);
	if (box->kind == BOX_CPU)
		put_line(out, box->x + box->width / 2, box->y + 14, "cpu", paint.text, box->title);
	else if (box->title)
		put_line(out, box->x + (box->kind == BOX_L3 ? 7 : 12),
			 box->y + (box->kind == BOX_L3 ? 13 : 17), classes[box->kind], paint.text,
			 box->title);
	if (box->note)
		draw_note(out, box);
	for (unsigned int i = 0; i < box->nr_children; i++)
		draw_box(out, view, box->children[i]);
}

/* The tables below the boxes: each draws from *y on and moves it. */
static void heading(FILE *out, double *y, const char *text)
{
	*y += 26;
	put_line(out, MARGIN, *y, "node", "#1f2d3d", text);
	*y += 8;
}

/* From white at the smallest distance to orange at the largest. */
static void distance_colour(unsigned int distance, unsigned int largest, char colour[8])
{
	double share = largest > 10 ? ((double)distance - 10) / (largest - 10) : 0;

	share = fmin(fmax(share, 0), 1);
	snprintf(colour, 8, "#%02x%02x%02x", (unsigned int)(255 - 8 * share) & 255,
		 (unsigned int)(255 - 75 * share) & 255, (unsigned int)(255 - 150 * share) & 255);
}

static unsigned int largest_distance(const struct topology *topo)
{
	unsigned int largest = 0;

	for (unsigned int i = 0; i < topo->nr_nodes * topo->nr_nodes; i++)
		if (topo->distances[i] > largest)
			largest = topo->distances[i];
	return largest;
}

static void put_number(FILE *out, double x, double y, const char *fill, unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	put_line(out, x, y, "cpu", fill, text);
}

static double column_x(unsigned int column)
{
	return MARGIN + 48 + column * CELL;
}

static void draw_distance(FILE *out, double x, double y, unsigned int distance,
			  unsigned int largest)
{
	char colour[8];

	distance_colour(distance, largest, colour);
	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"20\" "
		"fill=\"%s\" stroke=\"#d3dae2\"/>\n",
		x - CELL / 2, y, CELL, colour);
	put_number(out, x, y + 14, "#1f2d3d", distance);
}

static void draw_distances(FILE *out, const struct topology *topo, double *y)
{
	AUTO_FREE unsigned int *order = map_node_order(topo);
	unsigned int largest;

	if (!topo->distances || topo->nr_nodes < 2)
		return;
	largest = largest_distance(topo);
	heading(out, y, "Distances between nodes (firmware, 10 is local)");
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		put_number(out, column_x(i), *y + 14, "#5b6b7d", topo->nodes[order[i]].os);
	for (unsigned int from = 0; from < topo->nr_nodes; from++) {
		*y += 20;
		put_number(out, MARGIN + 16, *y + 14, "#5b6b7d", topo->nodes[order[from]].os);
		for (unsigned int to = 0; to < topo->nr_nodes; to++)
			draw_distance(out, column_x(to), *y,
				      topology_distance(topo, order[from], order[to]), largest);
	}
	*y += 20;
}

static void draw_row(FILE *out, double *y, const char *text)
{
	*y += ROW;
	put_line(out, MARGIN + 12, *y - 4, "row", "#1f2d3d", text);
}

static void draw_pools(FILE *out, const struct topology *topo, double *y)
{
	bool first = true;

	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		const struct topo_node *node = &topo->nodes[i];

		for (unsigned int j = 0; j < node->nr_pools; j++) {
			const struct topo_hugepages *pool = &node->pools[j];
			AUTO_FREE char *text = NULL;
			char size[SIZE_TEXT];

			if (!pool->total)
				continue;
			if (first)
				heading(out, y, "Huge pages");
			first = false;
			text = alloc_printf("Node %u · %s · %llu pages", node->os,
					    size_format(pool->size, size),
					    (unsigned long long)pool->total);
			draw_row(out, y, text);
		}
	}
}

static void draw_devices(FILE *out, const struct topology *topo, double *y)
{
	if (topo->nr_devices)
		heading(out, y, "Devices");
	for (unsigned int i = 0; i < topo->nr_devices; i++) {
		const struct topo_device *device = &topo->devices[i];
		AUTO_FREE char *node =
			device->node < 0 ? alloc_string("near no single node")
					 : alloc_printf("node %u", topo->nodes[device->node].os);
		AUTO_FREE char *text = alloc_printf(
			"%s · %s%s%s · %s", map_device_class(device->class), device->name,
			device->pci ? " · " : "", device->pci ? device->pci : "", node);

		draw_row(out, y, text);
	}
}

static void draw_set(FILE *out, double *y, const char *name, const struct cpuset *set)
{
	AUTO_FREE char *list = cpuset_string(set);
	AUTO_FREE char *text = alloc_printf("%s: %s", name, list);

	if (*list)
		draw_row(out, y, text);
}

static void draw_states(FILE *out, const struct topology *topo, double *y)
{
	const char *unknown[MAP_MAX_UNKNOWN];

	*y += 16;
	draw_set(out, y, "Offline CPUs", &topo->offline);
	draw_set(out, y, "CPUs that may not be used", &topo->disallowed);
	draw_set(out, y, "Isolated CPUs (dashed)", &topo->isolated);
	draw_set(out, y, "Tickless CPUs (nohz_full)", &topo->nohz_full);
	map_unknown(topo, unknown);
	if (unknown[0])
		heading(out, y, "Not told by this source");
	for (unsigned int i = 0; unknown[i]; i++)
		draw_row(out, y, unknown[i]);
}

static bool colour_used(const struct map_view *view, enum map_colour colour)
{
	for (unsigned int i = 0; view->cpus && i < view->topo->nr_cpus; i++)
		if (view->cpus[i].colour == colour)
			return true;
	return false;
}

static void draw_meaning(FILE *out, double *y, enum map_colour colour, const char *text)
{
	*y += ROW;
	put_swatch(out, MARGIN, *y - 12, colour);
	put_line(out, MARGIN + 16, *y - 4, "row", "#1f2d3d", text);
}

/* Without a legend of the view, what is fixed; a VM's colours are then explained by the notes of
 * its nodes. */
static void draw_legend(FILE *out, const struct map_view *view, double *y)
{
	static const char *const meanings[MAP_VM] = {
		[MAP_RESERVED] = "held by another VM",
		[MAP_AVOIDED] = "kept out by the request",
		[MAP_IO] = "I/O and housekeeping threads",
	};

	*y += view->nr_legend ? ROW / 2 : 0;
	for (unsigned int i = 0; i < view->nr_legend; i++)
		draw_meaning(out, y, view->legend[i].colour, view->legend[i].label);
	for (enum map_colour colour = MAP_RESERVED; !view->nr_legend && colour < MAP_VM; colour++)
		if (colour_used(view, colour))
			draw_meaning(out, y, colour, meanings[colour]);
}

static void put_head(FILE *out, double width, double height)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\">\n"
		"<style>text{font-family:'DejaVu Sans','Liberation Sans',sans-serif}"
		".title{font-size:18px;font-weight:bold}.package{font-size:13px;font-weight:bold}"
		".node{font-size:12px;font-weight:bold}.l3{font-size:10px}.row{font-size:12px}"
		".cpu{font-size:11px;text-anchor:middle}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		width, height, width, height);
}

/* A file's name without its folders. */
static const char *source_name(const struct topology *topo)
{
	const char *slash = strrchr(topo->source, '/');

	if (!slash || !slash[1] || !strncmp(topo->source, "synthetic:", 10))
		return topo->source;
	return slash + 1;
}

/* The body goes to memory first, as the head states how high the page is. */
void map_print_svg(FILE *out, const struct map_view *view)
{
	struct map_box *page = map_box_tree(view);
	AUTO_FREE char *summary = map_summary(view->topo);
	AUTO_FREE char *body = NULL;
	double width = fmax(page->width + 2 * MARGIN, 720), y = MARGIN + TITLE_SPACE + page->height;
	size_t len;
	FILE *memory = open_memstream(&body, &len);

	if (!memory)
		abort();
	put_line(memory, MARGIN, MARGIN + 14, "title", "#1f2d3d",
		 view->title ? view->title : source_name(view->topo));
	put_line(memory, MARGIN, MARGIN + 33, "row", "#5b6b7d", summary);
	fprintf(memory, "<g transform=\"translate(%.0f %.0f)\">\n", MARGIN, MARGIN + TITLE_SPACE);
	draw_box(memory, view, page);
	fputs("</g>\n", memory);
	draw_legend(memory, view, &y);
	draw_distances(memory, view->topo, &y);
	draw_pools(memory, view->topo, &y);
	draw_devices(memory, view->topo, &y);
	draw_states(memory, view->topo, &y);
	fclose(memory);
	if (view->topo->distances)
		width = fmax(width, column_x(view->topo->nr_nodes) + MARGIN);
	put_head(out, width, y + MARGIN);
	fwrite(body, 1, len, out);
	fputs("</svg>\n", out);
	map_box_free(page);
}

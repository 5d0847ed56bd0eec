#ifndef SITU_CLI_MAP_BOX_H
#define SITU_CLI_MAP_BOX_H

#include "cli/map.h"

/*
 * The map as nested boxes with places on a page, for the drawing. Main thread only.
 *
 * A box is as large as its children, which stand in columns under its heading. Units are pixels of
 * the drawing; x and y are from the page's corner.
 */
enum box_kind { BOX_PAGE, BOX_PACKAGE, BOX_NODE, BOX_L3, BOX_CORE, BOX_CPU, NR_BOX_KINDS };

struct map_box {
	enum box_kind kind;
	int index; /* into the array of its kind in the map, or -1 */
	char *title; /* or NULL */
	const char *note; /* a second line of the heading, or NULL; points into the view */
	enum map_colour colour;
	bool isolated;
	double x, y, width, height;
	struct map_box **children;
	unsigned int nr_children;
};

struct map_box *map_box_tree(const struct map_view *view); /* laid out, from (0, 0) */
void map_box_free(struct map_box *box);

#endif

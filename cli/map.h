#ifndef SITU_CLI_MAP_H
#define SITU_CLI_MAP_H

#include <stdio.h>

#include "affinity/topology.h"

/*
 * The picture of a host, as text and as a drawing: packages, nodes, L3 domains, cores, CPUs. Main
 * thread only. Whoever has something to show in it (a placed VM, reservations) hands in marks.
 */
enum map_colour {
	MAP_PLAIN,
	MAP_RESERVED, /* another VM holds it */
	MAP_AVOIDED, /* kept out by the request */
	MAP_IO, /* I/O and housekeeping threads */
	MAP_VM, /* MAP_VM + guest node: eight colours, then from the first again */
};

struct map_mark {
	const char *label; /* short, beside the CPU's number ("v3") or the node's name; or NULL */
	enum map_colour colour;
};

struct map_view {
	const struct topology *topo;
	const char *title; /* NULL: the map's source */
	const struct map_mark *cpus; /* nr_cpus, by index; NULL: none */
	const struct map_mark *nodes; /* nr_nodes, by index; NULL: none */
	const struct map_mark *legend; /* what labels and colours mean, a line each */
	unsigned int nr_legend; /* 0: the drawing explains the fixed colours */
	unsigned int columns; /* text: width of the terminal */
	bool colours; /* text: escape sequences may be used */
};

void map_print_text(FILE *out, const struct map_view *view);
/* One SVG 1.1 document, readable without scripts or fonts of its own. */
void map_print_svg(FILE *out, const struct map_view *view);

/* Consecutive cores that share package, node and L3: the unit that both pictures draw. */
struct map_domain {
	int package, node, l3; /* indices, or -1 */
	unsigned int first_core, nr_cores;
};
/* In the order of cores; the caller frees. Every core is in one. */
struct map_domain *map_domains(const struct topology *topo, unsigned int *nr);

/* Node indices by the nodes' numbers, for tables; the caller frees. */
unsigned int *map_node_order(const struct topology *topo);

/* "2 packages, 4 nodes, 64 cores, 128 CPUs, 503 GiB"; the caller frees. */
char *map_summary(const struct topology *topo);
/* "DRAM 126 GiB, 120 GiB free"; the caller frees. */
char *map_node_memory(const struct topo_node *node);
/* What the source does not say, one short sentence each, NULL at the end. Static text. */
#define MAP_MAX_UNKNOWN 8
void map_unknown(const struct topology *topo, const char *out[MAP_MAX_UNKNOWN]);
const char *map_device_class(enum device_class class); /* "NIC" */

#endif

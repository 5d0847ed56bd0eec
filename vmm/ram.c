#include "vmm/ram.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "vmm/layout.h"

static void add_range(struct ram_map *map, gpa_t gpa, uint64_t len, unsigned int node)
{
	if (len)
		map->ranges[map->nr_ranges++] = (struct ram_range){ gpa, len, node };
}

void ram_map_init(struct ram_map *map, const struct guest_node *nodes, unsigned int nr_nodes)
{
	gpa_t next = 0;

	*map = (struct ram_map){ 0 };
	map->ranges = alloc_zeroed((size_t)nr_nodes + 1, sizeof(*map->ranges));
	for (unsigned int i = 0; i < nr_nodes; i++) {
		uint64_t left = nodes[i].bytes;

		if (next < LAYOUT_HOLE) {
			uint64_t below = LAYOUT_HOLE - next < left ? LAYOUT_HOLE - next : left;

			add_range(map, next, below, i);
			left -= below;
			next += below;
		}
		if (next == LAYOUT_HOLE)
			next = LAYOUT_HOLE_END;
		add_range(map, next, left, i);
		next += left;
	}
}

void ram_map_fini(struct ram_map *map)
{
	free(map->ranges);
	*map = (struct ram_map){ 0 };
}

gpa_t ram_map_end(const struct ram_map *map)
{
	const struct ram_range *last;

	if (!map->nr_ranges)
		return 0;
	last = &map->ranges[map->nr_ranges - 1];
	return last->gpa + last->len;
}

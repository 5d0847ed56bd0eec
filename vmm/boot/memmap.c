#include "vmm/boot/memmap.h"

#include "vmm/layout.h"

struct map_writer {
	struct memmap_entry *entries;
	unsigned int nr;
};

static void add(struct map_writer *w, gpa_t from, gpa_t to, uint32_t type)
{
	if (from < to && w->nr < MEMMAP_MAX)
		w->entries[w->nr++] = (struct memmap_entry){ from, to - from, type };
}

static gpa_t clamp(gpa_t value, gpa_t least, gpa_t most)
{
	return value < least ? least : value > most ? most : value;
}

unsigned int memmap_build(const struct ram_map *ram, struct memmap_entry entries[MEMMAP_MAX])
{
	struct map_writer w = { entries, 0 };

	for (unsigned int i = 0; i < ram->nr_ranges; i++) {
		gpa_t from = ram->ranges[i].gpa, to = from + ram->ranges[i].len;

		add(&w, clamp(from, 0, LAYOUT_LOW_RAM_END), clamp(to, 0, LAYOUT_LOW_RAM_END),
		    MEMMAP_RAM);
		add(&w, clamp(from, LAYOUT_LOW_RAM_END, LAYOUT_HIGH_RAM),
		    clamp(to, LAYOUT_LOW_RAM_END, LAYOUT_HIGH_RAM), MEMMAP_RESERVED);
		add(&w, from < LAYOUT_HIGH_RAM ? LAYOUT_HIGH_RAM : from, to, MEMMAP_RAM);
	}
	return w.nr;
}

gpa_t memmap_low_end(const struct ram_map *ram)
{
	gpa_t end = 0;

	for (unsigned int i = 0; i < ram->nr_ranges && ram->ranges[i].gpa == end; i++)
		end += ram->ranges[i].len;
	return end > LAYOUT_HIGH_RAM ? end : 0;
}

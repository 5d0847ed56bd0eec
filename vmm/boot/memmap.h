#ifndef SITU_VMM_BOOT_MEMMAP_H
#define SITU_VMM_BOOT_MEMMAP_H

#include <stdint.h>

#include "vmm/ram.h"

/* The memory map that a guest is given, in the types of e820, which all boot protocols share. Pure.
 */
enum { MEMMAP_RAM = 1, MEMMAP_RESERVED = 2 };

struct memmap_entry {
	gpa_t gpa;
	uint64_t len;
	uint32_t type;
};

#define MEMMAP_MAX 128 /* entries that fit the Linux zero page */

/* Writes at most MEMMAP_MAX entries, sorted by address; returns how many. RAM below 1 MiB ends at
 * LAYOUT_LOW_RAM_END, the rest up to 1 MiB is reserved. */
unsigned int memmap_build(const struct ram_map *ram, struct memmap_entry entries[MEMMAP_MAX]);

/* The end of the RAM that begins at LAYOUT_HIGH_RAM and has no hole, 0 if there is none. */
gpa_t memmap_low_end(const struct ram_map *ram);

#endif

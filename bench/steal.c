#include "bench/steal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

#define STEAL_FIELD 8 /* after the name: user nice system idle iowait irq softirq steal */
#define STAT_LIMIT  (1u << 20)

uint64_t steal_parse(const char *text, unsigned int cpu)
{
	unsigned long long fields[STEAL_FIELD];
	unsigned int nr;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &nr, &fields[0],
			   &fields[1], &fields[2], &fields[3], &fields[4], &fields[5], &fields[6],
			   &fields[7]) == 1 + STEAL_FIELD &&
		    nr == cpu)
			return fields[STEAL_FIELD - 1];
	}
	return 0;
}

uint64_t steal_ticks(unsigned int cpu)
{
	AUTO_FREE char *text = NULL;
	struct fs_root root;
	struct err err;
	uint64_t ticks = 0;

	if (fs_open_host(&root, &err))
		return 0;
	if (fs_read_all(&root, "proc/stat", STAT_LIMIT, &text) > 0)
		ticks = steal_parse(text, cpu);
	fs_close(&root);
	return ticks;
}

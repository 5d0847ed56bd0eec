#ifndef SITU_CLI_TOPO_HELD_H
#define SITU_CLI_TOPO_HELD_H

#include "affinity/reserve.h"
#include "cli/map.h"

/*
 * Which CPUs running VMs hold, for the map of this host. Main thread only.
 */
struct topo_held {
	struct reserve_list list; /* empty: no VM runs, or the map is another host's */
	struct map_mark *marks; /* nr_cpus; NULL where the list is empty */
};

/* Looks below folder (NULL: where VMs of this host meet) and makes nothing there. -errno where VMs
 * may run that cannot be listed; the map is then without marks. */
int topo_held_init(struct topo_held *held, const struct topology *topo, const char *folder,
		   struct err *err);
void topo_held_print(FILE *out, const struct topo_held *held); /* one line a VM */
void topo_held_fini(struct topo_held *held);

#endif

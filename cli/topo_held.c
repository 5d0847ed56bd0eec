#include "cli/topo_held.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

#define FOLDER	"/run/situ"
#define WAIT_MS 1000

static void mark_held(struct map_mark *marks, const struct topology *topo,
		      const struct cpuset *cpus)
{
	cpuset_for_each (os, cpus) {
		const struct topo_cpu *cpu = topology_cpu(topo, (unsigned int)os);

		if (cpu)
			marks[cpu - topo->cpus] = (struct map_mark){ "x", MAP_RESERVED };
	}
}

static int list_vms(struct reserve_list *list, const char *folder, struct err *err)
{
	struct reserve reserve;
	int ret = reserve_open(&reserve, folder, err);

	if (ret)
		return ret;
	ret = reserve_lock(&reserve, WAIT_MS, err);
	if (!ret) {
		ret = reserve_list(&reserve, list, err);
		reserve_unlock(&reserve);
	}
	reserve_close(&reserve);
	return ret;
}

int topo_held_init(struct topo_held *held, const struct topology *topo, const char *folder,
		   struct err *err)
{
	int ret;

	*held = (struct topo_held){ 0 };
	if (!folder)
		folder = FOLDER;
	if (!topo->is_host || access(folder, F_OK))
		return 0;
	ret = list_vms(&held->list, folder, err);
	if (ret || !held->list.nr_claims)
		return ret;
	held->marks = alloc_zeroed(topo->nr_cpus, sizeof(*held->marks));
	for (unsigned int i = 0; i < held->list.nr_claims; i++)
		mark_held(held->marks, topo, &held->list.claims[i].cpus);
	return 0;
}

void topo_held_print(FILE *out, const struct topo_held *held)
{
	for (unsigned int i = 0; i < held->list.nr_claims; i++) {
		const struct reserve_claim *claim = &held->list.claims[i];
		AUTO_FREE char *cpus = cpuset_string(&claim->cpus);

		fprintf(out, "VM %s holds CPUs %s (x)%s\n", claim->name, cpus,
			claim->exclusive ? " for itself" : "");
	}
}

void topo_held_fini(struct topo_held *held)
{
	reserve_list_fini(&held->list);
	free(held->marks);
	*held = (struct topo_held){ 0 };
}

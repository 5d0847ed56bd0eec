#include "cli/bench_hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/size.h"
#include "cli/vm_hold.h"

struct bench_hold {
	struct vm_hold vm;
};

struct bench_hold *bench_hold_new(void)
{
	struct bench_hold *hold = alloc_zeroed(1, sizeof(*hold));

	hold->vm.hold.lock_fd = -1;
	return hold;
}

void bench_hold_free(struct bench_hold *hold)
{
	vm_hold_release(&hold->vm);
	free(hold);
}

/* Figures that another VM's work is in are worth a word. */
static void warn_of_sharing(const struct vm_hold *hold)
{
	for (unsigned int i = 0; i < hold->list.nr_claims; i++) {
		const struct reserve_claim *other = &hold->list.claims[i];
		AUTO_CPUSET struct cpuset both = { 0 };
		AUTO_FREE char *list = NULL;

		cpuset_copy(&both, &hold->claim.cpus);
		cpuset_and(&both, &other->cpus);
		if (cpuset_empty(&both))
			continue;
		list = cpuset_string(&both);
		log_warn("CPUs %s are shared with VM %s, whose work is in the figures; stop it or "
			 "choose others by --cpus",
			 list, other->name);
	}
}

/* A region's memory: all on its node, or equal parts on several. */
static void add_memory(struct reserve_claim *claim, const struct gmem_spec *spec)
{
	unsigned int nr = cpuset_count(&spec->nodes);

	cpuset_for_each (node, &spec->nodes)
		claim->memory[claim->nr_memory++] =
			(struct reserve_memory){ .node = (unsigned int)node,
						 .page_size = 4 * KIB,
						 .bytes = spec->len / nr / (4 * KIB) * (4 * KIB) };
}

static void fill_claim(struct reserve_claim *claim, const struct cpuset *cpus,
		       const struct bench_memory *memory)
{
	unsigned int nr = 1;

	for (unsigned int i = 0; i < memory->nr_specs; i++)
		nr += cpuset_count(&memory->specs[i].nodes);
	claim->memory = alloc_zeroed(nr, sizeof(*claim->memory));
	for (unsigned int i = 0; i < memory->nr_specs; i++)
		add_memory(claim, &memory->specs[i]);
	cpuset_copy(&claim->cpus, cpus);
	snprintf(claim->name, sizeof(claim->name), "bench-%d", (int)getpid());
	claim->pid = getpid();
}

int bench_hold_take(void *arg, struct topology *topo, const struct cpuset *cpus,
		    const struct bench_memory *memory, struct err *err)
{
	struct vm_hold *hold = &((struct bench_hold *)arg)->vm;
	struct place_host_state unused;
	int ret = vm_hold_open(hold, topo, &unused, err);

	if (ret)
		return ret;
	fill_claim(&hold->claim, cpus, memory);
	warn_of_sharing(hold);
	return vm_hold_commit(hold, err);
}

#include "affinity/place_pins.h"

#include <stdlib.h>

#include "base/alloc.h"

struct match {
	struct place_job *job;
	int *owner; /* per CPU: index of the pin that has it, -1 */
	bool *seen; /* per CPU, in one search */
};

static bool may_take(const struct place_job *job, unsigned int cpu)
{
	int holder = job->host->holder[cpu];

	if (cpuset_has(&job->vm->avoid, job->host->topo->cpus[cpu].os))
		return false;
	return holder < 0 ||
	       (job->vm->exclusive != PLACE_EXCLUSIVE_YES && job->host->holder_shares[holder]);
}

/* Augmenting path: the pin takes a free CPU of its set, or one whose owner finds another. Free CPUs
 * before shared ones, lowest number first. */
static bool find_cpu(struct match *match, unsigned int pin)
{
	const struct topology *topo = match->job->host->topo;

	for (int shared = 0; shared <= 1; shared++)
		cpuset_for_each (os, &match->job->vm->pins[pin].cpus) {
			unsigned int cpu =
				(unsigned int)(topology_cpu(topo, (unsigned int)os) - topo->cpus);

			if (match->seen[cpu] || !may_take(match->job, cpu) ||
			    (match->job->host->holder[cpu] >= 0) != shared)
				continue;
			match->seen[cpu] = true;
			if (match->owner[cpu] < 0 ||
			    find_cpu(match, (unsigned int)match->owner[cpu])) {
				match->owner[cpu] = (int)pin;
				return true;
			}
		}
	return false;
}

static bool refuse_pin(struct place_job *job, unsigned int pin)
{
	const struct place_pin *at = &job->vm->pins[pin];
	AUTO_FREE char *cpus = cpuset_string(&at->cpus);
	unsigned int first = (unsigned int)cpuset_next(&at->cpus, 0);
	const struct topology *topo = job->host->topo;
	int holder = job->host->holder[topology_cpu(topo, first) - topo->cpus];

	return plan_refuse(job->plan, "pin",
			   "vCPU %u is pinned to CPU %s, which %s%s; pin it to a free CPU",
			   at->vcpu, cpus,
			   cpuset_has(&job->vm->avoid, first) ? "placement.avoid excludes"
			   : holder >= 0		      ? "is taken by "
					 : "another vCPU of this VM is pinned to",
			   holder >= 0 ? job->host->holder_names[holder] : "");
}

bool pins_place(struct place_job *job)
{
	unsigned int nr = job->host->topo->nr_cpus;
	AUTO_FREE int *owner = alloc_zeroed(nr, sizeof(*owner));
	AUTO_FREE bool *seen = alloc_zeroed(nr, sizeof(*seen));
	struct match match = { job, owner, seen };

	for (unsigned int cpu = 0; cpu < nr; cpu++)
		owner[cpu] = -1;
	for (unsigned int pin = 0; pin < job->vm->nr_pins; pin++) {
		for (unsigned int cpu = 0; cpu < nr; cpu++)
			seen[cpu] = false;
		if (!find_cpu(&match, pin))
			return refuse_pin(job, pin);
	}
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		if (owner[cpu] < 0)
			continue;
		job->cpu[job->vm->pins[owner[cpu]].vcpu] = (int)cpu;
		job->pinned[job->vm->pins[owner[cpu]].vcpu] = true;
		job->pinned_cpu[cpu] = 1;
		job->nr_free--;
	}
	return true;
}

#ifndef SITU_CLI_VM_PLAN_H
#define SITU_CLI_VM_PLAN_H

#include <stdio.h>

#include "affinity/latency.h"
#include "affinity/place.h"
#include "affinity/topology.h"
#include "cli/vm_hold.h"
#include "vmm/config.h"
#include "vmm/guest_topology.h"
#include "vmm/machine.h"
#include "vmm/ram.h"

/* One VM's plan on this host, and what follows from it for the machine. One thread. */
struct vm_plan {
	struct topology topo;
	struct latency latency; /* the host's own measurement */
	struct machine_host host;
	struct vm_hold hold;
	struct place_vm request;
	struct place_plan places;
	struct guest_topology guest;
	struct ram_map ram;
	struct gmem_spec *regions;
	unsigned int nr_regions;
	struct cpuset *cpus; /* per vCPU */
	int *mem_nodes; /* per vCPU */
};

/* Places the VM of the configuration, which must outlive the plan, among those that run, and
 * reserves its place. EXIT_HOST where CPUs or memory are not free, EXIT_NO where a wish cannot be
 * met; EXIT_INPUT. Always vm_plan_fini(), which gives the place back. */
int vm_plan_init(struct vm_plan *plan, const struct vm_config *config, struct err *err);
void vm_plan_fini(struct vm_plan *plan);

/* A few lines for people: vCPUs, memory, warnings. */
void vm_plan_print(const struct vm_plan *plan, FILE *out);

/* The fields of a machine that the plan decides. */
void vm_plan_fill(const struct vm_plan *plan, struct machine_spec *spec);

#endif

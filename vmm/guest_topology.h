#ifndef SITU_VMM_GUEST_TOPOLOGY_H
#define SITU_VMM_GUEST_TOPOLOGY_H

#include <stdint.h>

#include "affinity/topology.h"
#include "base/err.h"

/*
 * What the guest is told about its CPUs and nodes: the groups (core, L2, L3, die, package) of the
 * host CPUs under its vCPUs, and APIC ids that state them. Pure; filled once, then constant.
 *
 * CPUID can only say "these caches and cores are shared by 2^n neighbouring APIC ids". So each
 * level gets a bit field of the id, wide enough for its largest group, and
 *   two vCPUs share a level  <=>  their apic_id >> shift[level] are equal.
 * Ids have gaps where the host's shape is no power of two; nothing requires them to be dense.
 * vCPU 0 always has id 0.
 */
enum guest_level { GUEST_CORE, GUEST_L2, GUEST_L3, GUEST_DIE, GUEST_PACKAGE, NR_GUEST_LEVELS };

enum guest_cache_id { GUEST_L1D, GUEST_L1I, GUEST_CACHE_L2, GUEST_CACHE_L3, NR_GUEST_CACHES };

struct guest_cache {
	uint64_t size; /* bytes; 0: the host does not say, the guest is not told */
	unsigned int line, ways;
};

struct guest_cpu {
	int host_cpu; /* the operating system's number, -1: it floats */
	unsigned int node; /* guest node */
	unsigned int group[NR_GUEST_LEVELS]; /* equal numbers share; numbered from 0 per level */
	uint32_t apic_id; /* also the vCPU's id for KVM */
	struct guest_cache cache[NR_GUEST_CACHES];
};

struct guest_node {
	uint64_t bytes;
	int host_node; /* the operating system's number, -1: none in particular */
};

struct guest_topology {
	struct guest_cpu *cpus;
	struct guest_node *nodes;
	unsigned int nr_cpus, nr_nodes;
	unsigned int shift[NR_GUEST_LEVELS];
	unsigned int nr_groups[NR_GUEST_LEVELS];
	unsigned int
		*distances; /* nr_nodes x nr_nodes, fit for a SLIT: 10 on the diagonal, 11 to 254 */
	double *mem_attr[NR_MEM_ATTRS]; /* as distances; NAN: not known; NULL: none known */
	char **warnings; /* sentences: what could not be stated as it is */
	unsigned int nr_warnings;
};

/* A shape from the configuration (cpus.topology); all 0: the host's. */
struct guest_shape {
	unsigned int threads_per_core, cores_per_die, dies_per_package, packages;
};

struct guest_request {
	const struct topology *host;
	unsigned int nr_cpus, nr_nodes;
	const int *host_cpus; /* per vCPU: the operating system's number, -1: it floats */
	const unsigned int *cpu_nodes; /* per vCPU: guest node */
	const struct guest_node *nodes;
	const unsigned int *distances; /* nr_nodes x nr_nodes, 0: not given; or NULL: the host's */
	struct guest_shape shape;
	uint32_t max_apic_id; /* the largest that the host's KVM takes */
	unsigned int l3_shift; /* the least value of shift[GUEST_L3]; 0: any */
};

/* EXIT_INPUT for a shape whose product is not nr_cpus, a CPU, node or distance that cannot be;
 * EXIT_NO where no APIC ids up to max_apic_id state the groups. */
int guest_topology_init(struct guest_topology *guest, const struct guest_request *req,
			struct err *err);
void guest_topology_fini(struct guest_topology *guest);

uint32_t guest_topology_max_apic_id(const struct guest_topology *guest);
/* The most vCPUs that one group of the level holds: 1 for GUEST_CORE means no SMT. */
unsigned int guest_topology_group_size(const struct guest_topology *guest, enum guest_level level);

#endif

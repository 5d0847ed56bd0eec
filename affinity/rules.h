#ifndef SITU_AFFINITY_RULES_H
#define SITU_AFFINITY_RULES_H

#include "affinity/place.h"

/*
 * What contradicts what in a request, and in the plan that came of it: pins, nodes, memory,
 * devices, names, totals. Pure; any thread. All findings of a request are reported in one go.
 *
 * Every error and warning carries a fix: one change to one VM of the request, after which the same
 * check is silent. Five messages are worded as in kerf's documentation of CPU and NUMA topology.
 */
enum rule_severity { RULE_ERROR, RULE_WARNING, RULE_NOTE };

enum fix_kind {
	FIX_NONE, /* notes only */
	FIX_CPU_POLICY, /* value: enum place_cpu_policy */
	FIX_MEM_POLICY, /* value: enum place_mem_policy */
	FIX_SMT, /* value: enum place_smt */
	FIX_EXCLUSIVE, /* value: enum place_exclusive */
	FIX_VCPUS, /* value: how many; only where neither pins nor guest nodes count them */
	FIX_NODES, /* nodes allowed become `set`; empty: the list goes */
	FIX_PINS, /* vCPUs pinned to a CPU of `from` go to that of `set` with the same rank; empty:
		     they lose their pins */
	FIX_PIN, /* vCPU `value` to `set`; empty: loses its pin */
	FIX_MEMORY, /* bytes */
	FIX_GUEST_MEMORY, /* guest node of index `value`: bytes */
	FIX_GUEST_HOST, /* guest node of index `value`: host nodes become `set` */
	FIX_NAME, /* name */
	FIX_DEVICE, /* the device of index `value` goes */
};

struct fix {
	enum fix_kind kind;
	unsigned int value;
	uint64_t bytes;
	struct cpuset set, from;
	char *name;
};

struct finding {
	enum rule_severity severity;
	const char *code; /* stable, "cpu-taken" */
	int vm; /* index in the request; -1: the host or all VMs */
	const char *name; /* the VM's, the request's; NULL where vm is -1 */
	char *message; /* without the VM's name */
	char *remedy; /* the fix in the words of a configuration; NULL for notes */
	struct fix fix; /* FIX_NONE also where the placement engine warns of what no single change
			   cures */
};

struct findings {
	struct finding *list; /* errors, then warnings, then notes */
	unsigned int nr, nr_errors, nr_warnings;
};

/* Plan may be NULL: not placed yet, or refused. The request outlives the findings. What the engine
 * warned of in the plan is among them, but for what a rule here says better. */
void rules_check(struct findings *findings, const struct place_request *request,
		 const struct place_plan *plan);
void findings_fini(struct findings *findings);

/* How far a VM's memory on a node is from its CPUs. */
enum locality { LOCALITY_LOCAL, LOCALITY_REMOTE, LOCALITY_CROSS_SOCKET, NR_LOCALITIES };
extern const char *const locality_names[NR_LOCALITIES]; /* "local", "remote", "cross-socket" */
/* Of host node `node` seen from a set of nodes (numbers, not indices): the nearest decides. */
enum locality locality_of(const struct topology *topo, const struct cpuset *cpu_nodes,
			  unsigned int node);

#endif

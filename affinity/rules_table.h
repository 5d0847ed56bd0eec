#ifndef SITU_AFFINITY_RULES_TABLE_H
#define SITU_AFFINITY_RULES_TABLE_H

#include "affinity/rules.h"

/* Between rules.c and the files that hold the rules. Part of the rules; one thread. */
struct rule_input {
	struct findings *findings;
	const struct place_request *request;
	const struct topology *topo;
	const struct place_plan *plan; /* or NULL */

	/* The VM at hand, for rules of one VM. */
	unsigned int index;
	const struct place_vm *vm;
	const struct place_vm_plan *placed; /* NULL: no plan, or not placed */
	struct cpuset cpus; /* planned; else those that its pins leave no choice about */
	struct cpuset nodes; /* the nodes of these */
};

struct rule {
	const char *code;
	enum rule_severity severity;
	void (*check)(const struct rule *rule, const struct rule_input *in);
};

/* Takes the fix over. A rule of all VMs names the one to change by `vm`. */
void rule_found(const struct rule *rule, const struct rule_input *in, unsigned int vm,
		struct fix fix, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* A note on the host or on all VMs. */
void rule_noted(const struct rule *rule, const struct rule_input *in, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "[0, 1]"; the caller frees. */
char *rule_list(const struct cpuset *set);
/* CPUs that no VM has or is pinned to, that are not held, isolated, or avoided by this VM; those of
 * its allowed nodes, or all where these have none. */
void rule_spare_cpus(const struct rule_input *in, unsigned int vm, struct cpuset *spare);
/* Host nodes that the VM may use: its list, or all. */
void rule_allowed_nodes(const struct topology *topo, const struct place_vm *vm,
			struct cpuset *nodes);
/* The words for a fix to this VM; the caller frees. */
char *fix_text(const struct place_vm *vm, const struct fix *fix);
/* For a warning of the placement engine; FIX_NONE where only its own words help. */
struct fix fix_of_engine(const struct place_vm *vm, const struct place_vm_plan *plan,
			 const char *code);

void rule_cpu_unknown(const struct rule *rule, const struct rule_input *in);
void rule_cpu_offline(const struct rule *rule, const struct rule_input *in);
void rule_cpu_not_allowed(const struct rule *rule, const struct rule_input *in);
void rule_cpu_avoided(const struct rule *rule, const struct rule_input *in);
void rule_cpu_taken(const struct rule *rule, const struct rule_input *in);
void rule_cpu_overlap(const struct rule *rule, const struct rule_input *in);
void rule_cpu_twice(const struct rule *rule, const struct rule_input *in);
void rule_cpu_outside_nodes(const struct rule *rule, const struct rule_input *in);
void rule_compact_nodes(const struct rule *rule, const struct rule_input *in);
void rule_compact_cores(const struct rule *rule, const struct rule_input *in);
void rule_spread_node(const struct rule *rule, const struct rule_input *in);
void rule_local_topology(const struct rule *rule, const struct rule_input *in);
void rule_local_room(const struct rule *rule, const struct rule_input *in);
void rule_local_nodes(const struct rule *rule, const struct rule_input *in);

void rule_node_unknown(const struct rule *rule, const struct rule_input *in);
void rule_node_not_allowed(const struct rule *rule, const struct rule_input *in);
void rule_node_no_memory(const struct rule *rule, const struct rule_input *in);
void rule_local_memory(const struct rule *rule, const struct rule_input *in);
void rule_local_memory_away(const struct rule *rule, const struct rule_input *in);
void rule_bind_nodes(const struct rule *rule, const struct rule_input *in);
void rule_interleave_node(const struct rule *rule, const struct rule_input *in);
void rule_memory_zero(const struct rule *rule, const struct rule_input *in);
void rule_memory_unaligned(const struct rule *rule, const struct rule_input *in);

void rule_name_twice(const struct rule *rule, const struct rule_input *in);
void rule_device_unknown(const struct rule *rule, const struct rule_input *in);
void rule_device_twice(const struct rule *rule, const struct rule_input *in);
void rule_node_memory_sum(const struct rule *rule, const struct rule_input *in);
void rule_memory_sum(const struct rule *rule, const struct rule_input *in);
void rule_cpu_sum(const struct rule *rule, const struct rule_input *in);
void rule_node_crowded(const struct rule *rule, const struct rule_input *in);
void rule_unallocated(const struct rule *rule, const struct rule_input *in);
void rule_one_node(const struct rule *rule, const struct rule_input *in);

#endif

#ifndef SITU_AFFINITY_PLACE_H
#define SITU_AFFINITY_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "affinity/cost.h"
#include "affinity/topology.h"
#include "base/cpuset.h"
#include "base/err.h"

/*
 * Where the vCPUs, the memory and the threads of VMs go: request and map in, plan out. Pure and
 * deterministic (same input, same plan to the byte, no clock, no host reads); any thread.
 *
 * Everything here speaks the operating system's numbers for CPUs and nodes. A request and what it
 * points to belong to the caller; a plan owns its memory. {0} in any request field is the product's
 * default. docs/placement.md says what is exact and what is searched.
 */
enum place_cpu_policy {
	PLACE_CPU_AUTO, /* fewest nodes without counting SMT siblings; with traffic: least cost */
	PLACE_CPU_COMPACT, /* fewest packages, nodes, L3s, cores; siblings together */
	PLACE_CPU_SPREAD, /* most packages, nodes, L3s, cores; counts differ by at most one */
	PLACE_CPU_LOCAL, /* one node with room for the vCPUs and the memory, or nothing */
	NR_PLACE_CPU_POLICIES
};

enum place_mem_policy {
	PLACE_MEM_AUTO, /* as local, and where the near node is full the next one, with a warning */
	PLACE_MEM_LOCAL, /* the node of the vCPUs first, then by latency */
	PLACE_MEM_INTERLEAVE, /* equal shares over the nodes */
	PLACE_MEM_BIND, /* exactly the nodes named (or the vCPUs'); does not fit: unplaced */
	PLACE_MEM_PREFERRED, /* the first node named, then whatever is nearest to it */
	NR_PLACE_MEM_POLICIES
};

enum place_smt {
	PLACE_SMT_AUTO, /* whole cores while they last, then siblings, with a warning */
	PLACE_SMT_SHARE, /* siblings together if all vCPUs find such cores, else as auto */
	PLACE_SMT_ISOLATE, /* one vCPU per core, the sibling stays empty (reserved) */
	PLACE_SMT_REQUIRE, /* whole cores filled by pairs; does not fit: unplaced */
	NR_PLACE_SMT
};

enum place_exclusive {
	PLACE_EXCLUSIVE_AUTO, /* exclusive while CPUs suffice, else shared, with a warning */
	PLACE_EXCLUSIVE_YES,
	PLACE_EXCLUSIVE_NO, /* CPUs may be shared with other VMs that allow it */
	NR_PLACE_EXCLUSIVE
};

enum place_pattern {
	PLACE_TRAFFIC_NONE, /* not known: every vCPU with every other, equally; does not decide
			       alone */
	PLACE_TRAFFIC_PAIRS, /* 0-1, 2-3, ... */
	PLACE_TRAFFIC_RING, /* 0-1-2-...-0 */
	PLACE_TRAFFIC_PIPELINE, /* 0-1-2-... */
	PLACE_TRAFFIC_ALL, /* every vCPU with every other, and it decides */
	PLACE_TRAFFIC_MATRIX, /* weights */
	NR_PLACE_PATTERNS
};

extern const char *const place_cpu_policy_names[NR_PLACE_CPU_POLICIES]; /* "auto", "compact", ... */
extern const char *const place_mem_policy_names[NR_PLACE_MEM_POLICIES];
extern const char *const place_smt_names[NR_PLACE_SMT];
extern const char *const place_exclusive_names[NR_PLACE_EXCLUSIVE];
extern const char *const place_pattern_names[NR_PLACE_PATTERNS];

struct place_traffic {
	enum place_pattern pattern;
	const double
		*weights; /* nr_vcpus x nr_vcpus lines per second, for MATRIX; both ways count */
	double lines_per_s; /* per pair; for NONE and ALL per vCPU, shared by its partners; 0:
			       default */
};

/* Assumed where the request says nothing: a busy but not saturated program. Only the relation of
 * terms T1, T2 and T4 depends on these. */
#define PLACE_LINES_PER_S  1e6
#define PLACE_MISSES_PER_S 1e6

#define PLACE_MAX_VCPUS	      4096u
#define PLACE_MAX_GUEST_NODES 64u

struct place_guest_node {
	unsigned int id; /* what the guest calls it */
	struct cpuset vcpus; /* may be empty: memory only */
	uint64_t bytes; /* a multiple of page_size */
	uint64_t page_size; /* 0: the VM's */
	struct cpuset host_nodes; /* where its memory must be; empty: free */
};

struct place_pin {
	unsigned int vcpu;
	struct cpuset cpus; /* one or several host CPUs */
};

/* What a set of vCPUs, or two VMs, must share or must not share. */
enum place_rule_kind { PLACE_TOGETHER, PLACE_APART };
enum place_level { PLACE_CORE, PLACE_L3, PLACE_NODE, PLACE_PACKAGE, NR_PLACE_LEVELS };
extern const char *const place_level_names[NR_PLACE_LEVELS];

struct place_rule {
	enum place_rule_kind kind;
	enum place_level level;
	struct cpuset vcpus; /* of this VM: all in one domain, or each in another one */
	const char *other_vm; /* or: this VM and that one (requested before it, or running) */
};

struct place_device {
	const char *name; /* name or PCI address as in the topology */
	double requests_per_s; /* 0: 1e5 */
	bool strict; /* its I/O threads on its node, or unplaced */
};

struct place_vm {
	const char *name;
	unsigned int nr_vcpus;
	uint64_t memory; /* bytes, where no guest nodes are given; plan makes one per host node used
			  */
	uint64_t page_size; /* 0: small pages; 2 MiB and 1 GiB mean hugetlb pools */
	struct place_guest_node *guest_nodes;
	unsigned int nr_guest_nodes;

	enum place_cpu_policy cpu;
	enum place_mem_policy mem;
	enum place_smt smt;
	enum place_exclusive exclusive;
	const unsigned int *nodes; /* host nodes allowed, in order of preference; none: all */
	unsigned int nr_nodes;
	struct cpuset avoid; /* host CPUs never used */
	bool allow_isolated; /* CPUs isolated from the scheduler may be used unasked */
	bool allow_far_memory; /* nodes without CPUs may take pages unasked (CXL, PMEM) */
	bool mix_kinds; /* the guest is told of CPU kinds, so its vCPUs may be on several */
	bool strict; /* warnings that the plan breaks a wish become "unplaced" */

	struct place_pin *pins;
	unsigned int nr_pins;
	struct place_rule *rules;
	unsigned int nr_rules;
	struct place_device *devices;
	unsigned int nr_devices;

	struct place_traffic traffic;
	double misses_per_s; /* per vCPU; 0: PLACE_MISSES_PER_S */
	uint64_t working_set; /* bytes per vCPU; 0: not known, T3 is then 0 */
	unsigned int nr_io_threads, nr_emulator_threads;
};

/* What is taken already. */
struct place_holder {
	const char *name;
	struct cpuset cpus; /* including siblings that it reserves */
	bool shared; /* it lets others share them */
	uint64_t working_set; /* bytes on its CPUs together; 0: not known */
};

struct place_node_state {
	unsigned int node;
	uint64_t memory_taken; /* bytes of small pages promised and not yet visible as used */
	struct {
		uint64_t page_size, pages;
	} pools_taken[4]; /* the same for huge pages */
	double bandwidth_used; /* MB/s; 0: none or not known */
};

struct place_host_state {
	const struct place_holder *holders;
	unsigned int nr_holders;
	const struct place_node_state *nodes;
	unsigned int nr_nodes;
	const double *
		cpu_load; /* 0..1 per CPU index of the topology, work that is not a VM's; NULL: 0 */
};

struct place_request {
	const struct topology *topo;
	const struct latency *latency; /* measured; NULL: classes by topology */
	struct place_host_state host;
	const struct place_vm *vms;
	unsigned int nr_vms;
	unsigned long steps; /* search budget per VM in steps of about 50 ns; 0: PLACE_STEPS */
};

#define PLACE_STEPS	   60000ul
#define PLACE_STEPS_PER_MS 20000ul /* for callers that turn a time budget into steps */

struct place_vcpu {
	unsigned int vcpu;
	unsigned int cpu;
	int node; /* -1: the CPU has none */
	bool pinned; /* by the request */
	bool shared; /* the CPU has another vCPU or VM too */
};

struct place_memory {
	unsigned int guest_node;
	unsigned int host_node;
	uint64_t bytes;
	enum place_mem_policy policy; /* never AUTO */
	uint64_t page_size;
};

struct place_guest_map { /* the guest nodes as they came out */
	unsigned int id;
	struct cpuset vcpus;
	uint64_t bytes;
};

enum place_thread_kind { PLACE_THREAD_IO, PLACE_THREAD_EMULATOR };

struct place_thread {
	enum place_thread_kind kind;
	unsigned int id; /* from 0 within its kind */
	struct cpuset cpus; /* where it may run: one CPU of its own, or those it shares */
	int node;
	bool shared; /* with vCPUs of this VM */
	const char *device; /* the one it serves, from the request, or NULL */
};

/* code is stable ("fewest-nodes", "smt-shared"); text is a sentence for people. */
struct place_reason {
	const char *code;
	char *text;
};

struct place_warning {
	const char *code;
	char *message;
	char *remedy;
};

/* What else was weighed at a level, and what it would have cost. */
struct place_alternative {
	const char *level; /* "nodes", "search", "policy" */
	char *what;
	double cost; /* total; NAN where infeasible */
	bool feasible, chosen;
	char *why_not; /* NULL for the chosen one */
};

struct place_vm_plan {
	unsigned int vm; /* index in the request */
	const char *name; /* the request's */
	bool placed;
	const char *constraint; /* not placed: the one that binds, "cpus", "memory", "pin", ... */
	char *why; /* not placed: a sentence with object, numbers and remedy */

	struct place_vcpu *vcpus; /* by vCPU number */
	unsigned int nr_vcpus;
	struct cpuset reserved; /* siblings that stay empty */
	struct place_guest_map *guest_nodes;
	unsigned int nr_guest_nodes;
	struct place_memory *memory;
	unsigned int nr_memory;
	struct place_thread *threads;
	unsigned int nr_threads;
	struct cpuset io_cpus, emulator_cpus;

	struct cost cost;
	double total; /* of the terms */
	double lower_bound; /* no placement of this VM, at its turn, costs less */
	bool exact; /* nothing that fits is better by the rule below */
	const char *rule; /* what was minimised, in order, in words */

	struct place_reason *reasons;
	unsigned int nr_reasons;
	struct place_warning *warnings;
	unsigned int nr_warnings;
	struct place_alternative *alternatives;
	unsigned int nr_alternatives;
};

struct place_plan {
	struct place_vm_plan *vms; /* in the request's order */
	unsigned int nr_vms, nr_unplaced;
	unsigned int *order; /* in which they were placed: pinned and bound first, then big ones */
	const char *latency_source; /* what T1 rests on */
	const char *memory_source; /* what T2 rests on */
};

/* 0 also where VMs could not be placed (nr_unplaced); -EINVAL with err for a request that
 * contradicts itself or the host: a vCPU out of range, a CPU that does not exist. */
int place(struct place_plan *plan, const struct place_request *request, struct err *err);
void place_plan_fini(struct place_plan *plan);

#endif

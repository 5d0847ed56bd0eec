#ifndef SITU_VMM_CONFIG_H
#define SITU_VMM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/schema.h"

/*
 * What a VM is to be: plain data that owns its strings, whatever it came from (YAML, JSON, flags,
 * the API). One thread at a time per object; read-only sharing is free.
 *
 * A command gets one from its command line through cli/vm_args.h. Other callers:
 *
 *	struct vm_config config;
 *	struct schema_report report = { 0 };
 *
 *	vm_config_init(&config);
 *	if (vm_config_load(&config, files, nr_files, NULL, &report))
 *		... report.text has a line for each error ...
 *	vm_config_fini(&config);
 *
 * The names are Cloud Hypervisor's (its VmConfig); `name`, `placement` and `tune` are ours. A key
 * that is not supported yet has no field here.
 *
 * Values are effective: vm_config_resolve() has filled in the defaults that depend on other values.
 * Not given: NULL for strings, SCHEMA_UNSET for numbers, 0 for sizes, an empty set or list.
 */
struct vm_payload {
	char *kernel, *initramfs, *cmdline;
};

struct vm_cpu_topology { /* all four, or all SCHEMA_UNSET: follow the placement */
	unsigned int threads_per_core, cores_per_die, dies_per_package, packages;
};

struct vm_cpu_affinity {
	unsigned int vcpu;
	struct cpuset host_cpus;
};

struct vm_cpu_features {
	bool amx;
};

struct vm_cpus {
	unsigned int boot_vcpus, max_vcpus; /* equal until CPUs can be plugged */
	struct vm_cpu_topology topology;
	struct vm_cpu_affinity *affinity; /* at most one per vCPU, in no order */
	unsigned int nr_affinity;
	struct vm_cpu_features features;
};

struct vm_memory_zone {
	char *id;
	uint64_t size;
	unsigned int host_numa_node; /* or SCHEMA_UNSET */
	enum schema_tri hugepages, prefault; /* never TRI_AUTO: inherited from memory */
	uint64_t hugepage_size; /* 0 without hugepages */
	bool shared;
};

struct vm_memory {
	uint64_t size; /* the sum of the zones where there are any */
	bool hugepages;
	uint64_t hugepage_size; /* 0 without hugepages */
	enum schema_tri prefault; /* never TRI_AUTO */
	bool thp, mlock, shared;
	struct vm_memory_zone *zones;
	unsigned int nr_zones;
};

struct vm_numa_distance {
	unsigned int destination, distance;
};

struct vm_numa_node {
	unsigned int guest_numa_id;
	struct cpuset cpus; /* vCPUs */
	struct vm_numa_distance *distances;
	unsigned int nr_distances;
	char **memory_zones; /* ids of zones */
	unsigned int nr_memory_zones;
};

enum vm_console_mode {
	VM_CONSOLE_OFF,
	VM_CONSOLE_PTY,
	VM_CONSOLE_TTY,
	VM_CONSOLE_FILE,
	VM_CONSOLE_SOCKET,
	VM_CONSOLE_NULL,
};

struct vm_console {
	enum vm_console_mode mode;
	char *file; /* VM_CONSOLE_FILE */
};

enum vm_cpu_placement { VM_CPU_AUTO, VM_CPU_COMPACT, VM_CPU_SPREAD, VM_CPU_LOCAL };
enum vm_memory_placement {
	VM_MEMORY_AUTO,
	VM_MEMORY_LOCAL,
	VM_MEMORY_INTERLEAVE,
	VM_MEMORY_BIND,
	VM_MEMORY_PREFERRED,
};
enum vm_smt { VM_SMT_AUTO, VM_SMT_SHARE, VM_SMT_ISOLATE, VM_SMT_REQUIRE };
enum vm_traffic_pattern {
	VM_TRAFFIC_NONE,
	VM_TRAFFIC_PAIRS,
	VM_TRAFFIC_RING,
	VM_TRAFFIC_PIPELINE,
	VM_TRAFFIC_ALL,
};

struct vm_traffic {
	enum vm_traffic_pattern pattern;
	char *file; /* an absolute path to n x n weights, or NULL */
};

struct vm_placement {
	enum vm_cpu_placement cpu;
	enum vm_memory_placement memory;
	unsigned int *nodes; /* host nodes allowed, the preferred first; none: all */
	unsigned int nr_nodes;
	enum vm_smt smt;
	enum schema_tri exclusive; /* TRI_AUTO: exclusive while free CPUs suffice */
	struct cpuset avoid; /* host CPUs never used */
	struct vm_traffic traffic;
	bool strict;
};

enum vm_tune_profile { VM_TUNE_NONE, VM_TUNE_LATENCY, VM_TUNE_THROUGHPUT };

struct vm_tune {
	enum vm_tune_profile profile;
};

struct vm_config {
	char *name; /* NULL: the command picks one */
	struct vm_payload payload;
	struct vm_cpus cpus;
	struct vm_memory memory;
	struct vm_numa_node *numa;
	unsigned int nr_numa;
	struct vm_console serial, console;
	bool pvpanic;
	struct vm_placement placement;
	struct vm_tune tune;
};

/* The table's defaults, resolved: a valid VM of one vCPU and 512 MiB with nothing to boot. */
void vm_config_init(struct vm_config *config);
void vm_config_fini(struct vm_config *config);

/* Reads files from left to right, then flags (a tree of vm_config_table's flags, or NULL); what
 * comes later overrides, a list as a whole. Resolves and checks the result. -EINVAL with every
 * error in the report; *config is then partly filled and only to be finished. */
int vm_config_load(struct vm_config *config, const char *const *files, size_t nr_files,
		   const struct schema_node *flags, struct schema_report *report);

/* Fills in the defaults that depend on other values; for callers that fill the struct by hand. */
void vm_config_resolve(struct vm_config *config);
/* Reports every contradiction, each with its remedy. Needs resolved values. -EINVAL if any. */
int vm_config_check(const struct vm_config *config, struct schema_report *report);
/* For commands that boot: EXIT_INPUT if there is no kernel. */
int vm_config_check_payload(const struct vm_config *config, struct err *err);

/* The effective configuration as YAML; loading it gives the same text. The caller frees. */
char *vm_config_print(const struct vm_config *config);

#endif

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/config_table.h"

struct check_case {
	char text[224], report[192];
};

#define ZONES2 "memory: {zones: [{id: a, size: 1G}, {id: b, size: 1G}]}\n"

ParameterizedTestParameters(config_check, a_contradiction_is_named_with_its_remedy)
{
	static struct check_case cases[] = {
		{ "name: vm-1.a_b", "" },
		{ "name: a/b",
		  "name: \"a/b\" cannot name a folder; use letters, digits, \".\", \"_\" and "
		  "\"-\", beginning with a letter or a digit\n" },
		{ "name: ..",
		  "name: \"..\" cannot name a folder; use letters, digits, \".\", \"_\" and "
		  "\"-\", beginning with a letter or a digit\n" },
		{ "cpus: {boot_vcpus: 4, max_vcpus: 2}",
		  "cpus.max_vcpus: 2 is below boot_vcpus, 4; leave it out\n" },
		{ "cpus: {boot_vcpus: 2, max_vcpus: 4}",
		  "cpus.max_vcpus: 4 is above boot_vcpus, 2, and plugging vCPUs is not supported "
		  "yet; leave it out\n" },
		{ "cpus: {boot_vcpus: 8, topology: {threads_per_core: 2, cores_per_die: 2, "
		  "dies_per_package: 1, packages: 2}}",
		  "" },
		{ "cpus: {boot_vcpus: 6, topology: {threads_per_core: 2, cores_per_die: 2, "
		  "dies_per_package: 1, packages: 2}}",
		  "cpus.topology: 2 threads x 2 cores x 1 dies x 2 packages make 8 vCPUs, but "
		  "there "
		  "are 6; change one of them\n" },
		{ "cpus: {boot_vcpus: 2, affinity: [{vcpu: 2, host_cpus: 1}]}",
		  "cpus.affinity[0].vcpu: there is no vCPU 2, the last is 1; correct it or raise "
		  "boot_vcpus\n" },
		{ "cpus: {boot_vcpus: 2, affinity: [{vcpu: 0, host_cpus: 1}, {vcpu: 0, host_cpus: "
		  "2}]}",
		  "cpus.affinity[1].vcpu: vCPU 0 is listed twice; put its host CPUs into one "
		  "entry\n" },
		{ "cpus: {affinity: [{vcpu: 0, host_cpus: []}]}",
		  "cpus.affinity[0].host_cpus: is empty; name a host CPU or remove the entry\n" },
		{ "cpus: {affinity: [{vcpu: 0, host_cpus: 1-2}]}\nplacement: {avoid: 0-1}",
		  "cpus.affinity[0].host_cpus: shares CPUs with placement.avoid; take them out of "
		  "one of the two\n" },
		{ "memory: {hugepage_size: 2M}",
		  "memory.hugepage_size: is given, but hugepages is off; set hugepages: true or "
		  "remove it\n" },
		{ "memory: {hugepages: on, hugepage_size: 4M}",
		  "memory.hugepage_size: 4M is no page size; write 2M or 1G\n" },
		{ "memory: {size: 1537M, hugepages: on}",
		  "memory.size: 1537M is no multiple of the page size, 2M; round it\n" },
		{ "memory: {size: 1048577}",
		  "memory.size: 1048577 is no multiple of the page size, 4K; round it\n" },
		{ "memory: {zones: [{id: a, size: 3M, hugepages: on}]}",
		  "memory.zones[0].size: 3M is no multiple of the page size, 2M; round it\n" },
		{ "memory: {zones: [{id: a, size: 2M, hugepage_size: 2M}]}",
		  "memory.zones[0].hugepage_size: is given, but hugepages is off; set hugepages: "
		  "true or remove it\n" },
		{ "memory: {hugepages: on, hugepage_size: 1G, zones: [{id: a, size: 1G}]}", "" },
		{ "memory: {zones: [{id: a, size: 1G}, {id: a, size: 1G}]}",
		  "memory.zones[1].id: \"a\" is taken by another zone; choose another name\n" },
		{ "memory: {size: 3G, zones: [{id: a, size: 1G}]}",
		  "memory.size: 3G is not the sum of the zones, 1G; remove it or correct a "
		  "zone\n" },
		{ "memory: {zones: [{id: a, size: 8388607T}, {id: b, size: 8388607T}, {id: c, "
		  "size: "
		  "8388607T}]}",
		  "memory.zones[2].size: the zones together are beyond 16 EiB; make them "
		  "smaller\n" },
		{ "memory: {zones: [{id: a, size: 1G, host_numa_node: 2}]}\nplacement: {nodes: [0, "
		  "1]}",
		  "memory.zones[0].host_numa_node: node 2 is not in placement.nodes; add it there "
		  "or choose one of them\n" },
		{ "memory: {zones: [{id: a, size: 1G, host_numa_node: 1}]}\nplacement: {nodes: [0, "
		  "1]}",
		  "" },
		{ "cpus: 2\nnuma: [{guest_numa_id: 0, cpus: 0}, {guest_numa_id: 0, cpus: 1}]",
		  "numa[1].guest_numa_id: node 0 is there already; number each node once\n" },
		{ "cpus: 2\nnuma: [{guest_numa_id: 0, cpus: 0-2}]",
		  "numa[0].cpus: goes beyond the last vCPU, 1; correct it or raise "
		  "cpus.boot_vcpus\n" },
		{ "cpus: 2\nnuma: [{guest_numa_id: 0, cpus: 0-1}, {guest_numa_id: 1, cpus: 1}]",
		  "numa[1].cpus: has vCPUs that another node has; list each in one node\n" },
		{ "cpus: 4\nnuma: [{guest_numa_id: 0, cpus: [0, 2]}]",
		  "numa: vCPUs 1,3 are in no node; add them to numa.cpus of one\n" },
		{ "numa: [{guest_numa_id: 0, cpus: 0, memory_zones: [x]}]",
		  "numa[0].memory_zones: there is no zone \"x\"; add it to memory.zones or correct "
		  "the name\n" },
		{ ZONES2 "numa: [{guest_numa_id: 0, cpus: 0, memory_zones: [a, b, a]}]",
		  "numa[0].memory_zones: zone \"a\" is listed twice; list each in one node\n" },
		{ ZONES2 "numa: [{guest_numa_id: 0, cpus: 0, memory_zones: [a]}]",
		  "memory.zones[1]: zone \"b\" is in no guest node; add it to numa.memory_zones of "
		  "one\n" },
		{ "numa: [{guest_numa_id: 0, cpus: 0, distances: [{destination: 1, distance: "
		  "20}]}]",
		  "numa[0].distances[0].destination: there is no guest node 1; correct it or add "
		  "the node\n" },
		{ "numa: [{guest_numa_id: 0, cpus: 0, distances: [{destination: 0, distance: "
		  "20}]}]",
		  "numa[0].distances[0].distance: is 20, but a node is at 10 from itself; correct "
		  "it\n" },
		{ "cpus: 2\nnuma: [{guest_numa_id: 0, cpus: 0, distances: [{destination: 1, "
		  "distance: 10}]}, {guest_numa_id: 1, cpus: 1}]",
		  "numa[0].distances[0].distance: is 10, but another node is farther than 10; "
		  "correct it\n" },
		{ "numa: [{guest_numa_id: 0, cpus: 0, distances: [{destination: 0, distance: 10}, "
		  "{destination: 0, distance: 10}]}]",
		  "numa[0].distances[1].destination: node 0 is listed twice; remove one\n" },
		{ "placement: {nodes: [0, 1, 0]}",
		  "placement.nodes: node 0 is listed twice; remove one\n" },
		{ "placement: {traffic: {pattern: ring, file: /w.csv}}",
		  "placement.traffic: has both a pattern and a file; keep one\n" },
		{ "serial: {mode: File}", "serial.file: mode File needs it; name the file\n" },
		{ "serial: {file: /x}", "" },
		{ "serial: {mode: Tty, file: /x}",
		  "serial.file: is given, but the mode is another; set mode: File or remove it\n" },
		{ "payload: {cmdline: quiet}",
		  "payload.cmdline: is given without a kernel; set payload.kernel\n" },
		{ "payload: {initramfs: /i}",
		  "payload.initramfs: is given without a kernel; set payload.kernel\n" },
	};

	return cr_make_param_array(struct check_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct check_case *c, config_check, a_contradiction_is_named_with_its_remedy)
{
	struct schema_report report = { 0 };
	struct schema_node *node = schema_parse("f", c->text, strlen(c->text), &report);
	struct vm_config config;

	schema_defaults(&vm_config_table, &config);
	schema_apply(&vm_config_table, node, &config, &report);
	cr_assert_eq(report.nr, 0, "%s: %s", c->text, report.text);
	vm_config_resolve(&config);
	cr_assert_eq(vm_config_check(&config, &report), *c->report ? -22 : 0, "%s", c->text);
	cr_assert_str_eq(report.text ? report.text : "", c->report, "%s: got\n%s", c->text,
			 report.text ? report.text : "");
	schema_node_free(node);
	vm_config_fini(&config);
	schema_report_fini(&report);
}

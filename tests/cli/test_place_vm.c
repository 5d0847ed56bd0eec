#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/schema.h"
#include "base/size.h"
#include "cli/place_vm.h"

static struct vm_config config;
static struct place_vm vm;
static struct err err;

static void load(const char *yaml)
{
	char path[] = "/tmp/situ-place-vm-XXXXXX";
	const char *files[] = { path };
	struct schema_report report = { 0 };
	FILE *file = fdopen(mkstemp(path), "w");

	fputs(yaml, file);
	fclose(file);
	cr_assert_eq(vm_config_load(&config, files, 1, NULL, &report), 0);
	unlink(path);
}

static void leave(void)
{
	place_vm_fini(&vm);
	vm_config_fini(&config);
}

TestSuite(place_vm, .fini = leave);

Test(place_vm, policies_pins_and_lists_carry_over)
{
	load("name: db\n"
	     "cpus: {boot_vcpus: 4, affinity: [{vcpu: 1, host_cpus: [4, '6-7']}]}\n"
	     "memory: {size: 1G, hugepages: true, hugepage_size: 2M}\n"
	     "placement: {cpu: spread, memory: interleave, nodes: [1, 0], smt: isolate,\n"
	     "            exclusive: true, avoid: '0-1', strict: true, traffic: {pattern: "
	     "ring}}\n");
	cr_assert_eq(place_vm_init(&vm, &config, &err), 0, "%s", err.text);
	cr_assert_str_eq(vm.name, "db");
	cr_assert_eq(vm.nr_vcpus, 4);
	cr_assert_eq(vm.memory, GIB);
	cr_assert_eq(vm.page_size, 2 * MIB);
	cr_assert_eq(vm.cpu, PLACE_CPU_SPREAD);
	cr_assert_eq(vm.mem, PLACE_MEM_INTERLEAVE);
	cr_assert_eq(vm.smt, PLACE_SMT_ISOLATE);
	cr_assert_eq(vm.exclusive, PLACE_EXCLUSIVE_YES);
	cr_assert_eq(vm.traffic.pattern, PLACE_TRAFFIC_RING);
	cr_assert(vm.strict);
	cr_assert_eq(vm.nr_nodes, 2);
	cr_assert_eq(vm.nodes[0], 1);
	cr_assert_eq(cpuset_count(&vm.avoid), 2);
	cr_assert_eq(vm.nr_pins, 1);
	cr_assert_eq(vm.pins[0].vcpu, 1);
	cr_assert_eq(cpuset_count(&vm.pins[0].cpus), 3);
	cr_assert_eq(vm.nr_guest_nodes, 0);
}

Test(place_vm, guest_nodes_take_the_sizes_and_host_nodes_of_their_zones)
{
	load("cpus: {boot_vcpus: 2}\n"
	     "memory: {zones: [{id: a, size: 1G, host_numa_node: 1}, {id: b, size: 512M},\n"
	     "                 {id: c, size: 512M}]}\n"
	     "numa: [{guest_numa_id: 0, cpus: ['0-1'], memory_zones: [a, c]},\n"
	     "       {guest_numa_id: 3, memory_zones: [b]}]\n");
	cr_assert_eq(place_vm_init(&vm, &config, &err), 0, "%s", err.text);
	cr_assert_eq(vm.nr_guest_nodes, 2);
	cr_assert_eq(vm.guest_nodes[0].bytes, 3 * GIB / 2);
	cr_assert(cpuset_has(&vm.guest_nodes[0].host_nodes, 1));
	cr_assert_eq(cpuset_count(&vm.guest_nodes[0].vcpus), 2);
	cr_assert_eq(vm.guest_nodes[1].id, 3);
	cr_assert(cpuset_empty(&vm.guest_nodes[1].vcpus));
	cr_assert(cpuset_empty(&vm.guest_nodes[1].host_nodes));
}

Test(place_vm, guest_nodes_without_zones_share_the_memory_by_vcpus)
{
	load("cpus: {boot_vcpus: 3}\nmemory: {size: 1G}\n"
	     "numa: [{guest_numa_id: 0, cpus: [0]}, {guest_numa_id: 1, cpus: [1, 2]}]\n");
	cr_assert_eq(place_vm_init(&vm, &config, &err), 0, "%s", err.text);
	cr_assert_eq(vm.guest_nodes[0].bytes + vm.guest_nodes[1].bytes, GIB);
	cr_assert_eq(vm.guest_nodes[1].bytes, GIB * 2 / 3 / 4096 * 4096);
}

Test(place_vm, zones_alone_become_one_guest_node_for_each_host_node)
{
	load("cpus: {boot_vcpus: 2}\n"
	     "memory: {zones: [{id: a, size: 1G, host_numa_node: 0},\n"
	     "                 {id: b, size: 512M, host_numa_node: 2},\n"
	     "                 {id: c, size: 1G, host_numa_node: 0}]}\n");
	cr_assert_eq(place_vm_init(&vm, &config, &err), 0, "%s", err.text);
	cr_assert_eq(vm.nr_guest_nodes, 2);
	cr_assert_eq(vm.guest_nodes[0].bytes, 2 * GIB);
	cr_assert_eq(cpuset_count(&vm.guest_nodes[0].vcpus), 2);
	cr_assert_eq(vm.guest_nodes[1].bytes, 512 * MIB);
	cr_assert(cpuset_has(&vm.guest_nodes[1].host_nodes, 2));
}

Test(place_vm, two_page_sizes_in_one_guest_node_are_refused)
{
	load("memory: {zones: [{id: a, size: 1G}, {id: b, size: 1G, hugepages: true}]}\n");
	cr_assert_eq(place_vm_init(&vm, &config, &err), -EINVAL);
	cr_assert_eq(err.status, EXIT_INPUT);
	cr_assert(strstr(err.text, "zone \"b\""));
}

Test(place_vm, a_traffic_file_becomes_weights)
{
	char yaml[200], path[] = "/tmp/situ-traffic-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	fputs("0 5\n5 0\n", file);
	fclose(file);
	snprintf(yaml, sizeof(yaml), "cpus: {boot_vcpus: 2}\nplacement: {traffic: {file: %s}}\n",
		 path);
	load(yaml);
	cr_assert_eq(place_vm_init(&vm, &config, &err), 0, "%s", err.text);
	cr_assert_eq(vm.traffic.pattern, PLACE_TRAFFIC_MATRIX);
	cr_assert_float_eq(vm.traffic.weights[1], 5, 0);
	unlink(path);
	place_vm_fini(&vm);
	cr_assert_eq(place_vm_init(&vm, &config, &err), -ENOENT);
	cr_assert(strstr(err.text, "placement.traffic.file"));
}

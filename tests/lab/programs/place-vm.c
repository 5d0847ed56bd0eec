/*
 * place-vm: makes guest memory, and with --vcpus a VM that runs on it, and prints where the kernel
 * says that pages and threads are.
 *
 * One JSON line: the pages per node by move_pages(2), asked here page by page ("pages"), and beside
 * it what situ's own verification says ("verified"), so that the two can be compared; for each vCPU
 * the CPUs of its thread by sched_getaffinity(2) and the one that it ran on. With --hold it waits
 * for a line on stdin and prints again, for scenarios that move pages behind its back.
 */
#include <errno.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/mempolicy.h"
#include "base/size.h"
#include "cli/options.h"
#include "numa/memory.h"
#include "numa/residency.h"
#include "vmm/vm.h"

struct request {
	const char *policy, *nodes, *prefault_cpus, *vcpus;
	uint64_t size, page;
	bool fallback, shared, lazy, hold;
};

static const char *const policies[] = {
	[MEM_POLICY_LOCAL] = "local",
	[MEM_POLICY_BIND] = "bind",
	[MEM_POLICY_PREFERRED] = "preferred",
	[MEM_POLICY_INTERLEAVE] = "interleave",
};

static int policy_of(const char *name, enum mem_policy *policy, struct err *err)
{
	for (unsigned int i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(name, policies[i])) {
			*policy = (enum mem_policy)i;
			return 0;
		}
	return err_set(err, EXIT_INPUT, EINVAL, "policy \"%s\" is not known", name);
}

static int spec_of(const struct request *request, struct gmem_spec *spec, struct err *err)
{
	*spec = (struct gmem_spec){
		.len = request->size,
		.page_size = request->page,
		.page_size_fallback = request->fallback,
		.prefault = !request->lazy,
		.shared = request->shared,
	};
	if (policy_of(request->policy, &spec->policy, err) ||
	    cpuset_parse(&spec->nodes, request->nodes, err))
		return -EINVAL;
	return cpuset_parse(&spec->prefault_cpus, request->prefault_cpus, err);
}

/* One small page after the other: slow, and with nothing of situ's in between. */
static json_t *pages_by_node(const struct gmem_region *region)
{
	json_t *nodes = json_object();
	char key[16];

	for (uint64_t at = 0; at < region->spec.len; at += region->spec.page_size) {
		void *page = (char *)region->hva + at;
		int node = -1;

		if (move_pages(0, 1, &page, NULL, &node, 0))
			node = -errno;
		snprintf(key, sizeof(key), "%d", node);
		json_object_set_new(
			nodes, key,
			json_integer(json_integer_value(json_object_get(nodes, key)) + 1));
	}
	return nodes;
}

static json_t *verified(const struct gmem *gmem, struct err *err)
{
	struct residency residency = { 0 };
	json_t *nodes = json_object(), *all = NULL;
	char key[16];

	if (!residency_read(&residency, gmem, NULL, err)) {
		const struct residency_region *region = &residency.regions[0];

		for (unsigned int node = 0; node < region->nr_nodes; node++)
			if (region->on_node[node]) {
				snprintf(key, sizeof(key), "%u", node);
				json_object_set_new(
					nodes, key,
					json_integer((json_int_t)region->on_node[node]));
			}
		all = json_pack("{s:O, s:b, s:I, s:b}", "pages", nodes, "on_plan",
				residency.on_plan, "off_plan", (json_int_t)region->off_plan,
				"balanced", region->balanced);
	}
	residency_fini(&residency);
	json_decref(nodes);
	return all;
}

/* What the vCPUs run at CPL 3: each counts in a cache line of its own. Guest-physical addresses. */
#define CODE	 0x1000u
#define COUNTERS 0x2000u
#define TABLES	 0x8000u
#define MAX_CPUS 1024
static const unsigned char count_forever[] = {
	0xff, 0x07, /* 1: incl (%rdi) */
	0xf3, 0x90, /* pause */
	0xeb, 0xfa, /* jmp 1b */
};

static volatile uint32_t *counter(const struct gmem *gmem, unsigned int vcpu)
{
	return gmem_ptr(gmem, COUNTERS + 64 * vcpu, sizeof(uint32_t));
}

static json_t *threads(const struct vm *vm)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		const struct vcpu *vcpu = &vm->vcpus[i];
		AUTO_CPUSET struct cpuset cpus = { 0 };
		AUTO_FREE char *list = NULL;
		cpu_set_t set;

		sched_getaffinity(vcpu->tid, sizeof(set), &set);
		for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
			if (CPU_ISSET(cpu, &set))
				cpuset_add(&cpus, cpu);
		list = cpuset_string(&cpus);
		json_array_append_new(all, json_pack("{s:s, s:i, s:b}", "cpus", list, "last_cpu",
						     pin_last_cpu(vcpu->tid), "ran",
						     *counter(&vm->gmem, i) != 0));
	}
	return all;
}

static int print_state(const struct vm *vm, struct err *err)
{
	const struct gmem *gmem = &vm->gmem;
	const struct gmem_region *region = &gmem->regions[0];
	json_t *state = json_pack(
		"{s:I, s:o, s:o*, s:o}", "page_size", (json_int_t)region->spec.page_size, "pages",
		pages_by_node(region), "verified", verified(gmem, err), "vcpus", threads(vm));

	json_dumpf(state, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	fflush(stdout);
	json_decref(state);
	return -err->errnum;
}

static void set_starts(struct vm *vm)
{
	char *ram = gmem_ptr(&vm->gmem, 0, 0x10000);

	memcpy(ram + CODE, count_forever, sizeof(count_forever));
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		struct kvm_start *start = &vm->vcpus[i].spec.start;

		*start = (struct kvm_start){
			.mode = START_LONG_USER, .ip = CODE, .sp = TABLES, .rdi = COUNTERS + 64 * i
		};
		kvm_start_tables(start, ram + TABLES, TABLES, UINT64_C(1) << 30, TABLES);
	}
}

/* Parks the vCPUs meanwhile, which would take the time that counting pages needs. */
static int print_parked(struct vm *vm, struct err *err)
{
	int ret;

	vm_pause(vm);
	ret = print_state(vm, err);
	vm_resume(vm);
	return ret;
}

static int run(struct vm *vm, const struct request *request, struct err *err)
{
	struct vm_end end = { 0 };
	int ret;

	set_starts(vm);
	ret = vm_start(vm, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		while (!*counter(&vm->gmem, i))
			usleep(1000);
	ret = print_parked(vm, err);
	if (!ret && request->hold && getchar() != EOF)
		ret = print_parked(vm, err);
	vm_stop(vm, EXIT_OK, "enough");
	return vm_join(vm, &end, ret ? &(struct err){ 0 } : err) ? -EIO : ret;
}

static int make_vm(const struct request *request, const struct gmem_spec *ram,
		   const struct cpuset *cpus, struct err *err)
{
	AUTO_FREE struct vcpu_spec *vcpus = alloc_zeroed(cpuset_count(cpus), sizeof(*vcpus));
	struct vm_spec spec = { .regions = ram, .nr_regions = 1, .vcpus = vcpus };
	struct vm vm;
	int ret;

	cpuset_for_each (cpu, cpus) {
		struct vcpu_spec *vcpu = &vcpus[spec.nr_vcpus];

		*vcpu = (struct vcpu_spec){ .id = spec.nr_vcpus++, .mem_node = -1 };
		cpuset_add(&vcpu->cpus, (unsigned int)cpu);
	}
	ret = vm_init(&vm, &spec, err);
	if (!ret)
		ret = run(&vm, request, err);
	vm_fini(&vm);
	for (unsigned int i = 0; i < spec.nr_vcpus; i++)
		cpuset_fini(&vcpus[i].cpus);
	return ret;
}

static int make_memory(const struct request *request, const struct gmem_spec *ram, struct err *err)
{
	struct vm vm = { 0 };
	int ret = gmem_init(&vm.gmem, ram, 1, NULL, err);

	if (!ret)
		ret = print_state(&vm, err);
	if (!ret && request->hold && getchar() != EOF)
		ret = print_state(&vm, err);
	gmem_fini(&vm.gmem);
	return ret;
}

static int place(const struct request *request, struct err *err)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	struct gmem_spec ram;
	int ret = spec_of(request, &ram, err);

	if (!ret)
		ret = cpuset_parse(&cpus, request->vcpus, err);
	if (!ret)
		ret = cpuset_empty(&cpus) ? make_memory(request, &ram, err)
					  : make_vm(request, &ram, &cpus, err);
	cpuset_fini(&ram.nodes);
	cpuset_fini(&ram.prefault_cpus);
	return ret;
}

int main(int argc, char **argv)
{
	struct request request = {
		.policy = "local", .nodes = "", .prefault_cpus = "", .vcpus = "", .page = 4096
	};
	const struct option_spec specs[] = {
		{ "policy", OPT_STRING, &request.policy, "NAME",
		  "local, bind, preferred, interleave" },
		{ "nodes", OPT_STRING, &request.nodes, "LIST", "host nodes" },
		{ "prefault-cpus", OPT_STRING, &request.prefault_cpus, "LIST", "CPUs that touch" },
		{ "size", OPT_SIZE, &request.size, "SIZE", "of the memory" },
		{ "page", OPT_SIZE, &request.page, "SIZE", "of a page" },
		{ "fallback", OPT_FLAG, &request.fallback, NULL, "take smaller pages" },
		{ "shared", OPT_FLAG, &request.shared, NULL, "a memfd" },
		{ "lazy", OPT_FLAG, &request.lazy, NULL, "do not prefault" },
		{ "vcpus", OPT_STRING, &request.vcpus, "LIST", "CPUs, one vCPU pinned to each" },
		{ "hold", OPT_FLAG, &request.hold, NULL, "wait, then print again" },
	};
	const struct option_usage usage = {
		.synopsis = "place-vm --size SIZE [OPTIONS]",
		.about = "Makes guest memory or a VM and prints where its pages and threads are.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(specs[0]),
	};
	struct err err = { 0 };

	if (options_parse(argc, argv, &usage, &err) >= 0)
		place(&request, &err);
	if (err.status)
		fprintf(stderr, "place-vm: %s\n", err.text);
	return err.status;
}

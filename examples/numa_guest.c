/*
 * A guest of four vCPUs and 512 MiB per NUMA node, placed by rule, on the library alone: read the
 * host's map, ask for a plan, build the VM that the plan describes, run it, and report what was
 * wanted beside what is.
 *
 * Usage: numa_guest [MIB-PER-NODE [VCPUS]]
 *
 * The guest itself is two instructions per vCPU (a port write and a halt). It is there to show that
 * each vCPU runs where it should: the write is handled on the vCPU's own thread.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/pin.h"
#include "affinity/place.h"
#include "base/alloc.h"
#include "base/size.h"
#include "numa/residency.h"
#include "vmm/vm.h"

#define MAX_VCPUS 64
#define PORT	  0x10
#define CODE	  0x1000

static const uint8_t guest_code[] = { 0xe6, PORT, 0xf4 }; /* out %al, $PORT; hlt */

/* What one vCPU's thread saw of itself while its guest ran. */
struct seen {
	struct cpuset allowed;
	int ran_on;
};

struct example {
	struct topology topo;
	struct place_guest_node *nodes;
	unsigned int nr_nodes, nr_vcpus;
	uint64_t bytes_per_node;
	struct place_plan plan;
	struct vm vm;
	struct seen seen[MAX_VCPUS];
	struct residency residency;
};

/* One guest node per host node with memory; the vCPUs are dealt out over those that have CPUs. */
static void want_nodes(struct example *ex)
{
	unsigned int nr = 0;

	ex->nodes = alloc_zeroed(ex->topo.nr_nodes, sizeof(*ex->nodes));
	for (unsigned int i = 0; i < ex->topo.nr_nodes; i++) {
		const struct topo_node *host = &ex->topo.nodes[i];
		struct place_guest_node *node = &ex->nodes[ex->nr_nodes];

		if (!host->mem_total || cpuset_empty(&host->cpus))
			continue;
		node->id = ex->nr_nodes++;
		node->bytes = ex->bytes_per_node;
		cpuset_add(&node->host_nodes, host->os);
	}
	for (; nr < ex->nr_vcpus && ex->nr_nodes; nr++)
		cpuset_add(&ex->nodes[nr % ex->nr_nodes].vcpus, nr);
}

static int make_plan(struct example *ex, struct err *err)
{
	struct place_vm want = {
		.name = "example",
		.nr_vcpus = ex->nr_vcpus,
		.guest_nodes = ex->nodes,
		.nr_guest_nodes = ex->nr_nodes,
		.mem = PLACE_MEM_LOCAL,
	};
	struct place_request request = { .topo = &ex->topo, .vms = &want, .nr_vms = 1 };
	int ret = place(&ex->plan, &request, err);

	if (!ret && ex->plan.nr_unplaced)
		return err_set(err, EXIT_NO, ENOSPC, "%s", ex->plan.vms[0].why);
	return ret;
}

static void port_write(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct example *ex = dev;
	unsigned int vcpu = *(const uint8_t *)data; /* al: load_guest() */
	struct err err;

	(void)offset;
	(void)len;
	if (!is_write || vcpu >= ex->nr_vcpus)
		return;
	ex->seen[vcpu].ran_on = sched_getcpu();
	pin_read(0, &ex->seen[vcpu].allowed, &err);
}

/* Guest memory: the plan's pieces, one after the other from address 0. */
static struct gmem_spec *want_memory(const struct place_vm_plan *plan)
{
	struct gmem_spec *specs = alloc_zeroed(plan->nr_memory, sizeof(*specs));
	gpa_t gpa = 0;

	for (unsigned int i = 0; i < plan->nr_memory; i++) {
		specs[i] = (struct gmem_spec){ .gpa = gpa,
					       .len = plan->memory[i].bytes,
					       .policy = MEM_POLICY_BIND,
					       .prefault = true,
					       .thp = true };
		cpuset_add(&specs[i].nodes, plan->memory[i].host_node);
		gpa += plan->memory[i].bytes;
	}
	return specs;
}

static struct vcpu_spec *want_vcpus(const struct place_vm_plan *plan)
{
	struct vcpu_spec *specs = alloc_zeroed(plan->nr_vcpus, sizeof(*specs));

	for (unsigned int i = 0; i < plan->nr_vcpus; i++) {
		specs[i].id = i;
		specs[i].mem_node = plan->vcpus[i].node;
		specs[i].start = (struct kvm_start){ .mode = START_REAL };
		cpuset_add(&specs[i].cpus, plan->vcpus[i].cpu);
	}
	return specs;
}

static int build_vm(struct example *ex, struct err *err)
{
	const struct place_vm_plan *plan = &ex->plan.vms[0];
	struct bus_range port = { PORT, 1, port_write, ex, "example" };
	struct gmem_spec *regions = want_memory(plan);
	struct vcpu_spec *vcpus = want_vcpus(plan);
	struct vm_spec spec = {
		.kvm = { .irqchip = IRQCHIP_NONE },
		.regions = regions,
		.nr_regions = plan->nr_memory,
		.vcpus = vcpus,
		.nr_vcpus = plan->nr_vcpus,
		.topology = &ex->topo,
	};
	int ret = vm_init(&ex->vm, &spec, err);

	for (unsigned int i = 0; i < plan->nr_memory; i++)
		cpuset_fini(&regions[i].nodes);
	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		cpuset_fini(&vcpus[i].cpus);
	free(regions);
	free(vcpus);
	return ret ? ret : bus_add(&ex->vm.pio, &port, err);
}

/* Each vCPU's code tells its number: mov $number, %al; out; hlt. */
static int load_guest(struct example *ex, struct err *err)
{
	for (unsigned int i = 0; i < ex->nr_vcpus; i++) {
		uint64_t at = CODE + 16 * (uint64_t)i;
		uint8_t *code = gmem_ptr(&ex->vm.gmem, at, 2 + sizeof(guest_code));

		if (!code)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "the guest's memory is too small for its code");
		code[0] = 0xb0;
		code[1] = (uint8_t)i;
		memcpy(code + 2, guest_code, sizeof(guest_code));
		ex->vm.vcpus[i].spec.start.ip = at;
	}
	return 0;
}

static int run_vm(struct example *ex, struct err *err)
{
	struct vm_end end = { 0 };
	int ret = build_vm(ex, err);

	if (!ret)
		ret = load_guest(ex, err);
	if (!ret)
		ret = vm_start(&ex->vm, err);
	if (!ret)
		ret = vm_join(&ex->vm, &end, err);
	if (!ret && end.status != EXIT_OK)
		ret = err_set(err, end.status, EIO, "the guest crashed: %s", end.reason);
	return ret ? ret : residency_read(&ex->residency, &ex->vm.gmem, NULL, err);
}

static void report_configuration(const struct example *ex)
{
	printf("=== KVM NUMA Configuration ===\n");
	printf("NUMA enabled: %s, nodes: %u\n", ex->nr_nodes > 1 ? "yes" : "no", ex->nr_nodes);
	if (ex->nr_nodes < 2)
		printf("This host has one node: there is nothing to bind, and placement by node "
		       "gains "
		       "nothing.\nPinning alone helps a busy guest; leave it out for one that is "
		       "mostly idle or waits for I/O.\n");
}

static int report_affinity(const struct example *ex)
{
	const struct place_vm_plan *plan = &ex->plan.vms[0];
	int wrong = 0;

	printf("\n=== vCPU Affinity Configuration ===\nTotal vCPUs: %u\n", plan->nr_vcpus);
	for (unsigned int i = 0; i < plan->nr_vcpus; i++) {
		const struct place_vcpu *want = &plan->vcpus[i];
		char *live = cpuset_string(&ex->seen[i].allowed);
		bool right = cpuset_count(&ex->seen[i].allowed) == 1 &&
			     cpuset_has(&ex->seen[i].allowed, want->cpu) &&
			     ex->seen[i].ran_on == (int)want->cpu;

		printf("  vCPU %u: NUMA Node %d -> CPUs [%u]; live: CPUs [%s], ran on %d%s%s\n", i,
		       want->node, want->cpu, live, ex->seen[i].ran_on, right ? "" : "  WRONG",
		       want->shared ? " (shared with another vCPU)" : "");
		wrong += !right;
		free(live);
	}
	return wrong;
}

static int report_memory(const struct example *ex)
{
	const struct place_vm_plan *plan = &ex->plan.vms[0];

	printf("\n=== NUMA Optimizer Status ===\nStrategy: local first\n");
	for (unsigned int i = 0; i < ex->residency.nr_regions; i++) {
		char *line = residency_line(&ex->residency.regions[i]);

		printf("  guest node %u at GPA 0x%lx: %s\n", plan->memory[i].guest_node,
		       ex->residency.regions[i].region->spec.gpa, line);
		free(line);
	}
	for (unsigned int i = 0; i < plan->nr_reasons; i++)
		printf("  because: %s\n", plan->reasons[i].text);
	for (unsigned int i = 0; i < plan->nr_warnings; i++)
		printf("  warning: %s\n", plan->warnings[i].message);
	return !ex->residency.on_plan;
}

static int report(const struct example *ex)
{
	printf("System has %u CPU%s and %u NUMA node%s\n\n", ex->topo.nr_cpus,
	       ex->topo.nr_cpus == 1 ? "" : "s", ex->topo.nr_nodes,
	       ex->topo.nr_nodes == 1 ? "" : "s");
	report_configuration(ex);
	return report_affinity(ex) + report_memory(ex) ? EXIT_UNVERIFIED : EXIT_OK;
}

static int run_example(struct example *ex, struct err *err)
{
	int ret;

	topology_setup();
	ret = topology_load(&ex->topo, "host", err);
	if (ret)
		return ret;
	want_nodes(ex);
	ret = make_plan(ex, err);
	return ret ? ret : run_vm(ex, err);
}

static void example_fini(struct example *ex)
{
	residency_fini(&ex->residency);
	if (ex->vm.vcpus)
		vm_fini(&ex->vm);
	place_plan_fini(&ex->plan);
	for (unsigned int i = 0; i < ex->nr_nodes; i++) {
		cpuset_fini(&ex->nodes[i].vcpus);
		cpuset_fini(&ex->nodes[i].host_nodes);
	}
	free(ex->nodes);
	for (unsigned int i = 0; i < MAX_VCPUS; i++)
		cpuset_fini(&ex->seen[i].allowed);
	topology_fini(&ex->topo);
}

int main(int argc, char **argv)
{
	struct example ex = { .nr_vcpus = 4, .bytes_per_node = 512 * MIB };
	struct err err = { 0 };
	int status;

	if (argc > 1)
		ex.bytes_per_node = strtoull(argv[1], NULL, 10) * MIB;
	if (argc > 2)
		ex.nr_vcpus = (unsigned int)strtoul(argv[2], NULL, 10);
	if (argc > 3 || !ex.bytes_per_node || !ex.nr_vcpus || ex.nr_vcpus > MAX_VCPUS) {
		fprintf(stderr, "usage: numa_guest [MIB-PER-NODE [VCPUS]], at most %d vCPUs\n",
			MAX_VCPUS);
		return EXIT_INPUT;
	}
	status = run_example(&ex, &err) ? (int)err.status : report(&ex);
	if (err.status != EXIT_OK)
		fprintf(stderr, "numa_guest: %s\n", err.text);
	example_fini(&ex);
	return status;
}

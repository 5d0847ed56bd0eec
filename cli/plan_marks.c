#include "cli/plan_marks.h"

#include <stdlib.h>

#include "base/alloc.h"

static const char *keep(struct plan_marks *marks, char *label)
{
	marks->labels = alloc_resize(marks->labels, marks->nr_labels + 1, sizeof(*marks->labels));
	marks->labels[marks->nr_labels++] = label;
	return label;
}

/* Every CPU of the set that nothing else marks. */
static void mark_set(struct plan_marks *marks, const struct topology *topo,
		     const struct cpuset *set, const char *label, enum map_colour colour)
{
	cpuset_for_each (os, set) {
		const struct topo_cpu *cpu = topology_cpu(topo, (unsigned int)os);

		if (cpu && marks->cpus[cpu - topo->cpus].colour == MAP_PLAIN)
			marks->cpus[cpu - topo->cpus] = (struct map_mark){ label, colour };
	}
}

/* The colour is the VM's; with a single VM, that of the vCPU's guest node. */
static int colour_of(const struct place_plan *plan, unsigned int vm, unsigned int vcpu)
{
	const struct place_vm_plan *placed = &plan->vms[vm];

	if (plan->nr_vms > 1)
		return (int)MAP_VM + (int)vm;
	for (unsigned int i = 0; i < placed->nr_guest_nodes; i++)
		if (cpuset_has(&placed->guest_nodes[i].vcpus, vcpu))
			return (int)MAP_VM + (int)i;
	return MAP_VM;
}

static void mark_vcpus(struct plan_marks *marks, const struct topology *topo,
		       const struct place_plan *plan, unsigned int vm)
{
	const struct place_vm_plan *placed = &plan->vms[vm];

	for (unsigned int i = 0; i < placed->nr_vcpus; i++) {
		const struct topo_cpu *cpu = topology_cpu(topo, placed->vcpus[i].cpu);
		unsigned int vcpu = placed->vcpus[i].vcpu;
		struct map_mark *mark;

		if (!cpu)
			continue;
		mark = &marks->cpus[cpu - topo->cpus];
		mark->label = keep(marks, plan->nr_vms > 1 ? alloc_printf("%u.%u", vm, vcpu)
							   : alloc_printf("v%u", vcpu));
		mark->colour = (enum map_colour)colour_of(plan, vm, vcpu);
	}
}

void plan_marks_init(struct plan_marks *marks, const struct place_request *request,
		     const struct place_plan *plan)
{
	const struct topology *topo = request->topo;

	*marks = (struct plan_marks){ 0 };
	marks->cpus = alloc_zeroed(topo->nr_cpus, sizeof(*marks->cpus));
	for (unsigned int i = 0; i < plan->nr_vms; i++)
		if (plan->vms[i].placed)
			mark_vcpus(marks, topo, plan, i);
	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		mark_set(marks, topo, &plan->vms[i].reserved, "-", MAP_AVOIDED);
		mark_set(marks, topo, &plan->vms[i].io_cpus, "io", MAP_IO);
		mark_set(marks, topo, &plan->vms[i].emulator_cpus, "em", MAP_IO);
	}
	for (unsigned int i = 0; i < request->host.nr_holders; i++)
		mark_set(marks, topo, &request->host.holders[i].cpus, "x", MAP_RESERVED);
}

void plan_marks_fini(struct plan_marks *marks)
{
	for (unsigned int i = 0; i < marks->nr_labels; i++)
		free(marks->labels[i]);
	free(marks->labels);
	free(marks->cpus);
	free(marks->nodes);
	*marks = (struct plan_marks){ 0 };
}

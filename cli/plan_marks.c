#include "cli/plan_marks.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/size.h"

static char *keep(struct plan_marks *marks, char *label)
{
	marks->labels = alloc_resize(marks->labels, marks->nr_labels + 1, sizeof(*marks->labels));
	marks->labels[marks->nr_labels++] = label;
	return label;
}

static void explain(struct plan_marks *marks, enum map_colour colour, char *text)
{
	marks->legend = alloc_resize(marks->legend, marks->nr_legend + 1, sizeof(*marks->legend));
	marks->legend[marks->nr_legend++] = (struct map_mark){ keep(marks, text), colour };
}

/* Every CPU of the set that nothing else marks; a legend line if there was one. */
static void mark_set(struct plan_marks *marks, const struct topology *topo,
		     const struct cpuset *set, struct map_mark mark, const char *meaning)
{
	unsigned int nr = 0;

	cpuset_for_each (os, set) {
		const struct topo_cpu *cpu = topology_cpu(topo, (unsigned int)os);

		if (!cpu || marks->cpus[cpu - topo->cpus].colour != MAP_PLAIN)
			continue;
		marks->cpus[cpu - topo->cpus] = mark;
		nr++;
	}
	if (nr)
		explain(marks, mark.colour, alloc_printf("%s: %s", mark.label, meaning));
}

/* The colour is the VM's; with a single VM, that of the vCPU's guest node. */
static enum map_colour colour_of(const struct place_plan *plan, unsigned int vm, unsigned int guest)
{
	return (enum map_colour)(MAP_VM + (plan->nr_vms > 1 ? vm : guest));
}

static unsigned int guest_node_of(const struct place_vm_plan *vm, unsigned int vcpu)
{
	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++)
		if (cpuset_has(&vm->guest_nodes[i].vcpus, vcpu))
			return i;
	return 0;
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
		if (mark->label) {
			mark->label = keep(marks, alloc_printf("%s+", mark->label));
			continue;
		}
		mark->label = keep(marks, plan->nr_vms > 1 ? alloc_printf("%u.%u", vm, vcpu)
							   : alloc_printf("v%u", vcpu));
		mark->colour = colour_of(plan, vm, guest_node_of(placed, vcpu));
	}
}

static char *guest_text(const struct place_vm_plan *vm, unsigned int guest)
{
	AUTO_FREE char *vcpus = cpuset_string(&vm->guest_nodes[guest].vcpus);

	return alloc_printf("v%s: vCPU%s of %s, guest node %u", vcpus,
			    cpuset_count(&vm->guest_nodes[guest].vcpus) == 1 ? "" : "s", vm->name,
			    vm->guest_nodes[guest].id);
}

static void explain_vms(struct plan_marks *marks, const struct place_plan *plan)
{
	const struct place_vm_plan *only = &plan->vms[0];

	for (unsigned int vm = 0; vm < plan->nr_vms; vm++)
		if (!plan->vms[vm].placed)
			explain(marks, MAP_PLAIN,
				alloc_printf("%s: not placed", plan->vms[vm].name));
		else if (plan->nr_vms > 1)
			explain(marks, colour_of(plan, vm, 0),
				alloc_printf("%u.N: vCPU N of %s", vm, plan->vms[vm].name));
	if (plan->nr_vms > 1 || !only->placed)
		return;
	for (unsigned int i = 0; i < only->nr_guest_nodes; i++)
		if (!cpuset_empty(&only->guest_nodes[i].vcpus))
			explain(marks, colour_of(plan, 0, i), guest_text(only, i));
}

static unsigned int guest_index(const struct place_vm_plan *vm, unsigned int id)
{
	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++)
		if (vm->guest_nodes[i].id == id)
			return i;
	return 0;
}

/* "16 GiB of db, 4 GiB of web": every part of memory on its node. */
static void mark_memory(struct plan_marks *marks, const struct topology *topo,
			const struct place_plan *plan, unsigned int vm)
{
	const struct place_vm_plan *placed = &plan->vms[vm];
	char size[SIZE_TEXT];

	for (unsigned int i = 0; i < placed->nr_memory; i++) {
		const struct place_memory *part = &placed->memory[i];
		const struct topo_node *node = topology_node(topo, part->host_node);
		struct map_mark *mark;

		if (!node || !part->bytes)
			continue;
		mark = &marks->nodes[node - topo->nodes];
		mark->label =
			keep(marks, alloc_printf("%s%s%s of %s", mark->label ? mark->label : "",
						 mark->label ? ", " : "",
						 size_format(part->bytes, size), placed->name));
		if (mark->colour == MAP_PLAIN)
			mark->colour = colour_of(plan, vm, guest_index(placed, part->guest_node));
	}
}

/* A CPU's label ends with a plus for each vCPU beyond the first. */
static void explain_plus(struct plan_marks *marks, const struct place_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_vms; i++)
		for (unsigned int j = 0; plan->vms[i].placed && j < plan->vms[i].nr_vcpus; j++)
			if (plan->vms[i].vcpus[j].shared) {
				explain(marks, MAP_PLAIN,
					alloc_string("+: one vCPU more on the same CPU"));
				return;
			}
}

static void mark_threads(struct plan_marks *marks, const struct topology *topo,
			 const struct place_plan *plan)
{
	AUTO_CPUSET struct cpuset io = { 0 }, emulator = { 0 }, reserved = { 0 };

	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		cpuset_or(&io, &plan->vms[i].io_cpus);
		cpuset_or(&emulator, &plan->vms[i].emulator_cpus);
		cpuset_or(&reserved, &plan->vms[i].reserved);
	}
	mark_set(marks, topo, &io, (struct map_mark){ "io", MAP_IO }, "I/O threads");
	mark_set(marks, topo, &emulator, (struct map_mark){ "ev", MAP_IO },
		 "event loop and other threads");
	mark_set(marks, topo, &reserved, (struct map_mark){ "-", MAP_AVOIDED },
		 "sibling of a vCPU, kept empty");
}

static void mark_taken(struct plan_marks *marks, const struct place_request *request)
{
	AUTO_CPUSET struct cpuset taken = { 0 }, avoided = { 0 };

	for (unsigned int i = 0; i < request->host.nr_holders; i++)
		cpuset_or(&taken, &request->host.holders[i].cpus);
	for (unsigned int i = 0; i < request->nr_vms; i++)
		cpuset_or(&avoided, &request->vms[i].avoid);
	mark_set(marks, request->topo, &taken, (struct map_mark){ "x", MAP_RESERVED },
		 "taken already");
	mark_set(marks, request->topo, &avoided, (struct map_mark){ "a", MAP_AVOIDED },
		 "kept out by placement.avoid");
}

void plan_marks_init(struct plan_marks *marks, const struct place_request *request,
		     const struct place_plan *plan)
{
	const struct topology *topo = request->topo;

	*marks = (struct plan_marks){ 0 };
	marks->cpus = alloc_zeroed(topo->nr_cpus, sizeof(*marks->cpus));
	marks->nodes = alloc_zeroed(topo->nr_nodes, sizeof(*marks->nodes));
	if (plan->nr_vms)
		explain_vms(marks, plan);
	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		if (!plan->vms[i].placed)
			continue;
		mark_vcpus(marks, topo, plan, i);
		mark_memory(marks, topo, plan, i);
	}
	explain_plus(marks, plan);
	mark_threads(marks, topo, plan);
	mark_taken(marks, request);
}

void plan_marks_show(const struct plan_marks *marks, struct map_view *view)
{
	view->cpus = marks->cpus;
	view->nodes = marks->nodes;
	view->legend = marks->legend;
	view->nr_legend = marks->nr_legend;
}

void plan_marks_fini(struct plan_marks *marks)
{
	for (unsigned int i = 0; i < marks->nr_labels; i++)
		free(marks->labels[i]);
	free(marks->labels);
	free(marks->legend);
	free(marks->cpus);
	free(marks->nodes);
	*marks = (struct plan_marks){ 0 };
}

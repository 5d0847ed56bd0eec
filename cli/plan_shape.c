#include "cli/plan_shape.h"

void plan_shape_init(struct plan_shape *shape, const struct topology *topo,
		     const struct place_vm_plan *vm)
{
	AUTO_CPUSET struct cpuset packages = { 0 }, l3s = { 0 }, cores = { 0 };

	*shape = (struct plan_shape){ 0 };
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		const struct topo_cpu *cpu = topology_cpu(topo, vm->vcpus[i].cpu);

		cpuset_add(&shape->cpu_set, vm->vcpus[i].cpu);
		if (vm->vcpus[i].node >= 0)
			cpuset_add(&shape->node_set, (unsigned int)vm->vcpus[i].node);
		if (!cpu)
			continue;
		cpuset_add(&cores, cpu->core);
		if (cpu->package >= 0)
			cpuset_add(&packages, (unsigned int)cpu->package);
		if (cpu->l3 >= 0)
			cpuset_add(&l3s, (unsigned int)cpu->l3);
	}
	for (unsigned int i = 0; i < vm->nr_memory; i++) {
		cpuset_add(&shape->memory_nodes, vm->memory[i].host_node);
		shape->bytes += vm->memory[i].bytes;
		if (!cpuset_has(&shape->node_set, vm->memory[i].host_node))
			shape->remote_bytes += vm->memory[i].bytes;
	}
	shape->packages = cpuset_count(&packages);
	shape->nodes = cpuset_count(&shape->node_set);
	shape->l3s = cpuset_count(&l3s);
	shape->cores = cpuset_count(&cores);
	shape->cpus = cpuset_count(&shape->cpu_set);
}

void plan_shape_fini(struct plan_shape *shape)
{
	cpuset_fini(&shape->node_set);
	cpuset_fini(&shape->cpu_set);
	cpuset_fini(&shape->memory_nodes);
}

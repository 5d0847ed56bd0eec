#include "tests/fake/host.h"

#include "base/alloc.h"

static unsigned int add_cache(struct topology *topo, unsigned int level, enum cache_type type,
			      uint64_t size)
{
	topo->caches[topo->nr_caches] = (struct topo_cache){
		.level = level, .type = type, .size = size, .line = 64, .ways = 8
	};
	return topo->nr_caches++;
}

/* CPU numbers as firmware likes them: all first threads, then all second ones. */
static void add_core(struct topology *topo, const struct fake_host_shape *s, unsigned int die,
		     int l3, int l2, unsigned int all_cores)
{
	unsigned int core = topo->nr_cores++, package = die / s->dies;
	unsigned int l1d = add_cache(topo, 1, CACHE_DATA, 32768);
	unsigned int l1i = add_cache(topo, 1, CACHE_INSTRUCTION, 32768);
	int node = (int)(s->node_per_die ? die : package);

	topo->cores[core] = (struct topo_core){
		.os = core, .package = (int)package, .die = (int)die, .node = node
	};
	for (unsigned int t = 0; t < s->threads; t++) {
		unsigned int os = core + t * all_cores;

		topo->cpus[topo->nr_cpus++] = (struct topo_cpu){ .os = os,
								 .core = core,
								 .package = (int)package,
								 .die = (int)die,
								 .node = node,
								 .l1d = (int)l1d,
								 .l2 = l2,
								 .l3 = l3,
								 .smt = t,
								 .kind = -1,
								 .capacity = 1024 };
		cpuset_add(&topo->caches[l1d].cpus, os);
		cpuset_add(&topo->caches[l1i].cpus, os);
		cpuset_add(&topo->caches[l2].cpus, os);
		if (l3 >= 0)
			cpuset_add(&topo->caches[l3].cpus, os);
		cpuset_add(&topo->cores[core].cpus, os);
		cpuset_add(&topo->nodes[node].cpus, os);
		cpuset_add(&topo->packages[package].cpus, os);
		cpuset_add(&topo->allowed, os);
	}
}

void fake_host(struct topology *topo, const struct fake_host_shape *s)
{
	unsigned int dies = s->packages * s->dies;
	unsigned int cores = dies * s->l3s * s->l2s * s->cores;

	*topo = (struct topology){ .source = alloc_string("fake"),
				   .nr_packages = s->packages,
				   .nr_dies = dies };
	topo->nr_nodes = s->node_per_die ? dies : s->packages;
	topo->packages = alloc_zeroed(s->packages, sizeof(*topo->packages));
	topo->nodes = alloc_zeroed(topo->nr_nodes, sizeof(*topo->nodes));
	topo->cores = alloc_zeroed(cores, sizeof(*topo->cores));
	topo->cpus = alloc_zeroed((size_t)cores * s->threads, sizeof(*topo->cpus));
	topo->caches = alloc_zeroed((size_t)cores * 5, sizeof(*topo->caches));
	for (unsigned int i = 0; i < s->packages; i++)
		topo->packages[i].os = i;
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		topo->nodes[i].os = i;
		topo->nodes[i].package = (int)(s->node_per_die ? i / s->dies : i);
		topo->nodes[i].mem_total = 16ull << 30;
	}
	for (unsigned int die = 0; die < dies; die++)
		for (unsigned int i = 0; i < s->l3s; i++) {
			int l3 = s->no_l3 ? -1 : (int)add_cache(topo, 3, CACHE_UNIFIED, 32u << 20);

			for (unsigned int j = 0; j < s->l2s; j++) {
				int l2 = (int)add_cache(topo, 2, CACHE_UNIFIED, 1u << 20);

				for (unsigned int k = 0; k < s->cores; k++)
					add_core(topo, s, die, l3, l2, cores);
			}
		}
	topology_index(topo);
}

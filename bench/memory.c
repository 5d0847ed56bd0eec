#include "bench/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/mempolicy.h"

#define HUGE_PAGE (UINT64_C(2) << 20)

static uint64_t round_up(uint64_t value)
{
	return (value + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static struct gmem_spec *add_spec(struct bench_memory *memory, uint64_t len, bool shared)
{
	struct gmem_spec *spec = &memory->specs[memory->nr_specs++];

	*spec = (struct gmem_spec){
		.gpa = memory->end,
		.len = len,
		.page_size = 4096,
		.prefault = true,
		.thp = !shared,
		.shared = shared,
	};
	memory->end += len;
	return spec;
}

/* Near CPUs touch the pages first; where there are none (a memory-only node), anyone does. */
static void bind_spec(struct gmem_spec *spec, const struct topology *topo, int node)
{
	const struct topo_node *found = topology_node(topo, (unsigned int)node);

	spec->policy = MEM_POLICY_BIND;
	cpuset_add(&spec->nodes, (unsigned int)node);
	if (found)
		cpuset_copy(&spec->prefault_cpus, &found->cpus);
}

static void add_place(struct bench_memory *memory, struct gmem_spec *spec, int node)
{
	struct bench_place *place = &memory->places[memory->nr_places++];

	*place = (struct bench_place){
		.node = node,
		.ring = spec->gpa,
		.reply = spec->gpa + BENCH_RING_LEN,
		.buffer = spec->gpa + 2 * BENCH_RING_LEN,
		.buffer_len = spec->len - 2 * BENCH_RING_LEN,
	};
}

void bench_memory_plan(struct bench_memory *memory, const struct topology *topo,
		       const struct cpuset *nodes, uint64_t buffer_len, bool shared)
{
	unsigned int nr = cpuset_count(nodes);
	uint64_t len = 2 * BENCH_RING_LEN + round_up(buffer_len);

	*memory = (struct bench_memory){
		.places = alloc_zeroed(nr + 1, sizeof(*memory->places)),
		.specs = alloc_zeroed(nr + 2, sizeof(*memory->specs)),
	};
	bind_spec(add_spec(memory, BENCH_CONTROL_LEN, shared), topo, cpuset_next(nodes, 0));
	cpuset_for_each (node, nodes) {
		struct gmem_spec *spec = add_spec(memory, len, shared);

		bind_spec(spec, topo, node);
		add_place(memory, spec, node);
	}
	if (nr > 1) {
		struct gmem_spec *spec = add_spec(memory, 2 * BENCH_RING_LEN, shared);

		spec->policy = MEM_POLICY_INTERLEAVE;
		spec->thp = false; /* pages of 4 KiB, lest a ring lie in one huge page */
		cpuset_copy(&spec->nodes, nodes);
		add_place(memory, spec, -1);
	}
}

void bench_memory_fini(struct bench_memory *memory)
{
	for (unsigned int i = 0; i < memory->nr_specs; i++) {
		cpuset_fini(&memory->specs[i].nodes);
		cpuset_fini(&memory->specs[i].prefault_cpus);
	}
	free(memory->places);
	free(memory->specs);
	*memory = (struct bench_memory){ 0 };
}

const struct bench_place *bench_memory_place(const struct bench_memory *memory, int node)
{
	for (unsigned int i = 0; i < memory->nr_places; i++)
		if (memory->places[i].node == node)
			return &memory->places[i];
	return NULL;
}

static void count_pages(const struct bench_place *place, const int *nodes, uint64_t nr,
			struct bench_residency *residency)
{
	for (uint64_t i = 0; i < nr; i++) {
		if (nodes[i] < 0)
			residency->absent++;
		else if (place->node >= 0 && nodes[i] != place->node)
			residency->strays++;
		else
			residency->on_plan++;
	}
}

int bench_memory_verify(const struct gmem *gmem, const struct bench_place *place, gpa_t gpa,
			uint64_t len, struct bench_residency *residency, struct err *err)
{
	uint64_t page_len = (uint64_t)sysconf(_SC_PAGESIZE), nr = (len + page_len - 1) / page_len;
	AUTO_FREE void **pages = alloc_zeroed(nr, sizeof(*pages));
	AUTO_FREE int *nodes = alloc_zeroed(nr, sizeof(*nodes));

	*residency = (struct bench_residency){ 0 };
	for (uint64_t i = 0; i < nr; i++) {
		pages[i] = gmem_ptr(gmem, gpa + i * page_len, 1);
		if (!pages[i])
			return err_set(err, EXIT_NO, EFAULT,
				       "bench: there is no memory at 0x%lx of the guest",
				       gpa + i * page_len);
	}
	if (move_pages(0, nr, pages, NULL, nodes, 0))
		return err_sys(err, EXIT_UNVERIFIED, errno,
			       "bench: the kernel does not say where pages are (move_pages)");
	count_pages(place, nodes, nr, residency);
	return 0;
}

#ifndef SITU_BENCH_MEMORY_H
#define SITU_BENCH_MEMORY_H

#include "affinity/topology.h"
#include "numa/memory.h"

/*
 * The memory of a benchmark: a control region, and one region for each place where rings and
 * buffers may lie: a host node each, and one interleaved over all of them. Pure, but for
 * bench_memory_verify(). Any thread.
 *
 *   [0, BENCH_CONTROL_LEN)  control: the guest's image (bench/image.h), struct crew_control, a
 *                           histogram
 *   behind it, per place    two rings of up to BENCH_RING_LEN each, then a buffer
 */
#define BENCH_CONTROL_LEN (UINT64_C(16) << 20)
#define BENCH_CONTROL	  (UINT64_C(2) << 20) /* gpa of struct crew_control */
#define BENCH_HISTOGRAM	  (BENCH_CONTROL + (UINT64_C(64) << 10)) /* gpa of a struct histogram */
#define BENCH_RING_LEN	  (UINT64_C(4) << 20)

struct bench_place {
	int node; /* host node by the operating system's number; -1: interleaved over all */
	gpa_t ring, reply, buffer;
	uint64_t buffer_len;
};

struct bench_memory {
	struct bench_place *places;
	unsigned int nr_places;
	struct gmem_spec *specs; /* control first, then one per place */
	unsigned int nr_specs;
	uint64_t end; /* the first gpa after all */
};

/* nodes: the host nodes wanted (operating system's numbers), the control region on the first. An
 * interleaved place is added where there are several. buffer_len may be 0. */
void bench_memory_plan(struct bench_memory *memory, const struct topology *topo,
		       const struct cpuset *nodes, uint64_t buffer_len, bool shared);
void bench_memory_fini(struct bench_memory *memory);

/* NULL: no such place. */
const struct bench_place *bench_memory_place(const struct bench_memory *memory, int node);

/* Asks the kernel about every page of a range (move_pages(2)): on the place's node, elsewhere, or
 * not there yet. An interleaved place has no strays. -EFAULT: no such memory. */
struct bench_residency {
	uint64_t on_plan, strays, absent; /* pages of 4 KiB */
};
int bench_memory_verify(const struct gmem *gmem, const struct bench_place *place, gpa_t gpa,
			uint64_t len, struct bench_residency *residency, struct err *err);

#endif

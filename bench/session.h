#ifndef SITU_BENCH_SESSION_H
#define SITU_BENCH_SESSION_H

#include "bench/memory_bench.h"
#include "bench/ring_bench.h"
#include "bench/verdict.h"

/*
 * One run of the benchmark: what was asked for, what it is made of, what came out. One thread.
 */
enum pair_choice { PAIRS_CLASSES, PAIRS_ALL, PAIRS_NODES, PAIRS_LISTED };

/* Where a ring's memory lies, seen from its pair. */
enum ring_home { HOME_PRODUCER, HOME_CONSUMER, HOME_THIRD, HOME_INTERLEAVE, NR_RING_HOMES };
extern const char *const ring_home_names[NR_RING_HOMES];

#define BENCH_MAX_VARIANTS 64

struct bench_options {
	enum pair_choice pairs;
	const char *pair_text; /* PAIRS_LISTED */
	struct cpuset cpus; /* the operating system's numbers; empty: all that may be used */
	struct cpuset cpu_nodes, mem_nodes; /* host nodes; empty: any */
	struct ring_variant variants[BENCH_MAX_VARIANTS];
	unsigned int nr_variants;
	unsigned int speaker; /* the variant that is also tried on other homes, loose and between
				 processes */
	bool homes[NR_RING_HOMES]; /* none: the producer's, and others for the speaker */
	bool guest, host, processes, unpinned;
	bool ring, memory, solo; /* what to measure */
	bool first_byte; /* nothing else: start the guest, say so, end */
	bool rtt;
	unsigned int repeats; /* rounds; 0: as many as fit into `seconds` */
	double seconds;
	uint64_t buffer_len; /* of a memory measurement; 0: by the size of the caches */
	/* Told once what will be used, before any of it is taken; NULL: nobody is. */
	int (*claim)(void *arg, struct topology *topo, const struct cpuset *cpus,
		     const struct bench_memory *memory, struct err *err);
	void *claim_arg;
	void (*progress)(void *arg, double part);
	void *progress_arg;
};

struct bench_session {
	const struct bench_options *options;
	struct topology topo;
	struct cpuset usable; /* CPUs of the topology that this process may run on */
	struct cpuset nodes; /* host nodes in use */
	struct pair_list pairs;
	double *line_ns; /* per pair: what the cost model says (bench/prediction.h) */
	const char *line_source;
	struct cpu_pair inner[2]; /* a pair inside each of two nodes, for channels */
	unsigned int nr_inner;
	unsigned int *cpus; /* one per crew member: indices of the topology */
	unsigned int nr_cpus;
	struct bench_memory memory;
	struct gmem own_gmem; /* where there is no guest */
	struct crew crews[4];
	unsigned int nr_crews;
	struct ring_case *cases;
	unsigned int nr_cases;
	struct memory_case *memory_cases;
	unsigned int nr_memory_cases;
	unsigned int rounds; /* taken */
	double sample_s, ns_per_tick, clock_cost_ns, seconds;
	struct verdict verdict;
};

/* Everything: map, memory, crews, samples, verdict. bench_session_fini() also after a failure. */
int bench_session_run(struct bench_session *session, const struct bench_options *options,
		      struct err *err);
void bench_session_fini(struct bench_session *session);

/* The variants that are measured when nothing else is asked for. */
void bench_default_variants(struct bench_options *options, uint32_t pauses);

/* The operating system's number of a CPU's node; -1: it has none. */
int bench_node_of(const struct topology *topo, unsigned int cpu);
/* The model's word on a case's CPUs, ns a line; NAN: none. */
double bench_line_ns(const struct bench_session *session, const struct ring_case *c);
const char *bench_home_name(const struct topology *topo, const struct ring_case *c);

#endif

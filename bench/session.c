#include "bench/session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "bench/cases.h"
#include "bench/clock.h"
#include "bench/prediction.h"

#define SAMPLE_S      0.004 /* shorter than a busy host's time slice */
#define MAX_ROUNDS    100 /* where time alone limits them */
#define MEMORY_ROUNDS 7
#define CLOCK_READS   20000

int bench_node_of(const struct topology *topo, unsigned int cpu)
{
	int node = topo->cpus[cpu].node;

	return node < 0 ? -1 : (int)topo->nodes[node].os;
}

const char *bench_home_name(const struct topology *topo, const struct ring_case *c)
{
	int node = c->place->node;

	if (node < 0)
		return ring_home_names[HOME_INTERLEAVE];
	if (node == bench_node_of(topo, c->pair.producer))
		return ring_home_names[HOME_PRODUCER];
	if (node == bench_node_of(topo, c->pair.consumer))
		return ring_home_names[HOME_CONSUMER];
	return ring_home_names[HOME_THIRD];
}

void bench_default_variants(struct bench_options *options, uint32_t pauses)
{
	const struct ring_variant variants[] = {
		{ RING_PLAIN, 64, 1, pauses, 1, 4096 },
		{ RING_CACHED, 0, 1, pauses, 1, 4096 },
		{ RING_CACHED, 64, 1, pauses, 1, 4096 },
		{ RING_CACHED, 128, 1, pauses, 1, 4096 },
		{ RING_CACHED, 256, 1, pauses, 1, 4096 },
		{ RING_BATCHED, 128, 8, pauses, 1, 4096 },
		{ RING_BATCHED, 128, 32, pauses, 1, 4096 },
	};

	memcpy(options->variants, variants, sizeof(variants));
	options->nr_variants = sizeof(variants) / sizeof(*variants);
	options->speaker = options->nr_variants - 1;
}

/* The CPUs of the map, less what a taskset or the options leave out. */
static int find_usable(struct bench_session *s, struct err *err)
{
	AUTO_CPUSET struct cpuset live = { 0 };
	int ret = pin_read(0, &live, err);

	if (ret)
		return ret;
	cpuset_copy(&s->usable, &s->topo.allowed);
	cpuset_and(&s->usable, &live);
	if (!cpuset_empty(&s->options->cpus))
		cpuset_and(&s->usable, &s->options->cpus);
	if (!cpuset_empty(&s->options->cpu_nodes))
		for (unsigned int i = 0; i < s->topo.nr_nodes; i++)
			if (!cpuset_has(&s->options->cpu_nodes, s->topo.nodes[i].os))
				cpuset_sub(&s->usable, &s->topo.nodes[i].cpus);
	if (cpuset_count(&s->usable) < 2)
		return err_set(
			err, EXIT_HOST, ENODEV,
			"bench: a pair needs two CPUs, and %u may be used here; widen --cpus, "
			"--cpunodebind or the taskset around this",
			cpuset_count(&s->usable));
	return 0;
}

static int choose_pairs(struct bench_session *s, struct err *err)
{
	switch (s->options->pairs) {
	case PAIRS_CLASSES:
		pairs_of_classes(&s->pairs, &s->topo, &s->usable);
		break;
	case PAIRS_ALL:
		pairs_all(&s->pairs, &s->topo, &s->usable);
		break;
	case PAIRS_NODES:
		pairs_of_nodes(&s->pairs, &s->topo, &s->usable);
		break;
	case PAIRS_LISTED:
		return pairs_parse(&s->pairs, &s->topo, &s->usable, s->options->pair_text, err);
	}
	return 0;
}

static void add_member(struct bench_session *s, unsigned int cpu)
{
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		if (s->cpus[i] == cpu)
			return;
	s->cpus = alloc_resize(s->cpus, s->nr_cpus + 1, sizeof(*s->cpus));
	s->cpus[s->nr_cpus++] = cpu;
}

/* The first two nodes that hold a pair each. */
static void choose_inner(struct bench_session *s)
{
	struct pair_list list;

	pairs_of_nodes(&list, &s->topo, &s->usable);
	for (unsigned int i = 0; i < list.nr && s->nr_inner < 2; i++)
		if (s->topo.cpus[list.pairs[i].producer].node ==
		    s->topo.cpus[list.pairs[i].consumer].node)
			s->inner[s->nr_inner++] = list.pairs[i];
	if (s->nr_inner < 2)
		s->nr_inner = 0;
	pair_list_fini(&list);
}

/* A member for each CPU of a pair, and for a memory measurement one for each node. */
static void choose_members(struct bench_session *s)
{
	for (unsigned int i = 0; i < s->pairs.nr; i++) {
		add_member(s, s->pairs.pairs[i].producer);
		add_member(s, s->pairs.pairs[i].consumer);
	}
	if (s->options->ring && s->options->pairs != PAIRS_LISTED)
		choose_inner(s);
	for (unsigned int i = 0; i < s->nr_inner; i++) {
		add_member(s, s->inner[i].producer);
		add_member(s, s->inner[i].consumer);
	}
	for (unsigned int node = 0; s->options->memory && node < s->topo.nr_nodes; node++)
		for (unsigned int cpu = 0; cpu < s->topo.nr_cpus; cpu++)
			if (s->topo.cpus[cpu].node == (int)node &&
			    cpuset_has(&s->usable, s->topo.cpus[cpu].os)) {
				add_member(s, cpu);
				break;
			}
}

/* The members' nodes; all others too where they are wanted, as third homes or far memory. */
static int choose_nodes(struct bench_session *s, struct err *err)
{
	const struct bench_options *options = s->options;

	cpuset_for_each (node, &options->mem_nodes)
		if (!topology_node(&s->topo, (unsigned int)node))
			return err_set(
				err, EXIT_INPUT, ENODEV,
				"--membind: this host has no node %d; \"situ topo\" shows them",
				node);
	for (unsigned int i = 0; i < s->topo.nr_nodes; i++) {
		const struct topo_node *node = &s->topo.nodes[i];

		if (cpuset_empty(&options->mem_nodes) ? node->mem_total > 0
						      : cpuset_has(&options->mem_nodes, node->os))
			cpuset_add(&s->nodes, node->os);
	}
	return 0;
}

static struct crew_spec crew_spec_of(struct bench_session *s, unsigned int *os, bool pinned)
{
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		os[i] = s->topo.cpus[s->cpus[i]].os;
	return (struct crew_spec){
		.cpus = os,
		.nr_cpus = s->nr_cpus,
		.pinned = pinned,
		.roam = &s->usable,
		.gmem = s->nr_crews ? s->crews[0].gmem : &s->own_gmem,
		.counters = &counters_of_host,
	};
}

typedef int (*crew_init_fn)(struct crew *crew, const struct crew_spec *spec, struct err *err);

static int add_crew(struct bench_session *s, crew_init_fn init, bool pinned, struct err *err)
{
	AUTO_FREE unsigned int *os = alloc_zeroed(s->nr_cpus, sizeof(*os));
	struct crew_spec spec = crew_spec_of(s, os, pinned);
	struct crew *crew = &s->crews[s->nr_crews++];

	return init ? init(crew, &spec, err) : crew_init_guest(crew, &spec, &s->memory, err);
}

static int add_crews(struct bench_session *s, struct err *err)
{
	const struct bench_options *options = s->options;
	crew_init_fn init = options->guest ? NULL : crew_init_host;
	int ret = 0;

	if (!options->guest)
		ret = gmem_init(&s->own_gmem, s->memory.specs, s->memory.nr_specs, NULL, err);
	if (!ret)
		ret = add_crew(s, init, true, err);
	if (!ret && options->guest && options->host)
		ret = add_crew(s, crew_init_host, true, err);
	if (!ret && options->processes)
		ret = add_crew(s, crew_init_process, true, err);
	if (!ret && options->unpinned)
		ret = add_crew(s, init, false, err);
	return ret;
}

/* What one reading of the clock costs where the work runs. */
static int measure_clock(struct bench_session *s, struct err *err)
{
	struct crew *crew = &s->crews[0];
	struct histogram *cost = gmem_ptr(crew->gmem, BENCH_HISTOGRAM, sizeof(struct histogram));
	struct job job = { 0 };
	int ret;

	job.work = (struct work){
		.kind = WORK_CLOCK,
		.count = CLOCK_READS,
		.histogram = crew_address(crew, BENCH_HISTOGRAM, sizeof(*cost)),
	};
	ret = crew_run(crew, &job, 1, err);
	if (!ret)
		s->clock_cost_ns = histogram_percentile(cost, 0.5) * s->ns_per_tick;
	return ret;
}

static int measure_rings(struct bench_session *s, struct err *err)
{
	struct ring_plan plan = {
		.rounds = s->options->repeats ? s->options->repeats : MAX_ROUNDS,
		.seconds = s->options->repeats ? 0 : s->options->seconds,
		.sample_s = SAMPLE_S,
		.rtt = s->options->rtt,
		.ns_per_tick = s->ns_per_tick,
		.progress = s->options->progress,
		.arg = s->options->progress_arg,
	};
	int ret;

	if (s->options->ring) {
		cases_of_rings(s);
		cases_of_channels(s);
	}
	if (s->options->solo)
		cases_of_solo(s);
	s->sample_s = SAMPLE_S;
	ret = ring_measure(s->cases, s->nr_cases, &plan, err);
	if (s->nr_cases)
		s->rounds = s->cases[0].nr_rounds;
	return ret;
}

static int measure(struct bench_session *s, struct err *err)
{
	int ret = measure_clock(s, err);

	if (!ret && (s->options->ring || s->options->solo))
		ret = measure_rings(s, err);
	if (!ret && s->options->memory) {
		cases_of_memory(s);
		ret = memory_measure(s->memory_cases, s->nr_memory_cases, MEMORY_ROUNDS,
				     s->ns_per_tick, err);
	}
	return ret;
}

static int predict(struct bench_session *s, struct err *err)
{
	s->line_ns = alloc_zeroed(s->pairs.nr, sizeof(*s->line_ns));
	return prediction_line_ns(&s->topo, &s->pairs, s->line_ns, &s->line_source, err);
}

static int claim(struct bench_session *s, struct err *err)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	for (unsigned int i = 0; i < s->nr_cpus; i++)
		cpuset_add(&cpus, s->topo.cpus[s->cpus[i]].os);
	return s->options->claim(s->options->claim_arg, &s->topo, &cpus, &s->memory, err);
}

double bench_line_ns(const struct bench_session *s, const struct ring_case *c)
{
	for (unsigned int i = 0; i < s->pairs.nr; i++)
		if (s->pairs.pairs[i].producer == c->pair.producer &&
		    s->pairs.pairs[i].consumer == c->pair.consumer)
			return s->line_ns[i];
	return NAN;
}

static int prepare(struct bench_session *s, struct err *err)
{
	uint64_t buffer_len = 0;
	int ret = topology_load(&s->topo, "host", err);

	if (!ret)
		ret = find_usable(s, err);
	if (!ret)
		ret = choose_pairs(s, err);
	if (!ret)
		ret = choose_nodes(s, err);
	if (ret)
		return ret;
	choose_members(s);
	if (s->options->memory)
		buffer_len = s->options->buffer_len ? s->options->buffer_len
						    : memory_buffer_len(&s->topo);
	bench_memory_plan(&s->memory, &s->topo, &s->nodes, buffer_len, s->options->processes);
	ret = predict(s, err);
	if (!ret && s->options->claim)
		ret = claim(s, err);
	return ret ? ret : add_crews(s, err);
}

int bench_session_run(struct bench_session *s, const struct bench_options *options, struct err *err)
{
	double begin = clock_now();
	int ret;

	*s = (struct bench_session){ .options = options };
	s->ns_per_tick = clock_ns_per_tick();
	ret = prepare(s, err);
	if (!ret)
		ret = measure(s, err);
	if (!ret)
		verdict_of(&s->verdict, &s->topo, s->cases, s->nr_cases);
	s->seconds = clock_now() - begin;
	return ret;
}

void bench_session_fini(struct bench_session *s)
{
	verdict_fini(&s->verdict);
	for (unsigned int i = 0; i < s->nr_cases; i++)
		ring_case_fini(&s->cases[i]);
	free(s->cases);
	free(s->memory_cases);
	/* The first crew may own the memory of the others. */
	while (s->nr_crews)
		crew_fini(&s->crews[--s->nr_crews]);
	gmem_fini(&s->own_gmem);
	bench_memory_fini(&s->memory);
	free(s->cpus);
	pair_list_fini(&s->pairs);
	free(s->line_ns);
	cpuset_fini(&s->nodes);
	cpuset_fini(&s->usable);
	topology_fini(&s->topo);
}

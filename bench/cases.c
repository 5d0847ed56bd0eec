#include "bench/cases.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

const char *const ring_home_names[NR_RING_HOMES] = {
	[HOME_PRODUCER] = "producer",
	[HOME_CONSUMER] = "consumer",
	[HOME_THIRD] = "third",
	[HOME_INTERLEAVE] = "interleave",
};

static unsigned int member_of(const struct bench_session *s, unsigned int cpu)
{
	unsigned int member = 0;

	while (s->cpus[member] != cpu)
		member++;
	return member;
}

/* The place of a home, or NULL where this host has none such, or it is that of an earlier home. */
static const struct bench_place *place_of(const struct bench_session *s,
					  const struct cpu_pair *pair, enum ring_home home)
{
	int producer = bench_node_of(&s->topo, pair->producer);
	int consumer = bench_node_of(&s->topo, pair->consumer);

	assert(s->memory.places && s->memory.nr_places);
	switch (home) {
	case HOME_PRODUCER: {
		const struct bench_place *place = bench_memory_place(&s->memory, producer);

		return place ? place : &s->memory.places[0]; /* --membind may leave it out */
	}
	case HOME_CONSUMER:
		return consumer == producer ? NULL : bench_memory_place(&s->memory, consumer);
	case HOME_THIRD:
		for (unsigned int i = 0; i < s->memory.nr_places; i++) {
			const struct bench_place *place = &s->memory.places[i];

			if (place->node >= 0 && place->node != producer && place->node != consumer)
				return place;
		}
		return NULL;
	default:
		return bench_memory_place(&s->memory, -1);
	}
}

static struct ring_case *add_case(struct bench_session *s, struct crew *crew,
				  const struct cpu_pair *pair, const struct bench_place *place,
				  const struct ring_variant *variant)
{
	struct ring_case *c;

	s->cases = alloc_resize(s->cases, s->nr_cases + 1, sizeof(*s->cases));
	c = &s->cases[s->nr_cases++];
	*c = (struct ring_case){
		.crew = crew,
		.place = place,
		.variant = *variant,
		.producer = member_of(s, pair->producer),
		.consumer = member_of(s, pair->consumer),
		.pair = *pair,
	};
	return c;
}

static bool any_home(const struct bench_options *options)
{
	for (int home = 0; home < NR_RING_HOMES; home++)
		if (options->homes[home])
			return true;
	return false;
}

static bool wants_home(const struct bench_options *options, enum ring_home home, bool speaks,
		       bool across)
{
	if (any_home(options))
		return options->homes[home];
	return home == HOME_PRODUCER || (speaks && across);
}

static void add_homes(struct bench_session *s, struct crew *crew, const struct cpu_pair *pair,
		      unsigned int variant)
{
	const struct bench_options *options = s->options;
	bool across = s->topo.cpus[pair->producer].node != s->topo.cpus[pair->consumer].node;
	bool speaks = variant == options->speaker;

	for (enum ring_home home = 0; home < NR_RING_HOMES; home++) {
		const struct bench_place *place = place_of(s, pair, home);

		if (place && wants_home(options, home, speaks, across))
			add_case(s, crew, pair, place, &options->variants[variant]);
	}
}

/* Pinned vCPUs and threads run all variants; loose ones and processes the speaker alone. */
void cases_of_rings(struct bench_session *s)
{
	for (unsigned int p = 0; p < s->pairs.nr; p++)
		for (unsigned int v = 0; v < s->options->nr_variants; v++)
			for (unsigned int i = 0; i < s->nr_crews; i++) {
				struct crew *crew = &s->crews[i];

				if (v == s->options->speaker ||
				    (crew->pinned && crew->type->in_process))
					add_homes(s, crew, &s->pairs.pairs[p], v);
			}
}

void cases_of_channels(struct bench_session *s)
{
	const struct cpu_pair *a = &s->inner[0], *b = &s->inner[1];
	const struct bench_place *place;
	struct ring_case *c;

	if (s->nr_inner < 2)
		return;
	place = bench_memory_place(&s->memory, bench_node_of(&s->topo, b->producer));
	if (!place)
		return;
	c = add_case(s, &s->crews[0], a, place_of(s, a, HOME_PRODUCER),
		     &s->options->variants[s->options->speaker]);
	c->doubled = true;
	c->second = *b;
	c->second_producer = member_of(s, b->producer);
	c->second_consumer = member_of(s, b->consumer);
	c->second_place = place;
}

/* nimsync's benchmark_spsc_simple: 10 million items through 16 slots, 10 and 100 million through
 * 1024, each after a million to warm up. */
void cases_of_solo(struct bench_session *s)
{
	static const struct {
		uint64_t items, capacity;
	} configs[] = { { 10000000, 16 }, { 10000000, 1024 }, { 100000000, 1024 } };

	for (unsigned int i = 0; i < s->nr_crews; i++)
		for (unsigned int n = 0; n < 3; n++) {
			struct ring_variant variant = { .kind = RING_CACHED,
							.padding = 64,
							.batch = 1,
							.words = 1,
							.capacity = configs[n].capacity };
			struct ring_case *c;

			if (!s->crews[i].pinned || !s->pairs.nr)
				continue;
			c = add_case(s, &s->crews[i], &s->pairs.pairs[0], &s->memory.places[0],
				     &variant);
			c->solo = true;
			c->fixed_items = configs[n].items;
			c->fixed_warmup = 1000000;
		}
}

/* The first member of each node, to each node. */
void cases_of_memory(struct bench_session *s)
{
	AUTO_CPUSET struct cpuset seen = { 0 };

	for (unsigned int m = 0; m < s->nr_cpus; m++) {
		int node = bench_node_of(&s->topo, s->cpus[m]);

		if (node < 0 || cpuset_has(&seen, (unsigned int)node))
			continue;
		cpuset_add(&seen, (unsigned int)node);
		for (unsigned int p = 0; p < s->memory.nr_places; p++) {
			const struct bench_place *place = &s->memory.places[p];

			if (place->node < 0)
				continue;
			s->memory_cases = alloc_resize(s->memory_cases, s->nr_memory_cases + 1,
						       sizeof(*s->memory_cases));
			s->memory_cases[s->nr_memory_cases++] = (struct memory_case){
				.crew = &s->crews[0],
				.member = m,
				.cpu = s->cpus[m],
				.place = place,
				.local = place->node == node,
			};
		}
	}
}

#include "bench/ring_bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "bench/clock.h"

#define FIRST_ITEMS   20000
#define CALIBRATIONS  4
#define WARMUP_PART   16 /* of a sample's items */
#define RTT_PART      2 /* of a sample's length */
#define MODE_FACTOR   1.5 /* samples that differ by more are another mode */
#define AUX_CPU_MASK  0xfff /* Linux keeps the CPU's number in the low bits of TSC_AUX */
#define MIN_ITEMS     1000
#define MAX_ITEMS     UINT64_C(10000000000) /* far beyond what a ring moves in a sample */
#define RING_HEAD_LEN (UINT64_C(4) * RING_ALIGN) /* before the slots, at most */
#define RTT_WARMUP    200
#define RTT_GUESS_NS  300.0 /* for the number of round trips in a sample */

static struct work work_at_place(const struct ring_case *c, const struct bench_place *place,
				 enum work_kind kind, uint64_t count, uint64_t warmup)
{
	size_t size = ring_size(c->variant.padding, c->variant.capacity, c->variant.words);

	return (struct work){
		.kind = kind,
		.count = count,
		.warmup = warmup,
		.ring_kind = c->variant.kind,
		.padding = c->variant.padding,
		.capacity = c->variant.capacity,
		.words = c->variant.words,
		.batch = c->variant.batch,
		.pauses = c->variant.pauses,
		.ring = crew_address(c->crew, place->ring, size),
		.reply = crew_address(c->crew, place->reply, size),
		.histogram = crew_address(c->crew, BENCH_HISTOGRAM, sizeof(struct histogram)),
	};
}

static struct work work_of(const struct ring_case *c, enum work_kind kind, uint64_t count,
			   uint64_t warmup)
{
	return work_at_place(c, c->place, kind, count, warmup);
}

static void reset_place(const struct ring_case *c, const struct bench_place *place)
{
	ring_reset(gmem_ptr(c->crew->gmem, place->ring, RING_HEAD_LEN), c->variant.padding);
	ring_reset(gmem_ptr(c->crew->gmem, place->reply, RING_HEAD_LEN), c->variant.padding);
}

static void reset_rings(const struct ring_case *c)
{
	reset_place(c, c->place);
	if (c->doubled)
		reset_place(c, c->second_place);
}

static bool was_disturbed(struct ring_case *c, const struct job *jobs, unsigned int nr)
{
	uint64_t switches = 0, steal = 0;

	for (unsigned int i = 0; i < nr; i++) {
		switches += jobs[i].switches;
		steal += jobs[i].steal;
	}
	c->dropped_switch += switches != 0;
	c->dropped_steal += !switches && steal;
	return switches || steal;
}

static void count_errors(struct ring_case *c, const struct work_result *received, uint64_t items)
{
	c->errors += received->misordered;
	c->errors += received->items != items || received->sum != items * (items - 1) / 2;
}

/* Host threads run where Linux says; a guest's TSC_AUX is its own. */
static void check_processor(struct ring_case *c, const struct job *job)
{
	unsigned int cpu = c->crew->members[job->member].cpu;

	if (!c->crew->pinned || c->crew->type->in_guest)
		return;
	if ((job->result.processor & AUX_CPU_MASK) != (cpu & AUX_CPU_MASK) && c->verified) {
		c->verified = false;
		snprintf(c->unverified, sizeof(c->unverified), "a thread for CPU %u ran on CPU %lu",
			 cpu, job->result.processor & AUX_CPU_MASK);
	}
}

static void add_counters(struct ring_case *c, const struct job *jobs, unsigned int nr,
			 uint64_t items)
{
	c->items += items;
	for (unsigned int i = 0; i < nr; i++) {
		counters_add(&c->counters, &jobs[i].counters);
		c->exits.known &= jobs[i].exits.known;
		c->exits.all += jobs[i].exits.all;
		c->exits.interrupts += jobs[i].exits.interrupts;
	}
}

static void count_migrations(struct ring_case *c, const struct job *jobs, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (jobs[i].counters.errnums[COUNTER_MIGRATIONS])
			c->migrations_known = false;
		else
			c->migrations += (uint64_t)jobs[i].counters.values[COUNTER_MIGRATIONS];
	}
}

/* The jobs of a sample, receiving sides first. Returns how many; *nr_received of them receive. */
static unsigned int lay_jobs(const struct ring_case *c, struct job jobs[4], uint64_t count,
			     uint64_t warmup, unsigned int *nr_received)
{
	*nr_received = c->doubled ? 2 : 1;
	if (c->solo) {
		jobs[0].member = c->producer;
		jobs[0].work = work_of(c, WORK_SOLO, count, warmup);
		return 1;
	}
	jobs[0].member = c->consumer;
	jobs[0].work = work_of(c, WORK_CONSUME, count, warmup);
	jobs[*nr_received].member = c->producer;
	jobs[*nr_received].work = work_of(c, WORK_PRODUCE, count, warmup);
	if (c->doubled) {
		jobs[1].member = c->second_consumer;
		jobs[1].work = work_at_place(c, c->second_place, WORK_CONSUME, count, warmup);
		jobs[3].member = c->second_producer;
		jobs[3].work = work_at_place(c, c->second_place, WORK_PRODUCE, count, warmup);
	}
	return 2 * *nr_received;
}

/* Runs one sample of c->sample_items; false in *keep if it was disturbed. */
static int throughput(struct ring_case *c, double ns_per_tick, double *mops, bool *keep,
		      struct err *err)
{
	uint64_t count = c->sample_items;
	uint64_t warmup = c->fixed_warmup ? c->fixed_warmup : count / WARMUP_PART + 1;
	struct job jobs[4] = { 0 };
	unsigned int nr_received, nr = lay_jobs(c, jobs, count, warmup, &nr_received);
	int ret;

	reset_rings(c);
	ret = crew_run(c->crew, jobs, nr, err);
	if (ret)
		return ret;
	*mops = 0;
	for (unsigned int i = 0; i < nr_received; i++) {
		const struct work_result *received = &jobs[i].result;

		count_errors(c, received, count + warmup);
		*mops += (double)count / ((double)(received->end - received->begin) * ns_per_tick) *
			 1e3;
	}
	count_migrations(c, jobs, nr);
	for (unsigned int i = 0; i < nr; i++)
		check_processor(c, &jobs[i]);
	*keep = !was_disturbed(c, jobs, nr);
	if (*keep)
		add_counters(c, jobs, nr, nr_received * (count + warmup));
	return 0;
}

static int round_trips(struct ring_case *c, uint64_t count, struct err *err)
{
	struct histogram *sample =
		gmem_ptr(c->crew->gmem, BENCH_HISTOGRAM, sizeof(struct histogram));
	struct job jobs[2] = { { .member = c->producer }, { .member = c->consumer } };
	int ret;

	jobs[0].work = work_of(c, WORK_PING, count, RTT_WARMUP);
	jobs[1].work = work_of(c, WORK_ECHO, count, RTT_WARMUP);
	reset_rings(c);
	histogram_clear(sample);
	ret = crew_run(c->crew, jobs, 2, err);
	if (ret)
		return ret;
	count_errors(c, &jobs[0].result, count + RTT_WARMUP);
	if (!was_disturbed(c, jobs, 2))
		histogram_merge(c->rtt, sample);
	return 0;
}

static int check_place(struct ring_case *c, const struct bench_place *place, struct err *err)
{
	size_t size = ring_size(c->variant.padding, c->variant.capacity, c->variant.words);
	int ret = bench_memory_verify(c->crew->gmem, place, place->ring, size, &c->pages, err);

	c->pages_known = !ret;
	if (ret || !(c->pages.strays + c->pages.absent))
		return ret;
	c->verified = false;
	snprintf(c->unverified, sizeof(c->unverified), "%lu pages of the ring are not on node %d",
		 c->pages.strays + c->pages.absent, place->node);
	return 0;
}

static int check_pages(struct ring_case *c, struct err *err)
{
	int ret = c->doubled ? check_place(c, c->second_place, err) : 0;

	return ret ? ret : check_place(c, c->place, err);
}

static void check_affinity(struct ring_case *c)
{
	struct err err;

	if (!c->crew->pinned || crew_verify(c->crew, &err)) {
		if (c->verified)
			snprintf(c->unverified, sizeof(c->unverified), "%.150s",
				 c->crew->pinned ? err.text : "the threads are not pinned");
		c->verified = false;
	}
}

/* As many items as the rate suggests for a sample. */
static void size_sample(struct ring_case *c, double mops, const struct ring_plan *plan)
{
	double items = mops * 1e6 * plan->sample_s;

	/* The guest states its own times: what follows from them may be any number, or none. */
	if (c->fixed_items)
		c->sample_items = c->fixed_items;
	else if (items >= MIN_ITEMS)
		c->sample_items = items < MAX_ITEMS ? (uint64_t)items : MAX_ITEMS;
	else
		c->sample_items = MIN_ITEMS;
}

/* Until a sample of about the right size went undisturbed, within reason. */
static int calibrate(struct ring_case *c, const struct ring_plan *plan, struct err *err)
{
	double mops;
	bool keep = false;
	int ret = 0;

	c->sample_items = c->fixed_items ? c->fixed_items : FIRST_ITEMS;
	for (int i = 0; i < (c->fixed_items ? 1 : CALIBRATIONS) && !ret; i++) {
		ret = throughput(c, plan->ns_per_tick, &mops, &keep, err);
		if (keep)
			size_sample(c, i ? mops : mops / 4, plan);
	}
	return ret;
}

static int prepare(struct ring_case *c, const struct ring_plan *plan, struct err *err)
{
	int ret;

	c->mops = alloc_zeroed(plan->rounds, sizeof(*c->mops));
	c->rtt = alloc_zeroed(1, sizeof(*c->rtt));
	c->verified = true;
	check_affinity(c);
	ret = calibrate(c, plan, err);
	if (!ret)
		ret = check_pages(c, err);
	c->dropped_switch = 0;
	c->dropped_steal = 0;
	c->items = 0;
	c->migrations = 0;
	c->migrations_known = true;
	c->counters = (struct counter_values){ 0 };
	c->exits = (struct vcpu_exits){ .known = true };
	return ret;
}

static int sample_case(struct ring_case *c, unsigned int round, const struct ring_plan *plan,
		       struct err *err)
{
	uint64_t trips = (uint64_t)(plan->sample_s / RTT_PART * 1e9 / RTT_GUESS_NS) + 1;
	double mops;
	bool keep;
	int ret = throughput(c, plan->ns_per_tick, &mops, &keep, err);

	if (ret)
		return ret;
	c->mops[round] = keep ? mops : NAN;
	c->nr_rounds = round + 1;
	if (keep)
		size_sample(c, mops, plan);
	return plan->rtt && !c->solo && !c->doubled ? round_trips(c, trips, err) : 0;
}

static unsigned int kept(const struct ring_case *c, double *samples)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < c->nr_rounds; i++)
		if (!isnan(c->mops[i]))
			samples[nr++] = c->mops[i];
	return nr;
}

static int conclude(struct ring_case *c, const struct ring_plan *plan, struct err *err)
{
	AUTO_FREE double *samples = alloc_zeroed(plan->rounds, sizeof(*samples));
	unsigned int nr = kept(c, samples);

	stats_of(samples, nr, &c->stats);
	c->nr_modes = stats_modes(samples, nr, MODE_FACTOR, c->modes);
	latency_of(c->rtt, plan->ns_per_tick, &c->latency);
	check_affinity(c);
	if (c->errors && c->verified) {
		c->verified = false;
		snprintf(c->unverified, sizeof(c->unverified),
			 "%lu items were lost, doubled, altered or out of order", c->errors);
	}
	return check_pages(c, err);
}

static bool time_is_up(const struct ring_plan *plan, unsigned int rounds, double begin)
{
	if (plan->progress && plan->seconds > 0)
		plan->progress(plan->arg, (clock_now() - begin) / plan->seconds);
	else if (plan->progress)
		plan->progress(plan->arg, (double)rounds / plan->rounds);
	if (plan->seconds <= 0 || !rounds)
		return false;
	return clock_now() - begin > (rounds < RING_MIN_ROUNDS ? 2 : 1) * plan->seconds;
}

int ring_measure(struct ring_case *cases, unsigned int nr, const struct ring_plan *plan,
		 struct err *err)
{
	double begin;
	int ret = 0;

	for (unsigned int i = 0; i < nr && !ret; i++)
		ret = prepare(&cases[i], plan, err);
	begin = clock_now();
	for (unsigned int round = 0; round < plan->rounds && !ret; round++) {
		if (time_is_up(plan, round, begin))
			break;
		for (unsigned int i = 0; i < nr && !ret; i++)
			ret = sample_case(&cases[round % 2 ? nr - 1 - i : i], round, plan, err);
	}
	for (unsigned int i = 0; i < nr && !ret; i++)
		ret = conclude(&cases[i], plan, err);
	return ret;
}

void ring_case_fini(struct ring_case *c)
{
	free(c->mops);
	free(c->rtt);
	c->mops = NULL;
	c->rtt = NULL;
}

void ring_compare(const struct ring_case *a, const struct ring_case *b, struct stats_ratio *ratio)
{
	unsigned int rounds = a->nr_rounds < b->nr_rounds ? a->nr_rounds : b->nr_rounds, nr = 0;
	AUTO_FREE double *of_a = alloc_zeroed(rounds + 1, sizeof(*of_a));
	AUTO_FREE double *of_b = alloc_zeroed(rounds + 1, sizeof(*of_b));

	for (unsigned int i = 0; i < rounds; i++) {
		if (isnan(a->mops[i]) || isnan(b->mops[i]))
			continue;
		of_a[nr] = a->mops[i];
		of_b[nr++] = b->mops[i];
	}
	stats_ratio_of(of_a, of_b, nr, ratio);
}

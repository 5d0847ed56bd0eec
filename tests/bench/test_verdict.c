#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bench/report.h"

/* Two nodes of two cores; pair 0:1 inside node 0, pair 0:2 across. */
struct lab {
	struct topology topo;
	struct crew_type guest, host;
	struct crew crews[2];
	struct bench_place places[2];
	struct ring_case cases[8];
	unsigned int nr;
};

#define ROUNDS 12

static void lab_init(struct lab *lab, const char *source)
{
	struct err err = { 0 };

	*lab = (struct lab){ .guest = { .name = "guest", .in_guest = true, .in_process = true },
			     .host = { .name = "host", .in_process = true } };
	topology_setup();
	cr_assert_eq(topology_load(&lab->topo, source, &err), 0, "%s", err.text);
	lab->crews[0] = (struct crew){ .type = &lab->guest, .pinned = true };
	lab->crews[1] = (struct crew){ .type = &lab->host, .pinned = true };
	lab->places[0].node = 0;
	lab->places[1].node = 1;
}

/* A case whose samples scatter by 2 % around a median. */
static struct ring_case *add(struct lab *lab, unsigned int consumer, enum ring_kind kind,
			     uint32_t padding, double mops)
{
	struct ring_case *c = &lab->cases[lab->nr++];

	*c = (struct ring_case){
		.crew = &lab->crews[0],
		.place = &lab->places[0],
		.variant = { kind, padding, 1, 1, 1, 4096 },
		.consumer = consumer,
		.pair = { 0, consumer, topology_relation(&lab->topo, 0, consumer) },
		.verified = true,
		.nr_rounds = ROUNDS,
		.mops = alloc_zeroed(ROUNDS, sizeof(double)),
	};
	for (int i = 0; i < ROUNDS; i++)
		c->mops[i] = mops * (1 + 0.01 * (i % 3 - 1));
	stats_of(c->mops, ROUNDS, &c->stats);
	c->nr_modes = stats_modes(c->mops, ROUNDS, 1.5, c->modes);
	return c;
}

static void lab_fini(struct lab *lab)
{
	for (unsigned int i = 0; i < lab->nr; i++)
		free(lab->cases[i].mops);
	topology_fini(&lab->topo);
}

static bool recommends(const struct verdict *verdict, const char *text)
{
	for (unsigned int i = 0; i < verdict->nr_recommendations; i++)
		if (strstr(verdict->recommendations[i], text))
			return true;
	return false;
}

Test(verdict, the_penalty_of_crossing_nodes_comes_with_its_interval)
{
	struct lab lab;
	struct verdict verdict;

	lab_init(&lab, "synthetic:package:2 node:1 core:2 pu:1");
	add(&lab, 1, RING_BATCHED, 128, 400);
	add(&lab, 2, RING_BATCHED, 128, 100);
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert(verdict.has_penalty);
	cr_assert_float_eq(verdict.penalty_percent, 75, 0.5);
	cr_assert(verdict.penalty_low <= 75 && verdict.penalty_high >= 75);
	cr_assert_float_eq(verdict.same_node_mops, 400, 4);
	cr_assert_float_eq(verdict.cross_node_mops, 100, 1);
	cr_assert(recommends(&verdict, "on one node"));
	cr_assert_null(verdict.reason);
	verdict_fini(&verdict);
	lab_fini(&lab);
}

Test(verdict, without_a_second_node_there_is_a_reason_and_no_penalty)
{
	struct lab lab;
	struct verdict verdict;

	lab_init(&lab, "synthetic:package:1 core:2 pu:1");
	add(&lab, 1, RING_BATCHED, 128, 400);
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert_not(verdict.has_penalty);
	cr_assert_not(verdict.has_cross);
	cr_assert(strstr(verdict.reason, "one NUMA node"));
	cr_assert_eq(verdict.nr_recommendations, 0);
	verdict_fini(&verdict);
	lab_fini(&lab);
}

Test(verdict, a_pair_without_undisturbed_samples_gives_no_penalty)
{
	struct lab lab;
	struct verdict verdict;
	struct ring_case *cross;

	lab_init(&lab, "synthetic:package:2 node:1 core:2 pu:1");
	add(&lab, 1, RING_BATCHED, 128, 400);
	cross = add(&lab, 2, RING_BATCHED, 128, 100);
	for (int i = 0; i < ROUNDS; i++)
		cross->mops[i] = NAN;
	cross->stats = (struct stats){ 0 };
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert_not(verdict.has_penalty);
	cr_assert_not_null(verdict.reason);
	verdict_fini(&verdict);
	lab_fini(&lab);
}

Test(verdict, padding_is_judged_only_beyond_doubt)
{
	struct lab lab;
	struct verdict verdict;

	lab_init(&lab, "synthetic:package:1 core:2 pu:1");
	add(&lab, 1, RING_CACHED, 64, 100);
	add(&lab, 1, RING_CACHED, 128, 100.2);
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert(recommends(&verdict, "one cache line (64 bytes) is right"));
	verdict_fini(&verdict);
	add(&lab, 1, RING_CACHED, 256, 150);
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert(recommends(&verdict, "to 256 bytes"));
	verdict_fini(&verdict);
	lab_fini(&lab);
}

Test(verdict, guest_and_host_loose_and_pinned_and_homes_are_compared)
{
	struct lab lab;
	struct verdict verdict;
	struct crew loose;

	lab_init(&lab, "synthetic:package:2 node:1 core:2 pu:1");
	loose = lab.crews[0];
	loose.pinned = false;
	add(&lab, 2, RING_BATCHED, 128, 100);
	add(&lab, 2, RING_BATCHED, 128, 101)->crew = &lab.crews[1];
	add(&lab, 2, RING_BATCHED, 128, 60)->crew = &loose;
	add(&lab, 2, RING_BATCHED, 128, 130)->place = &lab.places[1];
	add(&lab, 2, RING_PLAIN, 128, 20);
	verdict_of(&verdict, &lab.topo, lab.cases, lab.nr);
	cr_assert(recommends(&verdict, "in the guest at 0.99 times"));
	cr_assert(recommends(&verdict, "pin the threads"));
	cr_assert(recommends(&verdict, "on the consumer's node gives 1.30 times"));
	cr_assert(recommends(&verdict, "what the plain one does"));
	verdict_fini(&verdict);
	lab_fini(&lab);
}

Test(report, what_was_not_measured_is_null_with_a_reason)
{
	struct lab lab;
	struct bench_options options = { .guest = true, .rtt = true };
	struct bench_session session = { .options = &options };
	struct host_info host = { .kernel = "6.1" };
	struct ring_case *c;
	json_t *document, *pair;

	lab_init(&lab, "synthetic:package:1 core:2 pu:1");
	c = add(&lab, 1, RING_CACHED, 64, 100);
	c->counters.errnums[COUNTER_LLC_LOAD_MISSES] = 2;
	c->counters.values[COUNTER_CYCLES] = 1234;
	session.topo = lab.topo;
	session.cases = lab.cases;
	session.nr_cases = lab.nr;
	verdict_of(&session.verdict, &lab.topo, lab.cases, lab.nr);
	document = report_json(&session, &host);
	pair = json_array_get(json_object_get(document, "pairs"), 0);
	cr_assert_float_eq(json_real_value(json_object_get(pair, "mops")), 100, 1);
	cr_assert_str_eq(json_string_value(json_object_get(pair, "variance")), "excellent");
	cr_assert(json_is_true(json_object_get(pair, "verified")));
	cr_assert(json_is_null(json_object_get(pair, "rtt_ns")));
	cr_assert(json_is_string(json_object_get(json_object_get(pair, "unavailable"), "rtt_ns")));
	pair = json_object_get(pair, "counters");
	cr_assert_eq(json_integer_value(json_object_get(pair, "cycles")), 1234);
	cr_assert(json_is_null(json_object_get(pair, "llc_load_misses")));
	cr_assert(json_is_string(
		json_object_get(json_object_get(pair, "unavailable"), "llc_load_misses")));
	pair = json_object_get(document, "summary");
	cr_assert(json_is_null(json_object_get(pair, "penalty_percent")));
	cr_assert(json_is_string(json_object_get(pair, "reason")));
	json_decref(document);
	verdict_fini(&session.verdict);
	lab_fini(&lab);
}

Test(report, each_sample_is_a_line_of_csv_and_a_dropped_one_has_no_value)
{
	struct lab lab;
	struct bench_session session = { 0 };
	char *text = NULL;
	size_t len = 0, lines = 0;
	FILE *out;

	lab_init(&lab, "synthetic:package:1 core:2 pu:1");
	add(&lab, 1, RING_CACHED, 64, 100)->mops[3] = NAN;
	session.topo = lab.topo;
	session.cases = lab.cases;
	session.nr_cases = lab.nr;
	out = open_memstream(&text, &len);
	report_csv(&session, out);
	fclose(out);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	cr_assert_eq(lines, 1 + ROUNDS);
	cr_assert(strstr(text, ",4096,3,\n"));
	cr_assert(strstr(text, ",4096,1,100.000\n"));
	free(text);
	lab_fini(&lab);
}

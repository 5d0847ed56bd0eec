#include <math.h>
#include <stdlib.h>

#include "base/cpuset.h"
#include "bench/report.h"
#include "guest/blob.h"

const char *report_wait(uint32_t pauses, char text[32])
{
	if (pauses == WAIT_SPIN)
		return "spin";
	if (pauses == WAIT_PAUSE)
		return "pause";
	snprintf(text, 32, "back-off %u", pauses);
	return text;
}

const char *report_variance(const struct stats *stats)
{
	double part = stats->mean > 0 ? stats->stdev / stats->mean : 0;

	if (!stats->nr)
		return "unknown";
	return part < 0.05 ? "excellent" : part < 0.15 ? "good" : part < 0.30 ? "warn" : "poor";
}

/* Sets a key to null, and says why. */
static void set_unavailable(json_t *object, const char *key, const char *reason)
{
	json_t *reasons = json_object_get(object, "unavailable");

	if (!reasons) {
		reasons = json_object();
		json_object_set_new(object, "unavailable", reasons);
	}
	json_object_set_new(object, key, json_null());
	json_object_set_new(reasons, key, json_string(reason));
}

static void set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(round(value * 1000) / 1000));
}

static void set_text(json_t *object, const char *key, const char *text, const char *reason)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
	else
		set_unavailable(object, key, reason);
}

static json_t *host_json(const struct bench_session *s, const struct host_info *host)
{
	json_t *object = json_object();
	char *cpus = cpuset_string(&s->usable), *nodes = cpuset_string(&s->nodes);

	set_text(object, "kernel", host->kernel, "not readable");
	set_text(object, "model", host->model, "/proc/cpuinfo names none");
	set_text(object, "governor", host->governor, "this host has no cpufreq");
	set_text(object, "boost", host->boost, "this host has no cpufreq boost switch");
	set_text(object, "smt", host->smt, "the kernel does not say");
	set_text(object, "transparent_hugepages", host->thp, "the kernel does not say");
	set_text(object, "numa_balancing", host->numa_balancing, "the kernel has none");
	set_text(object, "ksm", host->ksm, "the kernel has none");
	set_text(object, "clocksource", host->clocksource, "the kernel does not say");
	json_object_set_new(object, "emulated", json_boolean(host->emulated));
	json_object_set_new(object, "cpus", json_string(cpus));
	json_object_set_new(object, "nr_nodes", json_integer(s->topo.nr_nodes));
	json_object_set_new(object, "nr_packages", json_integer(s->topo.nr_packages));
	json_object_set_new(object, "memory_nodes", json_string(nodes));
	free(cpus);
	free(nodes);
	return object;
}

static json_t *guest_json(const struct bench_session *s)
{
	json_t *object = json_object(), *vcpus = json_array();

	if (!s->options->guest) {
		set_unavailable(object, "vcpus", "host threads alone were asked for");
		json_decref(vcpus);
		return object;
	}
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		json_array_append_new(vcpus, json_pack("{s:i,s:i,s:i}", "vcpu", (int)i, "cpu",
						       (int)s->topo.cpus[s->cpus[i]].os, "node",
						       bench_node_of(&s->topo, s->cpus[i])));
	json_object_set_new(object, "vcpus", vcpus);
	json_object_set_new(object, "payload",
			    json_pack("{s:i,s:i}", "bytes", (int)guest_payload_len, "cpl", 3));
	return object;
}

static json_t *end_json(const struct bench_session *s, const struct ring_case *c,
			unsigned int member, unsigned int cpu)
{
	json_t *object = json_pack("{s:i,s:i}", "cpu", (int)s->topo.cpus[cpu].os, "node",
				   bench_node_of(&s->topo, cpu));

	if (c->crew->type->in_guest)
		json_object_set_new(object, "vcpu", json_integer(member));
	else
		set_unavailable(object, "vcpu", "not a guest");
	return object;
}

static json_t *latency_json(const struct latency *latency, json_t *pair, const char *reason)
{
	json_t *object;

	if (!latency->count) {
		set_unavailable(pair, "rtt_ns", reason);
		return NULL;
	}
	object = json_object();
	set_real(object, "p50", latency->p50);
	set_real(object, "p90", latency->p90);
	set_real(object, "p95", latency->p95);
	set_real(object, "p99", latency->p99);
	set_real(object, "p999", latency->p999);
	set_real(object, "max", latency->max);
	json_object_set_new(object, "count", json_integer((json_int_t)latency->count));
	return object;
}

static json_t *counters_json(const struct counter_values *counters)
{
	json_t *object = json_object();

	for (int i = 0; i < NR_COUNTERS; i++) {
		if (counters->errnums[i])
			set_unavailable(object, counter_names[i],
					counter_reason(counters->errnums[i]));
		else
			json_object_set_new(object, counter_names[i],
					    json_integer((json_int_t)counters->values[i]));
	}
	return object;
}

static json_t *modes_json(const struct ring_case *c)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < c->nr_modes; i++) {
		json_t *mode = json_object();

		set_real(mode, "mops", c->modes[i].median);
		set_real(mode, "share", c->modes[i].share);
		json_array_append_new(list, mode);
	}
	return list;
}

static void set_throughput(json_t *pair, const struct ring_case *c)
{
	const char *reason = "every sample was disturbed: the host has too little idle CPU";

	if (!c->stats.nr) {
		set_unavailable(pair, "mops", reason);
		set_unavailable(pair, "mops_stdev", reason);
		return;
	}
	set_real(pair, "mops", c->stats.median);
	set_real(pair, "mops_stdev", c->stats.stdev);
	set_real(pair, "mops_p5", c->stats.p5);
	set_real(pair, "mops_p95", c->stats.p95);
	json_object_set_new(pair, "mops_interval", json_pack("[f,f]", c->stats.low, c->stats.high));
	json_object_set_new(pair, "modes", modes_json(c));
	json_object_set_new(pair, "variance", json_string(report_variance(&c->stats)));
}

static void set_exits(json_t *pair, const struct ring_case *c)
{
	if (!c->crew->type->in_guest)
		set_unavailable(pair, "exits", "not a guest");
	else if (!c->exits.known)
		set_unavailable(pair, "exits", "this kernel has no KVM statistics file");
	else
		json_object_set_new(pair, "exits",
				    json_pack("{s:I,s:I}", "all", (json_int_t)c->exits.all,
					      "interrupts", (json_int_t)c->exits.interrupts));
}

static void set_variant(json_t *pair, const struct ring_variant *variant)
{
	char wait[32];

	json_object_set_new(pair, "ring", json_string(ring_type(variant->kind)->name));
	json_object_set_new(pair, "padding", json_integer(variant->padding));
	json_object_set_new(pair, "batch", json_integer(variant->batch));
	json_object_set_new(pair, "wait", json_string(report_wait(variant->pauses, wait)));
	json_object_set_new(pair, "item_bytes", json_integer((json_int_t)variant->words * 8));
	json_object_set_new(pair, "capacity", json_integer((json_int_t)variant->capacity));
}

static void set_samples(json_t *pair, const struct ring_case *c)
{
	json_object_set_new(pair, "samples",
			    json_pack("{s:i,s:i,s:I,s:I}", "taken", (int)c->nr_rounds, "kept",
				      (int)c->stats.nr, "dropped_switched",
				      (json_int_t)c->dropped_switch, "dropped_stolen",
				      (json_int_t)c->dropped_steal));
	json_object_set_new(pair, "items", json_integer((json_int_t)c->items));
	json_object_set_new(pair, "errors", json_integer((json_int_t)c->errors));
	if (c->migrations_known)
		json_object_set_new(pair, "migrations", json_integer((json_int_t)c->migrations));
	else
		set_unavailable(pair, "migrations",
				"the kernel does not count them for this process");
}

/* The cost model's line beside half a measured round trip, which is one line and what the ring's
 * own work takes. */
static void set_model(const struct bench_session *s, json_t *pair, const struct ring_case *c)
{
	double line_ns = bench_line_ns(s, c);
	json_t *model = json_object();

	if (isnan(line_ns))
		set_unavailable(model, "line_ns", "the model has no such pair");
	else
		set_real(model, "line_ns", line_ns);
	json_object_set_new(model, "source", json_string(s->line_source));
	if (c->latency.count)
		set_real(model, "measured_one_way_ns", c->latency.p50 / 2);
	else
		set_unavailable(model, "measured_one_way_ns", "no round trip was measured");
	json_object_set_new(pair, "model", model);
}

static json_t *pair_json(const struct bench_session *s, const struct ring_case *c)
{
	json_t *pair = json_object(), *latency;

	json_object_set_new(pair, "where", json_string(c->crew->type->name));
	json_object_set_new(pair, "pinned", json_boolean(c->crew->pinned));
	json_object_set_new(pair, "producer", end_json(s, c, c->producer, c->pair.producer));
	json_object_set_new(pair, "consumer", end_json(s, c, c->consumer, c->pair.consumer));
	json_object_set_new(pair, "relation", json_string(cpu_relation_names[c->pair.relation]));
	json_object_set_new(pair, "ring_node", json_string(bench_home_name(&s->topo, c)));
	json_object_set_new(pair, "ring_host_node", json_integer(c->place->node));
	set_variant(pair, &c->variant);
	set_throughput(pair, c);
	latency = latency_json(&c->latency, pair,
			       s->options->rtt ? "every sample was disturbed" : "not asked for");
	if (latency)
		json_object_set_new(pair, "rtt_ns", latency);
	set_model(s, pair, c);
	json_object_set_new(pair, "counters", counters_json(&c->counters));
	set_exits(pair, c);
	set_samples(pair, c);
	json_object_set_new(pair, "verified", json_boolean(c->verified));
	if (!c->verified)
		json_object_set_new(pair, "unverified_because", json_string(c->unverified));
	return pair;
}

/* Two pairs at once, each inside its node; mops is their sum. */
static json_t *channels_json(const struct bench_session *s, const struct ring_case *c)
{
	json_t *object = pair_json(s, c);

	json_object_set_new(object, "second",
			    json_pack("{s:o,s:o}", "producer",
				      end_json(s, c, c->second_producer, c->second.producer),
				      "consumer",
				      end_json(s, c, c->second_consumer, c->second.consumer)));
	return object;
}

/* The seed counts a send and a receive as two operations; both counts are given. */
static json_t *solo_json(const struct bench_session *s, const struct ring_case *c)
{
	json_t *object = json_object();

	json_object_set_new(object, "where", json_string(c->crew->type->name));
	json_object_set_new(object, "cpu", json_integer(s->topo.cpus[c->pair.producer].os));
	set_variant(object, &c->variant);
	set_throughput(object, c);
	if (c->stats.nr)
		set_real(object, "mops_send_and_receive", 2 * c->stats.median);
	set_samples(object, c);
	json_object_set_new(object, "items_per_sample", json_integer((json_int_t)c->fixed_items));
	json_object_set_new(object, "contended", json_false());
	return object;
}

static void set_maybe(json_t *object, const char *key, double value)
{
	if (isnan(value))
		set_unavailable(object, key, "every round was disturbed");
	else
		set_real(object, key, value);
}

static json_t *memory_json(const struct bench_session *s, const struct memory_case *c)
{
	json_t *object =
		json_pack("{s:s,s:i,s:i,s:i,s:b,s:I,s:b}", "where", c->crew->type->name, "cpu",
			  (int)s->topo.cpus[c->cpu].os, "cpu_node", bench_node_of(&s->topo, c->cpu),
			  "node", c->place->node, "local", c->local, "buffer_bytes",
			  (json_int_t)c->place->buffer_len, "verified", !c->pages.strays);

	set_maybe(object, "latency_ns", c->latency_ns);
	set_maybe(object, "read_gbs", c->read_gbs);
	set_maybe(object, "write_gbs", c->write_gbs);
	set_maybe(object, "copy_gbs", c->copy_gbs);
	return object;
}

static json_t *summary_json(const struct bench_session *s)
{
	const struct verdict *v = &s->verdict;
	json_t *object = json_object(), *list = json_array();
	const char *reason = v->reason ? v->reason : "rings were not measured";

	if (v->has_same)
		set_real(object, "same_node_mops", v->same_node_mops);
	else
		set_unavailable(object, "same_node_mops", "no pair inside a node was measured");
	if (v->has_cross)
		set_real(object, "cross_node_mops", v->cross_node_mops);
	else
		set_unavailable(object, "cross_node_mops", reason);
	if (v->has_penalty) {
		set_real(object, "penalty_percent", v->penalty_percent);
		json_object_set_new(object, "penalty_interval",
				    json_pack("[f,f]", v->penalty_low, v->penalty_high));
		json_object_set_new(object, "reason", json_null());
	} else {
		set_unavailable(object, "penalty_percent", reason);
		json_object_set_new(object, "reason", json_string(reason));
	}
	for (unsigned int i = 0; i < v->nr_recommendations; i++)
		json_array_append_new(list, json_string(v->recommendations[i]));
	json_object_set_new(object, "recommendations", list);
	return object;
}

static json_t *missing_json(const struct bench_session *s)
{
	json_t *object = json_object();

	for (enum cpu_relation relation = REL_SMT; relation < NR_RELATIONS; relation++) {
		const char *why = pairs_missing(&s->topo, relation);

		if (why)
			json_object_set_new(object, cpu_relation_names[relation], json_string(why));
	}
	return object;
}

json_t *report_json(const struct bench_session *s, const struct host_info *host)
{
	json_t *document = json_object(), *pairs = json_array(), *solo = json_array(),
	       *memory = json_array(), *channels = json_array();

	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];

		json_array_append_new(c->solo	   ? solo
				      : c->doubled ? channels
						   : pairs,
				      c->solo	   ? solo_json(s, c)
				      : c->doubled ? channels_json(s, c)
						   : pair_json(s, c));
	}
	for (unsigned int i = 0; i < s->nr_memory_cases; i++)
		json_array_append_new(memory, memory_json(s, &s->memory_cases[i]));
	json_object_set_new(document, "host", host_json(s, host));
	json_object_set_new(document, "guest", guest_json(s));
	json_object_set_new(document, "method",
			    json_pack("{s:i,s:f,s:f,s:f}", "rounds", (int)s->rounds, "sample_s",
				      s->sample_s, "clock_cost_ns", s->clock_cost_ns, "seconds",
				      s->seconds));
	json_object_set_new(document, "pairs", pairs);
	json_object_set_new(document, "relations_unavailable", missing_json(s));
	json_object_set_new(document, "channels", channels);
	json_object_set_new(document, "uncontended", solo);
	json_object_set_new(document, "memory", memory);
	json_object_set_new(document, "summary", summary_json(s));
	return document;
}

#include "cli/bench_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define BAR 20

static void print_host(const struct bench_session *s, const struct host_info *host, FILE *out)
{
	char *cpus = cpuset_string(&s->usable);

	fprintf(out, "host     %s, %u package%s, %u node%s, Linux %s\n",
		*host->model ? host->model : "unknown CPU", s->topo.nr_packages,
		s->topo.nr_packages == 1 ? "" : "s", s->topo.nr_nodes,
		s->topo.nr_nodes == 1 ? "" : "s", host->kernel);
	fprintf(out,
		"         CPUs %s; clock governor %s, transparent huge pages %s, NUMA balancing "
		"%s\n",
		cpus, *host->governor ? host->governor : "not offered by this host",
		*host->thp ? host->thp : "unknown",
		!*host->numa_balancing ? "not in this kernel"
		: strcmp(host->numa_balancing, "0")
			? "on (it may move pages: turn it off to measure)"
			: "off");
	if (host->emulated)
		fprintf(out,
			"         these CPUs are emulated in software: numbers and verdicts mean "
			"nothing, only where things are does\n");
	free(cpus);
}

static void print_guest(const struct bench_session *s, FILE *out)
{
	char size[SIZE_TEXT];

	if (!s->options->guest) {
		fprintf(out, "guest    none: host threads alone\n");
		return;
	}
	fprintf(out, "guest    %u vCPUs, one on each CPU measured, at CPL 3; %s of memory\n",
		s->nr_cpus, size_format(s->memory.end, size));
}

static void print_head(const struct bench_session *s, const struct host_info *host, FILE *out)
{
	print_host(s, host, out);
	print_guest(s, out);
	if (s->nr_cases)
		fprintf(out,
			"method   %u samples of %.0f ms of each line, in turn A B B A; medians; "
			"reading "
			"the clock costs %.0f ns\n",
			s->rounds, s->sample_s * 1e3, s->clock_cost_ns);
}

/* Is the placement's cost model right here? */
static void print_model(const struct bench_session *s, FILE *out)
{
	const struct ring_case *shown = NULL;

	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];
		double line_ns = bench_line_ns(s, c);

		if (!c->latency.count || isnan(line_ns) || c->solo || !c->crew->type->in_guest ||
		    (shown && shown->pair.producer == c->pair.producer &&
		     shown->pair.consumer == c->pair.consumer))
			continue;
		shown = c;
		fprintf(out,
			"model    CPUs %u>%u: %.0f ns a line by %s; measured %.0f ns one way, ring "
			"included\n",
			s->topo.cpus[c->pair.producer].os, s->topo.cpus[c->pair.consumer].os,
			line_ns, s->line_source, c->latency.p50 / 2);
	}
}

/* Two channels, each inside its node, at once. */
static void print_channels(const struct bench_session *s, FILE *out)
{
	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];

		if (c->doubled && c->stats.nr)
			fprintf(out,
				"%s ring, a channel inside each node at once, %u>%u and %u>%u: "
				"%.1f M/s "
				"together\n",
				ring_type(c->variant.kind)->name, s->topo.cpus[c->pair.producer].os,
				s->topo.cpus[c->pair.consumer].os,
				s->topo.cpus[c->second.producer].os,
				s->topo.cpus[c->second.consumer].os, c->stats.median);
	}
}

static double most_mops(const struct bench_session *s, bool solo)
{
	double most = 0;

	for (unsigned int i = 0; i < s->nr_cases; i++)
		if (s->cases[i].solo == solo && !s->cases[i].doubled &&
		    s->cases[i].stats.median > most)
			most = s->cases[i].stats.median;
	return most;
}

static void print_bar(double part, FILE *out)
{
	int len = (int)lround(part * BAR);

	for (int i = 0; i < BAR; i++)
		fputc(i < len ? '#' : ' ', out);
}

static void print_modes(const struct ring_case *c, FILE *out)
{
	if (c->nr_modes < 2)
		return;
	fprintf(out, "  modes:");
	for (unsigned int i = 0; i < c->nr_modes; i++)
		fprintf(out, " %.0f (%.0f %%)", c->modes[i].median, 100 * c->modes[i].share);
}

static void print_latency(const struct ring_case *c, FILE *out)
{
	if (c->latency.count)
		fprintf(out, " %6.0f %6.0f %7.0f", c->latency.p50, c->latency.p99, c->latency.p999);
	else
		fprintf(out, " %6s %6s %7s", "-", "-", "-");
}

static void print_throughput(const struct ring_case *c, double most, FILE *out)
{
	uint64_t dropped = c->nr_rounds - c->stats.nr;

	if (!c->stats.nr) {
		fprintf(out, " %8s   all %lu samples were disturbed", "-", dropped);
		return;
	}
	fprintf(out, " %8.1f %4.0f%% ", c->stats.median,
		100 * (c->stats.high - c->stats.low) / 2 / c->stats.median);
	print_bar(c->stats.median / most, out);
	print_latency(c, out);
	fprintf(out, " %4lu %s", dropped, c->verified ? "yes" : "NO");
	print_modes(c, out);
}

static const char *crew_label(const struct crew *crew)
{
	return crew->pinned ? crew->type->name : "loose";
}

static void print_case(const struct bench_session *s, const struct ring_case *c, double most,
		       FILE *out)
{
	fprintf(out, "%-7s %-7s %3u>%-3u %-10s %-7s %3u %4u", crew_label(c->crew),
		cpu_relation_names[c->pair.relation], s->topo.cpus[c->pair.producer].os,
		s->topo.cpus[c->pair.consumer].os, bench_home_name(&s->topo, c),
		ring_type(c->variant.kind)->name, c->variant.padding, c->variant.batch);
	print_throughput(c, most, out);
	fputc('\n', out);
	if (!c->verified)
		fprintf(out, "        not verified: %s\n", c->unverified);
}

static void print_rings(const struct bench_session *s, FILE *out)
{
	double most = most_mops(s, false);
	char wait[32];

	if (most <= 0)
		return;
	fprintf(out,
		"\nrings    one producer, one consumer; items of %u bytes, %lu slots; empty or "
		"full: %s\n",
		s->options->variants[0].words * 8, s->options->variants[0].capacity,
		report_wait(s->options->variants[0].pauses, wait));
	fprintf(out, "%-7s %-7s %-7s %-10s %-7s %3s %4s %8s %5s %-*s %6s %6s %7s %4s %s\n", "where",
		"shares", "CPUs", "ring on", "ring", "pad", "bat", "M/s", "+-", BAR, "", "rtt p50",
		"p99", "p99.9 ns", "drop", "verified");
	for (unsigned int i = 0; i < s->nr_cases; i++)
		if (!s->cases[i].solo && !s->cases[i].doubled)
			print_case(s, &s->cases[i], most, out);
}

/* The seed's own benchmark sends and receives in one thread; said so, since its figure is often
 * taken for one between threads. */
static void print_solo(const struct bench_session *s, FILE *out)
{
	if (!s->options->solo)
		return;
	fprintf(out,
		"\nuncontended    one thread sends and receives in turn: no other core takes "
		"part\n%-7s %4s %10s %9s %12s %16s\n",
		"where", "CPU", "items", "slots", "M items/s", "M operations/s");
	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];

		if (!c->solo)
			continue;
		fprintf(out, "%-7s %4u %10lu %9lu", c->crew->type->name,
			s->topo.cpus[c->pair.producer].os, c->fixed_items, c->variant.capacity);
		if (c->stats.nr)
			fprintf(out, " %12.1f %16.1f\n", c->stats.median, 2 * c->stats.median);
		else
			fprintf(out, "   all %u samples were disturbed\n", c->nr_rounds);
	}
}

static void print_number(double value, FILE *out)
{
	if (isnan(value))
		fprintf(out, " %9s", "disturbed");
	else
		fprintf(out, " %9.1f", value);
}

static void print_memory(const struct bench_session *s, FILE *out)
{
	char size[SIZE_TEXT];

	if (!s->nr_memory_cases)
		return;
	fprintf(out,
		"\nmemory   one vCPU, a chain through %s, then whole passes\n%5s %8s %8s %9s %9s "
		"%9s "
		"%9s  %s\n",
		size_format(s->memory_cases[0].place->buffer_len, size), "CPU", "its node",
		"memory", "ns", "read GB/s", "write", "copy", "pages on node");
	for (unsigned int i = 0; i < s->nr_memory_cases; i++) {
		const struct memory_case *c = &s->memory_cases[i];

		fprintf(out, "%5u %8d %8d", s->topo.cpus[c->cpu].os,
			bench_node_of(&s->topo, c->cpu), c->place->node);
		print_number(c->latency_ns, out);
		print_number(c->read_gbs, out);
		print_number(c->write_gbs, out);
		print_number(c->copy_gbs, out);
		fprintf(out, "  %lu of %lu\n", c->pages.on_plan,
			c->pages.on_plan + c->pages.strays + c->pages.absent);
	}
}

/* The mean of the known latencies, local or remote. */
static double mean_latency(const struct bench_session *s, bool local)
{
	double sum = 0;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < s->nr_memory_cases; i++)
		if (s->memory_cases[i].local == local && !isnan(s->memory_cases[i].latency_ns)) {
			sum += s->memory_cases[i].latency_ns;
			nr++;
		}
	return nr ? sum / nr : NAN;
}

static void print_memory_verdict(const struct bench_session *s, FILE *out)
{
	double local = mean_latency(s, true), remote = mean_latency(s, false);

	if (!s->nr_memory_cases || isnan(local))
		return;
	if (isnan(remote))
		fprintf(out,
			"- memory of the own node takes %.0f ns; there is no other node to "
			"compare with\n",
			local);
	else
		fprintf(out,
			"- memory of another node takes %.0f ns, the own one's %.0f ns: %.2f "
			"times\n",
			remote, local, remote / local);
}

static void print_missing(const struct bench_session *s, FILE *out)
{
	bool any = false;

	for (enum cpu_relation relation = REL_SMT; relation < NR_RELATIONS; relation++) {
		const char *why = pairs_missing(&s->topo, relation);

		if (!why)
			continue;
		fprintf(out, "%s%s (%s)",
			any ? ", " : "- not on this host: ", cpu_relation_names[relation], why);
		any = true;
	}
	if (any)
		fputc('\n', out);
}

static void print_exits(const struct bench_session *s, FILE *out)
{
	uint64_t all = 0, interrupts = 0;
	bool known = false;

	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];

		if (!c->crew->type->in_guest || !c->exits.known || !c->stats.nr)
			continue;
		known = true;
		all += c->exits.all;
		interrupts += c->exits.interrupts;
	}
	if (known)
		fprintf(out,
			"- while measured, the vCPUs left the guest %lu times, %lu of them for "
			"the host's interrupts\n",
			all, interrupts);
}

static void print_verdict(const struct bench_session *s, FILE *out)
{
	const struct verdict *v = &s->verdict;

	fprintf(out, "\nverdict\n");
	if (v->has_penalty)
		fprintf(out, "- cross-node reduces throughput by %.1f %% (%.1f to %.1f %%)\n",
			v->penalty_percent, v->penalty_low, v->penalty_high);
	else if (v->reason)
		fprintf(out, "- %s\n", v->reason);
	for (unsigned int i = 0; i < v->nr_recommendations; i++)
		fprintf(out, "- %s\n", v->recommendations[i]);
	print_memory_verdict(s, out);
	print_exits(s, out);
	print_missing(s, out);
	if (s->topo.nr_nodes < 2)
		fprintf(out, "- with one node there is nothing to bind: pin vCPUs, leave NUMA "
			     "options out\n");
}

void bench_print_text(const struct bench_session *s, const struct host_info *host, FILE *out)
{
	print_head(s, host, out);
	print_rings(s, out);
	print_model(s, out);
	print_channels(s, out);
	print_solo(s, out);
	print_memory(s, out);
	print_verdict(s, out);
}

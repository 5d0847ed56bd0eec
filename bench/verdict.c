#include "bench/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define MIN_PAIRS  5 /* fewer rounds that both kept allow no comparison */
#define MIN_EFFECT 0.01 /* a smaller difference is none to act on, however sure */

/* The cases of a run, and what is looked for among them. */
struct findings {
	struct verdict *verdict;
	const struct topology *topo;
	const struct ring_case *cases;
	unsigned int nr;
};

static void __attribute__((format(printf, 2, 3)))
recommend(struct verdict *verdict, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	verdict->recommendations =
		alloc_resize(verdict->recommendations, verdict->nr_recommendations + 1,
			     sizeof(*verdict->recommendations));
	verdict->recommendations[verdict->nr_recommendations++] = alloc_string(text);
}

static bool same_place(const struct ring_case *a, const struct ring_case *b)
{
	return a->crew == b->crew && a->producer == b->producer && a->consumer == b->consumer &&
	       a->solo == b->solo && a->doubled == b->doubled;
}

static bool same_variant(const struct ring_variant *a, const struct ring_variant *b)
{
	return a->kind == b->kind && a->padding == b->padding && a->batch == b->batch &&
	       a->pauses == b->pauses && a->words == b->words && a->capacity == b->capacity;
}

/* 0: not to be told from equal; else the sign of "b is faster". */
static int compare(const struct ring_case *a, const struct ring_case *b, struct stats_ratio *ratio)
{
	ring_compare(a, b, ratio);
	if (ratio->nr < MIN_PAIRS || (ratio->low <= 1 && ratio->high >= 1) ||
	    fabs(ratio->ratio - 1) < MIN_EFFECT)
		return 0;
	return ratio->ratio > 1 ? 1 : -1;
}

static int node_os(const struct findings *f, unsigned int cpu)
{
	int node = f->topo->cpus[cpu].node;

	return node < 0 ? -1 : (int)f->topo->nodes[node].os;
}

static bool crosses(const struct findings *f, const struct ring_case *c)
{
	return f->topo->cpus[c->pair.producer].node != f->topo->cpus[c->pair.consumer].node;
}

/* The ring that speaks for a place: the batched one if it was measured, else the first. */
static bool is_default(const struct findings *f, const struct ring_case *c)
{
	const struct ring_case *best = &f->cases[0];

	for (unsigned int i = 0; i < f->nr; i++)
		if (!f->cases[i].solo && f->cases[i].variant.kind > best->variant.kind)
			best = &f->cases[i];
	return !c->solo && !c->doubled && same_variant(&c->variant, &best->variant);
}

/* The first pair of CPUs inside a node (or across), default ring, at the producer; guest first. */
static const struct ring_case *find_default(const struct findings *f, bool across)
{
	for (unsigned int i = 0; i < f->nr; i++) {
		const struct ring_case *c = &f->cases[i];

		if (c->crew->pinned && is_default(f, c) && crosses(f, c) == across &&
		    c->pair.relation != REL_SMT && c->stats.nr &&
		    (c->place->node == node_os(f, c->pair.producer)))
			return c;
	}
	return NULL;
}

static void judge_nodes(struct findings *f)
{
	const struct ring_case *same = find_default(f, false), *cross = find_default(f, true);
	struct verdict *verdict = f->verdict;
	struct stats_ratio ratio = { 0 };

	verdict->has_same = same;
	verdict->has_cross = cross;
	verdict->same_node_mops = same ? same->stats.median : 0;
	verdict->cross_node_mops = cross ? cross->stats.median : 0;
	if (same && cross)
		ring_compare(same, cross, &ratio);
	if (!same || !cross || ratio.nr < MIN_PAIRS) {
		verdict->reason = alloc_string(
			f->topo->nr_nodes < 2
				? "this host has one NUMA node: cross-node cannot be measured here"
				: "no undisturbed samples of both a pair inside a node and one "
				  "across "
				  "nodes");
		return;
	}
	verdict->has_penalty = true;
	verdict->penalty_percent = (1 - ratio.ratio) * 100;
	verdict->penalty_low = (1 - ratio.high) * 100;
	verdict->penalty_high = (1 - ratio.low) * 100;
	if (ratio.high < 1)
		recommend(verdict,
			  "keep a producer and its consumer on one node: across nodes they move "
			  "%.0f %% less (%.0f to %.0f %%)",
			  verdict->penalty_percent, verdict->penalty_low, verdict->penalty_high);
}

/* Against the plain ring of the same place, what the best of the others gains. */
static void judge_rings(struct findings *f)
{
	const struct ring_case *plain = NULL, *best = NULL;
	struct stats_ratio ratio;

	for (unsigned int i = 0; i < f->nr && !plain; i++)
		if (f->cases[i].variant.kind == RING_PLAIN && !f->cases[i].solo)
			plain = &f->cases[i];
	for (unsigned int i = 0; i < f->nr && plain; i++) {
		const struct ring_case *c = &f->cases[i];

		if (same_place(c, plain) && c->variant.kind != RING_PLAIN &&
		    (!best || c->stats.median > best->stats.median))
			best = c;
	}
	if (plain && best && compare(plain, best, &ratio) > 0)
		recommend(f->verdict,
			  "prefer the %s ring%s: it moves %.1f times what the plain one does (%.1f "
			  "to %.1f)",
			  ring_type(best->variant.kind)->name,
			  best->variant.batch > 1 ? " with batches" : "", ratio.ratio, ratio.low,
			  ratio.high);
}

/* Is padding of a line enough? Other paddings of the same ring at the same place say so. */
static void judge_padding(struct findings *f, const struct ring_case *line)
{
	const struct ring_case *best = NULL;
	struct ring_variant variant;
	struct stats_ratio ratio;
	unsigned int seen = 0;

	for (unsigned int i = 0; i < f->nr; i++) {
		const struct ring_case *c = &f->cases[i];

		variant = c->variant;
		variant.padding = line->variant.padding;
		if (c == line || !same_place(c, line) || c->place != line->place ||
		    !same_variant(&variant, &line->variant) || !c->stats.nr)
			continue;
		seen++;
		if (!best || c->stats.median > best->stats.median)
			best = c;
	}
	if (!seen)
		return;
	if (compare(line, best, &ratio) > 0)
		recommend(f->verdict,
			  "pad the %s ring to %u bytes between CPUs %u and %u: %.2f times what 64 "
			  "bytes give (%.2f to %.2f)",
			  ring_type(line->variant.kind)->name, best->variant.padding,
			  f->topo->cpus[line->pair.producer].os,
			  f->topo->cpus[line->pair.consumer].os, ratio.ratio, ratio.low,
			  ratio.high);
	else
		recommend(f->verdict,
			  "padding to one cache line (64 bytes) is right for the %s ring between "
			  "CPUs %u and %u: no other padding of this run is faster beyond doubt",
			  ring_type(line->variant.kind)->name,
			  f->topo->cpus[line->pair.producer].os,
			  f->topo->cpus[line->pair.consumer].os);
}

/* One ring, two homes: where should its memory lie? */
static void judge_home(struct findings *f, const struct ring_case *home)
{
	struct stats_ratio ratio;

	for (unsigned int i = 0; i < f->nr; i++) {
		const struct ring_case *c = &f->cases[i];

		if (same_place(c, home) && c->place != home->place &&
		    same_variant(&c->variant, &home->variant) && compare(home, c, &ratio))
			recommend(f->verdict,
				  "from CPU %u to CPU %u, ring memory %s gives %.2f times (%.2f to "
				  "%.2f) what the producer's node gives",
				  f->topo->cpus[c->pair.producer].os,
				  f->topo->cpus[c->pair.consumer].os,
				  c->place->node < 0 ? "interleaved"
				  : c->place->node == node_os(f, c->pair.consumer)
					  ? "on the consumer's node"
					  : "on a third node",
				  ratio.ratio, ratio.low, ratio.high);
	}
}

static const struct ring_case *twin(const struct findings *f, const struct ring_case *of,
				    bool pinned, const struct crew_type *type)
{
	for (unsigned int i = 0; i < f->nr; i++) {
		const struct ring_case *c = &f->cases[i];

		if (c->crew != of->crew && c->crew->pinned == pinned && c->crew->type == type &&
		    c->solo == of->solo && c->doubled == of->doubled &&
		    c->producer == of->producer && c->consumer == of->consumer &&
		    c->place == of->place && same_variant(&c->variant, &of->variant))
			return c;
	}
	return NULL;
}

static void judge_pinning(struct findings *f, const struct ring_case *pinned)
{
	const struct ring_case *loose = twin(f, pinned, false, pinned->crew->type);
	struct stats_ratio ratio;
	char moves[64] = "";
	int better;

	if (!loose)
		return;
	better = compare(loose, pinned, &ratio);
	if (loose->migrations_known)
		snprintf(moves, sizeof(moves), "; unpinned they migrated %lu times",
			 loose->migrations);
	if (ratio.nr < MIN_PAIRS)
		return;
	recommend(f->verdict,
		  "%s: pinned threads move %.2f times (%.2f to %.2f) what unpinned ones "
		  "do%s",
		  better > 0   ? "pin the threads"
		  : better < 0 ? "do not pin here"
			       : "pinning makes no difference beyond doubt here",
		  ratio.ratio, ratio.low, ratio.high, moves);
}

static void judge_virtualization(struct findings *f, const struct ring_case *host)
{
	struct stats_ratio ratio;

	for (unsigned int i = 0; i < f->nr; i++) {
		const struct ring_case *guest = &f->cases[i];

		if (!guest->crew->type->in_guest || twin(f, guest, true, host->crew->type) != host)
			continue;
		ring_compare(host, guest, &ratio);
		if (ratio.nr >= MIN_PAIRS)
			recommend(f->verdict,
				  "the %s ring runs in the guest at %.2f times (%.2f to %.2f) its "
				  "speed between host threads on the same CPUs and pages",
				  ring_type(host->variant.kind)->name, ratio.ratio, ratio.low,
				  ratio.high);
	}
}

static void judge_channels(struct findings *f, const struct ring_case *both)
{
	const struct ring_case *cross = find_default(f, true);
	struct stats_ratio ratio;

	if (!cross || !compare(cross, both, &ratio))
		return;
	recommend(
		f->verdict,
		"use a channel per node: two, each inside its node, together move %.1f times (%.1f "
		"to %.1f) what one across nodes does",
		ratio.ratio, ratio.low, ratio.high);
}

static bool is_line_padded_cached(const struct ring_case *c)
{
	return c->variant.kind == RING_CACHED && c->variant.padding == 64 && c->crew->pinned &&
	       !c->solo;
}

void verdict_of(struct verdict *verdict, const struct topology *topo, const struct ring_case *cases,
		unsigned int nr)
{
	struct findings f = { verdict, topo, cases, nr };

	*verdict = (struct verdict){ 0 };
	if (!nr)
		return;
	judge_nodes(&f);
	judge_rings(&f);
	for (unsigned int i = 0; i < nr; i++) {
		const struct ring_case *c = &cases[i];

		if (c->doubled)
			judge_channels(&f, c);
		if (is_line_padded_cached(c))
			judge_padding(&f, c);
		if (!is_default(&f, c) || !c->crew->pinned)
			continue;
		if (crosses(&f, c) && c->place->node == node_os(&f, c->pair.producer))
			judge_home(&f, c);
		judge_pinning(&f, c);
		if (!c->crew->type->in_guest)
			judge_virtualization(&f, c);
	}
}

void verdict_fini(struct verdict *verdict)
{
	for (unsigned int i = 0; i < verdict->nr_recommendations; i++)
		free(verdict->recommendations[i]);
	free(verdict->recommendations);
	free(verdict->reason);
	*verdict = (struct verdict){ 0 };
}

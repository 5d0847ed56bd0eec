#include <stdint.h>

#include "bench/report.h"

#define CELL   56
#define MARGIN 90

/* The case that colours a cell: the speaker variant, pinned, the first crew, the first home. */
static const struct ring_case *case_of(const struct bench_session *s, unsigned int producer,
				       unsigned int consumer)
{
	const struct ring_variant *speaker = &s->options->variants[s->options->speaker];

	for (unsigned int i = 0; i < s->nr_cases; i++) {
		const struct ring_case *c = &s->cases[i];

		if (!c->solo && !c->doubled && c->crew == &s->crews[0] &&
		    c->pair.producer == producer && c->pair.consumer == consumer &&
		    c->variant.kind == speaker->kind && c->variant.padding == speaker->padding &&
		    c->variant.batch == speaker->batch)
			return c->stats.nr ? c : NULL;
	}
	return NULL;
}

static double largest(const struct bench_session *s)
{
	double most = 0;

	for (unsigned int i = 0; i < s->nr_cpus; i++)
		for (unsigned int j = 0; j < s->nr_cpus; j++) {
			const struct ring_case *c = case_of(s, s->cpus[i], s->cpus[j]);

			if (c && c->stats.median > most)
				most = c->stats.median;
		}
	return most;
}

/* Dark red for nothing to green for the most, by hue at one lightness. */
static void print_cell(FILE *out, const struct ring_case *c, double most, unsigned int x,
		       unsigned int y)
{
	if (!c) {
		fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"#ddd\"/>\n",
			x, y, CELL - 2, CELL - 2);
		return;
	}
	fprintf(out,
		"<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" "
		"fill=\"hsl(%.0f,60%%,65%%)\"><title>%s, %.0f million items/s, %s</title></rect>\n"
		"<text x=\"%u\" y=\"%u\" text-anchor=\"middle\">%.0f</text>\n",
		x, y, CELL - 2, CELL - 2, 130 * c->stats.median / most,
		cpu_relation_names[c->pair.relation], c->stats.median,
		c->verified ? "verified" : "not verified", x + CELL / 2, y + CELL / 2 + 4,
		c->stats.median);
}

static void print_labels(FILE *out, const struct bench_session *s)
{
	for (unsigned int i = 0; i < s->nr_cpus; i++) {
		unsigned int at = MARGIN + i * CELL + CELL / 2;

		fprintf(out,
			"<text x=\"%u\" y=\"%d\" text-anchor=\"middle\">%u</text>\n"
			"<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%u</text>\n",
			at, MARGIN - 8, s->topo.cpus[s->cpus[i]].os, MARGIN - 8, at + 4,
			s->topo.cpus[s->cpus[i]].os);
	}
}

void report_svg(const struct bench_session *s, FILE *out)
{
	unsigned int side = MARGIN + s->nr_cpus * CELL + 10;
	double most = largest(s);

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"font-family=\"sans-serif\" font-size=\"13\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"10\" y=\"20\">%s ring, million items/s</text>\n"
		"<text x=\"10\" y=\"40\" fill=\"#555\">rows: producer CPU; columns: consumer "
		"CPU</text>\n",
		side < 320 ? 320 : side, side,
		ring_type(s->options->variants[s->options->speaker].kind)->name);
	print_labels(out, s);
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		for (unsigned int j = 0; j < s->nr_cpus; j++)
			if (i != j)
				print_cell(out, case_of(s, s->cpus[i], s->cpus[j]), most,
					   MARGIN + j * CELL, MARGIN + i * CELL);
	fputs("</svg>\n", out);
}

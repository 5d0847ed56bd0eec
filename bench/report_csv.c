#include <math.h>

#include "bench/report.h"

static void print_case(const struct bench_session *s, const struct ring_case *c, FILE *out)
{
	for (unsigned int round = 0; round < c->nr_rounds; round++) {
		fprintf(out, "%s,%s,%u,%u,%s,%s,%s,%u,%u,%u,%u,%lu,%u,", c->crew->type->name,
			c->crew->pinned ? "pinned" : "unpinned", s->topo.cpus[c->pair.producer].os,
			s->topo.cpus[c->pair.consumer].os,
			c->solo ? "same" : cpu_relation_names[c->pair.relation],
			bench_home_name(&s->topo, c), ring_type(c->variant.kind)->name,
			c->variant.padding, c->variant.batch, c->variant.pauses, c->variant.words,
			c->variant.capacity, round);
		if (!isnan(c->mops[round]))
			fprintf(out, "%.3f", c->mops[round]);
		fputc('\n', out);
	}
}

void report_csv(const struct bench_session *s, FILE *out)
{
	fputs("where,pinned,producer,consumer,relation,ring_node,ring,padding,batch,pauses,words,"
	      "capacity,round,mops\n",
	      out);
	for (unsigned int i = 0; i < s->nr_cases; i++)
		print_case(s, &s->cases[i], out);
}

#ifndef SITU_CLI_PLAN_MARKS_H
#define SITU_CLI_PLAN_MARKS_H

#include "affinity/place.h"
#include "cli/map.h"

/* What the host's map shows of a plan: every VM's vCPUs on their CPUs, its memory on its nodes,
 * what is taken, avoided and stays empty, and a legend of just what is there. Main thread only. */
struct plan_marks {
	struct map_mark *cpus, *nodes; /* by index of the topology */
	struct map_mark *legend;
	unsigned int nr_legend;
	char **labels;
	unsigned int nr_labels;
};

void plan_marks_init(struct plan_marks *marks, const struct place_request *request,
		     const struct place_plan *plan);
void plan_marks_fini(struct plan_marks *marks);
/* Hands the marks to a view, which they must outlive. */
void plan_marks_show(const struct plan_marks *marks, struct map_view *view);

#endif

#include "bench/prediction.h"

#include "affinity/cost.h"
#include "affinity/host_latency.h"
#include "base/alloc.h"

int prediction_line_ns(const struct topology *topo, const struct pair_list *pairs, double *line_ns,
		       const char **source, struct err *err)
{
	struct latency latency = { 0 };
	struct cost_model model = { 0 };
	AUTO_FREE char *path = NULL;
	bool measured = !host_latency_find(&latency, &path, err);
	int ret;

	*err = (struct err){ 0 }; /* none that fits is an answer */
	ret = cost_model_init(&model, topo, measured ? &latency : NULL, err);
	for (unsigned int i = 0; !ret && i < pairs->nr; i++)
		line_ns[i] =
			cost_c2c_ns(&model, pairs->pairs[i].producer, pairs->pairs[i].consumer, -1);
	*source = measured ? "this host's calibration" : "published medians of its classes";
	cost_model_fini(&model);
	latency_fini(&latency);
	return ret;
}

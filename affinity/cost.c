/*
 * The numbers behind a placement.
 *
 * Latency of a line between two CPUs. Measured cells win. Without them the pair's class decides:
 * same core, same L2, same L3, same node, same package, other package. The values are medians over
 * published core-to-core matrices (core-to-core-latency, cpu-latency: two-socket EPYC 7002 to 9004,
 * Xeon E5v4 to Ice Lake); what counts is their order and rough ratio. Firmware distances tell node
 * pairs of one class apart: they give order, not ratio, and only scale within their class.
 *
 * Home node. On two-socket EPYC a line between two L3s of one socket takes 1.8 to 2.0 times longer
 * when its memory belongs to the other socket; Intel shows 0.94 to 1.10, taken as none.
 */
#include "affinity/cost.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define LOCAL_NS      100.0 /* memory of the own node where nothing is known; published: 78 to 139 */
#define SMT_YIELD     0.25 /* what each further busy thread adds to its core's throughput; assumed */
#define SAMPLES_MAX   4096u
#define NS_PER_SECOND 1e9

const char *const cost_term_names[NR_COST_TERMS] = {
	[COST_COMM] = "comm",	[COST_MEMORY] = "memory",   [COST_LLC] = "llc",
	[COST_SMT] = "smt",	[COST_LINKS] = "links",	    [COST_FRAGMENTATION] = "fragmentation",
	[COST_CHURN] = "churn", [COST_DEVICES] = "devices",
};

struct latency_classes {
	const char *vendor; /* how the CPU model's name begins */
	const char *source;
	double ns[NR_RELATIONS];
	double far_home;
};

/* The last one is for everything else. */
static const struct latency_classes published[] = {
	{ "AMD",
	  "medians of published AMD matrices",
	  { [REL_SMT] = 9,
	    [REL_L2] = 22,
	    [REL_L3] = 27,
	    [REL_NODE] = 108,
	    [REL_PACKAGE] = 112,
	    [REL_CROSS] = 230 },
	  1.9 },
	{ "Intel",
	  "medians of published Intel matrices",
	  { [REL_SMT] = 8,
	    [REL_L2] = 36,
	    [REL_L3] = 46,
	    [REL_NODE] = 50,
	    [REL_PACKAGE] = 52,
	    [REL_CROSS] = 118 },
	  1.0 },
	{ "",
	  "typical classes, vendor not known",
	  { [REL_SMT] = 8,
	    [REL_L2] = 30,
	    [REL_L3] = 40,
	    [REL_NODE] = 90,
	    [REL_PACKAGE] = 100,
	    [REL_CROSS] = 180 },
	  1.0 },
};

double cost_total(const struct cost *cost)
{
	double sum = 0;

	for (int term = 0; term < NR_COST_TERMS; term++)
		if (term != COST_FRAGMENTATION)
			sum += cost->term[term];
	return sum;
}

/* The class of a pair. Nodes come before caches: on hosts with sub-NUMA clustering the L3 spans the
 * nodes of a package, and crossing them costs. */
static enum cpu_relation pair_class(const struct topology *topo, unsigned int a, unsigned int b)
{
	const struct topo_cpu *x = &topo->cpus[a], *y = &topo->cpus[b];

	if (a == b)
		return REL_SAME;
	if (x->core == y->core)
		return REL_SMT;
	if (x->package != y->package)
		return REL_CROSS;
	if (x->node != y->node)
		return REL_PACKAGE;
	if (x->l2 >= 0 && x->l2 == y->l2)
		return REL_L2;
	return x->l3 >= 0 && x->l3 == y->l3 ? REL_L3 : REL_NODE;
}

static enum cpu_relation node_class(const struct topology *topo, unsigned int a, unsigned int b)
{
	int package = topo->nodes[a].package;

	return package >= 0 && package == topo->nodes[b].package ? REL_PACKAGE : REL_CROSS;
}

static double mean_distance(const struct topology *topo, unsigned int a, unsigned int b)
{
	return (topology_distance(topo, a, b) + topology_distance(topo, b, a)) / 2.0;
}

/* Node pairs of one class, told apart by the firmware's distances. */
static void fill_node_classes(struct cost_model *model)
{
	const struct topology *topo = model->topo;
	double nearest[NR_RELATIONS] = { [REL_PACKAGE] = INFINITY, [REL_CROSS] = INFINITY };

	for (unsigned int a = 0; a < topo->nr_nodes; a++)
		for (unsigned int b = 0; b < a; b++) {
			enum cpu_relation class = node_class(topo, a, b);

			nearest[class] = fmin(nearest[class], mean_distance(topo, a, b));
		}
	for (unsigned int a = 0; a < topo->nr_nodes; a++)
		for (unsigned int b = 0; b < topo->nr_nodes; b++) {
			enum cpu_relation class = node_class(topo, a, b);
			double *ns = &model->node_c2c_ns[(size_t)a * topo->nr_nodes + b];

			*ns = model->class_ns[REL_NODE];
			if (a != b)
				*ns = model->class_ns[class] * mean_distance(topo, a, b) /
				      nearest[class];
		}
}

/* Up to SAMPLES_MAX measured values of one class or one pair of nodes. */
struct samples {
	unsigned int nr;
	float ns[SAMPLES_MAX];
};

static void sample_add(struct samples *samples, double ns)
{
	if (samples->nr < SAMPLES_MAX && !isnan(ns))
		samples->ns[samples->nr++] = (float)ns;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static double median_or(struct samples *samples, double otherwise)
{
	double median;

	if (!samples->nr)
		return otherwise;
	qsort(samples->ns, samples->nr, sizeof(samples->ns[0]), by_value);
	median = (double)samples->ns[samples->nr / 2];
	samples->nr = 0;
	return median;
}

static double measured(const struct cost_model *model, unsigned int a, unsigned int b, int home)
{
	const struct topology *topo = model->topo;

	return latency_c2c_ns(model->latency, topo->cpus[a].os, topo->cpus[b].os, home);
}

/* Medians of what was measured, by class and by pair of nodes, for the cells that are missing and
 * for whatever works on classes. */
static void learn_classes(struct cost_model *model)
{
	const struct topology *topo = model->topo;
	struct samples *by_class = alloc_zeroed(NR_RELATIONS, sizeof(*by_class));
	unsigned int stride = 1 + topo->nr_cpus / 512;

	for (unsigned int a = 0; a < topo->nr_cpus; a++)
		for (unsigned int b = a % stride; b < a; b += stride)
			sample_add(&by_class[pair_class(topo, a, b)], measured(model, a, b, -1));
	for (int class = REL_SMT; class < NR_RELATIONS; class ++)
		model->class_ns[class] = median_or(&by_class[class], model->class_ns[class]);
	free(by_class);
}

static void learn_node_pair(struct cost_model *model, struct samples *samples, unsigned int m,
			    unsigned int n)
{
	const struct topology *topo = model->topo;
	double *ns = model->node_c2c_ns;

	for (unsigned int a = 0; a < topo->nr_cpus && samples->nr < SAMPLES_MAX; a++)
		for (unsigned int b = 0; topo->cpus[a].node == (int)m && b < topo->nr_cpus; b++)
			if (topo->cpus[b].node == (int)n)
				sample_add(samples, measured(model, a, b, -1));
	ns[m * topo->nr_nodes + n] = median_or(samples, ns[m * topo->nr_nodes + n]);
	ns[n * topo->nr_nodes + m] = ns[m * topo->nr_nodes + n];
}

static int learn_matrix(struct cost_model *model, struct err *err)
{
	const struct topology *topo = model->topo;
	struct samples *samples;
	unsigned int known = 0;

	for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++)
		known += topo->cpus[cpu].os < model->latency->nr_cpus;
	if (known < topo->nr_cpus)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "latency: the table ends at CPU %u, the host has %u CPUs that it "
			       "leaves out; measure this host again",
			       model->latency->nr_cpus - 1, topo->nr_cpus - known);
	model->source = COST_FROM_MATRIX;
	learn_classes(model);
	model->class_source = "medians of the measured table";
	fill_node_classes(model);
	samples = alloc_zeroed(1, sizeof(*samples));
	for (unsigned int m = 0; m < topo->nr_nodes; m++)
		for (unsigned int n = 0; n < m; n++)
			learn_node_pair(model, samples, m, n);
	free(samples);
	return 0;
}

/* The measured value for a pair of nodes (by index), or NAN. */
static double measured_node(const struct cost_model *model, const double *table, unsigned int from,
			    unsigned int to)
{
	const struct topology *topo = model->topo;
	unsigned int nr = model->latency ? model->latency->nr_nodes : 0;
	unsigned int x = topo->nodes[from].os, y = topo->nodes[to].os;

	return table && x < nr && y < nr ? table[(size_t)x * nr + y] : NAN;
}

static double attribute(const struct topology *topo, enum mem_attr attr, unsigned int from,
			unsigned int to)
{
	const double *table = topo->mem_attr[attr];

	return table ? table[(size_t)from * topo->nr_nodes + to] : NAN;
}

static double local_ns(const struct cost_model *model, unsigned int node)
{
	const struct latency *latency = model->latency;
	double ns = measured_node(model, latency ? latency->mem_ns : NULL, node, node);

	if (isnan(ns))
		ns = attribute(model->topo, MEM_ATTR_LATENCY_NS, node, node);
	return isnan(ns) ? LOCAL_NS : ns;
}

static void fill_memory(struct cost_model *model)
{
	const struct topology *topo = model->topo;
	const struct latency *latency = model->latency;

	model->mem_source = topo->distances ? "node distances" : "assumed";
	for (unsigned int from = 0; from < topo->nr_nodes; from++)
		for (unsigned int to = 0; to < topo->nr_nodes; to++) {
			size_t cell = (size_t)from * topo->nr_nodes + to;
			double ns =
				measured_node(model, latency ? latency->mem_ns : NULL, from, to);
			double bw =
				measured_node(model, latency ? latency->mem_bw : NULL, from, to);

			if (!isnan(ns))
				model->mem_source = "measured";
			else if (!isnan(ns = attribute(topo, MEM_ATTR_LATENCY_NS, from, to)))
				model->mem_source = "memory attributes";
			else
				ns = local_ns(model, from) * topology_distance(topo, from, to) / 10;
			if (isnan(bw))
				bw = attribute(topo, MEM_ATTR_BANDWIDTH_MBS, from, to);
			model->mem_ns[cell] = ns;
			model->mem_bw[cell] = bw;
		}
}

static void pick_classes(struct cost_model *model)
{
	const char *name = model->topo->nr_packages ? model->topo->packages[0].model : NULL;
	const struct latency_classes *classes = published;

	while (strncmp(name ? name : "?", classes->vendor, strlen(classes->vendor)) != 0)
		classes++;
	memcpy(model->class_ns, classes->ns, sizeof(model->class_ns));
	model->far_home = classes->far_home;
	model->class_source = classes->source;
}

int cost_model_init(struct cost_model *model, const struct topology *topo,
		    const struct latency *latency, struct err *err)
{
	size_t nr_pairs = (size_t)topo->nr_nodes * topo->nr_nodes;

	memset(model, 0, sizeof(*model));
	model->topo = topo;
	model->latency = latency;
	model->node_c2c_ns = alloc_zeroed(nr_pairs, sizeof(double));
	model->mem_ns = alloc_zeroed(nr_pairs, sizeof(double));
	model->mem_bw = alloc_zeroed(nr_pairs, sizeof(double));
	pick_classes(model);
	fill_node_classes(model);
	fill_memory(model);
	return latency ? learn_matrix(model, err) : 0;
}

void cost_model_fini(struct cost_model *model)
{
	free(model->node_c2c_ns);
	free(model->mem_ns);
	free(model->mem_bw);
	memset(model, 0, sizeof(*model));
}

double cost_class_ns(const struct cost_model *model, unsigned int a, unsigned int b)
{
	const struct topology *topo = model->topo;
	enum cpu_relation class = pair_class(topo, a, b);
	int m = topo->cpus[a].node, n = topo->cpus[b].node;

	if (class < REL_PACKAGE || m < 0 || n < 0 || m == n)
		return model->class_ns[class];
	return model->node_c2c_ns[(size_t)(unsigned int)m * topo->nr_nodes + (unsigned int)n];
}

double cost_c2c_ns(const struct cost_model *model, unsigned int a, unsigned int b, int home)
{
	const struct topology *topo = model->topo;
	enum cpu_relation class;
	double ns = NAN;

	if (a == b)
		return 0;
	if (model->latency)
		ns = measured(model, a, b, home < 0 ? -1 : (int)topo->nodes[home].os);
	if (!isnan(ns) && (home < 0 || (model->latency && model->latency->nr_homes)))
		return ns;
	if (isnan(ns))
		ns = cost_class_ns(model, a, b);
	class = pair_class(topo, a, b);
	if (home >= 0 && (class == REL_NODE || class == REL_PACKAGE) &&
	    topo->nodes[home].package != topo->cpus[a].package)
		ns *= model->far_home;
	return ns;
}

double cost_mem_ns(const struct cost_model *model, unsigned int from, unsigned int to)
{
	return model->mem_ns[(size_t)from * model->topo->nr_nodes + to];
}

/* Intel MLC's loaded latency: 115 ns at rest, 378 ns at full bandwidth, flat up to about 60 %. */
double cost_load_factor(double utilisation)
{
	double over = fmin(fmax(utilisation, 0), 1) - 0.6;

	return over <= 0 ? 1 : 1 + (378.0 / 115 - 1) * (over / 0.4) * (over / 0.4);
}

double cost_llc_ns(double working_set, double others, double l3_bytes, double miss_rate,
		   double memory_ns)
{
	double sum = working_set + others;

	if (others <= 0 || l3_bytes <= 0 || sum <= l3_bytes)
		return 0;
	return (1 - l3_bytes / sum) * miss_rate * memory_ns;
}

double cost_smt_ns(unsigned int busy, double load)
{
	double keep = (1 + SMT_YIELD * busy) / (1 + busy) * (1 - fmin(fmax(load, 0), 1));

	return (1 - keep) * NS_PER_SECOND;
}

/* Each size counts the vCPUs that it could place, so all weigh alike. */
double cost_room(unsigned int cores)
{
	unsigned int room = 0;

	for (unsigned int size = 2; size <= 16; size *= 2)
		room += cores - cores % size;
	return room;
}

#include "bench/calibration.h"

#include <cpuid.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/size.h"
#include "bench/calibration_steps.h"
#include "bench/line_probe.h"
#include "bench/memory_probe.h"
#include "numa/bind.h"

#define LINE_SAMPLE_NS 100000
#define UNSTEADY       0.10
#define PAGE	       UINT64_C(4096)

const struct calibration_limits calibration_default_limits = {
	.steps = 12000, /* about a minute at 4 ms each */
	.samples = 15,
	.memory_bytes = 2 * GIB,
};

/* What one call carries around. */
struct session {
	struct calibration *calibration;
	const struct topology *topo;
	const struct calibration_limits *limits;
	calibration_progress *progress;
	void *arg;
	char **lines; /* per node: a page that lies there; NULL: not needed yet */
};

static void report(const struct session *session, const char *what, unsigned long done,
		   unsigned long total)
{
	if (session->progress)
		session->progress(what, done, total, session->arg);
}

static float *line_cell(struct calibration *calibration, unsigned int home, unsigned int a,
			unsigned int b)
{
	size_t nr = calibration->nr_cpus;

	return &calibration->c2c_ns[((size_t)home * nr + a) * nr + b];
}

/* A page on the node whose first bytes are the line. It is bound before it is touched. */
static int line_on_node(struct session *session, unsigned int node, struct err *err)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	char *page;
	int ret;

	if (session->lines[node])
		return 0;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return err_sys(err, EXIT_HOST, errno, "calibration: cannot map a page");
	session->lines[node] = page;
	cpuset_add(&nodes, session->topo->nodes[node].os);
	ret = bind_range(page, PAGE, MEM_POLICY_BIND, &nodes, false, err);
	if (!ret)
		*page = 0;
	return ret;
}

/* What cannot be measured stays unknown: -EAGAIN, always disturbed; -ENODATA, no CPU to make load.
 */
static int forgive(struct calibration *calibration, int ret)
{
	calibration->nr_failed += ret == -EAGAIN;
	return ret == -EAGAIN || ret == -ENODATA ? 0 : ret;
}

static int measure_line(struct session *session, const struct calibration_step *step,
			struct err *err)
{
	struct calibration *calibration = session->calibration;
	struct line_probe probe = { .nr_samples = session->limits->samples,
				    .sample_ns = LINE_SAMPLE_NS };
	struct line_result result;
	int ret = line_on_node(session, step->home, err);

	if (ret)
		return ret;
	probe.line = session->lines[step->home];
	probe.cpu_a = session->topo->cpus[step->a].os;
	probe.cpu_b = session->topo->cpus[step->b].os;
	ret = line_probe_run(&probe, &result, err);
	calibration->nr_disturbed += result.nr_dropped;
	if (ret)
		return forgive(calibration, ret);
	calibration->nr_steps++;
	calibration->nr_unsteady += result.spread > UNSTEADY;
	*line_cell(calibration, step->home, step->a, step->b) = (float)result.one_way_ns;
	*line_cell(calibration, step->home, step->b, step->a) = (float)result.one_way_ns;
	return 0;
}

static int measure_lines(struct session *session, struct err *err)
{
	AUTO_FREE struct calibration_step *steps = NULL;
	unsigned long nr = calibration_steps(session->topo, session->limits->steps, &steps,
					     &session->calibration->nr_possible);
	int ret = 0;

	for (unsigned long i = 0; i < nr && !ret; i++) {
		report(session, "lines", i, nr);
		ret = measure_line(session, &steps[i], err);
	}
	if (!ret)
		report(session, "lines", nr, nr);
	return ret;
}

/* Well beyond the caches of the host, within what the node can give. */
static uint64_t buffer_len(const struct session *session, const struct topo_node *node)
{
	uint64_t cache = 0, len = 256 * MIB; /* guests are shown too small a cache at times */

	for (unsigned int i = 0; i < session->topo->nr_caches; i++)
		if (session->topo->caches[i].size > cache)
			cache = session->topo->caches[i].size;
	if (len < 8 * cache)
		len = 8 * cache;
	if (len > session->limits->memory_bytes)
		len = session->limits->memory_bytes;
	if (node->mem_free_known && len > node->mem_free / 4)
		len = node->mem_free / 4;
	return len / (2 * MIB) * (2 * MIB);
}

static int measure_from(struct session *session, unsigned int from, unsigned int to,
			const struct memory_buffer *buffer, struct err *err)
{
	struct calibration *calibration = session->calibration;
	const struct cpuset *cpus = &session->topo->nodes[from].cpus;
	size_t cell = (size_t)from * calibration->nr_nodes + to;
	int ret;

	ret = memory_probe_latency(buffer, cpus, 0, &calibration->mem_ns[cell],
				   &calibration->nr_disturbed, err);
	ret = forgive(calibration, ret);
	if (!ret)
		ret = memory_probe_latency(buffer, cpus, 1, &calibration->mem_loaded_ns[cell],
					   &calibration->nr_disturbed, err);
	ret = forgive(calibration, ret);
	if (!ret)
		ret = memory_probe_bandwidth(buffer, cpus, &calibration->mem_bw[cell], err);
	return ret;
}

static int measure_node(struct session *session, unsigned int to, struct err *err)
{
	const struct topology *topo = session->topo;
	struct memory_buffer buffer;
	uint64_t len = buffer_len(session, &topo->nodes[to]);
	int ret;

	if (!topo->nodes[to].mem_total || !len)
		return 0;
	ret = memory_buffer_init(&buffer, topo->nodes[to].os, len, err);
	if (ret)
		return ret;
	for (unsigned int from = 0; from < topo->nr_nodes && !ret; from++) {
		report(session, "memory", (unsigned long)to * topo->nr_nodes + from,
		       (unsigned long)topo->nr_nodes * topo->nr_nodes);
		if (!cpuset_empty(&topo->nodes[from].cpus))
			ret = measure_from(session, from, to, &buffer, err);
	}
	memory_buffer_fini(&buffer);
	return ret;
}

static int measure_memory(struct session *session, struct err *err)
{
	unsigned long all = (unsigned long)session->topo->nr_nodes * session->topo->nr_nodes;
	int ret = 0;

	for (unsigned int to = 0; to < session->topo->nr_nodes && !ret; to++)
		ret = measure_node(session, to, err);
	if (!ret)
		report(session, "memory", all, all);
	return ret;
}

/* Leaf 0x40000000 holds a hypervisor's signature where leaf 1 says that there is one (Linux,
 * Documentation/virt/kvm/x86/cpuid.rst). QEMU's software CPU calls itself TCGTCGTCGTCG. */
static void read_hypervisor(struct calibration *calibration)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(calibration->hypervisor, &b, 4);
	memcpy(calibration->hypervisor + 4, &c, 4);
	memcpy(calibration->hypervisor + 8, &d, 4);
	calibration->simulated = !strcmp(calibration->hypervisor, "TCGTCGTCGTCG");
}

static double *unknown_matrix(size_t nr)
{
	double *cells = alloc_zeroed(nr, sizeof(*cells));

	for (size_t i = 0; i < nr; i++)
		cells[i] = NAN;
	return cells;
}

static void init(struct calibration *calibration, const struct topology *topo)
{
	size_t cpus = topo->nr_cpus, nodes = topo->nr_nodes, lines = nodes * cpus * cpus;

	*calibration = (struct calibration){ .nr_cpus = topo->nr_cpus, .nr_nodes = topo->nr_nodes };
	calibration->c2c_ns = alloc_zeroed(lines, sizeof(*calibration->c2c_ns));
	for (size_t i = 0; i < lines; i++)
		calibration->c2c_ns[i] = NAN;
	for (size_t home = 0; home < nodes; home++)
		for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++)
			*line_cell(calibration, (unsigned int)home, cpu, cpu) = 0;
	calibration->mem_ns = unknown_matrix(nodes * nodes);
	calibration->mem_loaded_ns = unknown_matrix(nodes * nodes);
	calibration->mem_bw = unknown_matrix(nodes * nodes);
	read_hypervisor(calibration);
}

void calibration_fini(struct calibration *calibration)
{
	free(calibration->c2c_ns);
	free(calibration->mem_ns);
	free(calibration->mem_loaded_ns);
	free(calibration->mem_bw);
	*calibration = (struct calibration){ 0 };
}

int calibration_run(struct calibration *calibration, const struct topology *topo,
		    const struct calibration_limits *limits, calibration_progress *progress,
		    void *arg, struct err *err)
{
	struct session session = { calibration, topo, limits, progress, arg, NULL };
	int ret;

	init(calibration, topo);
	if (!topo->is_host)
		return err_set(err, EXIT_NO, EINVAL,
			       "calibration: %s is not this host; only a live host can be measured",
			       topo->source);
	session.lines = alloc_zeroed(topo->nr_nodes, sizeof(*session.lines));
	ret = measure_lines(&session, err);
	if (!ret)
		ret = measure_memory(&session, err);
	for (unsigned int node = 0; node < topo->nr_nodes; node++)
		if (session.lines[node])
			munmap(session.lines[node], PAGE);
	free(session.lines);
	return ret;
}

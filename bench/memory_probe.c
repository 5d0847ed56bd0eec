#include "bench/memory_probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "base/mempolicy.h"
#include "base/monotonic.h"
#include "base/size.h"
#include "bench/stats.h"
#include "guest/work.h"
#include "numa/bind.h"

#define SAMPLES	     31
#define SAMPLE_NS    3000000ull /* one chase sample, about */
#define BANDWIDTH_NS 300000000ull /* one bandwidth measurement */
#define TRIAL_STEPS  20000u
#define SLICE	     MIB /* bytes that a streaming thread reads between looks at the clock */

static int check_node(const struct memory_buffer *buffer, unsigned int node, struct err *err)
{
	int at = -1;

	if (get_mempolicy(&at, NULL, 0, buffer->mem, MPOL_F_NODE | MPOL_F_ADDR))
		return err_sys(err, EXIT_HOST, errno, "memory probe: cannot tell where a page is");
	if (at != (int)node)
		return err_set(err, EXIT_HOST, EIO,
			       "memory probe: a page bound to node %u landed on node %d", node, at);
	return 0;
}

static int place_buffer(struct memory_buffer *buffer, unsigned int node, struct err *err)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	int ret;

	cpuset_add(&nodes, node);
	ret = bind_range(buffer->mem, buffer->len, MEM_POLICY_BIND, &nodes, false, err);
	if (ret)
		return ret;
	madvise(buffer->mem, buffer->len, MADV_HUGEPAGE); /* fewer TLB misses, where there is THP */
	/* A node that cannot hold it gives an error here and no SIGBUS or OOM kill in chase_link().
	 */
	if (madvise(buffer->mem, buffer->len, MADV_POPULATE_WRITE) && errno != EINVAL)
		return err_sys(err, EXIT_HOST, errno,
			       "memory probe: node %u has no room for %llu MiB; free memory on it",
			       node, (unsigned long long)(buffer->len / MIB));
	chase_link(buffer->mem, buffer->len, 1);
	return check_node(buffer, node, err);
}

int memory_buffer_init(struct memory_buffer *buffer, unsigned int node, uint64_t len,
		       struct err *err)
{
	int ret;

	buffer->len = len;
	buffer->mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->mem == MAP_FAILED) {
		buffer->mem = NULL;
		return err_sys(err, EXIT_HOST, errno, "memory probe: cannot map a buffer");
	}
	ret = place_buffer(buffer, node, err);
	if (ret)
		memory_buffer_fini(buffer);
	return ret;
}

void memory_buffer_fini(struct memory_buffer *buffer)
{
	if (buffer->mem)
		munmap(buffer->mem, buffer->len);
	buffer->mem = NULL;
}

/* The threads of one measurement. Each streams until told to stop; one of them may chase instead.
 */
struct streamers {
	const struct memory_buffer *buffer;
	_Atomic bool stop;
	_Atomic unsigned int ready;
	struct member *members;
	unsigned int nr;
};

struct member {
	struct streamers *streamers;
	pthread_t thread;
	unsigned int cpu, rank;
	uint64_t bytes;
	double bytes_per_ns;
	int ret;
	struct err err;
};

/* Round and round the buffer, each member from its own place, so that no cache holds what is next.
 */
static void stream(struct member *member)
{
	struct streamers *streamers = member->streamers;
	uint64_t slices = streamers->buffer->len / SLICE,
		 at = slices * member->rank / streamers->nr;
	uint64_t start = monotonic_ns();

	while (!atomic_load_explicit(&streamers->stop, memory_order_relaxed)) {
		struct work work = { .kind = WORK_STREAM_READ, .count = 1, .buffer_len = SLICE };
		struct work_result result = { 0 };

		work.buffer = (uint64_t)(uintptr_t)streamers->buffer->mem + at * SLICE;
		work_run(&work, &result);
		member->bytes += SLICE;
		at = (at + 1) % slices;
	}
	member->bytes_per_ns = (double)member->bytes / (double)(monotonic_ns() - start);
}

static void *run_member(void *arg)
{
	struct member *member = arg;
	struct streamers *streamers = member->streamers;

	member->ret = pin_self(member->cpu, &member->err);
	streamers->ready++;
	while (streamers->ready < streamers->nr && !streamers->stop)
		sched_yield();
	if (!member->ret)
		stream(member);
	return NULL;
}

static int streamers_start(struct streamers *streamers, const struct memory_buffer *buffer,
			   const struct cpuset *cpus, struct err *err)
{
	unsigned int nr = cpuset_count(cpus);
	int ret;

	*streamers = (struct streamers){ .buffer = buffer };
	streamers->members = alloc_zeroed(nr, sizeof(*streamers->members));
	streamers->nr = nr; /* before the threads, which wait for that many */
	nr = 0;
	cpuset_for_each (cpu, cpus) {
		struct member *member = &streamers->members[nr];

		*member = (struct member){ .streamers = streamers,
					   .cpu = (unsigned int)cpu,
					   .rank = nr };
		ret = pthread_create(&member->thread, NULL, run_member, member);
		if (ret) {
			streamers->stop = true;
			streamers->nr = nr;
			return err_sys(err, EXIT_HOST, ret, "memory probe: cannot make a thread");
		}
		nr++;
	}
	return 0;
}

/* ret: what went wrong before, which keeps its place in err. */
static int streamers_stop(struct streamers *streamers, int ret, struct err *err)
{
	streamers->stop = true;
	for (unsigned int i = 0; i < streamers->nr; i++) {
		pthread_join(streamers->members[i].thread, NULL);
		if (streamers->members[i].ret && !ret) {
			ret = streamers->members[i].ret;
			*err = streamers->members[i].err;
		}
	}
	return ret;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / NS_PER_S),
				 .tv_nsec = (long)(ns % NS_PER_S) };

	nanosleep(&time, NULL);
}

int memory_probe_bandwidth(const struct memory_buffer *buffer, const struct cpuset *cpus,
			   double *mbs, struct err *err)
{
	double bytes_per_ns = 0;
	struct streamers streamers;
	int ret;

	ret = streamers_start(&streamers, buffer, cpus, err);
	if (!ret)
		sleep_ns(BANDWIDTH_NS);
	ret = streamers_stop(&streamers, ret, err);
	for (unsigned int i = 0; i < streamers.nr; i++)
		bytes_per_ns += streamers.members[i].bytes_per_ns;
	free(streamers.members);
	*mbs = bytes_per_ns * 1000;
	return ret;
}

struct chaser {
	const struct memory_buffer *buffer;
	unsigned int cpu;
	double ns[SAMPLES];
	unsigned int nr_kept, nr_disturbed;
	int ret;
	struct err err;
};

static long switched_out(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* ns for `steps` dependent loads, on from where the last call ended. */
static uint64_t chase(const struct memory_buffer *buffer, uint64_t *at, uint64_t steps)
{
	struct work work = {
		.kind = WORK_CHASE, .count = steps, .buffer_len = buffer->len, .chase_start = *at
	};
	struct work_result result = { 0 };
	uint64_t start = monotonic_ns();

	work.buffer = (uint64_t)(uintptr_t)buffer->mem;
	work_run(&work, &result);
	*at = result.sum;
	return monotonic_ns() - start;
}

static void *run_chaser(void *arg)
{
	struct chaser *chaser = arg;
	uint64_t at = 0, trial, steps;

	chaser->ret = pin_self(chaser->cpu, &chaser->err);
	if (chaser->ret)
		return NULL;
	trial = chase(chaser->buffer, &at, TRIAL_STEPS);
	steps = SAMPLE_NS * TRIAL_STEPS / (trial ? trial : 1) + 1;
	for (unsigned int i = 0; i < SAMPLES; i++) {
		long before = switched_out();
		uint64_t ns = chase(chaser->buffer, &at, steps);

		if (switched_out() != before)
			chaser->nr_disturbed++;
		else
			chaser->ns[chaser->nr_kept++] = (double)ns / (double)steps;
	}
	return NULL;
}

static int run_chase(struct chaser *chaser, double *ns, unsigned long *disturbed, struct err *err)
{
	pthread_t thread;
	struct stats stats;
	int ret = pthread_create(&thread, NULL, run_chaser, chaser);

	if (ret)
		return err_sys(err, EXIT_HOST, ret, "memory probe: cannot make a thread");
	pthread_join(thread, NULL);
	*disturbed += chaser->nr_disturbed;
	if (chaser->ret) {
		*err = chaser->err;
		return chaser->ret;
	}
	if (!chaser->nr_kept)
		return err_set(err, EXIT_HOST, EAGAIN,
			       "memory probe: CPU %u ran other work during all samples; try again "
			       "on an idle host",
			       chaser->cpu);
	stats_of(chaser->ns, chaser->nr_kept, &stats);
	*ns = stats.median;
	return 0;
}

int memory_probe_latency(const struct memory_buffer *buffer, const struct cpuset *cpus, int load,
			 double *ns, unsigned long *disturbed, struct err *err)
{
	struct chaser chaser = { .buffer = buffer, .cpu = (unsigned int)cpuset_next(cpus, 0) };
	AUTO_CPUSET struct cpuset others = { 0 };
	struct streamers streamers;
	int ret;

	if (!load)
		return run_chase(&chaser, ns, disturbed, err);
	cpuset_copy(&others, cpus);
	cpuset_remove(&others, chaser.cpu);
	if (cpuset_empty(&others))
		return err_set(err, EXIT_HOST, ENODATA,
			       "memory probe: CPU %u is alone on its node, so nothing can load the "
			       "memory beside it",
			       chaser.cpu);
	ret = streamers_start(&streamers, buffer, &others, err);
	if (!ret)
		ret = run_chase(&chaser, ns, disturbed, err);
	ret = streamers_stop(&streamers, ret, err);
	free(streamers.members);
	return ret;
}

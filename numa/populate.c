/*
 * Work is cut into chunks; the threads of a crew take the next chunk of their regions until none is
 * left or one has failed. A region's crew is known by the first region with the same CPUs.
 */
#include "numa/populate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/size.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, asm-generic/mman-common.h */
#endif

#define CHUNK	    (64 * MIB)
#define CREW_MAX    64u /* the kernel's page zeroing saturates a node with fewer */
#define PROGRESS_MS 100

struct job {
	const struct gmem_region *region;
	unsigned int crew;
	uint64_t chunk;
	_Atomic uint64_t next; /* offset of the next chunk to take */
};

struct run {
	struct job *jobs;
	unsigned int nr_jobs;
	bool touch;
	int zero_fd; /* /dev/zero, for touching */
	uint64_t total;
	_Atomic uint64_t done;
	_Atomic bool stop;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t ended;
	unsigned int running;
	struct cpuset ran_on;
	struct err err;
};

struct worker {
	struct run *run;
	unsigned int crew;
	pthread_t thread;
};

/* One byte per page is read from /dev/zero, since unlike a store that reports a missing huge page
 * by EFAULT and not by SIGBUS. It clears the byte, so it is for new memory alone. */
static int touch_pages(const struct run *run, char *at, uint64_t len, uint64_t page_size)
{
	struct iovec iov[256];

	while (len) {
		int nr = 0;
		ssize_t got;

		for (uint64_t page = 0; page < len && nr < 256; page += page_size)
			iov[nr++] = (struct iovec){ at + page, 1 };
		got = readv(run->zero_fd, iov, nr);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			at += (uint64_t)got * page_size;
			len -= (uint64_t)got * page_size;
		}
	}
	return 0;
}

static int populate_range(const struct run *run, const struct gmem_region *region, uint64_t offset,
			  uint64_t len)
{
	char *at = (char *)region->hva + offset;
	int ret;

	if (!run->touch) {
		do
			ret = madvise(at, len, MADV_POPULATE_WRITE) ? -errno : 0;
		while (ret == -EINTR || ret == -EAGAIN);
		if (ret != -EINVAL)
			return ret;
	}
	return region->spec.hva ? -EOPNOTSUPP : touch_pages(run, at, len, region->spec.page_size);
}

static int failed(const struct gmem_region *region, int errnum, struct err *err)
{
	AUTO_FREE char *nodes = cpuset_string(&region->spec.nodes);
	char size[SIZE_TEXT], page[SIZE_TEXT];

	size_format(region->spec.len, size);
	size_format(region->spec.page_size, page);
	if (errnum == EFAULT || errnum == ENOMEM)
		return err_set(
			err, EXIT_HOST, ENOMEM,
			"memory: %s%s ran out of %s pages while %s were prefaulted; free memory "
			"there, allow other nodes or ask for less",
			*nodes ? "node " : "the host", nodes, page, size);
	if (errnum == EOPNOTSUPP)
		return err_set(
			err, EXIT_HOST, errnum,
			"memory: prefaulting memory that exists already needs Linux 5.14; set "
			"memory.prefault: false");
	return err_sys(err, EXIT_HOST, errnum, "memory: cannot prefault %s on node %s", size,
		       nodes);
}

/* The first failure is the one that is told. */
static void give_up(struct run *run, const struct err *err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->err.errnum)
		run->err = *err;
	pthread_mutex_unlock(&run->lock);
	atomic_store(&run->stop, true);
}

static void note_cpu(struct run *run)
{
	int cpu = sched_getcpu();

	pthread_mutex_lock(&run->lock);
	if (cpu >= 0)
		cpuset_add(&run->ran_on, (unsigned int)cpu);
	pthread_mutex_unlock(&run->lock);
}

static void work_on(struct run *run, struct job *job)
{
	uint64_t len = job->region->spec.len, offset, part;
	struct err err = { 0 };
	int ret;

	while (!atomic_load(&run->stop)) {
		offset = atomic_fetch_add(&job->next, job->chunk);
		if (offset >= len)
			return;
		part = len - offset < job->chunk ? len - offset : job->chunk;
		ret = populate_range(run, job->region, offset, part);
		if (ret) {
			failed(job->region, -ret, &err);
			give_up(run, &err);
			return;
		}
		atomic_fetch_add(&run->done, part);
		note_cpu(run);
	}
}

/* sched_setaffinity(2) takes a mask of any size; the kernel leaves out CPUs that are offline. */
static int confine(const struct cpuset *cpus, struct err *err)
{
	AUTO_FREE char *list = NULL;

	if (cpuset_empty(cpus) ||
	    !sched_setaffinity(0, cpus->nr_words * sizeof(*cpus->words), (cpu_set_t *)cpus->words))
		return 0;
	list = cpuset_string(cpus);
	return err_sys(err, EXIT_HOST, errno, "memory: no thread can prefault on CPUs %s", list);
}

static void work(struct run *run, unsigned int crew)
{
	struct err err = { 0 };

	if (confine(&run->jobs[crew].region->spec.prefault_cpus, &err)) {
		give_up(run, &err);
		return;
	}
	for (unsigned int i = crew; i < run->nr_jobs; i++)
		if (run->jobs[i].crew == crew)
			work_on(run, &run->jobs[i]);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct run *run = worker->run;

	pthread_setname_np(pthread_self(), "prefault");
	work(run, worker->crew);
	pthread_mutex_lock(&run->lock);
	run->running--;
	pthread_cond_signal(&run->ended);
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

static void prepare_jobs(struct run *run, const struct gmem *gmem)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_region *region = &gmem->regions[i];
		struct job *job = &run->jobs[run->nr_jobs];

		if (!region->spec.prefault)
			continue;
		job->region = region;
		job->chunk = region->spec.page_size > CHUNK ? region->spec.page_size : CHUNK;
		while (!cpuset_equal(&run->jobs[job->crew].region->spec.prefault_cpus,
				     &region->spec.prefault_cpus))
			job->crew++;
		run->total += region->spec.len;
		run->nr_jobs++;
	}
}

/* One thread per CPU, and none that would find no chunk. */
static unsigned int crew_size(const struct run *run, unsigned int crew)
{
	const struct cpuset *cpus = &run->jobs[crew].region->spec.prefault_cpus;
	unsigned int most = cpuset_count(cpus);
	uint64_t chunks = 0;

	if (!most)
		most = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (most > CREW_MAX)
		most = CREW_MAX;
	for (unsigned int i = crew; i < run->nr_jobs; i++)
		if (run->jobs[i].crew == crew)
			chunks += (run->jobs[i].region->spec.len - 1) / run->jobs[i].chunk + 1;
	return chunks < most ? (unsigned int)chunks : most;
}

static void start_worker(struct run *run, struct worker *worker, unsigned int crew)
{
	struct err err = { 0 };
	int ret;

	*worker = (struct worker){ .run = run, .crew = crew };
	pthread_mutex_lock(&run->lock);
	run->running++;
	pthread_mutex_unlock(&run->lock);
	ret = pthread_create(&worker->thread, NULL, worker_main, worker);
	if (!ret)
		return;
	worker->run = NULL;
	pthread_mutex_lock(&run->lock);
	run->running--;
	pthread_mutex_unlock(&run->lock);
	err_sys(&err, EXIT_HOST, ret, "memory: cannot start a thread to prefault");
	give_up(run, &err);
}

static void wait_for_workers(struct run *run, const struct populate_options *options)
{
	struct timespec until;

	pthread_mutex_lock(&run->lock);
	while (run->running) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PROGRESS_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&run->ended, &run->lock, &until);
		if (!options->progress)
			continue;
		pthread_mutex_unlock(&run->lock);
		options->progress(options->arg, atomic_load(&run->done), run->total);
		pthread_mutex_lock(&run->lock);
	}
	pthread_mutex_unlock(&run->lock);
}

static void run_crews(struct run *run, const struct populate_options *options)
{
	AUTO_FREE struct worker *workers = NULL;
	unsigned int nr = 0;

	for (unsigned int crew = 0; crew < run->nr_jobs; crew++) {
		unsigned int size = run->jobs[crew].crew == crew ? crew_size(run, crew) : 0;

		nr += size;
	}
	workers = alloc_zeroed(nr, sizeof(*workers));
	nr = 0;
	for (unsigned int crew = 0; crew < run->nr_jobs; crew++) {
		unsigned int size = run->jobs[crew].crew == crew ? crew_size(run, crew) : 0;

		while (size--)
			start_worker(run, &workers[nr++], crew);
	}
	wait_for_workers(run, options);
	while (nr--)
		if (workers[nr].run)
			pthread_join(workers[nr].thread, NULL);
}

/* A single chunk that may be touched anywhere is not worth a thread. */
static bool one_chunk_anywhere(const struct run *run)
{
	const struct gmem_spec *spec = &run->jobs[0].region->spec;

	return run->nr_jobs == 1 && cpuset_empty(&spec->prefault_cpus) &&
	       spec->len <= run->jobs[0].chunk;
}

int populate_regions(const struct gmem *gmem, const struct populate_options *options,
		     struct err *err)
{
	struct run run = { .touch = options->touch,
			   .lock = PTHREAD_MUTEX_INITIALIZER,
			   .ended = PTHREAD_COND_INITIALIZER };

	run.jobs = alloc_zeroed(gmem->nr_regions, sizeof(*run.jobs));
	run.zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	prepare_jobs(&run, gmem);
	if (run.nr_jobs && one_chunk_anywhere(&run))
		work(&run, 0);
	else if (run.nr_jobs)
		run_crews(&run, options);
	if (run.zero_fd >= 0)
		close(run.zero_fd);
	free(run.jobs);
	if (options->ran_on)
		cpuset_copy(options->ran_on, &run.ran_on);
	cpuset_fini(&run.ran_on);
	if (run.err.errnum)
		*err = run.err;
	return -run.err.errnum;
}

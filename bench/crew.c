#include "bench/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "bench/memory.h"
#include "bench/steal.h"

#define NS_PER_S 1000000000
#define LOOK_NS	 200000000 /* between two looks whether the members are still there */

void crew_setup(struct crew *crew, const struct crew_type *type, const struct crew_spec *spec)
{
	pthread_condattr_t attr;

	*crew = (struct crew){
		.type = type,
		.members = alloc_zeroed(spec->nr_cpus, sizeof(*crew->members)),
		.nr_members = spec->nr_cpus,
		.gmem = spec->gmem,
		.counter_source = spec->counters,
		.pinned = spec->pinned,
		.roam = spec->roam,
		.ready = spec->ready,
		.ready_arg = spec->ready_arg,
		.timeout_s = CREW_TIMEOUT_S,
	};
	pthread_mutex_init(&crew->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&crew->changed, &attr);
	pthread_condattr_destroy(&attr);
	for (unsigned int i = 0; i < spec->nr_cpus; i++)
		crew->members[i] = (struct crew_member){
			.crew = crew, .index = i, .cpu = spec->cpus[i], .channel = -1
		};
}

void crew_quit(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->quit = true;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
}

void crew_join(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->nr_members; i++)
		if (crew->members[i].has_thread)
			pthread_join(crew->members[i].thread, NULL);
}

void crew_fini(struct crew *crew)
{
	if (!crew->type)
		return;
	crew_quit(crew);
	crew->type->fini(crew);
	pthread_cond_destroy(&crew->changed);
	pthread_mutex_destroy(&crew->lock);
	free(crew->members);
	*crew = (struct crew){ 0 };
}

void crew_cpus(const struct crew_member *member, struct cpuset *cpus)
{
	if (!member->crew->pinned) {
		cpuset_copy(cpus, member->crew->roam);
		return;
	}
	cpuset_clear(cpus);
	cpuset_add(cpus, member->cpu);
}

uint64_t crew_address(const struct crew *crew, gpa_t gpa, uint64_t len)
{
	return gmem_ptr(crew->gmem, gpa, len) ? crew->type->address(crew, gpa) : 0;
}

static struct crew_control *control_of(const struct crew *crew)
{
	return gmem_ptr(crew->gmem, BENCH_CONTROL, sizeof(struct crew_control));
}

void crew_stop(const struct crew *crew)
{
	atomic_store(&control_of(crew)->stop, 1);
}

bool crew_take(struct crew_member *member, struct job *job)
{
	struct crew *crew = member->crew;
	bool given;

	pthread_mutex_lock(&crew->lock);
	while (!member->job && !crew->quit)
		pthread_cond_wait(&crew->changed, &crew->lock);
	given = member->job != NULL;
	if (given)
		*job = *member->job;
	pthread_mutex_unlock(&crew->lock);
	return given;
}

static uint64_t involuntary_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_nivcsw;
}

void crew_begin(struct crew_member *member)
{
	counters_read(&member->counters, &member->before);
	member->switches_before = involuntary_switches();
}

void crew_finish(struct crew_member *member, struct job *job)
{
	struct counter_values after;

	job->switches = involuntary_switches() - member->switches_before;
	counters_read(&member->counters, &after);
	counters_since(&member->before, &after, &job->counters);
}

void crew_done(struct crew_member *member, const struct job *job)
{
	struct crew *crew = member->crew;

	pthread_mutex_lock(&crew->lock);
	if (member->job) {
		*member->job = *job;
		member->job->done = true;
	}
	member->job = NULL;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
}

void crew_fail(struct crew_member *member, const struct err *err)
{
	struct crew *crew = member->crew;

	pthread_mutex_lock(&crew->lock);
	if (crew->failure.status == EXIT_OK)
		crew->failure = *err;
	member->gone = true;
	member->job = NULL;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	crew_stop(crew);
}

static void give_jobs(struct crew *crew, struct job *jobs, unsigned int nr)
{
	struct crew_control *control = control_of(crew);

	atomic_store(&control->stop, 0);
	atomic_store(&control->barrier, 0);
	for (unsigned int i = 0; i < nr; i++) {
		struct job *job = &jobs[i];

		job->work.stop = crew_address(crew, BENCH_CONTROL, sizeof(*control));
		job->work.barrier = job->work.stop + offsetof(struct crew_control, barrier);
		job->work.parties = nr;
		job->done = false;
	}
	pthread_mutex_lock(&crew->lock);
	for (unsigned int i = 0; i < nr; i++)
		if (!crew->members[jobs[i].member].gone)
			crew->members[jobs[i].member].job = &jobs[i];
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
}

static bool still_busy(const struct crew *crew)
{
	for (unsigned int i = 0; i < crew->nr_members; i++)
		if (crew->members[i].job)
			return true;
	return false;
}

/* Members that ended without a word: nobody waits for them. */
static void give_up(struct crew *crew, const struct err *why)
{
	if (crew->failure.status == EXIT_OK)
		crew->failure = *why;
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		crew->members[i].gone = true;
		crew->members[i].job = NULL;
	}
}

static void next_look(struct timespec *when)
{
	clock_gettime(CLOCK_MONOTONIC, when);
	when->tv_nsec += LOOK_NS;
	if (when->tv_nsec >= NS_PER_S) {
		when->tv_nsec -= NS_PER_S;
		when->tv_sec++;
	}
}

static int set_timed_out(const struct crew *crew, struct err *err)
{
	return err_set(err, EXIT_NO, ETIMEDOUT,
		       "bench: no end after %u s; are the CPUs taken by something else?",
		       crew->timeout_s);
}

/* 0, or -ETIMEDOUT with everyone told to give up. */
static int wait_for_all(struct crew *crew)
{
	const unsigned int most = crew->timeout_s * (NS_PER_S / LOOK_NS);
	unsigned int looks = 0;
	struct err why;
	int ret = 0;

	pthread_mutex_lock(&crew->lock);
	while (still_busy(crew)) {
		struct timespec until;

		next_look(&until);
		if (pthread_cond_timedwait(&crew->changed, &crew->lock, &until) != ETIMEDOUT)
			continue;
		if (crew->type->check && crew->type->check(crew, &why)) {
			give_up(crew, &why);
		} else if (++looks == most) {
			ret = -ETIMEDOUT;
			crew_stop(crew);
		} else if (looks == 2 * most) { /* the guest does not even look */
			set_timed_out(crew, &why);
			give_up(crew, &why);
		}
	}
	pthread_mutex_unlock(&crew->lock);
	return ret;
}

static int check_jobs(struct crew *crew, const struct job *jobs, unsigned int nr, struct err *err)
{
	if (crew->failure.status != EXIT_OK) {
		*err = crew->failure;
		return -err->errnum;
	}
	for (unsigned int i = 0; i < nr; i++)
		if (!jobs[i].done || jobs[i].result.stopped)
			return err_set(
				err, EXIT_NO, EINTR,
				"bench: the %s on CPU %u was stopped before its work was done",
				crew->type->name, crew->members[jobs[i].member].cpu);
	return 0;
}

int crew_run(struct crew *crew, struct job *jobs, unsigned int nr, struct err *err)
{
	int ret;

	for (unsigned int i = 0; i < nr; i++)
		jobs[i].steal = steal_ticks(crew->members[jobs[i].member].cpu);
	give_jobs(crew, jobs, nr);
	ret = wait_for_all(crew);
	for (unsigned int i = 0; i < nr; i++)
		jobs[i].steal = steal_ticks(crew->members[jobs[i].member].cpu) - jobs[i].steal;
	if (ret && crew->failure.status == EXIT_OK)
		return set_timed_out(crew, err);
	return check_jobs(crew, jobs, nr, err);
}

int crew_verify(const struct crew *crew, struct err *err)
{
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		const struct crew_member *member = &crew->members[i];
		AUTO_CPUSET struct cpuset wanted = { 0 };
		AUTO_CPUSET struct cpuset live = { 0 };
		int ret = pin_read(member->tid, &live, err);

		if (ret)
			return ret;
		crew_cpus(member, &wanted);
		if (!cpuset_equal(&wanted, &live))
			return err_set(
				err, EXIT_UNVERIFIED, EXDEV,
				"bench: the %s for CPU %u may run elsewhere: something changed "
				"its affinity; leave its thread alone",
				crew->type->name, member->cpu);
	}
	return 0;
}

int crew_muster(struct crew *crew, struct err *err)
{
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		struct job job = { .member = i, .work = { .kind = WORK_SPIN } };
		int ret = crew_run(crew, &job, 1, err);

		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Members that are processes over shared memory. Each has a thread here that hands it work over a
 * socket and waits for the result; when the process dies, the socket says so, and the others are
 * told to give up.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "bench/crew.h"
#include "guest/work.h"

/* What the process sends back. */
struct reply {
	struct work_result result;
	uint64_t switches;
	struct counter_values counters;
	struct err err; /* status not EXIT_OK: it could not begin */
};

static uint64_t process_address(const struct crew *crew, gpa_t gpa)
{
	return (uint64_t)(uintptr_t)gmem_ptr(crew->gmem, gpa, 0); /* fork keeps the mappings */
}

static void do_work(struct crew_member *member, const struct work *work, struct reply *reply)
{
	struct job job = { .work = *work };

	crew_begin(member);
	work_run(&job.work, &job.result);
	crew_finish(member, &job);
	reply->result = job.result;
	reply->switches = job.switches;
	reply->counters = job.counters;
}

/* The child: no lock, no allocation beyond the pinning, no return. */
static void __attribute__((noreturn)) process_main(struct crew_member *member, int channel)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	struct reply reply = { 0 };
	struct work work;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	crew_cpus(member, &cpus);
	if (!pin_thread(0, &cpus, &reply.err))
		counters_open(&member->counters, member->crew->counter_source);
	while (recv(channel, &work, sizeof(work), 0) == sizeof(work)) {
		if (reply.err.status == EXIT_OK)
			do_work(member, &work, &reply);
		if (send(channel, &reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply))
			break;
	}
	_exit(0);
}

static int process_start(struct crew_member *member, struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return err_sys(err, EXIT_HOST, errno, "bench: cannot make a socket pair");
	member->channel = ends[0];
	member->pid = fork();
	if (member->pid == 0) {
		for (unsigned int i = 0; i <= member->index; i++)
			close(member->crew->members[i].channel);
		process_main(member, ends[1]);
	}
	close(ends[1]);
	if (member->pid < 0)
		return err_sys(err, EXIT_HOST, errno, "bench: cannot start a process");
	member->tid = member->pid;
	return 0;
}

static int exchange(struct crew_member *member, struct job *job, struct err *err)
{
	struct reply reply;

	if (send(member->channel, &job->work, sizeof(job->work), MSG_NOSIGNAL) < 0 ||
	    recv(member->channel, &reply, sizeof(reply), 0) != sizeof(reply))
		return err_set(err, EXIT_NO, ESRCH,
			       "bench: the process %d on CPU %u died before its work was done",
			       (int)member->pid, member->cpu);
	if (reply.err.status != EXIT_OK) {
		*err = reply.err;
		return -err->errnum;
	}
	job->result = reply.result;
	job->switches = reply.switches;
	job->counters = reply.counters;
	return 0;
}

static void *proxy_thread(void *arg)
{
	struct crew_member *member = arg;
	struct err err = { 0 };
	struct job job;

	while (crew_take(member, &job)) {
		if (exchange(member, &job, &err)) {
			crew_fail(member, &err);
			return NULL;
		}
		crew_done(member, &job);
	}
	return NULL;
}

static void process_fini(struct crew *crew)
{
	crew_join(crew);
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		struct crew_member *member = &crew->members[i];

		if (member->channel >= 0)
			close(member->channel); /* it ends by itself */
		if (member->pid > 0)
			waitpid(member->pid, NULL, 0);
	}
}

static const struct crew_type process_type = {
	.name = "process",
	.address = process_address,
	.fini = process_fini,
};

/* Guest memory is kept from children; these shall have it. */
static int share_memory(const struct gmem *gmem, int advice, struct err *err)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++)
		if (madvise(gmem->regions[i].hva, gmem->regions[i].spec.len, advice))
			return err_sys(err, EXIT_HOST, errno,
				       "bench: cannot share memory with a process");
	return 0;
}

int crew_init_process(struct crew *crew, const struct crew_spec *spec, struct err *err)
{
	int ret;

	crew_setup(crew, &process_type, spec);
	ret = share_memory(crew->gmem, MADV_DOFORK, err);
	for (unsigned int i = 0; i < crew->nr_members && !ret; i++)
		ret = process_start(&crew->members[i], err);
	if (!ret)
		ret = share_memory(crew->gmem, MADV_DONTFORK, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		struct crew_member *member = &crew->members[i];

		ret = pthread_create(&member->thread, NULL, proxy_thread, member);
		if (ret)
			return err_sys(err, EXIT_HOST, ret, "bench: cannot start a thread");
		member->has_thread = true;
	}
	return crew_muster(crew, err);
}

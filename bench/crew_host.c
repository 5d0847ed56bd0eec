/* Members that are threads of this process. */
#include <errno.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "bench/crew.h"
#include "guest/work.h"

static uint64_t host_address(const struct crew *crew, gpa_t gpa)
{
	return (uint64_t)(uintptr_t)gmem_ptr(crew->gmem, gpa, 0);
}

static int settle(struct crew_member *member, struct err *err)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	member->tid = gettid();
	crew_cpus(member, &cpus);
	return pin_thread(0, &cpus, err);
}

static void *member_thread(void *arg)
{
	struct crew_member *member = arg;
	struct err err = { 0 };
	struct job job;

	if (settle(member, &err)) {
		crew_fail(member, &err);
		return NULL;
	}
	counters_open(&member->counters, member->crew->counter_source);
	while (crew_take(member, &job)) {
		crew_begin(member);
		work_run(&job.work, &job.result);
		crew_finish(member, &job);
		crew_done(member, &job);
	}
	counters_close(&member->counters);
	return NULL;
}

static void host_fini(struct crew *crew)
{
	crew_join(crew);
}

static const struct crew_type host_type = {
	.name = "host",
	.in_process = true,
	.address = host_address,
	.fini = host_fini,
};

int crew_init_host(struct crew *crew, const struct crew_spec *spec, struct err *err)
{
	crew_setup(crew, &host_type, spec);
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		struct crew_member *member = &crew->members[i];
		int ret = pthread_create(&member->thread, NULL, member_thread, member);

		if (ret)
			return err_sys(err, EXIT_HOST, ret, "bench: cannot start a thread");
		member->has_thread = true;
	}
	return crew_muster(crew, err);
}

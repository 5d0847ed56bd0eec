#include "affinity/pin.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/mempolicy.h"

static int refuse_empty(const struct cpuset *cpus, struct err *err)
{
	if (!cpuset_empty(cpus))
		return 0;
	return err_set(err, EXIT_INPUT, EINVAL, "affinity: the CPU set is empty; name a CPU");
}

/* Why a CPU cannot be had, given what exists, what is online, and what is neither forbidden. */
static int refuse_cpu(int cpu, const struct cpuset *possible, const struct cpuset *online,
		      struct err *err)
{
	if (!cpuset_has(possible, (unsigned int)cpu))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "affinity: CPU %d does not exist on this "
			       "host; \"situ topo\" shows those that do",
			       cpu);
	if (!cpuset_has(online, (unsigned int)cpu))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "affinity: CPU %d is offline; choose another or bring it online",
			       cpu);
	return err_set(err, EXIT_HOST, EPERM,
		       "affinity: CPU %d is outside this process's cpuset; choose another or widen "
		       "the cgroup's cpuset.cpus",
		       cpu);
}

int pin_check(const struct topology *topo, const struct cpuset *cpus, struct err *err)
{
	struct cpuset online AUTO_CPUSET = { 0 };
	struct cpuset possible AUTO_CPUSET = { 0 };

	if (!topo->is_host)
		return err_set(err, EXIT_NO, EXDEV,
			       "affinity: the topology of %s is not this host's; nothing is pinned "
			       "by it",
			       topo->source);
	if (refuse_empty(cpus, err))
		return -EINVAL;
	cpuset_copy(&online, &topo->allowed);
	cpuset_or(&online, &topo->disallowed);
	cpuset_copy(&possible, &online);
	cpuset_or(&possible, &topo->offline);
	cpuset_for_each (cpu, cpus)
		if (!cpuset_has(&topo->allowed, (unsigned int)cpu))
			return refuse_cpu(cpu, &possible, &online, err);
	return 0;
}

/* The same without a map: the kernel's own lists tell why it left a CPU out. */
static int refuse_by_host(int cpu, struct err *err)
{
	struct cpuset online AUTO_CPUSET = { 0 };
	struct cpuset possible AUTO_CPUSET = { 0 };
	struct fs_root root;
	int ret = fs_open_host(&root, err);

	if (ret)
		return ret;
	fs_read_listf(&root, &possible, "sys/devices/system/cpu/possible");
	fs_read_listf(&root, &online, "sys/devices/system/cpu/online");
	fs_close(&root);
	return refuse_cpu(cpu, &possible, &online, err);
}

static int first_missing(const struct cpuset *wanted, const struct cpuset *got)
{
	cpuset_for_each (cpu, wanted)
		if (!cpuset_has(got, (unsigned int)cpu))
			return cpu;
	return -1;
}

/* sched_setaffinity(2) takes a bitmap of any length, as words of unsigned long. */
static int set_affinity(pid_t tid, const struct cpuset *cpus)
{
	_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "cpuset words are kernel words");
	size_t len = cpus->nr_words * sizeof(*cpus->words);

	return syscall(SYS_sched_setaffinity, tid, len, cpus->words) ? -errno : 0;
}

int pin_read(pid_t tid, struct cpuset *cpus, struct err *err)
{
	size_t len = 128;
	uint64_t *words AUTO_FREE = NULL;
	long got;

	cpuset_clear(cpus);
	do { /* the kernel wants room for every CPU it could have: EINVAL until there is */
		words = alloc_resize(words, len, 1);
		got = syscall(SYS_sched_getaffinity, tid, len, words);
		len *= 2;
	} while (got < 0 && errno == EINVAL && len <= CPUSET_MAX / 8);
	if (got < 0)
		return err_sys(err, EXIT_HOST, errno, "affinity: cannot read thread %d's CPUs",
			       (int)tid);
	for (unsigned int cpu = 0; cpu < (unsigned int)got * 8; cpu++)
		if (words[cpu / 64] >> cpu % 64 & 1)
			cpuset_add(cpus, cpu);
	return 0;
}

int pin_thread(pid_t tid, const struct cpuset *cpus, struct err *err)
{
	struct cpuset got AUTO_CPUSET = { 0 };
	int ret = refuse_empty(cpus, err);

	if (ret)
		return ret;
	ret = set_affinity(tid, cpus);
	if (ret == -EINVAL) /* not one of them is usable */
		return refuse_by_host(cpuset_next(cpus, 0), err);
	if (ret)
		return err_sys(err, EXIT_HOST, -ret, "affinity: cannot pin thread %d", (int)tid);
	ret = pin_read(tid, &got, err);
	if (ret || cpuset_equal(cpus, &got))
		return ret;
	return refuse_by_host(first_missing(cpus, &got), err);
}

int pin_last_cpu(pid_t tid)
{
	char text[1024], *at;
	struct fs_root root;
	struct err ignored;
	int ret = fs_open_host(&root, &ignored);

	if (ret)
		return ret;
	ret = fs_readf(&root, text, sizeof(text), "proc/%d/task/%d/stat", (int)getpid(), (int)tid);
	fs_close(&root);
	if (ret < 0)
		return ret;
	/* proc(5): field 39, counted from the state, which is field 3 and follows the name. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : -EPROTO;
}

static int refuse_priority(int errnum, const char *what, int value, struct err *err)
{
	if (errnum == EPERM || errnum == EACCES)
		return err_set(err, EXIT_HOST, errnum,
			       "affinity: %s %d needs CAP_SYS_NICE; run with it (setcap "
			       "cap_sys_nice+ep, or as root) or leave the priority out",
			       what, value);
	return err_sys(err, EXIT_INPUT, errnum, "affinity: cannot set %s %d", what, value);
}

static int set_nice(pid_t tid, int value, struct err *err)
{
	int got;

	if (setpriority(PRIO_PROCESS, (id_t)tid, value))
		return refuse_priority(errno, "nice", value, err);
	errno = 0;
	got = getpriority(PRIO_PROCESS, (id_t)tid);
	if (errno || got != value)
		return err_set(err, EXIT_UNVERIFIED, ERANGE,
			       "affinity: nice %d was asked, %d is set", value, got);
	return 0;
}

static int set_realtime(pid_t tid, int policy, int value, struct err *err)
{
	const char *what = policy == SCHED_FIFO ? "SCHED_FIFO priority" : "SCHED_RR priority";
	struct sched_param param = { .sched_priority = value };

	if (sched_setscheduler(tid, policy, &param))
		return refuse_priority(errno, what, value, err);
	if (sched_getscheduler(tid) != policy || sched_getparam(tid, &param) ||
	    param.sched_priority != value)
		return err_set(err, EXIT_UNVERIFIED, ERANGE,
			       "affinity: %s %d was asked, something else is set", what, value);
	return 0;
}

int pin_set_priority(pid_t tid, const struct pin_priority *priority, struct err *err)
{
	if (!tid)
		tid = gettid();
	switch (priority->policy) {
	case PIN_NICE:
		return set_nice(tid, priority->value, err);
	case PIN_FIFO:
		return set_realtime(tid, SCHED_FIFO, priority->value, err);
	case PIN_RR:
		return set_realtime(tid, SCHED_RR, priority->value, err);
	case PIN_DEFAULT:
		break;
	}
	return 0;
}

int pin_prefer_node(int node, struct err *err)
{
	struct cpuset nodes AUTO_CPUSET = { 0 };
	long ret;

	if (node < 0) {
		ret = set_mempolicy(MPOL_DEFAULT, NULL, 0);
	} else {
		cpuset_add(&nodes, (unsigned int)node);
		/* maxnode counts one more than the highest bit, and the kernel subtracts one. */
		ret = set_mempolicy(MPOL_PREFERRED, nodes.words, nodes.nr_words * 64 + 1);
	}
	if (!ret)
		return 0;
	if (errno == EPERM)
		return err_set(err, EXIT_HOST, EPERM,
			       "affinity: set_mempolicy is refused; allow it in the container's "
			       "seccomp profile");
	return err_sys(err, EXIT_HOST, errno, "affinity: cannot prefer the memory of node %d",
		       node);
}

int pin_self(unsigned int cpu, struct err *err)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	cpuset_add(&cpus, cpu);
	return pin_thread(0, &cpus, err);
}

#ifndef SITU_BENCH_CREW_H
#define SITU_BENCH_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "bench/counters.h"
#include "guest/abi.h"
#include "numa/memory.h"

/*
 * A crew does the benchmark's work (guest/work.h): each member on its CPU, all of a run at once.
 * There are three kinds: vCPUs of the built-in guest, host threads, host processes. They work on
 * the same guest memory, so a guest and host threads can be measured in turn on the very same pages
 * and CPUs.
 *
 * One thread, the owner, calls crew_*; the members' own threads call crew_take() and what follows.
 */

/* How often a vCPU left the guest meanwhile, by KVM's own counters. The write that ends each piece
 * of work is not among them. */
struct vcpu_exits {
	bool known;
	uint64_t all, interrupts; /* interrupts: those for the host's own interrupts */
};

/* One piece of work, and what came of it. */
struct job {
	unsigned int member;
	struct work work; /* stop, barrier and parties are filled by crew_run() */
	struct work_result result;
	uint64_t switches; /* involuntary context switches of the member meanwhile */
	uint64_t steal; /* clock ticks that the member's CPU was away for the hypervisor's sake */
	struct counter_values counters;
	struct vcpu_exits exits;
	bool done;
};

struct crew;
struct bench_memory;

struct crew_member {
	struct crew *crew;
	unsigned int index, cpu; /* cpu: the operating system's number */
	pthread_t thread; /* host threads, and the parent's side of processes */
	bool has_thread;
	struct job *job; /* under crew->lock: given and not yet done */
	bool gone; /* under crew->lock: takes no more work */
	struct counters counters;
	struct counter_values before;
	uint64_t switches_before;
	int channel; /* processes: a socket */
	pid_t pid, tid; /* tid: what affinity is read of */
	struct job current; /* vCPUs: what the guest is busy with; the vCPU's thread alone */
	bool busy;
	void *vcpu; /* what the type needs besides */
};

struct crew_type {
	const char *name; /* "guest", "host", "process" */
	bool in_guest; /* vCPUs */
	bool in_process; /* vCPUs or threads: cheap to add a measurement */
	/* Where the members see offset 0 of the guest's address space. */
	uint64_t (*address)(const struct crew *crew, gpa_t gpa);
	/* NULL, or: have the members ended for a reason that they could not tell? */
	int (*check)(const struct crew *crew, struct err *err);
	void (*fini)(struct crew *crew);
};

struct crew {
	const struct crew_type *type;
	struct crew_member *members;
	unsigned int nr_members;
	const struct gmem *gmem; /* not owned */
	const struct counter_source *counter_source;
	bool pinned;
	const struct cpuset *roam; /* not owned */
	void (*ready)(void *arg);
	void *ready_arg;
	void *owner; /* what the type needs besides */
	unsigned int timeout_s;

	pthread_mutex_t lock; /* members[].job, .gone, quit, failure */
	pthread_cond_t changed;
	bool quit;
	struct err failure; /* of the first member that failed */
};

/* Words of the control page that all crews of a memory share; see bench/memory.h. */
struct crew_control {
	_Alignas(256) _Atomic uint32_t stop;
	_Alignas(256) _Atomic uint32_t barrier;
};

/* What a crew is made of. */
struct crew_spec {
	const unsigned int *cpus; /* the operating system's numbers, one per member */
	unsigned int nr_cpus;
	bool pinned; /* each member on its CPU; false: anywhere in `roam` */
	const struct cpuset *roam;
	const struct gmem *gmem; /* with a struct crew_control at BENCH_CONTROL */
	const struct counter_source *counters;
	void (*ready)(void *arg); /* NULL, or: a vCPU tells that its guest runs; its thread */
	void *ready_arg;
};

int crew_init_host(struct crew *crew, const struct crew_spec *spec, struct err *err);
int crew_init_process(struct crew *crew, const struct crew_spec *spec, struct err *err);
/* The crew owns a VM with the memory planned; spec->gmem is not used, crew->gmem is the VM's. */
int crew_init_guest(struct crew *crew, const struct crew_spec *spec,
		    const struct bench_memory *memory, struct err *err);
void crew_fini(struct crew *crew);

/* Where the members see [gpa, gpa + len) of guest memory; 0: no such memory. */
uint64_t crew_address(const struct crew *crew, gpa_t gpa, uint64_t len);

/* Runs the jobs, one per member at most, all starting together, and waits. Fails if a member does
 * (the others then give up), or after crew->timeout_s without an end; members that do not give up
 * when they are told to are left alone after as long again. */
#define CREW_TIMEOUT_S 60
int crew_run(struct crew *crew, struct job *jobs, unsigned int nr, struct err *err);

/* Makes running members give up soon. Any thread, signal handlers too. */
void crew_stop(const struct crew *crew);

/* Are all members where they should be, by reading their affinity back? err says who is not. */
int crew_verify(const struct crew *crew, struct err *err);

/* For the types: */
void crew_setup(struct crew *crew, const struct crew_type *type, const struct crew_spec *spec);
void crew_quit(struct crew *crew);
void crew_join(struct crew *crew);
/* Waits for work, of which the member gets a copy; false: no more comes. */
bool crew_take(struct crew_member *member, struct job *job);
void crew_begin(struct crew_member *member);
void crew_finish(struct crew_member *member, struct job *job);
/* Hands the results over, if they are still waited for. */
void crew_done(struct crew_member *member, const struct job *job);
void crew_fail(struct crew_member *member, const struct err *err);
/* Does every member answer? Each does an empty piece of work. */
int crew_muster(struct crew *crew, struct err *err);
/* The CPUs that a member shall be confined to. */
void crew_cpus(const struct crew_member *member, struct cpuset *cpus);

#endif

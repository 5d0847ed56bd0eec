#ifndef SITU_AFFINITY_PIN_H
#define SITU_AFFINITY_PIN_H

#include <sys/types.h>

#include "affinity/topology.h"
#include "base/cpuset.h"
#include "base/err.h"

/*
 * Puts threads of this host where a plan wants them, and reads back where they are. Any thread.
 *
 * sched_setaffinity(2) drops CPUs that it does not like without a word, so each set is read back
 * and compared, and the error names the first CPU that is missing and why. Sets have any size.
 */

/* Judges a set by a map, before any thread exists. EXIT_INPUT: empty, or a CPU that does not exist
 * or is offline; EXIT_HOST: a CPU outside this process's cpuset. EXIT_NO: the map is not of this
 * host, so nothing may be pinned by it. */
int pin_check(const struct topology *topo, const struct cpuset *cpus, struct err *err);

/* Confines a thread (0: the caller) to the set; no map needed. Errors as pin_check(). */
int pin_thread(pid_t tid, const struct cpuset *cpus, struct err *err);
/* Confines the caller to one CPU. */
int pin_self(unsigned int cpu, struct err *err);
/* Where the thread may run now. */
int pin_read(pid_t tid, struct cpuset *cpus, struct err *err);
/* The CPU that the thread last ran on, from /proc, or -errno. */
int pin_last_cpu(pid_t tid);

enum pin_policy { PIN_DEFAULT, PIN_NICE, PIN_FIFO, PIN_RR };
struct pin_priority {
	enum pin_policy policy;
	int value; /* PIN_NICE: -20..19; PIN_FIFO and PIN_RR: 1..99 */
};
/* Sets and reads back; PIN_DEFAULT changes nothing. EXIT_HOST: CAP_SYS_NICE is missing. */
int pin_set_priority(pid_t tid, const struct pin_priority *priority, struct err *err);

/* The calling thread's own allocations, KVM's memory for its vCPU among them, prefer this node;
 * -1: no preference. The node's number is the operating system's. */
int pin_prefer_node(int node, struct err *err);

#endif

#ifndef SITU_CLI_CHECK_H
#define SITU_CLI_CHECK_H

#include <stdbool.h>

#include "base/fs.h"

/*
 * What stands in the way of VMs on a host: one function each, listed in the table of cmd_check.c.
 * Main thread only.
 *
 * A check reads below env->root, so that it can be tried on a captured tree; what only a running
 * process can find out (its limits, what the kernel lets it do) is unknown there. A check changes
 * nothing on the host.
 */
enum check_state {
	CHECK_OK,
	CHECK_NOTE, /* works; worth knowing */
	CHECK_WARNING, /* VMs run, but worse than they could */
	CHECK_ERROR, /* VMs cannot run */
	CHECK_UNKNOWN, /* could not be found out */
	NR_CHECK_STATES
};

struct check_env {
	const struct fs_root *root;
};

struct check_result {
	enum check_state state;
	char text[200]; /* what was found */
	char remedy[300]; /* what to do about it; empty where nothing need be done */
};

struct check {
	const char *name;
	void (*run)(const struct check_env *env, struct check_result *result);
};

/* Both fill one field; the result reads check_set(...), then perhaps check_remedy(...). */
void check_set(struct check_result *result, enum check_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void check_remedy(struct check_result *result, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* check_process.c: what this process may do */
void check_kvm_device(const struct check_env *env, struct check_result *result);
void check_mbind(const struct check_env *env, struct check_result *result);
void check_memlock(const struct check_env *env, struct check_result *result);
void check_files(const struct check_env *env, struct check_result *result);
void check_cpuset(const struct check_env *env, struct check_result *result);
void check_sys_nice(const struct check_env *env, struct check_result *result);
void check_run_folder(const struct check_env *env, struct check_result *result);

/* check_kvm.c: what KVM can do */
void check_kvm_capabilities(const struct check_env *env, struct check_result *result);
void check_kvm_speed(const struct check_env *env, struct check_result *result);

/* check_host.c: how the host is set up */
void check_memory(const struct check_env *env, struct check_result *result);
void check_huge_pages(const struct check_env *env, struct check_result *result);
void check_thp(const struct check_env *env, struct check_result *result);
void check_ksm(const struct check_env *env, struct check_result *result);
void check_swap(const struct check_env *env, struct check_result *result);
void check_smt(const struct check_env *env, struct check_result *result);
void check_numa_balancing(const struct check_env *env, struct check_result *result);
void check_governor(const struct check_env *env, struct check_result *result);

#endif

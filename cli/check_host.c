/* Checks of how the host is set up, from sysfs and procfs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/check.h"

/* "MemTotal:  123 kB" of /proc/meminfo, in bytes. */
static int meminfo(const struct fs_root *root, const char *key, uint64_t *bytes)
{
	AUTO_FREE char *text = NULL;
	unsigned long long kib;
	char *at, *end;

	if (fs_read_all(root, "proc/meminfo", 1 << 20, &text) < 0)
		return -ENOENT;
	at = strstr(text, key);
	if (!at)
		return -ENOENT;
	at += strlen(key);
	at += strspn(at, ": \t");
	errno = 0;
	kib = strtoull(at, &end, 10);
	if (end == at || errno || strncmp(end, " kB", 3) != 0 || kib > UINT64_MAX / 1024)
		return -EINVAL;
	*bytes = kib * 1024;
	return 0;
}

void check_memory(const struct check_env *env, struct check_result *result)
{
	char total[SIZE_TEXT], available[SIZE_TEXT];
	uint64_t all, usable;

	if (meminfo(env->root, "MemTotal", &all) || meminfo(env->root, "MemAvailable", &usable)) {
		check_set(result, CHECK_UNKNOWN, "/proc/meminfo does not say how much there is");
		return;
	}
	check_set(result, CHECK_OK, "%s of %s available", size_format(usable, available),
		  size_format(all, total));
	if (usable >= 64 * MIB)
		return;
	check_set(result, CHECK_ERROR, "only %s of %s available, which is too little for any VM",
		  available, total);
	check_remedy(result, "stop programs that hold memory");
}

/* The pools of all sizes, as "2 MiB: 512 (500 free)". */
struct pools {
	const struct fs_root *root;
	uint64_t pages;
	char text[120];
};

static int add_pool(const char *name, void *arg)
{
	struct pools *pools = arg;
	uint64_t total, unused;
	unsigned long long kib;
	char size[SIZE_TEXT], *end;
	size_t len = strlen(pools->text);

	if (strncmp(name, "hugepages-", 10) != 0)
		return 0;
	kib = strtoull(name + 10, &end, 10);
	if (strcmp(end, "kB") != 0 ||
	    fs_read_u64f(pools->root, &total, "sys/kernel/mm/hugepages/%.40s/nr_hugepages", name) ||
	    fs_read_u64f(pools->root, &unused, "sys/kernel/mm/hugepages/%.40s/free_hugepages",
			 name) ||
	    !total)
		return 0;
	pools->pages += total;
	snprintf(pools->text + len, sizeof(pools->text) - len, "%s%s: %llu (%llu free)",
		 len ? ", " : "", size_format(kib * 1024, size), (unsigned long long)total,
		 (unsigned long long)unused);
	return 0;
}

void check_huge_pages(const struct check_env *env, struct check_result *result)
{
	struct pools pools = { .root = env->root };
	int ret = fs_list(env->root, "sys/kernel/mm/hugepages", add_pool, &pools);

	if (ret) {
		check_set(result, CHECK_UNKNOWN, "the kernel shows no huge page sizes");
		return;
	}
	if (pools.pages) {
		check_set(result, CHECK_OK, "%s", pools.text);
		return;
	}
	check_set(result, CHECK_NOTE,
		  "none is set aside; guests with memory.hugepages cannot start");
	check_remedy(result,
		     "per node N, write a number of pages to /sys/devices/system/node/nodeN/"
		     "hugepages/hugepages-2048kB/nr_hugepages");
}

/* "always [madvise] never" has the word in brackets in force. */
static bool bracketed(const char *text, char *word, size_t len)
{
	const char *open = strchr(text, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	if (!close || (size_t)(close - open) > len)
		return false;
	memcpy(word, open + 1, (size_t)(close - open) - 1);
	word[close - open - 1] = '\0';
	return true;
}

void check_thp(const struct check_env *env, struct check_result *result)
{
	char text[128], word[32];

	if (fs_read(env->root, "sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)) <
		    0 ||
	    !bracketed(text, word, sizeof(word))) {
		check_set(result, CHECK_UNKNOWN, "the kernel does not show them");
		return;
	}
	check_set(result, CHECK_OK, "%s", word);
	if (strcmp(word, "never") != 0)
		return;
	check_set(result, CHECK_WARNING, "never: guest memory comes in small pages");
	check_remedy(result, "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
}

void check_ksm(const struct check_env *env, struct check_result *result)
{
	uint64_t run;

	if (fs_read_u64f(env->root, &run, "sys/kernel/mm/ksm/run"))
		check_set(result, CHECK_OK, "not in this kernel");
	else if (run != 1)
		check_set(result, CHECK_OK, "off");
	else
		check_set(result, CHECK_NOTE,
			  "on; situ's guests do not offer their pages, but its thread takes CPU "
			  "time");
	if (result->state == CHECK_NOTE)
		check_remedy(result, "echo 2 >/sys/kernel/mm/ksm/run");
}

void check_swap(const struct check_env *env, struct check_result *result)
{
	uint64_t bytes;
	char size[SIZE_TEXT];

	if (meminfo(env->root, "SwapTotal", &bytes)) {
		check_set(result, CHECK_UNKNOWN, "/proc/meminfo does not say");
		return;
	}
	check_set(result, CHECK_OK, "off");
	if (!bytes)
		return;
	check_set(result, CHECK_NOTE, "%s; guest memory that is not locked may go there",
		  size_format(bytes, size));
	check_remedy(result,
		     "set memory.mlock or huge pages for guests that matter, or swapoff -a");
}

void check_smt(const struct check_env *env, struct check_result *result)
{
	char control[32];
	uint64_t active;

	if (fs_read(env->root, "sys/devices/system/cpu/smt/control", control, sizeof(control)) <
		    0 ||
	    fs_read_u64f(env->root, &active, "sys/devices/system/cpu/smt/active")) {
		check_set(result, CHECK_UNKNOWN, "the kernel does not say");
		return;
	}
	if (active)
		check_set(result, CHECK_OK, "on; placement.smt says whether guests share cores");
	else
		check_set(result, CHECK_OK, "%s",
			  strncmp(control, "not", 3) ? "off" : "this host has none");
}

void check_numa_balancing(const struct check_env *env, struct check_result *result)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	uint64_t on;

	if (fs_read_u64f(env->root, &on, "proc/sys/kernel/numa_balancing")) {
		check_set(result, CHECK_OK, "not in this kernel");
		return;
	}
	fs_read_listf(env->root, &nodes, "sys/devices/system/node/online");
	if (!on || cpuset_count(&nodes) < 2) {
		check_set(result, CHECK_OK, on ? "on, without effect on one node" : "off");
		return;
	}
	check_set(result, CHECK_WARNING,
		  "on: the kernel unmaps guest pages now and then to see who "
		  "uses them, which placed guests need not");
	check_remedy(result, "sysctl kernel.numa_balancing=0");
}

struct governors {
	const struct fs_root *root;
	unsigned int known, slow;
};

static int count_governor(const char *name, void *arg)
{
	struct governors *governors = arg;
	char text[32];

	if (strncmp(name, "cpu", 3) != 0 || name[3] < '0' || name[3] > '9' ||
	    fs_readf(governors->root, text, sizeof(text),
		     "sys/devices/system/cpu/%.16s/cpufreq/scaling_governor", name) < 0)
		return 0;
	governors->known++;
	governors->slow += strcmp(text, "performance") != 0;
	return 0;
}

void check_governor(const struct check_env *env, struct check_result *result)
{
	struct governors governors = { .root = env->root };

	fs_list(env->root, "sys/devices/system/cpu", count_governor, &governors);
	if (!governors.known) {
		check_set(result, CHECK_UNKNOWN, "this host shows no clock governor");
		return;
	}
	check_set(result, CHECK_OK, "performance on all CPUs");
	if (!governors.slow)
		return;
	check_set(result, CHECK_NOTE, "%u of %u CPUs have another governor than performance",
		  governors.slow, governors.known);
	check_remedy(result,
		     "for benchmarks and low latency: cpupower frequency-set -g performance");
}

/* Checks of what this process may do: devices, limits, capabilities, CPUs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/mempolicy.h"
#include "base/size.h"
#include "cli/check.h"

#define RUN_FOLDER   "/run/situ"
#define CAP_IPC_LOCK 14 /* capabilities(7) */
#define CAP_SYS_NICE 23
#define FILES_WANTED 1024

static bool only_live(const struct check_env *env, struct check_result *result)
{
	if (env->root->is_host)
		return true;
	check_set(result, CHECK_UNKNOWN, "a captured tree does not say");
	return false;
}

/* Does /proc/cpuinfo have one of the flags by which a processor offers virtualisation? */
static const char *kvm_module(const struct fs_root *root)
{
	AUTO_FREE char *text = NULL;

	if (fs_read_all(root, "proc/cpuinfo", 16 << 20, &text) < 0)
		return NULL;
	if (strstr(text, " svm"))
		return "kvm_amd";
	return strstr(text, " vmx") ? "kvm_intel" : NULL;
}

static void no_kvm_device(const struct check_env *env, struct check_result *result)
{
	const char *module = kvm_module(env->root);

	check_set(result, CHECK_ERROR, "/dev/kvm does not exist");
	if (module)
		check_remedy(result,
			     "load the module: modprobe %s; in a container, pass the device in: "
			     "--device /dev/kvm",
			     module);
	else
		check_remedy(result, "turn on AMD-V or VT-x in the firmware or, where this is a VM "
				     "itself, nested virtualisation on its host");
}

void check_kvm_device(const struct check_env *env, struct check_result *result)
{
	bool denied;
	int fd;

	if (!fs_exists(env->root, "dev/kvm")) {
		no_kvm_device(env, result);
		return;
	}
	if (!env->root->is_host) {
		check_set(result, CHECK_OK, "/dev/kvm exists");
		return;
	}
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		check_set(result, CHECK_OK, "/dev/kvm opens");
		return;
	}
	denied = errno == EACCES;
	check_set(result, CHECK_ERROR, "/dev/kvm does not open: %m");
	if (denied)
		check_remedy(result, "join the group that owns it (usermod -aG kvm USER, then log "
				     "in again)");
	else
		check_remedy(result, "in a container, allow the device: --device /dev/kvm; else "
				     "see the kernel's log for kvm");
}

/* Binds one untouched page to a node that the process has already. */
static int try_mbind(void)
{
	unsigned long nodes[CPUSET_MAX / (8 * sizeof(long)) / 64] = { 0 };
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (page == MAP_FAILED)
		return -errno;
	ret = get_mempolicy(NULL, nodes, 8 * sizeof(nodes), NULL, MPOL_F_MEMS_ALLOWED) ||
	      mbind(page, len, MPOL_BIND, nodes, 8 * sizeof(nodes), 0);
	ret = ret ? -errno : 0;
	munmap(page, len);
	return ret;
}

void check_mbind(const struct check_env *env, struct check_result *result)
{
	int ret;

	if (!only_live(env, result))
		return;
	ret = try_mbind();
	if (!ret) {
		check_set(result, CHECK_OK, "memory can be bound to nodes");
		return;
	}
	check_set(result, CHECK_WARNING, "memory cannot be bound to nodes: %s", strerror(-ret));
	if (ret == -EPERM)
		check_remedy(result, "a container's seccomp filter refuses mbind(2): start it with "
				     "--cap-add SYS_NICE, or with a filter that allows mbind, "
				     "get_mempolicy, set_mempolicy and move_pages");
	else
		check_remedy(result, "use a kernel with CONFIG_NUMA");
}

/* The value of a line "Key:\tvalue" of /proc/self/status; the caller frees. */
static char *status_value(const struct fs_root *root, const char *key)
{
	AUTO_FREE char *text = NULL;
	const char *at;

	if (fs_read_all(root, "proc/self/status", 1 << 20, &text) < 0)
		return NULL;
	at = strstr(text, key);
	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, ": \t");
	return alloc_printf("%.*s", (int)strcspn(at, "\n"), at);
}

/* 1, 0, or -ENOENT where the capabilities are not told. */
static int has_capability(const struct fs_root *root, unsigned int nr)
{
	AUTO_FREE char *text = status_value(root, "\nCapEff");

	if (!text)
		return -ENOENT;
	return (strtoull(text, NULL, 16) & 1ull << nr) != 0;
}

static void limit_text(rlim_t limit, char buf[SIZE_TEXT])
{
	if (limit == RLIM_INFINITY)
		snprintf(buf, SIZE_TEXT, "unlimited");
	else
		size_format(limit, buf);
}

void check_memlock(const struct check_env *env, struct check_result *result)
{
	struct rlimit limit;
	char soft[SIZE_TEXT];

	if (!only_live(env, result) || getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit_text(limit.rlim_cur, soft);
	if (limit.rlim_cur == RLIM_INFINITY || has_capability(env->root, CAP_IPC_LOCK) == 1) {
		check_set(result, CHECK_OK, "guest memory may be locked (limit: %s%s)", soft,
			  limit.rlim_cur == RLIM_INFINITY ? "" : ", but CAP_IPC_LOCK is there");
		return;
	}
	check_set(result, CHECK_NOTE,
		  "%s of memory may be locked; a guest with memory.mlock or a "
		  "passed-through device needs its whole size",
		  soft);
	check_remedy(result,
		     "\"* - memlock unlimited\" in /etc/security/limits.d/situ.conf and log "
		     "in again, or LimitMEMLOCK=infinity in the systemd unit");
}

void check_files(const struct check_env *env, struct check_result *result)
{
	struct rlimit limit;

	if (!only_live(env, result) || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	check_set(result, CHECK_OK, "%llu files may be open", (unsigned long long)limit.rlim_cur);
	if (limit.rlim_cur >= FILES_WANTED)
		return;
	check_set(result, CHECK_WARNING, "%llu files may be open; a large VM needs %u",
		  (unsigned long long)limit.rlim_cur, FILES_WANTED);
	check_remedy(result, "ulimit -n %u, or LimitNOFILE=%u in the systemd unit", FILES_WANTED,
		     FILES_WANTED);
}

static int read_status_list(const struct fs_root *root, const char *key, struct cpuset *set)
{
	AUTO_FREE char *text = status_value(root, key);
	struct err err;

	return text ? cpuset_parse(set, text, &err) : -ENOENT;
}

/* Mems_allowed may list nodes that could exist; compared are those that do. */
void check_cpuset(const struct check_env *env, struct check_result *result)
{
	AUTO_CPUSET struct cpuset cpus = { 0 }, mems = { 0 }, online = { 0 }, nodes = { 0 };
	AUTO_FREE char *may = NULL, *may_nodes = NULL;

	if (read_status_list(env->root, "\nCpus_allowed_list", &cpus) ||
	    fs_read_listf(env->root, &online, "sys/devices/system/cpu/online")) {
		check_set(result, CHECK_UNKNOWN, "the CPUs of this process are not known");
		return;
	}
	cpuset_and(&cpus, &online);
	if (fs_read_listf(env->root, &nodes, "sys/devices/system/node/has_memory") ||
	    read_status_list(env->root, "\nMems_allowed_list", &mems))
		cpuset_copy(&mems, &nodes);
	cpuset_and(&mems, &nodes);
	may = cpuset_string(&cpus);
	may_nodes = cpuset_string(&mems);
	check_set(result, CHECK_OK, "all CPUs (%.60s) and nodes (%.60s) may be used", may,
		  may_nodes);
	if (cpuset_equal(&cpus, &online) && cpuset_equal(&mems, &nodes))
		return;
	check_set(result, CHECK_NOTE, "only CPUs %.60s of %u and nodes %.40s of %u may be used",
		  may, cpuset_count(&online), may_nodes, cpuset_count(&nodes));
	check_remedy(result, "widen cpuset.cpus and cpuset.mems of the cgroup that this shell is "
			     "in, or its affinity (taskset), if VMs should use the rest");
}

void check_sys_nice(const struct check_env *env, struct check_result *result)
{
	int has = has_capability(env->root, CAP_SYS_NICE);

	if (has < 0) {
		check_set(result, CHECK_UNKNOWN, "the capabilities are not known");
		return;
	}
	check_set(result, CHECK_OK,
		  "CAP_SYS_NICE is there: real-time priorities, pinning of "
		  "kernel workers");
	if (has)
		return;
	check_set(result, CHECK_NOTE,
		  "CAP_SYS_NICE is missing: no real-time priorities, vhost "
		  "workers cannot be pinned before Linux 6.4");
	check_remedy(result,
		     "run as root, or AmbientCapabilities=CAP_SYS_NICE in the systemd unit, "
		     "or --cap-add SYS_NICE in a container");
}

static bool writable_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode) && !access(path, W_OK | X_OK);
}

void check_run_folder(const struct check_env *env, struct check_result *result)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (!only_live(env, result))
		return;
	if (writable_folder(RUN_FOLDER) || (access(RUN_FOLDER, F_OK) && writable_folder("/run"))) {
		check_set(result, CHECK_OK, "VMs of all users meet in " RUN_FOLDER);
		return;
	}
	if (own && writable_folder(own))
		check_set(result, CHECK_NOTE,
			  RUN_FOLDER " cannot be used; VMs go to %.100s/situ, so CPUs and memory "
				     "are reserved against this user's VMs only",
			  own);
	else
		check_set(result, CHECK_WARNING,
			  RUN_FOLDER " cannot be used and XDG_RUNTIME_DIR names no folder");
	check_remedy(result, "as root: install -d -m 1777 " RUN_FOLDER);
}

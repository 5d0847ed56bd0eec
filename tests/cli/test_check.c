#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "cli/check.h"
#include "tests/tree.h"

static struct tree tree;
static struct fs_root root;

static void make_tree(void)
{
	struct err err;

	tree_init(&tree);
	cr_assert_eq(fs_open_tree(&root, tree.path, &err), 0);
}

static void remove_tree(void)
{
	fs_close(&root);
	tree_fini(&tree);
}

TestSuite(check, .init = make_tree, .fini = remove_tree);

struct check_case {
	struct {
		char name[24], folder[48], text[80];
	} files[4];
	enum check_state state;
	char says[40]; /* in the text or in the remedy */
};

static void run_case(void (*run)(const struct check_env *env, struct check_result *result),
		     const struct check_case *c)
{
	struct check_result result = { .state = CHECK_ERROR };
	struct check_env env = { .root = &root };

	for (int i = 0; i < 4 && *c->files[i].name; i++)
		tree_put(&tree, c->files[i].name, c->files[i].text, "%s", c->files[i].folder);
	run(&env, &result);
	cr_expect_eq(result.state, c->state, "%s", result.text);
	cr_expect(strstr(result.text, c->says) || strstr(result.remedy, c->says),
		  "\"%s\" in %s; %s", c->says, result.text, result.remedy);
	cr_expect_eq(*result.remedy != '\0',
		     c->state == CHECK_NOTE || c->state == CHECK_WARNING || c->state == CHECK_ERROR,
		     "an obstacle has a remedy, the rest has none: %s", result.remedy);
}

#define CASES(function, ...)                                                \
	ParameterizedTestParameters(check, function)                        \
	{                                                                   \
		static struct check_case cases[] = { __VA_ARGS__ };         \
                                                                            \
		return cr_make_param_array(struct check_case, cases,        \
					   sizeof(cases) / sizeof(*cases)); \
	}                                                                   \
	ParameterizedTest(struct check_case *c, check, function)            \
	{                                                                   \
		run_case(check_##function, c);                              \
	}

/* clang-format off */
CASES(kvm_device,
	{ { { "kvm", "dev", "" } }, CHECK_OK, "exists" },
	{ { { "cpuinfo", "proc", "flags\t\t: fpu svm sse\n" } }, CHECK_ERROR, "modprobe kvm_amd" },
	{ { { "cpuinfo", "proc", "flags\t\t: fpu vmx sse\n" } }, CHECK_ERROR, "modprobe kvm_intel" },
	{ { { "cpuinfo", "proc", "flags\t\t: fpu sse\n" } }, CHECK_ERROR, "firmware" },
	{ { { "", "", "" } }, CHECK_ERROR, "firmware" })

CASES(memory,
	{ { { "meminfo", "proc", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\n" } },
	  CHECK_OK, "8 GiB of 16 GiB" },
	{ { { "meminfo", "proc", "MemTotal: 65536 kB\nMemAvailable: 1024 kB\n" } }, CHECK_ERROR, "too little" },
	{ { { "meminfo", "proc", "MemTotal: many kB\n" } }, CHECK_UNKNOWN, "does not say" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "does not say" })

CASES(cpuset,
	{ { { "status", "proc/self", "Name:\tx\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0-63\n" },
	    { "online", "sys/devices/system/cpu", "0-3\n" },
	    { "has_memory", "sys/devices/system/node", "0-1\n" } }, CHECK_OK, "all CPUs (0-3) and nodes (0-1)" },
	{ { { "status", "proc/self", "Name:\tx\nCpus_allowed_list:\t1\nMems_allowed_list:\t0-1\n" },
	    { "online", "sys/devices/system/cpu", "0-3\n" },
	    { "has_memory", "sys/devices/system/node", "0-1\n" } }, CHECK_NOTE, "only CPUs 1 of 4" },
	{ { { "status", "proc/self", "Name:\tx\nCpus_allowed_list:\t0-3\nMems_allowed_list:\t1\n" },
	    { "online", "sys/devices/system/cpu", "0-3\n" },
	    { "has_memory", "sys/devices/system/node", "0-1\n" } }, CHECK_NOTE, "cpuset.mems" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "not known" })

CASES(sys_nice,
	{ { { "status", "proc/self", "Name:\tx\nCapEff:\t0000000000800000\n" } }, CHECK_OK, "is there" },
	{ { { "status", "proc/self", "Name:\tx\nCapEff:\t0000000000400000\n" } }, CHECK_NOTE, "AmbientCapabilities" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "not known" })

CASES(huge_pages,
	{ { { "nr_hugepages", "sys/kernel/mm/hugepages/hugepages-2048kB", "512\n" },
	    { "free_hugepages", "sys/kernel/mm/hugepages/hugepages-2048kB", "500\n" } }, CHECK_OK, "2 MiB: 512 (500 free)" },
	{ { { "nr_hugepages", "sys/kernel/mm/hugepages/hugepages-2048kB", "0\n" },
	    { "free_hugepages", "sys/kernel/mm/hugepages/hugepages-2048kB", "0\n" } }, CHECK_NOTE, "nr_hugepages" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "sizes" })

CASES(thp,
	{ { { "enabled", "sys/kernel/mm/transparent_hugepage", "always [madvise] never\n" } }, CHECK_OK, "madvise" },
	{ { { "enabled", "sys/kernel/mm/transparent_hugepage", "always madvise [never]\n" } }, CHECK_WARNING, "echo madvise" },
	{ { { "enabled", "sys/kernel/mm/transparent_hugepage", "]always[\n" } }, CHECK_UNKNOWN, "" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "" })

CASES(ksm,
	{ { { "run", "sys/kernel/mm/ksm", "0\n" } }, CHECK_OK, "off" },
	{ { { "run", "sys/kernel/mm/ksm", "1\n" } }, CHECK_NOTE, "ksm/run" },
	{ { { "", "", "" } }, CHECK_OK, "not in this kernel" })

CASES(swap,
	{ { { "meminfo", "proc", "SwapTotal:  0 kB\n" } }, CHECK_OK, "off" },
	{ { { "meminfo", "proc", "SwapTotal:  2097152 kB\n" } }, CHECK_NOTE, "2 GiB" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "" })

CASES(smt,
	{ { { "control", "sys/devices/system/cpu/smt", "on\n" },
	    { "active", "sys/devices/system/cpu/smt", "1\n" } }, CHECK_OK, "on;" },
	{ { { "control", "sys/devices/system/cpu/smt", "off\n" },
	    { "active", "sys/devices/system/cpu/smt", "0\n" } }, CHECK_OK, "off" },
	{ { { "control", "sys/devices/system/cpu/smt", "notsupported\n" },
	    { "active", "sys/devices/system/cpu/smt", "0\n" } }, CHECK_OK, "has none" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "" })

CASES(numa_balancing,
	{ { { "numa_balancing", "proc/sys/kernel", "0\n" },
	    { "online", "sys/devices/system/node", "0-1\n" } }, CHECK_OK, "off" },
	{ { { "numa_balancing", "proc/sys/kernel", "1\n" },
	    { "online", "sys/devices/system/node", "0-1\n" } }, CHECK_WARNING, "sysctl" },
	{ { { "numa_balancing", "proc/sys/kernel", "1\n" },
	    { "online", "sys/devices/system/node", "0\n" } }, CHECK_OK, "without effect" },
	{ { { "", "", "" } }, CHECK_OK, "not in this kernel" })

CASES(governor,
	{ { { "scaling_governor", "sys/devices/system/cpu/cpu0/cpufreq", "performance\n" } }, CHECK_OK, "performance" },
	{ { { "scaling_governor", "sys/devices/system/cpu/cpu0/cpufreq", "performance\n" },
	    { "scaling_governor", "sys/devices/system/cpu/cpu12/cpufreq", "powersave\n" } }, CHECK_NOTE, "1 of 2" },
	{ { { "", "", "" } }, CHECK_UNKNOWN, "" })

/* What only a running process can know is never answered from a captured tree. */
CASES(mbind, { { { "", "", "" } }, CHECK_UNKNOWN, "captured" })
CASES(memlock, { { { "", "", "" } }, CHECK_UNKNOWN, "captured" })
CASES(files, { { { "", "", "" } }, CHECK_UNKNOWN, "captured" })
CASES(run_folder, { { { "", "", "" } }, CHECK_UNKNOWN, "captured" })
/* clang-format on */

/* Each in a process of its own (Criterion forks), so the limits end with the test. */
static struct check_result live(void (*run)(const struct check_env *env,
					    struct check_result *result))
{
	struct check_result result = { .state = CHECK_UNKNOWN };
	struct fs_root host;
	struct check_env env = { .root = &host };
	struct err err;

	cr_assert_eq(fs_open_host(&host, &err), 0);
	run(&env, &result);
	fs_close(&host);
	return result;
}

Test(check, few_open_files_are_a_warning_that_names_the_number)
{
	struct rlimit few = { 100, 100 }, many = { 2048, 4096 };
	struct check_result result;

	setrlimit(RLIMIT_NOFILE, &many);
	cr_expect_eq(live(check_files).state, CHECK_OK);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	result = live(check_files);
	cr_expect_eq(result.state, CHECK_WARNING);
	cr_expect(strstr(result.text, "100 files"), "%s", result.text);
	cr_expect(strstr(result.remedy, "ulimit -n 1024"), "%s", result.remedy);
}

Test(check, a_refused_mbind_is_explained)
{
	/* Seccomp as containers have it: mbind returns EPERM. */
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mbind, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };
	struct check_result result;

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	result = live(check_mbind);
	cr_expect_eq(result.state, CHECK_WARNING);
	cr_expect(strstr(result.remedy, "seccomp"), "%s", result.remedy);
}

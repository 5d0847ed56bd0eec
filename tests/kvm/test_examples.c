#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kvm/need_kvm.h"

/* Runs a program of the build folder and keeps what it prints. */
static int run(const char *program, char *out, size_t len)
{
	char self[512] = "", command[1024];
	size_t got;
	FILE *pipe;

	cr_assert_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	*strrchr(self, '/') = '\0';
	snprintf(command, sizeof(command), "%s/../%s 2>&1", self, program);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	got = fread(out, 1, len - 1, pipe);
	out[got] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

Test(examples, the_numa_guest_is_placed_and_its_three_reports_say_so)
{
	char out[8192];

	NEED_KVM();
	cr_assert_eq(run("examples/numa_guest 16", out, sizeof(out)), 0, "%s", out);
	cr_assert(strstr(out, "=== KVM NUMA Configuration ==="), "%s", out);
	cr_assert(strstr(out, "=== vCPU Affinity Configuration ===\nTotal vCPUs: 4\n"), "%s", out);
	cr_assert(strstr(out, "=== NUMA Optimizer Status ==="), "%s", out);
	cr_assert(strstr(out, "vCPU 3: NUMA Node"), "%s", out);
	cr_assert(strstr(out, "4096 of 4096 pages present, all on plan"), "%s", out);
	cr_assert_null(strstr(out, "WRONG"), "%s", out);
}

Test(examples, the_numa_guest_refuses_what_it_does_not_understand)
{
	char out[1024];

	cr_assert_eq(run("examples/numa_guest nonsense", out, sizeof(out)), 2, "%s", out);
	cr_assert(strstr(out, "usage"), "%s", out);
}

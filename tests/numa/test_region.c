#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/size.h"
#include "numa/memory.h"

/* The VmFlags of the mapping that starts at hva, from smaps; static text. */
static const char *vm_flags(const void *hva)
{
	static char line[512];
	char start[32];
	bool inside = false;
	FILE *file = fopen("/proc/self/smaps", "r");

	cr_assert(file);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)hva);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, start, strlen(start)))
			inside = true;
		if (inside && !strncmp(line, "VmFlags:", 8))
			break;
	}
	fclose(file);
	cr_assert(inside);
	return line;
}

Test(region, guest_memory_stays_out_of_core_dumps_and_child_processes)
{
	struct gmem_spec spec = { .len = MIB };
	struct gmem gmem;
	struct err err;

	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0);
	cr_assert(strstr(vm_flags(gmem.regions[0].hva), " dd"));
	cr_assert(strstr(vm_flags(gmem.regions[0].hva), " dc"));
	cr_assert_not(strstr(vm_flags(gmem.regions[0].hva), " mg"), "KSM is off");
	gmem_fini(&gmem);
}

Test(region, transparent_huge_pages_are_asked_for_or_refused)
{
	struct gmem_spec spec = { .len = 4 * MIB };
	struct gmem gmem;
	struct err err;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		cr_skip_test("this kernel has no transparent huge pages");
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0);
	cr_assert(strstr(vm_flags(gmem.regions[0].hva), " nh"));
	gmem_fini(&gmem);
	spec.thp = true;
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0);
	cr_assert(strstr(vm_flags(gmem.regions[0].hva), " hg"));
	gmem_fini(&gmem);
}

/* Without CAP_IPC_LOCK the limit counts; root has it until it is given up. */
static void obey_limit(rlim_t bytes)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	struct rlimit limit = { bytes, bytes };

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	cr_assert_eq(syscall(SYS_capset, &header, none), 0);
}

Test(region, a_limit_on_locked_memory_is_explained)
{
	struct gmem_spec spec = { .len = 4 * MIB, .mlock = true };
	struct gmem gmem;
	struct err err;

	obey_limit(MIB);
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), -EPERM);
	cr_assert_str_eq(err.text,
			 "memory: cannot lock 4 MiB, the limit of this process is 1 MiB; raise it "
			 "(ulimit -l, LimitMEMLOCK= of a unit) or set memory.mlock: false");
}

Test(region, locked_memory_is_locked)
{
	struct gmem_spec spec = { .len = MIB, .mlock = true };
	struct gmem gmem;
	struct err err;

	obey_limit(MIB);
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	cr_assert(strstr(vm_flags(gmem.regions[0].hva), " lo"));
	gmem_fini(&gmem);
}

Test(region, more_than_the_address_space_is_an_error)
{
	struct gmem_spec spec = { .len = UINT64_C(1) << 51 };
	struct gmem gmem;
	struct err err;

	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), -ENOMEM);
	cr_assert(strstr(err.text, "cannot reserve 2 PiB of address space"), "%s", err.text);
}

Test(region, huge_pages_are_used_where_the_host_has_some_free)
{
	struct gmem_spec spec = { .len = 4 * MIB, .page_size = 2 * MIB };
	struct fs_root root;
	uint64_t free = 0;
	struct gmem gmem;
	struct err err;

	cr_assert_eq(fs_open_host(&root, &err), 0);
	fs_read_u64f(&root, &free, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	fs_close(&root);
	if (free < 2)
		cr_skip_test("this host has no two free 2 MiB pages");
	for (int shared = 0; shared < 2; shared++) {
		spec.shared = shared;
		cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
		cr_assert(strstr(vm_flags(gmem.regions[0].hva), " ht"));
		memset(gmem_ptr(&gmem, 0, 4 * MIB), 1, 4 * MIB);
		gmem_fini(&gmem);
	}
}

Test(region, missing_huge_pages_are_an_error_or_a_reported_fallback)
{
	struct gmem_spec spec = { .len = UINT64_C(1) << 40, .page_size = 2 * MIB };
	struct gmem gmem;
	struct err err;

	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK))
		cr_skip_test("this host offers no 2 MiB pages");
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), -ENOMEM);
	cr_assert(strstr(err.text, "free 2 MiB pages, 524288 are needed; free memory or set "
				   "memory.hugepages: false"),
		  "%s", err.text);
}

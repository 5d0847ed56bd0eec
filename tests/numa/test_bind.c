#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/mempolicy.h"
#include "base/size.h"
#include "numa/bind.h"
#include "numa/memory.h"

/* Refuses mbind with EPERM, as the default filter of container engines does. */
static void refuse_mbind(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mbind, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

static int policy_of(void *at, unsigned long *mask)
{
	int mode = -1;

	*mask = 0;
	cr_assert_eq(get_mempolicy(&mode, mask, 64, at, MPOL_F_ADDR), 0);
	return mode;
}

static void *some_pages(uint64_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

Test(bind, each_policy_reaches_the_kernel)
{
	void *at = some_pages(MIB);
	struct cpuset nodes = { 0 };
	unsigned long mask;
	struct err err;

	/* A set longer than any host's: the bits beyond it are clear and do no harm. */
	cpuset_add(&nodes, 2000);
	cpuset_remove(&nodes, 2000);
	cpuset_add(&nodes, 0);
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_BIND, &nodes, false, &err), 0, "%s", err.text);
	cr_assert_eq(policy_of(at, &mask), MPOL_BIND);
	cr_assert_eq(mask, 1);
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_INTERLEAVE, &nodes, false, &err), 0);
	cr_assert_eq(policy_of(at, &mask), MPOL_INTERLEAVE);
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_PREFERRED, &nodes, false, &err), 0);
	cr_assert_eq(policy_of(at, &mask), MPOL_PREFERRED);
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_LOCAL, &nodes, false, &err), 0);
	cr_assert_eq(policy_of(at, &mask), MPOL_LOCAL);
	cpuset_fini(&nodes);
	munmap(at, MIB);
}

Test(bind, node_63_is_not_lost_from_the_mask)
{
	void *at = some_pages(MIB);
	struct cpuset nodes = { 0 };
	struct err err;

	/* With a maxnode too small by one, the kernel would see an empty set or node 0 alone. */
	cpuset_add(&nodes, 63);
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_BIND, &nodes, false, &err), -EINVAL);
	cr_assert(strstr(err.text, "node 63 cannot hold 1 MiB"), "%s", err.text);
	cpuset_fini(&nodes);
	munmap(at, MIB);
}

Test(bind, a_refusal_by_a_container_names_the_remedy)
{
	void *at = some_pages(MIB);
	struct cpuset nodes = { 0 };
	struct err err;

	cpuset_add(&nodes, 0);
	refuse_mbind();
	cr_assert_eq(bind_range(at, MIB, MEM_POLICY_BIND, &nodes, false, &err), -EPERM);
	cr_assert_eq(err.status, EXIT_HOST);
	cr_assert(strstr(err.text, "add the capability SYS_NICE"), "%s", err.text);
	cpuset_fini(&nodes);
}

Test(bind, a_refusal_does_not_matter_where_memory_need_not_be_steered)
{
	struct gmem_spec spec = { .len = MIB, .prefault = true };
	struct err err = { 0 };
	struct gmem gmem;

	refuse_mbind();
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(err.status, EXIT_OK);
	gmem_fini(&gmem);
}

Test(bind, pages_that_are_there_get_the_new_policy)
{
	char *at = some_pages(MIB);
	struct gmem_spec spec = { .len = MIB, .hva = at, .policy = MEM_POLICY_BIND };
	struct gmem gmem;
	unsigned long mask;
	struct err err;

	memset(at, 'x', MIB);
	cpuset_add(&spec.nodes, 0);
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(policy_of(at, &mask), MPOL_BIND);
	cr_assert_eq(gmem_ptr(&gmem, 0, MIB), at);
	cr_assert_eq(gmem_move(&gmem, 0, MEM_POLICY_PREFERRED, &spec.nodes, &err), 0, "%s",
		     err.text);
	cr_assert_eq(policy_of(at, &mask), MPOL_PREFERRED);
	cr_assert_eq(gmem.regions[0].spec.policy, MEM_POLICY_PREFERRED);
	gmem_fini(&gmem);
	cr_assert_eq(at[MIB - 1], 'x', "the caller's memory outlives the region");
	cpuset_fini(&spec.nodes);
}

Test(bind, memory_that_is_not_mapped_is_refused)
{
	char *at = some_pages(MIB);
	struct gmem_spec spec = { .len = MIB, .hva = at };
	struct gmem gmem;
	struct err err;

	munmap(at + MIB - 4096, 4096);
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), -EFAULT);
	cr_assert(strstr(err.text, "is not mapped"), "%s", err.text);
}

Test(bind, moving_to_a_node_that_is_absent_changes_nothing)
{
	struct gmem_spec spec = { .len = MIB, .prefault = true };
	struct cpuset nodes = { 0 };
	struct gmem gmem;
	struct err err;

	cpuset_add(&nodes, 63);
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0);
	cr_assert_eq(gmem_move(&gmem, 0, MEM_POLICY_BIND, &nodes, &err), -EINVAL);
	cr_assert_eq(gmem.regions[0].spec.policy, MEM_POLICY_LOCAL);
	cr_assert_not(cpuset_has(&gmem.regions[0].spec.nodes, 63));
	gmem_fini(&gmem);
	cpuset_fini(&nodes);
}

Test(bind, the_callers_node_is_the_one_of_its_cpu)
{
	unsigned int cpu, node;

	cr_assert_eq(getcpu(&cpu, &node), 0);
	cr_assert_eq(bind_current_node(), node);
}

#include "numa/bind.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/mempolicy.h"
#include "base/size.h"

#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5 /* Linux 5.15, linux/mempolicy.h */
#endif

static int mode_of(enum mem_policy policy, const struct cpuset *nodes)
{
	switch (policy) {
	case MEM_POLICY_BIND:
		return MPOL_BIND;
	case MEM_POLICY_INTERLEAVE:
		return MPOL_INTERLEAVE;
	case MEM_POLICY_PREFERRED:
		return cpuset_count(nodes) > 1 ? MPOL_PREFERRED_MANY : MPOL_PREFERRED;
	case MEM_POLICY_LOCAL:
		break;
	}
	return MPOL_LOCAL;
}

/* The kernel reads maxnode - 1 bits and refuses set bits beyond its own limit, not clear ones. */
static int call_mbind(void *hva, uint64_t len, int mode, const struct cpuset *nodes,
		      unsigned int flags)
{
	unsigned long maxnode = nodes->nr_words * 64 + 1;
	long ret;

	_Static_assert(sizeof(unsigned long) == sizeof(*nodes->words),
		       "a nodemask is made of longs");
	if (mode == MPOL_LOCAL)
		ret = mbind(hva, len, mode, NULL, 0, flags);
	else
		ret = mbind(hva, len, mode, (const unsigned long *)nodes->words, maxnode, flags);
	return ret ? -errno : 0;
}

static int refused(uint64_t len, const struct cpuset *nodes, int errnum, struct err *err)
{
	AUTO_FREE char *list = cpuset_string(nodes);
	char size[SIZE_TEXT];

	size_format(len, size);
	if (errnum == EPERM)
		return err_set(err, EXIT_HOST, errnum,
			       "memory: binding %s to node %s is not permitted (mbind); in a "
			       "container add "
			       "the capability SYS_NICE or allow mbind in its seccomp profile",
			       size, list);
	if (errnum == EIO)
		return err_set(
			err, EXIT_UNVERIFIED, errnum,
			"memory: some pages of %s could not be moved to node %s; they are in use "
			"by a device or the node is full, free memory there and try again",
			size, list);
	if (errnum == EINVAL)
		return err_set(
			err, EXIT_HOST, errnum,
			"memory: node %s cannot hold %s of guest memory; see Mems_allowed_list in "
			"/proc/self/status for the nodes that this process may use",
			list, size);
	return err_sys(err, EXIT_HOST, errnum, "memory: cannot bind %s to node %s", size, list);
}

int bind_range(void *hva, uint64_t len, enum mem_policy policy, const struct cpuset *nodes,
	       bool move, struct err *err)
{
	unsigned int flags = move ? MPOL_MF_MOVE | MPOL_MF_STRICT : 0;
	int mode = mode_of(policy, nodes);
	int ret = call_mbind(hva, len, mode, nodes, flags);

	/* Before Linux 5.15 a preference names one node: the lowest of the set. */
	if (ret == -EINVAL && mode == MPOL_PREFERRED_MANY)
		ret = call_mbind(hva, len, MPOL_PREFERRED, nodes, flags);
	return ret ? refused(len, nodes, -ret, err) : 0;
}

unsigned int bind_current_node(void)
{
	unsigned int cpu, node;

	return getcpu(&cpu, &node) ? 0 : node;
}

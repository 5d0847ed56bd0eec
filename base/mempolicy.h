#ifndef SITU_BASE_MEMPOLICY_H
#define SITU_BASE_MEMPOLICY_H

#include <linux/mempolicy.h>

/*
 * The kernel's NUMA calls, mbind(2), set_mempolicy(2), get_mempolicy(2), move_pages(2), under their
 * own names and rules: 0 or more, or -1 with errno. Any thread.
 *
 * libnuma has the same four, but its constructor reads the host's topology before main(), which
 * costs every start 0.2 ms. maxnode is the number of bits in the mask plus one.
 */
long mbind(void *start, unsigned long len, int mode, const unsigned long *nodes,
	   unsigned long maxnode, unsigned int flags);
long set_mempolicy(int mode, const unsigned long *nodes, unsigned long maxnode);
long get_mempolicy(int *mode, unsigned long *nodes, unsigned long maxnode, void *address,
		   unsigned long flags);
long move_pages(int pid, unsigned long nr, void **pages, const int *nodes, int *status, int flags);

#endif

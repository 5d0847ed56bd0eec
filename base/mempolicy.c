#include "base/mempolicy.h"

#include <sys/syscall.h>
#include <unistd.h>

long mbind(void *start, unsigned long len, int mode, const unsigned long *nodes,
	   unsigned long maxnode, unsigned int flags)
{
	return syscall(SYS_mbind, start, len, mode, nodes, maxnode, flags);
}

long set_mempolicy(int mode, const unsigned long *nodes, unsigned long maxnode)
{
	return syscall(SYS_set_mempolicy, mode, nodes, maxnode);
}

long get_mempolicy(int *mode, unsigned long *nodes, unsigned long maxnode, void *address,
		   unsigned long flags)
{
	return syscall(SYS_get_mempolicy, mode, nodes, maxnode, address, flags);
}

long move_pages(int pid, unsigned long nr, void **pages, const int *nodes, int *status, int flags)
{
	return syscall(SYS_move_pages, pid, nr, pages, nodes, status, flags);
}

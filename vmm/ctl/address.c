#include "vmm/ctl/address.h"

#include <stdio.h>
#include <sys/socket.h>

#include "vmm/ctl/server.h"

void ctl_address(struct sockaddr_un *address, int dir_fd)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" CTL_SOCKET,
		 dir_fd);
}

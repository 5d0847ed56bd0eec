#ifndef SITU_VMM_CTL_ADDRESS_H
#define SITU_VMM_CTL_ADDRESS_H

#include <sys/un.h>

/* The socket in a VM's folder, whatever the folder's path is: a socket's address has room for 108
 * bytes only (unix(7)). dir_fd has to stay open until bind() or connect() is done. Any thread. */
void ctl_address(struct sockaddr_un *address, int dir_fd);

#endif

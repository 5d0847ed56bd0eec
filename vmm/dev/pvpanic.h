#ifndef SITU_VMM_DEV_PVPANIC_H
#define SITU_VMM_DEV_PVPANIC_H

#include <stdbool.h>
#include <stdint.h>

/* Through one port a guest kernel reports its panic (QEMU docs/specs/pvpanic). A bus callback; dev
 * is a struct guest_event_sink. Any thread. */
void pvpanic_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

#endif

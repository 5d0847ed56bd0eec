#ifndef SITU_VMM_DEV_DEBUG_EXIT_H
#define SITU_VMM_DEV_DEBUG_EXIT_H

#include <stdbool.h>
#include <stdint.h>

/* A port for kernel test programs: what is written ends the machine, as QEMU's isa-debug-exit. A
 * bus callback; dev is a struct guest_event_sink. Any thread. */
void debug_exit_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

#endif

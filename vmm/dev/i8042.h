#ifndef SITU_VMM_DEV_I8042_H
#define SITU_VMM_DEV_I8042_H

#include <stdbool.h>
#include <stdint.h>

/* What is left of the keyboard controller: command 0xfe, which resets a PC. There is no keyboard.
 * A bus callback for PORT_I8042_CMD; dev is a struct guest_event_sink. Any thread. */
void i8042_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

#endif

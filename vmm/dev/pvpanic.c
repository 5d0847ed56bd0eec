#include "vmm/dev/pvpanic.h"

#include <string.h>

#include "vmm/dev/guest_event.h"

#define PANICKED     0x01
#define CRASH_LOADED 0x02 /* a crash kernel takes over: the guest goes on */

void pvpanic_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	(void)offset; /* there is one port */
	const struct guest_event_sink *sink = dev;

	if (!is_write) {
		memset(data, 0, len);
		*(uint8_t *)data = PANICKED | CRASH_LOADED;
	} else if (*(const uint8_t *)data & PANICKED) {
		sink->fn(sink->arg, GUEST_PANICKED, 0);
	}
}

#include "vmm/dev/debug_exit.h"

#include <string.h>

#include "vmm/dev/guest_event.h"

void debug_exit_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	(void)offset; /* there is one port */
	const struct guest_event_sink *sink = dev;

	if (!is_write)
		memset(data, 0, len);
	else
		sink->fn(sink->arg, GUEST_DEBUG_EXIT, *(const uint8_t *)data);
}

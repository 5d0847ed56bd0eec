#include "vmm/dev/i8042.h"

#include <string.h>

#include "vmm/dev/guest_event.h"

#define COMMAND_RESET 0xfe

void i8042_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	(void)offset; /* there is one port */
	const struct guest_event_sink *sink = dev;

	if (!is_write)
		memset(data, 0, len); /* both buffers are empty: commands may be written */
	else if (*(const uint8_t *)data == COMMAND_RESET)
		sink->fn(sink->arg, GUEST_RESET, 0);
}

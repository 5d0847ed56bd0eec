#include "vmm/dev/power.h"

#include <string.h>

#include "vmm/layout.h"

#define SLEEP_ENABLE	 0x20
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_TYPE_MASK	 7

void power_init(struct power *power, struct guest_event_sink sink, struct irq_pin irq)
{
	*power = (struct power){ .sink = sink, .irq = irq };
	pthread_mutex_init(&power->lock, NULL);
}

void power_fini(struct power *power)
{
	pthread_mutex_destroy(&power->lock);
}

static void write_register(struct power *power, uint64_t port, uint8_t value)
{
	if (port == PORT_SLEEP_CTL && value & SLEEP_ENABLE &&
	    (value >> SLEEP_TYPE_SHIFT & SLEEP_TYPE_MASK) == SLEEP_TYPE_S5)
		power->sink.fn(power->sink.arg, GUEST_POWER_OFF, 0);
	else if (port == PORT_RESET && value == RESET_VALUE)
		power->sink.fn(power->sink.arg, GUEST_RESET, 0);
}

/* Reading the events takes them; the pin falls so that the next one is an edge again. */
static uint8_t take_events(struct power *power)
{
	uint8_t events;

	pthread_mutex_lock(&power->lock);
	events = power->events;
	power->events = 0;
	if (events)
		power->irq.set(power->irq.arg, false);
	pthread_mutex_unlock(&power->lock);
	return events;
}

void power_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct power *power = dev;
	uint8_t *bytes = data;

	if (is_write) {
		write_register(power, PORT_ACPI + offset, bytes[0]);
		return;
	}
	memset(data, 0, len);
	if (PORT_ACPI + offset == PORT_EVENT)
		bytes[0] = take_events(power);
}

void power_press_button(struct power *power)
{
	pthread_mutex_lock(&power->lock);
	if (!power->events)
		power->irq.set(power->irq.arg, true);
	power->events |= EVENT_POWER_BUTTON;
	pthread_mutex_unlock(&power->lock);
}

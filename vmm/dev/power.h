#ifndef SITU_VMM_DEV_POWER_H
#define SITU_VMM_DEV_POWER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/dev/guest_event.h"
#include "vmm/dev/irq_pin.h"

/*
 * The registers of hardware-reduced ACPI (6.3, 4.8.3.7 and 5.6.9): sleep control and status, reset,
 * and one that says why the event interrupt came. Four ports from PORT_ACPI on. Any thread.
 */
struct power {
	struct guest_event_sink sink;
	struct irq_pin irq;
	pthread_mutex_t lock; /* events */
	uint8_t events;
};

#define POWER_REGISTERS 4

void power_init(struct power *power, struct guest_event_sink sink, struct irq_pin irq);
void power_fini(struct power *power);
void power_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

/* Presses the power button: the guest's software decides what follows. */
void power_press_button(struct power *power);

#endif

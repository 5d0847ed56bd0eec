#ifndef SITU_VMM_DEV_IRQ_PIN_H
#define SITU_VMM_DEV_IRQ_PIN_H

#include <stdbool.h>

/* The wire from a device to an interrupt controller. set() is called from any thread, with the
 * device's lock held, and only when the level changes. */
struct irq_pin {
	void (*set)(void *arg, bool level);
	void *arg;
};

#endif

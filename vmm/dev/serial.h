#ifndef SITU_VMM_DEV_SERIAL_H
#define SITU_VMM_DEV_SERIAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/dev/irq_pin.h"

/*
 * A 16550A serial port: FIFO, interrupts, loopback (National Semiconductor PC16550D data sheet).
 * Any thread.
 *
 * Sending takes no time: a byte written is handed to write() at once, on the vCPU's thread, with
 * the lock held; if the other end blocks, so does the guest. Received bytes wait in the FIFO, and
 * room() is called when there is some again after there was none, on the vCPU's thread with no lock
 * held.
 */
#define SERIAL_FIFO	 16
#define SERIAL_REGISTERS 8

struct serial_host {
	void (*write)(void *arg, const uint8_t *data, size_t len);
	void (*room)(void *arg);
	void *arg;
};

struct serial {
	struct irq_pin irq;
	struct serial_host host;
	pthread_mutex_t lock; /* all below */
	uint8_t divisor[2], ier, fcr, lcr, mcr, scratch;
	uint8_t fifo[SERIAL_FIFO];
	unsigned int fifo_head, fifo_len;
	bool sent; /* the transmitter became empty and the guest was not told yet */
	bool overrun, level;
};

void serial_init(struct serial *serial, struct irq_pin irq, const struct serial_host *host);
void serial_fini(struct serial *serial);

/* A bus callback (vmm/bus.h): dev is the struct serial. */
void serial_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

/* Bytes for the guest; takes as many as there is room for and returns how many. */
size_t serial_receive(struct serial *serial, const uint8_t *data, size_t len);
size_t serial_room(struct serial *serial);

#endif

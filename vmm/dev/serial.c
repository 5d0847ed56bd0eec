#include "vmm/dev/serial.h"

#include <string.h>

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

#define IER_RECEIVED 0x01
#define IER_SENT     0x02
#define IER_LINE     0x04
#define IER_MASK     0x0f

#define IIR_NONE     0x01
#define IIR_SENT     0x02
#define IIR_RECEIVED 0x04
#define IIR_LINE     0x06
#define IIR_FIFO     0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02

#define LCR_DIVISOR 0x80

#define MCR_DTR	     0x01
#define MCR_RTS	     0x02
#define MCR_OUT1     0x04
#define MCR_OUT2     0x08
#define MCR_LOOPBACK 0x10
#define MCR_MASK     0x1f

#define LSR_DATA    0x01
#define LSR_OVERRUN 0x02
#define LSR_EMPTY   0x60 /* holding register and transmitter */

#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI	0x40
#define MSR_DCD 0x80

void serial_init(struct serial *serial, struct irq_pin irq, const struct serial_host *host)
{
	*serial = (struct serial){ .irq = irq, .host = *host, .divisor = { 1, 0 } };
	pthread_mutex_init(&serial->lock, NULL);
}

void serial_fini(struct serial *serial)
{
	pthread_mutex_destroy(&serial->lock);
}

/* The most urgent reason for an interrupt, as IIR names it. */
static uint8_t pending(const struct serial *serial)
{
	if (serial->ier & IER_LINE && serial->overrun)
		return IIR_LINE;
	if (serial->ier & IER_RECEIVED && serial->fifo_len)
		return IIR_RECEIVED;
	if (serial->ier & IER_SENT && serial->sent)
		return IIR_SENT;
	return IIR_NONE;
}

static void update_irq(struct serial *serial)
{
	bool level = pending(serial) != IIR_NONE;

	if (level == serial->level)
		return;
	serial->level = level;
	serial->irq.set(serial->irq.arg, level);
}

static void push(struct serial *serial, uint8_t byte)
{
	unsigned int depth = serial->fcr & FCR_ENABLE ? SERIAL_FIFO : 1;

	if (serial->fifo_len >= depth) {
		serial->overrun = true;
		return;
	}
	serial->fifo[(serial->fifo_head + serial->fifo_len++) % SERIAL_FIFO] = byte;
}

static uint8_t pop(struct serial *serial)
{
	uint8_t byte;

	if (!serial->fifo_len)
		return 0;
	byte = serial->fifo[serial->fifo_head];
	serial->fifo_head = (serial->fifo_head + 1) % SERIAL_FIFO;
	serial->fifo_len--;
	return byte;
}

static uint8_t read_iir(struct serial *serial)
{
	uint8_t reason = pending(serial);

	if (reason == IIR_SENT)
		serial->sent = false; /* reading it acknowledges it */
	return reason | (serial->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct serial *serial)
{
	uint8_t value =
		LSR_EMPTY | (serial->fifo_len ? LSR_DATA : 0) | (serial->overrun ? LSR_OVERRUN : 0);

	serial->overrun = false;
	return value;
}

/* A cable is plugged in and the other end is ready, but in loopback the outputs are the inputs. */
static uint8_t read_msr(const struct serial *serial)
{
	uint8_t value = 0;

	if (!(serial->mcr & MCR_LOOPBACK))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (serial->mcr & MCR_RTS)
		value |= MSR_CTS;
	if (serial->mcr & MCR_DTR)
		value |= MSR_DSR;
	if (serial->mcr & MCR_OUT1)
		value |= MSR_RI;
	if (serial->mcr & MCR_OUT2)
		value |= MSR_DCD;
	return value;
}

static uint8_t read_register(struct serial *serial, uint64_t offset)
{
	bool divisor = serial->lcr & LCR_DIVISOR;

	switch (offset) {
	case REG_DATA:
		return divisor ? serial->divisor[0] : pop(serial);
	case REG_IER:
		return divisor ? serial->divisor[1] : serial->ier;
	case REG_IIR_FCR:
		return read_iir(serial);
	case REG_LCR:
		return serial->lcr;
	case REG_MCR:
		return serial->mcr;
	case REG_LSR:
		return read_lsr(serial);
	case REG_MSR:
		return read_msr(serial);
	case REG_SCRATCH:
		return serial->scratch;
	default:
		return 0xff;
	}
}

static bool goes_out(const struct serial *serial, uint64_t offset)
{
	return offset == REG_DATA && !(serial->lcr & LCR_DIVISOR) && !(serial->mcr & MCR_LOOPBACK);
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	/* Switching the FIFO on or off empties it too. */
	if (value & FCR_CLEAR_RX || (value ^ serial->fcr) & FCR_ENABLE)
		serial->fifo_len = 0;
	serial->fcr = value & (uint8_t)~FCR_CLEAR_RX;
}

static void write_register(struct serial *serial, uint64_t offset, uint8_t value)
{
	if (serial->lcr & LCR_DIVISOR && offset <= REG_IER) {
		serial->divisor[offset] = value;
		return;
	}
	switch (offset) {
	case REG_DATA:
		if (serial->mcr & MCR_LOOPBACK)
			push(serial, value);
		serial->sent = true;
		break;
	case REG_IER:
		/* Asking for it while nothing is being sent is an interrupt at once. */
		if (value & ~serial->ier & IER_SENT)
			serial->sent = true;
		serial->ier = value & IER_MASK;
		break;
	case REG_IIR_FCR:
		write_fcr(serial, value);
		break;
	case REG_LCR:
		serial->lcr = value;
		break;
	case REG_MCR:
		serial->mcr = value & MCR_MASK;
		break;
	case REG_SCRATCH:
		serial->scratch = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static size_t room_locked(const struct serial *serial)
{
	if (serial->mcr & MCR_LOOPBACK) /* the line is cut */
		return 0;
	return (serial->fcr & FCR_ENABLE ? SERIAL_FIFO : 1) - serial->fifo_len;
}

void serial_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct serial *serial = dev;
	uint8_t *bytes = data;
	bool got_room, sends;

	pthread_mutex_lock(&serial->lock);
	got_room = !room_locked(serial);
	sends = is_write && goes_out(serial, offset);
	if (is_write) {
		write_register(serial, offset, bytes[0]);
	} else {
		memset(data, 0xff, len); /* wider accesses see one register and an open bus */
		bytes[0] = read_register(serial, offset);
	}
	got_room = got_room && room_locked(serial);
	update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
	if (sends) /* not under the lock: the host's reader may be slow */
		serial->host.write(serial->host.arg, bytes, 1);
	if (got_room && serial->host.room)
		serial->host.room(serial->host.arg);
}

size_t serial_room(struct serial *serial)
{
	size_t room;

	pthread_mutex_lock(&serial->lock);
	room = room_locked(serial);
	pthread_mutex_unlock(&serial->lock);
	return room;
}

size_t serial_receive(struct serial *serial, const uint8_t *data, size_t len)
{
	size_t room;

	pthread_mutex_lock(&serial->lock);
	room = room_locked(serial);
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		push(serial, data[i]);
	update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
	return len;
}

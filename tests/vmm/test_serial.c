#include <criterion/criterion.h>
#include <string.h>

#include "vmm/dev/serial.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };

struct port {
	struct serial serial;
	char sent[64];
	size_t nr_sent;
	unsigned int edges, rooms;
	bool level;
};

static void set_irq(void *arg, bool level)
{
	struct port *port = arg;

	port->level = level;
	port->edges += level;
}

static void take(void *arg, const uint8_t *data, size_t len)
{
	struct port *port = arg;

	memcpy(port->sent + port->nr_sent, data, len);
	port->nr_sent += len;
}

static void count_room(void *arg)
{
	((struct port *)arg)->rooms++;
}

static void setup(struct port *port)
{
	struct serial_host host = { take, count_room, port };

	memset(port, 0, sizeof(*port));
	serial_init(&port->serial, (struct irq_pin){ set_irq, port }, &host);
}

static void out(struct port *port, unsigned int reg, uint8_t value)
{
	serial_access(&port->serial, reg, &value, 1, true);
}

static uint8_t in(struct port *port, unsigned int reg)
{
	uint8_t value = 0;

	serial_access(&port->serial, reg, &value, 1, false);
	return value;
}

Test(serial, what_is_written_is_sent_at_once)
{
	struct port port;

	setup(&port);
	out(&port, DATA, 'h');
	out(&port, DATA, 'i');
	cr_assert_eq(port.nr_sent, 2);
	cr_assert(!memcmp(port.sent, "hi", 2));
	cr_assert_eq(in(&port, LSR), 0x60);
	serial_fini(&port.serial);
}

Test(serial, asking_for_the_sent_interrupt_raises_it_and_reading_iir_takes_it)
{
	struct port port;

	setup(&port);
	out(&port, IER, 0x02);
	cr_assert(port.level);
	cr_assert_eq(in(&port, IIR), 0x02);
	cr_assert_not(port.level);
	cr_assert_eq(in(&port, IIR), 0x01);
	out(&port, DATA, 'x');
	cr_assert(port.level, "the next byte is sent, too");
	serial_fini(&port.serial);
}

Test(serial, received_bytes_interrupt_until_they_are_read_and_come_before_sent_ones)
{
	struct port port;

	setup(&port);
	out(&port, IIR, 0x01); /* FIFO on */
	out(&port, IER, 0x03);
	cr_assert_eq(serial_receive(&port.serial, (const uint8_t *)"ab", 2), 2);
	cr_assert_eq(in(&port, IIR), 0xc4);
	cr_assert_eq(in(&port, DATA), 'a');
	cr_assert_eq(in(&port, LSR) & 1, 1);
	cr_assert_eq(in(&port, DATA), 'b');
	cr_assert_eq(in(&port, IIR), 0xc2);
	cr_assert_not(port.level);
	serial_fini(&port.serial);
}

Test(serial, the_fifo_takes_sixteen_bytes_and_says_when_there_is_room_again)
{
	struct port port;
	uint8_t bytes[32] = { 0 };

	setup(&port);
	cr_assert_eq(serial_receive(&port.serial, bytes, 32), 1, "the FIFO is off");
	out(&port, IIR, 0x01);
	cr_assert_eq(port.rooms, 1, "switching it on makes room");
	cr_assert_eq(serial_receive(&port.serial, bytes, 32), 16);
	cr_assert_eq(serial_room(&port.serial), 0);
	in(&port, DATA);
	cr_assert_eq(port.rooms, 2);
	cr_assert_eq(serial_room(&port.serial), 1);
	serial_fini(&port.serial);
}

Test(serial, loopback_receives_what_it_sends_and_turns_the_outputs_into_inputs)
{
	struct port port;

	setup(&port);
	out(&port, MCR, 0x1a);
	cr_assert_eq(in(&port, MSR) & 0xf0, 0x90, "as Linux tests for a UART");
	out(&port, DATA, 'q');
	cr_assert_eq(port.nr_sent, 0);
	cr_assert_eq(in(&port, DATA), 'q');
	cr_assert_eq(serial_receive(&port.serial, (const uint8_t *)"z", 1), 0);
	serial_fini(&port.serial);
}

Test(serial, the_divisor_hides_behind_its_latch_and_scratch_keeps_a_byte)
{
	struct port port;

	setup(&port);
	out(&port, LCR, 0x83);
	out(&port, DATA, 0x0c);
	out(&port, IER, 0x01);
	cr_assert_eq(in(&port, DATA), 0x0c);
	cr_assert_eq(in(&port, IER), 0x01);
	out(&port, LCR, 0x03);
	cr_assert_eq(in(&port, IER), 0);
	cr_assert_eq(port.nr_sent, 0);
	out(&port, SCRATCH, 0x5a);
	cr_assert_eq(in(&port, SCRATCH), 0x5a);
	serial_fini(&port.serial);
}

Test(serial, a_wide_read_shows_one_register_and_an_open_bus)
{
	struct port port;
	uint32_t value = 0;

	setup(&port);
	serial_access(&port.serial, LSR, &value, 4, false);
	cr_assert_eq(value, 0xffffff60);
	serial_fini(&port.serial);
}

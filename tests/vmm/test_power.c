#include <criterion/criterion.h>
#include <string.h>

#include "vmm/dev/debug_exit.h"
#include "vmm/dev/i8042.h"
#include "vmm/dev/power.h"
#include "vmm/dev/pvpanic.h"
#include "vmm/dev/rtc.h"
#include "vmm/layout.h"

struct heard {
	int events[8];
	unsigned int values[8];
	unsigned int nr, edges;
	bool level;
};

static void hear(void *arg, enum guest_event event, unsigned int value)
{
	struct heard *heard = arg;

	heard->values[heard->nr] = value;
	heard->events[heard->nr++] = (int)event;
}

static void set_irq(void *arg, bool level)
{
	struct heard *heard = arg;

	heard->level = level;
	heard->edges += level;
}

static void out(void (*fn)(void *, uint64_t, void *, uint32_t, bool), void *dev, uint64_t offset,
		uint8_t value)
{
	fn(dev, offset, &value, 1, true);
}

static uint8_t in(void (*fn)(void *, uint64_t, void *, uint32_t, bool), void *dev, uint64_t offset)
{
	uint8_t value = 0xaa;

	fn(dev, offset, &value, 1, false);
	return value;
}

Test(power, only_sleep_type_s5_with_the_enable_bit_powers_off)
{
	struct heard heard = { 0 };
	struct power power;

	power_init(&power, (struct guest_event_sink){ hear, &heard },
		   (struct irq_pin){ set_irq, &heard });
	out(power_access, &power, PORT_SLEEP_CTL - PORT_ACPI, SLEEP_TYPE_S5 << 2);
	out(power_access, &power, PORT_SLEEP_CTL - PORT_ACPI, 0x20 | 3 << 2);
	out(power_access, &power, PORT_SLEEP_STATUS - PORT_ACPI, 0xff);
	out(power_access, &power, PORT_RESET - PORT_ACPI, 0);
	cr_assert_eq(heard.nr, 0);
	out(power_access, &power, PORT_SLEEP_CTL - PORT_ACPI, 0x20 | SLEEP_TYPE_S5 << 2);
	out(power_access, &power, PORT_RESET - PORT_ACPI, RESET_VALUE);
	cr_assert_eq(heard.nr, 2);
	cr_assert_eq(heard.events[0], GUEST_POWER_OFF);
	cr_assert_eq(heard.events[1], GUEST_RESET);
	power_fini(&power);
}

Test(power, the_button_is_one_edge_until_the_guest_reads_the_events)
{
	struct heard heard = { 0 };
	struct power power;

	power_init(&power, (struct guest_event_sink){ hear, &heard },
		   (struct irq_pin){ set_irq, &heard });
	power_press_button(&power);
	power_press_button(&power);
	cr_assert_eq(heard.edges, 1);
	cr_assert_eq(in(power_access, &power, PORT_EVENT - PORT_ACPI), EVENT_POWER_BUTTON);
	cr_assert_not(heard.level);
	cr_assert_eq(in(power_access, &power, PORT_EVENT - PORT_ACPI), 0);
	power_press_button(&power);
	cr_assert_eq(heard.edges, 2);
	power_fini(&power);
}

Test(i8042, only_the_reset_command_is_heard_and_the_controller_is_always_ready)
{
	struct heard heard = { 0 };
	struct guest_event_sink sink = { hear, &heard };

	out(i8042_access, &sink, 0, 0xd1);
	cr_assert_eq(heard.nr, 0);
	cr_assert_eq(in(i8042_access, &sink, 0), 0);
	out(i8042_access, &sink, 0, 0xfe);
	cr_assert_eq(heard.nr, 1);
	cr_assert_eq(heard.events[0], GUEST_RESET);
}

Test(pvpanic, a_panic_is_heard_and_a_crash_kernel_is_left_alone)
{
	struct heard heard = { 0 };
	struct guest_event_sink sink = { hear, &heard };

	cr_assert_eq(in(pvpanic_access, &sink, 0), 3);
	out(pvpanic_access, &sink, 0, 2);
	cr_assert_eq(heard.nr, 0);
	out(pvpanic_access, &sink, 0, 1);
	cr_assert_eq(heard.events[0], GUEST_PANICKED);
}

Test(debug_exit, the_byte_is_passed_on)
{
	struct heard heard = { 0 };
	struct guest_event_sink sink = { hear, &heard };

	out(debug_exit_access, &sink, 0, 0x21);
	cr_assert_eq(heard.events[0], GUEST_DEBUG_EXIT);
	cr_assert_eq(heard.values[0], 0x21);
}

static time_t leap_day(void)
{
	return 951827696; /* 2000-02-29 12:34:56 UTC, a Tuesday */
}

static uint8_t cmos(struct rtc *rtc, uint8_t index)
{
	out(rtc_access, rtc, 0, index);
	return in(rtc_access, rtc, 1);
}

Test(rtc, the_time_is_utc_in_bcd_and_memory_keeps_what_is_written)
{
	const uint8_t wanted[][2] = { { 0, 0x56 },  { 2, 0x34 }, { 4, 0x12 }, { 6, 3 },
				      { 7, 0x29 },  { 8, 0x02 }, { 9, 0x00 }, { 0x32, 0x20 },
				      { 11, 0x02 }, { 13, 0x80 } };
	struct rtc rtc;

	rtc_init(&rtc, leap_day);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		cr_assert_eq(cmos(&rtc, wanted[i][0]), wanted[i][1], "register %u", wanted[i][0]);
	out(rtc_access, &rtc, 0, 0x80 | 0x40); /* bit 7 masks NMIs, it is no address */
	out(rtc_access, &rtc, 1, 0x77);
	cr_assert_eq(cmos(&rtc, 0x40), 0x77);
	rtc_fini(&rtc);
}

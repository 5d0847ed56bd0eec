#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "vmm/bus.h"

struct seen {
	uint64_t offset, data;
	uint32_t len;
	unsigned int reads, writes;
};

static void record(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct seen *seen = dev;

	seen->offset = offset;
	seen->len = len;
	if (is_write) {
		seen->writes++;
		memcpy(&seen->data, data, len);
	} else {
		seen->reads++;
		memset(data, 0x11, len);
	}
}

static struct bus_range range_at(uint64_t base, uint64_t len, struct seen *seen)
{
	return (struct bus_range){ base, len, record, seen, "thing" };
}

Test(bus, an_access_reaches_its_device_with_the_offset_in_it)
{
	struct seen low = { 0 }, high = { 0 };
	struct bus_range first = range_at(0x100, 0x10, &low), second = range_at(0x110, 8, &high);
	struct err err = { 0 };
	uint32_t data = 0x12345678;
	struct bus bus;

	bus_init(&bus, "port");
	cr_expect_eq(bus_add(&bus, &second, &err), 0);
	cr_expect_eq(bus_add(&bus, &first, &err), 0);
	cr_expect(bus_access(&bus, 0x10c, &data, 4, true));
	cr_expect_eq(low.offset, 0xc);
	cr_expect_eq(low.data, 0x12345678);
	cr_expect(bus_access(&bus, 0x110, &data, 1, false));
	cr_expect_eq(high.reads, 1);
	cr_expect_eq(data, 0x12345611);
	bus_fini(&bus);
}

struct miss_case {
	uint64_t addr;
	uint32_t len;
};

ParameterizedTestParameters(bus, a_read_of_nothing_gives_all_ones_and_is_counted)
{
	static struct miss_case cases[] = {
		{ 0xff, 1 }, { 0x110, 1 }, { 0x10e, 4 }, { 0xfe, 4 }, { 0, 8 }, { UINT64_MAX, 1 },
	};
	return cr_make_param_array(struct miss_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct miss_case *param, bus, a_read_of_nothing_gives_all_ones_and_is_counted)
{
	struct seen seen = { 0 };
	struct bus_range range = range_at(0x100, 0x10, &seen);
	struct err err = { 0 };
	uint64_t data = 0, ones = UINT64_MAX;
	struct bus bus;

	bus_init(&bus, "port");
	cr_expect_eq(bus_add(&bus, &range, &err), 0);
	cr_expect_not(bus_access(&bus, param->addr, &data, param->len, false));
	cr_expect_arr_eq(&data, &ones, param->len);
	cr_expect_not(bus_access(&bus, param->addr, &data, param->len, true));
	cr_expect_eq(bus.misses, 2);
	cr_expect_eq(seen.reads + seen.writes, 0);
	bus_fini(&bus);
}

struct overlap_case {
	uint64_t base, len;
	int ret;
};

ParameterizedTestParameters(bus, ranges_that_touch_are_fine_and_those_that_overlap_are_refused)
{
	static struct overlap_case cases[] = {
		{ 0xf0, 0x10, 0 },	    { 0x110, 1, 0 },
		{ 0xf0, 0x11, -EEXIST },    { 0x10f, 1, -EEXIST },
		{ 0, UINT64_MAX, -EEXIST }, { 0x104, 2, -EEXIST },
		{ 0x100, 0x10, -EEXIST },   { 0x200, 0, -EINVAL },
		{ UINT64_MAX, 2, -EINVAL }, { UINT64_MAX, 1, 0 },
	};
	return cr_make_param_array(struct overlap_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct overlap_case *param, bus,
		  ranges_that_touch_are_fine_and_those_that_overlap_are_refused)
{
	struct seen seen = { 0 };
	struct bus_range range = range_at(0x100, 0x10, &seen);
	struct err err = { 0 };
	struct bus bus;

	bus_init(&bus, "mmio");
	cr_expect_eq(bus_add(&bus, &range, &err), 0);
	range = range_at(param->base, param->len, &seen);
	cr_expect_eq(bus_add(&bus, &range, &err), param->ret, "%s", err.text);
	cr_expect_eq(bus.nr, param->ret ? 1 : 2);
	if (param->ret)
		cr_expect(strstr(err.text, "mmio bus: thing at 0x"), "%s", err.text);
	bus_fini(&bus);
}

static void remove_itself(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	(void)offset;
	(void)data;
	(void)len;
	(void)is_write;
	cr_expect_eq(bus_remove(dev, 0x100), 0);
}

Test(bus, a_callback_may_change_the_bus)
{
	struct err err = { 0 };
	struct bus bus;
	struct bus_range range = { 0x100, 4, remove_itself, &bus, "fickle" };
	uint8_t data = 0;

	bus_init(&bus, "port");
	cr_expect_eq(bus_add(&bus, &range, &err), 0);
	cr_expect(bus_access(&bus, 0x100, &data, 1, true));
	cr_expect_not(bus_access(&bus, 0x100, &data, 1, true));
	cr_expect_eq(bus_remove(&bus, 0x100), -ENOENT);
	bus_fini(&bus);
}

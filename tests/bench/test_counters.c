#include <criterion/criterion.h>
#include <errno.h>

#include "bench/counters.h"

/* A machine with three events: cycles counted always, LLC misses a quarter of the time, migrations;
 * instructions refused, node misses absent. */
static int fake_open(void *arg, enum counter which)
{
	(*(int *)arg)++;
	if (which == COUNTER_INSTRUCTIONS)
		return -EACCES;
	return which == COUNTER_NODE_LOAD_MISSES ? -ENOENT : (int)which;
}

static int fake_read(void *arg, int handle, struct counter_raw *raw)
{
	uint64_t time = (uint64_t)(*(int *)arg)++;

	switch (handle) {
	case COUNTER_CYCLES:
		*raw = (struct counter_raw){ 1000 * time, 100 * time, 100 * time };
		return 0;
	case COUNTER_LLC_LOAD_MISSES:
		*raw = (struct counter_raw){ 7 * time, 100 * time, 25 * time };
		return 0;
	default:
		*raw = (struct counter_raw){ 5, time, time };
		return 0;
	}
}

static void fake_close(void *arg, int handle)
{
	(*(int *)arg) -= 1000 + 0 * handle;
}

Test(counters, are_scaled_and_the_absent_ones_keep_their_reason)
{
	int calls = 0;
	struct counter_source fake = { fake_open, fake_read, fake_close, &calls };
	struct counters counters;
	struct counter_values before, after, counted;

	counters_open(&counters, &fake);
	cr_assert_eq(calls, NR_COUNTERS);
	calls = 10;
	counters_read(&counters, &before); /* cycles at 10, misses at 11 */
	cr_assert_eq(calls, 13);
	calls = 20;
	counters_read(&counters, &after); /* cycles at 20, misses at 21 */
	counters_since(&before, &after, &counted);
	cr_assert_float_eq(counted.values[COUNTER_CYCLES], 10000, 1e-6);
	cr_assert_float_eq(counted.values[COUNTER_LLC_LOAD_MISSES], 7 * 10 * 4, 1e-6);
	cr_assert_float_eq(counted.values[COUNTER_MIGRATIONS], 0, 0);
	cr_assert_eq(counted.errnums[COUNTER_CYCLES], 0);
	cr_assert_eq(counted.errnums[COUNTER_INSTRUCTIONS], EACCES);
	cr_assert_eq(counted.errnums[COUNTER_NODE_LOAD_MISSES], ENOENT);
	counters_close(&counters);
	cr_assert_eq(calls, 23 - 3000, "three were open");
}

Test(counters, an_event_that_never_ran_is_unknown_and_not_zero)
{
	struct counter_values before = { 0 }, after = { 0 }, counted;

	after.raw[COUNTER_CYCLES].enabled_ns = 100;
	counters_since(&before, &after, &counted);
	cr_assert_eq(counted.errnums[COUNTER_CYCLES], EBUSY);
	cr_assert_eq(counted.errnums[COUNTER_INSTRUCTIONS], 0);
}

Test(counters, a_sum_is_unknown_where_one_part_is)
{
	struct counter_values sum = { .values = { 1, 2 } };
	struct counter_values more = { .values = { 10, 20 }, .errnums = { 0, ENOENT } };

	counters_add(&sum, &more);
	cr_assert_float_eq(sum.values[0], 11, 0);
	cr_assert_eq(sum.errnums[0], 0);
	cr_assert_eq(sum.errnums[1], ENOENT);
	cr_assert_str_not_empty(counter_reason(ENOENT));
	cr_assert(counter_reason(ENOENT) != counter_reason(EACCES));
}

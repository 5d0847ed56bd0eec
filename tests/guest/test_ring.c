#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "guest/ring.h"

struct ring_case {
	uint32_t kind, padding, batch, words;
	uint64_t capacity;
};

struct pair {
	void *memory;
	const struct ring_type *type;
	struct ring_end producer, consumer;
};

static void pair_init(struct pair *pair, const struct ring_case *c)
{
	size_t size = ring_size(c->padding, c->capacity, c->words);

	pair->type = ring_type((enum ring_kind)c->kind);
	pair->memory = aligned_alloc(RING_ALIGN, (size + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN);
	ring_reset(pair->memory, c->padding);
	ring_attach_producer(&pair->producer, pair->memory, c->padding, c->capacity, c->words,
			     c->batch);
	ring_attach_consumer(&pair->consumer, pair->memory, c->padding, c->capacity, c->words,
			     c->batch);
}

/* Starts both counts just below 2^64, so that they wrap in the test. */
static void start_before_wrap(struct pair *pair)
{
	const uint64_t start = UINT64_MAX - 2;

	atomic_store(pair->producer.mine, start);
	atomic_store(pair->consumer.mine, start);
	*pair->producer.own = (struct ring_private){ start, start, start };
	*pair->consumer.own = (struct ring_private){ start, start, start };
}

static struct criterion_test_params all_cases(void)
{
	static const uint32_t paddings[] = { 0, 64, 128, 256 };
	static const uint64_t capacities[] = { 1, 2, 16 };
	static struct ring_case cases[NR_RING_KINDS * 4 * 3 * 2];
	size_t nr = 0;

	for (uint32_t kind = 0; kind < NR_RING_KINDS; kind++)
		for (size_t p = 0; p < 4; p++)
			for (size_t c = 0; c < 3; c++)
				for (uint32_t words = 1; words <= 8; words += 7)
					cases[nr++] = (struct ring_case){ kind, paddings[p],
									  p % 2 ? 32 : 4, words,
									  capacities[c] };
	return cr_make_param_array(struct ring_case, cases, nr);
}

ParameterizedTestParameters(ring, is_empty_at_0_and_full_at_capacity)
{
	return all_cases();
}

ParameterizedTest(struct ring_case *c, ring, is_empty_at_0_and_full_at_capacity)
{
	struct pair pair;
	uint64_t item = 0;

	pair_init(&pair, c);
	cr_assert_not(pair.type->recv(&pair.consumer, &item), "nothing was sent");
	for (uint64_t i = 0; i < c->capacity; i++)
		cr_assert(pair.type->send(&pair.producer, i), "item %lu of %lu has room", i,
			  c->capacity);
	cr_assert_not(pair.type->send(&pair.producer, 99), "full at capacity");
	for (uint64_t i = 0; i < c->capacity; i++) {
		cr_assert(pair.type->recv(&pair.consumer, &item));
		cr_assert_eq(item, i);
	}
	cr_assert_not(pair.type->recv(&pair.consumer, &item), "empty again");
	free(pair.memory);
}

ParameterizedTestParameters(ring, has_room_for_one_more_at_capacity_less_1)
{
	return all_cases();
}

ParameterizedTest(struct ring_case *c, ring, has_room_for_one_more_at_capacity_less_1)
{
	struct pair pair;
	uint64_t item = 0;

	pair_init(&pair, c);
	for (uint64_t i = 0; i < c->capacity; i++)
		cr_assert(pair.type->send(&pair.producer, i));
	cr_assert_not(pair.type->send(&pair.producer, 99));
	cr_assert(pair.type->recv(&pair.consumer, &item));
	pair.type->flush(&pair.consumer);
	cr_assert(pair.type->send(&pair.producer, 100), "one was taken");
	cr_assert_not(pair.type->send(&pair.producer, 101), "and no more");
	free(pair.memory);
}

ParameterizedTestParameters(ring, keeps_order_while_its_counts_wrap)
{
	return all_cases();
}

ParameterizedTest(struct ring_case *c, ring, keeps_order_while_its_counts_wrap)
{
	struct pair pair;
	uint64_t item = 0;

	pair_init(&pair, c);
	start_before_wrap(&pair);
	for (uint64_t i = 0; i < 100; i++) {
		cr_assert(pair.type->send(&pair.producer, i));
		pair.type->flush(&pair.producer);
		cr_assert(pair.type->recv(&pair.consumer, &item));
		pair.type->flush(&pair.consumer);
		cr_assert_eq(item, i);
	}
	cr_assert_not(pair.type->recv(&pair.consumer, &item));
	cr_assert_eq(atomic_load(pair.producer.mine), UINT64_MAX - 2 + 100);
	free(pair.memory);
}

Test(ring, a_batched_ring_hides_items_until_a_batch_is_full_or_flushed)
{
	struct ring_case c = { RING_BATCHED, 128, 4, 1, 16 };
	struct pair pair;
	uint64_t item;

	pair_init(&pair, &c);
	for (uint64_t i = 0; i < 3; i++)
		cr_assert(pair.type->send(&pair.producer, i));
	cr_assert_not(pair.type->recv(&pair.consumer, &item));
	cr_assert(pair.type->send(&pair.producer, 3));
	cr_assert(pair.type->recv(&pair.consumer, &item));
	cr_assert(pair.type->send(&pair.producer, 4));
	pair.type->flush(&pair.producer);
	for (uint64_t i = 1; i < 5; i++) {
		cr_assert(pair.type->recv(&pair.consumer, &item));
		cr_assert_eq(item, i);
	}
	free(pair.memory);
}

Test(ring, an_item_whose_words_differ_is_not_taken_for_the_expected_one)
{
	struct ring_case c = { RING_CACHED, 64, 1, 4, 4 };
	struct waiter waiter = { 0 };
	struct ring_tally tally = { 0 };
	struct pair pair;

	pair_init(&pair, &c);
	cr_assert(pair.type->produce(&pair.producer, 0, 3, &waiter));
	pair.producer.slots[1 * 4 + 2] = 77;
	cr_assert(pair.type->consume(&pair.consumer, 0, 3, &waiter, &tally));
	cr_assert_eq(tally.misordered, 1);
	cr_assert_eq(tally.items, 3);
	free(pair.memory);
}

Test(ring, a_waiting_side_gives_up_when_it_is_told_to_stop)
{
	struct ring_case c = { RING_PLAIN, 128, 1, 1, 2 };
	_Atomic uint32_t stop = 1;
	struct waiter waiter = { .stop = &stop };
	struct ring_tally tally = { 0 };
	struct pair pair;

	pair_init(&pair, &c);
	cr_assert_not(pair.type->produce(&pair.producer, 0, 3, &waiter), "the third has no room");
	cr_assert_not(pair.type->consume(&pair.consumer, 0, 3, &waiter, &tally));
	free(pair.memory);
}

Test(ring, capacities_are_rounded_up_to_a_power_of_two)
{
	cr_assert_eq(ring_round(0), 1);
	cr_assert_eq(ring_round(1), 1);
	cr_assert_eq(ring_round(3), 4);
	cr_assert_eq(ring_round(4096), 4096);
	cr_assert_eq(ring_round(4097), 8192);
	cr_assert_eq(ring_round(RING_MAX_CAPACITY), RING_MAX_CAPACITY);
	cr_assert_eq(ring_round((uint64_t)RING_MAX_CAPACITY + 1), 0);
}

Test(ring, padding_keeps_the_four_owners_apart)
{
	static const uint32_t paddings[] = { 0, 64, 128, 256 };

	for (size_t i = 0; i < 4; i++) {
		struct ring_case c = { RING_CACHED, paddings[i], 1, 1, 4 };
		struct pair pair;

		cr_assert(ring_padding_valid(paddings[i]));
		pair_init(&pair, &c);
		cr_assert_geq((char *)pair.consumer.mine - (char *)pair.producer.mine,
			      2 * paddings[i]);
		cr_assert_geq((char *)pair.consumer.slots - (char *)pair.consumer.own, paddings[i]);
		free(pair.memory);
	}
	cr_assert_not(ring_padding_valid(32));
}

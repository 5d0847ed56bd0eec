#include <criterion/criterion.h>
#include <errno.h>
#include <numa.h>

#include "bench/channel.h"

static int some_node(void)
{
	struct bitmask *allowed = numa_get_mems_allowed();
	int node = 0;

	while (!numa_bitmask_isbitset(allowed, (unsigned int)node))
		node++;
	numa_bitmask_free(allowed);
	return node;
}

static void on_node(struct channel_spec *spec, int node)
{
	*spec = (struct channel_spec){ .kind = RING_CACHED,
				       .capacity = 5000,
				       .words = 1,
				       .padding = 128,
				       .batch = 1,
				       .policy = MEM_POLICY_BIND };
	cpuset_add(&spec->nodes, (unsigned int)node);
}

Test(channel, lies_on_the_node_asked_for_and_moves_items)
{
	struct channel_spec spec;
	struct channel channel;
	struct bench_residency residency;
	struct err err = { 0 };
	int node = some_node();
	uint64_t item = 0;

	on_node(&spec, node);
	cr_assert_eq(channel_init(&channel, &spec, &err), 0, "%s", err.text);
	cr_assert_str_empty(channel.fallback);
	cr_assert_eq(channel_verify(&channel, node, &residency, &err), 0, "%s", err.text);
	cr_assert_eq(residency.on_plan, (channel.len + 4095) / 4096);
	cr_assert_eq(residency.strays + residency.absent, 0);
	for (uint64_t i = 0; i < 8192; i++)
		cr_assert(channel.type->send(&channel.producer, i), "5000 is rounded up to 8192");
	cr_assert_not(channel.type->send(&channel.producer, 0));
	cr_assert(channel.type->recv(&channel.consumer, &item));
	cr_assert_eq(item, 0);
	channel_fini(&channel);
	cpuset_fini(&spec.nodes);
}

Test(channel, without_free_huge_pages_falls_back_and_says_so)
{
	struct channel_spec spec;
	struct channel channel;
	struct err err = { 0 };
	int node = some_node();

	on_node(&spec, node);
	spec.huge_pages = true;
	cr_assert_eq(channel_init(&channel, &spec, &err), 0, "%s", err.text);
	cr_assert_eq(channel.page_size == 4096, channel.fallback[0] != '\0');
	channel_fini(&channel);
	cpuset_fini(&spec.nodes);
}

Test(channel, what_cannot_be_is_refused)
{
	struct channel_spec spec;
	struct channel channel;
	struct err err = { 0 };

	on_node(&spec, some_node());
	spec.padding = 32;
	cr_assert_eq(channel_init(&channel, &spec, &err), -EINVAL);
	cr_assert_eq(err.status, EXIT_INPUT);
	channel_fini(&channel);
	cpuset_fini(&spec.nodes);
	on_node(&spec, 1023);
	cr_assert_lt(channel_init(&channel, &spec, &err), 0, "there is no node 1023");
	channel_fini(&channel);
	cpuset_fini(&spec.nodes);
}

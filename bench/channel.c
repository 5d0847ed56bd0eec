#include "bench/channel.h"

#include <errno.h>
#include <stdio.h>

#define HUGE_PAGE_LEN (UINT64_C(2) << 20)

static int check_spec(const struct channel_spec *spec, struct err *err)
{
	if (!ring_type(spec->kind) || !ring_padding_valid(spec->padding) || !spec->words ||
	    !spec->batch || !ring_round(spec->capacity))
		return err_set(
			err, EXIT_INPUT, EINVAL,
			"channel: %lu slots of %u words with padding %u cannot be; padding is 0, "
			"64, 128 or 256, capacity at most %u",
			spec->capacity, spec->words, spec->padding, RING_MAX_CAPACITY);
	return 0;
}

int channel_init(struct channel *channel, const struct channel_spec *spec, struct err *err)
{
	struct gmem_spec memory = {
		.policy = spec->policy,
		.nodes = spec->nodes,
		.page_size = spec->huge_pages ? HUGE_PAGE_LEN : 4096,
		.page_size_fallback = true,
		.prefault = true,
	};
	uint64_t capacity;
	int ret;

	*channel = (struct channel){ 0 };
	ret = check_spec(spec, err);
	if (ret)
		return ret;
	capacity = ring_round(spec->capacity);
	channel->type = ring_type(spec->kind);
	channel->len = ring_size(spec->padding, capacity, spec->words);
	memory.len = (channel->len + memory.page_size - 1) / memory.page_size * memory.page_size;
	ret = gmem_init(&channel->gmem, &memory, 1, NULL, err);
	if (ret)
		return ret;
	channel->page_size = channel->gmem.regions[0].spec.page_size;
	if (channel->page_size != memory.page_size)
		snprintf(channel->fallback, sizeof(channel->fallback),
			 "no huge pages of 2 MiB are free there, small ones were taken");
	ring_reset(channel->gmem.regions[0].hva, spec->padding);
	ring_attach_producer(&channel->producer, channel->gmem.regions[0].hva, spec->padding,
			     capacity, spec->words, spec->batch);
	ring_attach_consumer(&channel->consumer, channel->gmem.regions[0].hva, spec->padding,
			     capacity, spec->words, spec->batch);
	return 0;
}

void channel_fini(struct channel *channel)
{
	gmem_fini(&channel->gmem);
	*channel = (struct channel){ 0 };
}

int channel_verify(const struct channel *channel, int node, struct bench_residency *residency,
		   struct err *err)
{
	const struct bench_place place = { .node = node };

	return bench_memory_verify(&channel->gmem, &place, 0, channel->len, residency, err);
}

#ifndef SITU_BENCH_CHANNEL_H
#define SITU_BENCH_CHANNEL_H

#include "bench/memory.h"
#include "guest/ring.h"

/*
 * A ring in memory of its own on the node asked for: for programs that want one channel per node,
 * or one whose home is known. Made, verified and freed by one thread; then one thread per end.
 */
struct channel_spec {
	enum ring_kind kind;
	uint64_t capacity; /* slots, rounded up to a power of two */
	uint32_t words; /* 64-bit words of an item */
	uint32_t padding, batch;
	enum mem_policy policy; /* BIND, PREFERRED, INTERLEAVE, LOCAL */
	struct cpuset nodes; /* host nodes; empty for LOCAL */
	bool huge_pages; /* 2 MiB pages; small ones where the node has none left */
};

struct channel {
	struct gmem gmem;
	const struct ring_type *type;
	struct ring_end producer, consumer;
	uint64_t len; /* bytes of the ring */
	uint64_t page_size; /* as it came out */
	char fallback[128]; /* why it is not as asked for; "" where it is */
};

/* -EINVAL: too large, no such padding; otherwise as gmem_init(). channel_fini() also after that. */
int channel_init(struct channel *channel, const struct channel_spec *spec, struct err *err);
void channel_fini(struct channel *channel);
/* Where the ring's pages are (move_pages(2)): strays are those off `node`; -1: any node will do. */
int channel_verify(const struct channel *channel, int node, struct bench_residency *residency,
		   struct err *err);

#endif

// Boost's lockfree::spsc_queue (libboost-dev).
#include "bench/peers/peer.h"

#include "guest/clock.h"

#include <boost/lockfree/spsc_queue.hpp>

using queue_type = boost::lockfree::spsc_queue<uint64_t, boost::lockfree::capacity<4096>>;

static inline bool try_send(void *queue, uint64_t item)
{
	return static_cast<queue_type *>(queue)->push(item);
}

static inline bool try_recv(void *queue, uint64_t *item)
{
	return static_cast<queue_type *>(queue)->pop(*item);
}

#include "bench/peers/peer_loops.h"

static void *create()
{
	return new queue_type;
}

static void destroy(void *queue)
{
	delete static_cast<queue_type *>(queue);
}

extern "C" const struct peer peer_boost = { "boost spsc_queue", create, destroy, PEER_LOOPS };

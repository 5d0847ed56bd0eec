#ifndef SITU_GUEST_ABI_H
#define SITU_GUEST_ABI_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * What the host and the built-in guest say to each other: one command block per vCPU in shared
 * memory, and one port each. C11 headers only; both sides are little-endian x86-64.
 *
 * The guest writes to GUEST_PORT_COMMAND when it is ready for work: GUEST_READY the first time,
 * GUEST_DONE after each piece. The host fills the block before it lets the vCPU go on. A fault in
 * the guest fills `fault` and writes GUEST_FAULT. Nothing else leaves the guest, so while it
 * measures it only exits for the host's interrupts.
 *
 * Host threads and processes run the same work (guest/work.h) without the port. Addresses are valid
 * where the work runs: guest addresses (mapped one to one) in the guest, pointers on the host.
 */
#define GUEST_PORT_COMMAND 0x1000 /* of vCPU 0; each has its own: this plus its index */

/* Where the payload is linked, and the size of each vCPU's stack. A stack is aligned to its size;
 * its topmost word holds the address of the vCPU's command block, where the fault handler finds it.
 */
#define GUEST_LOAD_ADDRESS 0x100000
#define GUEST_STACK_LEN	   16384

enum guest_signal { GUEST_READY = 1, GUEST_DONE = 2, GUEST_FAULT = 3 };

enum work_kind {
	WORK_NONE, /* says DONE again */
	WORK_PRODUCE,
	WORK_CONSUME,
	WORK_SOLO, /* both ends of the ring in one thread: uncontended */
	WORK_PING,
	WORK_ECHO,
	WORK_CLOCK, /* what reading the clock costs: `count` readings, into the histogram */
	WORK_CHASE, /* follows a chain through `buffer` for `count` steps */
	WORK_STREAM_READ, /* `count` passes over `buffer` */
	WORK_STREAM_WRITE,
	WORK_STREAM_COPY, /* first half to second half */
	WORK_SPIN, /* `count` loop iterations: how fast this CPU runs */
	WORK_FAULT, /* reads `buffer`, which is not mapped: shows that faults are reported */
	NR_WORK_KINDS
};

struct work {
	uint64_t kind; /* enum work_kind */
	uint64_t count, warmup; /* items, steps or passes; warmup ones are not timed */
	uint64_t ring_kind, padding, capacity, words, batch, pauses;
	uint64_t ring, reply; /* addresses of the rings; reply: the one back, for PING and ECHO */
	uint64_t histogram; /* address of a struct histogram, for PING and CLOCK */
	uint64_t buffer, buffer_len; /* for CHASE and STREAM */
	/* Where CHASE begins: the last result's sum. A chase that always began at 0 would follow
	 * the same steps each time, which a cache then holds. */
	uint64_t chase_start;
	uint64_t barrier; /* address of a zeroed _Atomic uint32_t; 0: start at once */
	uint64_t parties; /* how many meet at the barrier */
	uint64_t stop; /* address of an _Atomic uint32_t: not 0 means give up */
};

struct work_result {
	uint64_t begin, end; /* ticks of this CPU's time-stamp counter */
	uint64_t items, sum, misordered;
	uint64_t waits; /* looks at an empty or full ring, those of the warm-up included */
	uint64_t stopped; /* 1: gave up */
	uint64_t processor; /* TSC_AUX at the end: where this ran, if the system says so there */
};

struct guest_fault {
	uint64_t vector, error, rip;
};

/* At the start of the payload: where it begins, and its handlers of vectors 0 to 31. */
#define GUEST_VECTORS 32
struct guest_header {
	uint64_t entry; /* rdi: the command block; rsp: below the topmost word of the stack */
	uint64_t handlers[GUEST_VECTORS];
};

struct guest_command {
	_Alignas(256) struct work work; /* written by the host */
	uint64_t port; /* written by the host, once */
	_Alignas(256) struct work_result result; /* written by the guest */
	struct guest_fault fault;
};

#endif

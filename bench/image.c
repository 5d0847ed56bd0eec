#include "bench/image.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bench/memory.h"
#include "guest/blob.h"

/* A gate of the IDT in long mode (Intel SDM volume 3, 6.14.1). */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT_USER 0xee /* present, DPL 3, 64-bit interrupt gate */
#define NR_GATES	    256

/* The handlers run at CPL 3 like everything else, so a fault changes neither privilege nor stack.
 */
static void fill_gate(struct gate *gate, uint64_t handler)
{
	*gate = (struct gate){
		.offset_low = (uint16_t)handler,
		.offset_middle = (uint16_t)(handler >> 16),
		.offset_high = (uint32_t)(handler >> 32),
		.selector = START_SEL_USER_CODE,
		.type = GATE_INTERRUPT_USER,
	};
}

int image_load(const struct gmem *gmem, uint64_t map_len, struct kvm_start *start, struct err *err)
{
	size_t len = guest_payload_len;
	const struct guest_header *header = gmem_ptr(gmem, GUEST_LOAD_ADDRESS, len);
	struct gate *gates = gmem_ptr(gmem, IMAGE_IDT, NR_GATES * sizeof(*gates));
	void *tables = gmem_ptr(gmem, IMAGE_TABLES, START_TABLES_LEN(map_len));

	if (!header || !gates || !tables || GUEST_LOAD_ADDRESS + len > BENCH_CONTROL ||
	    IMAGE_TABLES + START_TABLES_LEN(map_len) > IMAGE_VCPUS)
		return err_set(err, EXIT_HOST, ENOMEM,
			       "bench: the guest's control region is too small for its tables; "
			       "choose fewer nodes");
	memcpy(gmem_ptr(gmem, GUEST_LOAD_ADDRESS, len), guest_payload, len);
	*start = (struct kvm_start){ .mode = START_LONG_USER,
				     .ip = header->entry,
				     .idt = IMAGE_IDT,
				     .idt_len = sizeof(struct gate) * NR_GATES };
	kvm_start_tables(start, tables, IMAGE_TABLES, map_len, IMAGE_VCPUS + GUEST_STACK_LEN);
	for (unsigned int i = 0; i < GUEST_VECTORS; i++)
		fill_gate(&gates[i], header->handlers[i]);
	return 0;
}

struct guest_command *image_add_vcpu(const struct gmem *gmem, unsigned int index,
				     struct kvm_start *start)
{
	uint64_t stack = IMAGE_VCPUS + (uint64_t)index * IMAGE_VCPU_LEN;
	uint64_t top = stack + GUEST_STACK_LEN - sizeof(uint64_t);
	struct guest_command *command;

	assert(index < IMAGE_MAX_VCPUS);
	*(uint64_t *)gmem_ptr(gmem, top, sizeof(uint64_t)) = stack + GUEST_STACK_LEN;
	command = gmem_ptr(gmem, stack + GUEST_STACK_LEN, sizeof(*command));
	command->port = GUEST_PORT_COMMAND + index;
	start->sp = top - sizeof(uint64_t); /* 16-byte aligned, as before a call */
	start->rdi = stack + GUEST_STACK_LEN;
	return command;
}

/*
 * The built-in guest: takes work from its command block, says that it is done, waits in the port
 * write for more. One copy of this code runs on every vCPU, each with a block and a stack of its
 * own.
 */
#include "guest/work.h"

void payload_main(struct guest_command *command);
void payload_fault(const uint64_t *frame);

static void tell(const struct guest_command *command, enum guest_signal signal)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(signal), "Nd"((uint16_t)command->port) : "memory");
}

void payload_main(struct guest_command *command)
{
	tell(command, GUEST_READY);
	for (;;) {
		work_run(&command->work, &command->result);
		tell(command, GUEST_DONE);
	}
}

/* frame: vector, error code, rip, as the stubs leave them on the faulting stack. CR2 cannot be read
 * here; the host reads it. */
void payload_fault(const uint64_t *frame)
{
	uint64_t top = ((uint64_t)(uintptr_t)frame | (GUEST_STACK_LEN - 1)) + 1;
	const uint64_t *last = work_at(top - sizeof(uint64_t));
	struct guest_command *command = work_at(*last);

	command->fault = (struct guest_fault){ frame[0], frame[1], frame[2] };
	tell(command, GUEST_FAULT);
}

/* The payload inside the program; guest/blob.h declares it. */
	.section .rodata
	.balign	16
	.globl	guest_payload, guest_payload_end
	.type	guest_payload, @object
	.type	guest_payload_end, @object
guest_payload:
	.incbin	PAYLOAD
guest_payload_end:
	.section .note.GNU-stack, "", @progbits

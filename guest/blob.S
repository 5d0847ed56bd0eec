/* The payload inside the program; guest/blob.h declares it. */
	.section .rodata
	.balign	16
	.globl	guest_payload, guest_payload_len
	.type	guest_payload, @object
	.type	guest_payload_len, @object
guest_payload:
	.incbin	PAYLOAD
end:
	.balign	8
guest_payload_len:
	.quad	end - guest_payload
	.section .note.GNU-stack, "", @progbits

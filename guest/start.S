/* Entry and fault stubs of the built-in guest (guest/abi.h). 64-bit, CPL 3, IOPL 3. */

	.section .text.head, "ax"
header:
	.quad	entry
	.irp	nr, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.quad	vector_\nr
	.endr

	.globl	entry
entry:
	xor	%ebp, %ebp
	call	payload_main
1:	pause			/* it does not return */
	jmp	1b

/* Vectors for which the CPU pushes no error code get a zero in its place. */
	.macro	vector nr, has_error
vector_\nr:
	.if	\has_error == 0
	push	$0
	.endif
	push	$\nr
	jmp	report
	.endm

	.irp	nr, 0,1,2,3,4,5,6,7,9,15,16,18,19,20,22,23,24,25,26,27,28,31
	vector	\nr, 0
	.endr
	.irp	nr, 8,10,11,12,13,14,17,21,29,30
	vector	\nr, 1
	.endr

report:
	mov	%rsp, %rdi	/* vector, error code, rip */
	and	$-16, %rsp
	call	payload_fault
2:	pause
	jmp	2b

	.section .note.GNU-stack, "", @progbits

/* The least guest for a monitor that boots PVH kernels (QEMU microvm): writes 'F' to the serial
 * port at 0x3f8 and halts. 32-bit, at 1 MiB (xen/include/public/arch-x86/hvm/start_info.h). */
	.section .note.Xen, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.text
	.globl	start
start:
	mov	$0x3f8, %dx
	mov	$'F', %al
	out	%al, %dx
1:	hlt
	jmp	1b

/* SPDX-License-Identifier: MIT */
/*
 * The machine that says when its first instructions run: a PVH note, and a
 * newline on COM1, which every VMM passes on at once. Then it stands still.
 */
	.section .note, "a", @note
	.long 4, 4, 18		/* "Xen", XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:
	movw $0x3f8, %dx
	movb $'\n', %al
	outb %al, (%dx)
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits

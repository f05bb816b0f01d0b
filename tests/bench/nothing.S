/* SPDX-License-Identifier: MIT */
/*
 * The machine that only exits: a PVH note, and one write to isa-debug-exit.
 * What it takes from start to end is what QEMU itself takes.
 */
	.section .note, "a", @note
	.long 4, 4, 18		/* "Xen", XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:
	movw $0xf4, %dx
	xorl %eax, %eax
	outl %eax, (%dx)
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits

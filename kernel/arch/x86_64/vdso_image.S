/* SPDX-License-Identifier: MIT */
/* The vDSO's image, filled up to whole pages: they are mapped into programs. */
	.section .rodata.page, "a"
	.balign 4096
	.globl vdso_image, vdso_image_end
vdso_image:
	.incbin "vdso.so"
	.balign 4096
vdso_image_end:
	.section .note.GNU-stack, "", @progbits

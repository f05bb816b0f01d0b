/* SPDX-License-Identifier: MIT */
/*
 * Where the machine starts: PVH, 32-bit protected mode without paging, ebx =
 * physical address of struct hvm_start_info.  Loads page tables that the linker
 * has filled in, enters 64-bit mode and calls vm_start().
 */
#include <arch/offsets.h>

#define BASE 0xffffffff80000000
#define PHYS(sym) (sym - BASE)

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18			/* name size, desc size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long PHYS(pvh_start)

/* ---- page tables ---- */
#define P_RW	0x003
#define P_LEAF	0x063			/* present, writable, accessed, dirty */
#define P_HUGE	0x0e3			/* and 2 MiB */
#define P_NX	0x8000000000000000

	.section .data.page, "aw"
	.balign 4096
	.globl kernel_root
kernel_root:				/* PML4; entry 0 (identity) is there until all CPUs have started */
	.quad PHYS(direct_pdpt) + P_RW
	.fill 255, 8, 0
	.quad PHYS(direct_pdpt) + P_RW	/* DIRECT_BASE */
	.fill 254, 8, 0
	.quad PHYS(kernel_pdpt) + P_RW
	.globl direct_pdpt
direct_pdpt:
	.quad PHYS(direct_pd) + P_RW
	.fill 511, 8, 0
kernel_pdpt:
	.fill 510, 8, 0
	.quad PHYS(kernel_pd) + P_RW
	.quad 0
	.globl direct_pd
direct_pd:				/* the first GiB, whether it is all memory or not; paging_map_ram() does the rest */
	.quad PHYS(kernel_pt) + P_RW
	.quad PHYS(kernel_pt) + 0x1000 + P_RW
	.quad PHYS(kernel_pt) + 0x2000 + P_RW
	.quad PHYS(kernel_pt) + 0x3000 + P_RW
	.set page, 8 << 20
	.rept 508
	.quad page + P_HUGE
	.set page, page + (2 << 20)
	.endr
kernel_pd:				/* the same tables: what is read-only here is so everywhere */
	.quad PHYS(kernel_pt) + P_RW
	.quad PHYS(kernel_pt) + 0x1000 + P_RW
	.quad PHYS(kernel_pt) + 0x2000 + P_RW
	.quad PHYS(kernel_pt) + 0x3000 + P_RW
	.fill 508, 8, 0
	.globl kernel_pt
kernel_pt:				/* [0, 8 MiB) in small pages */
	.set page, 0
	.rept 2048
	.quad page + P_LEAF
	.set page, page + 4096
	.endr

	.data
	.balign 8
	.globl kernel_gdt
kernel_gdt:				/* the boot CPU's, and the others' model; the last two are for the TSS */
	.quad 0
	.quad 0x00af9b000000ffff	/* 0x08: code, 64-bit, ring 0 */
	.quad 0x00cf93000000ffff	/* 0x10: data, ring 0 */
	.quad 0x00cf9b000000ffff	/* 0x18: code, 32-bit: for starting CPUs */
	.quad 0, 0			/* 0x20: TSS */
kernel_gdt_end:
boot_gdtr:
	.word kernel_gdt_end - kernel_gdt - 1
	.long PHYS(kernel_gdt)
	.globl high_gdtr
high_gdtr:
	.word kernel_gdt_end - kernel_gdt - 1
	.quad kernel_gdt

/* ---- code ---- */
	.macro enter_long_mode		/* without a stack; clobbers eax, ecx, edx */
	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $PHYS(kernel_root), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx		/* EFER: SCE, LME, NXE */
	xorl %edx, %edx
	movl $0x901, %eax
	wrmsr
	movl $0x80010033, %eax		/* PG WP NE ET MP PE: SDM 3A, 2.5 */
	movl %eax, %cr0
	.endm

	.macro load_segments		/* from the identity map to the kernel's addresses */
	movq $1f, %rax
	jmp *%rax
1:	lgdt high_gdtr(%rip)
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	.endm

	.section .text.start, "ax"
	.code32
	.globl pvh_start
pvh_start:
	cld
	lgdt PHYS(boot_gdtr)
	enter_long_mode
	ljmp $0x08, $PHYS(start64)
	.code64
start64:
	load_segments
	leaq boot_cpu(%rip), %rax
	movq %rax, %rdx
	shrq $32, %rdx
	movl $0xc0000101, %ecx		/* GS base */
	wrmsr
	leaq boot_stack_top(%rip), %rsp
	xorl %ebp, %ebp
	movl %ebx, %edi
	call vm_start
	ud2

/*
 * Where the other CPUs start: copied to the page TRAMPOLINE below 1 MiB (smp.c), which their
 * start-up interrupt names.  Real mode, cs = TRAMPOLINE >> 4.
 */
	.section .rodata
	.code16
	.globl trampoline
trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl trampoline_gdtr - trampoline
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $0x18, $PHYS(ap_start32)
	.balign 4
trampoline_gdtr:
	.word kernel_gdt_end - kernel_gdt - 1
	.long PHYS(kernel_gdt)
	.globl trampoline_end
trampoline_end:

	.section .text.start, "ax"
	.code32
ap_start32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %ss
	enter_long_mode
	ljmp $0x08, $PHYS(ap_start64)
	.code64
ap_start64:
	load_segments
	movq ap_boot_cpu(%rip), %rax	/* struct cpu of the one that is being started */
	movq CPU_KSTACK_TOP(%rax), %rsp
	movq %rax, %rdi
	movq %rax, %rdx
	shrq $32, %rdx
	movl $0xc0000101, %ecx
	wrmsr
	xorl %ebp, %ebp
	call vm_start_ap
	ud2

	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_stack, boot_stack_top
boot_stack:				/* becomes the boot CPU's idle thread's */
	.skip 16384
boot_stack_top:
	.section .note.GNU-stack, "", @progbits

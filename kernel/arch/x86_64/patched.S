/* SPDX-License-Identifier: MIT */
/*
 * Where a rewritten call site enters (patch.c): a system call as a function call.
 * In: rax = number, rcx = where to go on, the other registers as for `syscall`,
 * rsp and the flags the program's, events on.  Out: rax; rcx and r11 are lost, as
 * by `syscall`.  Nothing is written below the program's rsp.
 *
 * An event may come at every instruction; patch_interrupted() then moves rip:
 * - before the stack is the kernel's: back to the call site;
 * - after the look at the thread's work: back to that look, so that no work is
 *   missed.  So every instruction from there on can be done again.
 *
 * cs, ss and the vector state of the frame at the kernel stack's top never change;
 * rcx and r11 in it are filled in only where somebody will look (slow).
 */
#include <arch/offsets.h>

#define RFLAGS_PLAIN 0x202

	.text
	.balign 16
	.globl patched_text, patched_text_end
patched_text:

	/* keep: the flags live on behind the site; check: the number is not known to be in the table. */
	.macro PATCHED name, keep, check
	.balign 16
	.globl patched_\name
patched_\name:
	movq %rsp, %r11
	movq %gs:CPU_KSTACK_FRAME, %rsp
1:	movq %r11, FRAME_RSP(%rsp)
	movq %rcx, FRAME_RIP(%rsp)
	.if \keep
	pushfq
	popq FRAME_RFLAGS(%rsp)
	.else
	movq $RFLAGS_PLAIN, FRAME_RFLAGS(%rsp)
	.endif
	cld
	.if \check
	movl %eax, %eax
	.endif
	movq %rax, FRAME_ERROR(%rsp)
	movq %rdi, FRAME_RDI(%rsp)
	movq %rsi, FRAME_RSI(%rsp)
	movq %rdx, FRAME_RDX(%rsp)
	movq %r8, FRAME_R8(%rsp)
	movq %r9, FRAME_R9(%rsp)
	movq %r10, FRAME_R10(%rsp)
	movq $TRAP_SYSCALL, FRAME_TRAPNO(%rsp)
	movq %r10, %rcx
	.if \check
	cmpl $SYSCALL_MAX, %eax
	jae 4f
	.endif
	leaq syscall_table(%rip), %r11
	call *(%r11, %rax, 8)
2:	movq %gs:CPU_CURRENT, %rcx
	cmpl $0, THREAD_WORK(%rcx)
	jne patched_slow
	movq FRAME_RDI(%rsp), %rdi
	movq FRAME_RSI(%rsp), %rsi
	movq FRAME_RDX(%rsp), %rdx
	movq FRAME_R8(%rsp), %r8
	movq FRAME_R9(%rsp), %r9
	movq FRAME_R10(%rsp), %r10
	.if \keep
	pushq FRAME_RFLAGS(%rsp)
	popfq
	.endif
	movq FRAME_RIP(%rsp), %rcx
	movq FRAME_RSP(%rsp), %rsp
3:	jmp *%rcx
	.if \check
4:	movq %rax, %rdi
	call syscall_bad_number
	jmp 2b
	.endif
	.pushsection .rodata
	.quad patched_\name, 1b, 2b, 3b
	.popsection
	.endm

	.pushsection .rodata
	.balign 8
	.globl patched_entries, patched_entries_end
patched_entries:			/* struct patched_entry of patch.c, by enum patched_kind */
	.popsection
	PATCHED plain, 0, 0
	PATCHED flags, 1, 0
	PATCHED plain_any, 0, 1
	PATCHED flags_any, 1, 1
	.pushsection .rodata
patched_entries_end:
	.popsection

patched_slow:
	movq FRAME_RIP(%rsp), %rcx
	movq FRAME_RFLAGS(%rsp), %r11
	movq %rax, FRAME_RAX(%rsp)
	movq %rcx, FRAME_RCX(%rsp)
	movq %r11, FRAME_R11(%rsp)
	jmp syscall_slow
patched_text_end:
	.section .note.GNU-stack, "", @progbits

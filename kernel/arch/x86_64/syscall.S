/* SPDX-License-Identifier: MIT */
/*
 * A system call by the `syscall` instruction, which works in ring 0 too: rcx has
 * the return address, r11 the flags, rsp is still the program's, and events are
 * masked (IA32_FMASK).  Saves what C may clobber; rbx, rbp and r12-r15 are saved
 * only on the slow way out and by calls of kind FULL (arch/syscall.h).
 */
#include <arch/offsets.h>

	.text
	.macro push_frame
	movq %rsp, %gs:CPU_SCRATCH
	movq %gs:CPU_KSTACK_TOP, %rsp
	pushq $0			/* keeps the frame 16-byte aligned */
	pushq $0x10			/* ss */
	pushq %gs:CPU_SCRATCH		/* rsp */
	pushq %r11			/* rflags */
	pushq $0x08			/* cs */
	pushq %rcx			/* rip */
	movl %eax, %eax
	pushq %rax			/* number */
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	subq $48, %rsp
	pushq $TRAP_SYSCALL
	pushq $0
	.endm

	.globl syscall_entry
syscall_entry:
	push_frame
	sti
	movq %r10, %rcx
	cmpl $SYSCALL_MAX, %eax
	jae 2f
	leaq syscall_table(%rip), %r11
	call *(%r11, %rax, 8)
1:	movq %rax, FRAME_RAX(%rsp)
	movq FRAME_RIP(%rsp), %rdx	/* a site that patch.c has not made up its mind about? */
	leaq patch_left_alone(%rip), %r11
	movzbl %dl, %ecx
	cmpq %rdx, (%r11, %rcx, 8)
	jne 3f
4:
syscall_out:
	movq %gs:CPU_CURRENT, %rcx
	cli				/* an event after this look is seen on its own way out */
	cmpl $0, THREAD_WORK(%rcx)
	jne syscall_slow
	addq $FRAME_R11, %rsp
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	/* error, rip, cs, rflags, rsp */
	pushq %r11
	andl $~0x200, (%rsp)
	popfq				/* nothing behind it may change the program's flags */
	sti				/* takes effect after the next instruction: then the stack is the program's */
	movq FRAME_RSP - FRAME_ERROR(%rsp), %rsp
	.globl syscall_exit_jump
syscall_exit_jump:			/* an event here is the program's already: trap_handle() */
	jmp *%rcx
2:	movq %rax, %rdi
	call syscall_bad_number
	jmp 1b
3:	movq %rsp, %rdi
	call patch_consider
	jmp 4b

/* The same while calls are traced (syscall/trace.c): no site is considered, and every frame is a whole one. */
	.globl syscall_entry_traced
syscall_entry_traced:
	push_frame
	movq %rbx, FRAME_RBX(%rsp)
	movq %rbp, FRAME_RBP(%rsp)
	movq %r12, FRAME_R12(%rsp)
	movq %r13, FRAME_R13(%rsp)
	movq %r14, FRAME_R14(%rsp)
	movq %r15, FRAME_R15(%rsp)
	sti
	movq %rsp, %rdi
	call trace_enter
	movq FRAME_RDI(%rsp), %rdi
	movq FRAME_RSI(%rsp), %rsi
	movq FRAME_RDX(%rsp), %rdx
	movq FRAME_R10(%rsp), %rcx
	movq FRAME_R8(%rsp), %r8
	movq FRAME_R9(%rsp), %r9
	movl FRAME_ERROR(%rsp), %eax
	cmpl $SYSCALL_MAX, %eax
	jae 2f
	leaq syscall_table(%rip), %r11
	call *(%r11, %rax, 8)
1:	movq %rax, FRAME_RAX(%rsp)
	movq %rsp, %rdi
	call trace_leave
	jmp syscall_out
2:	movq %rax, %rdi
	call syscall_bad_number
	jmp 1b

	.globl syscall_slow
syscall_slow:
	movq %rbx, FRAME_RBX(%rsp)
	movq %rbp, FRAME_RBP(%rsp)
	movq %r12, FRAME_R12(%rsp)
	movq %r13, FRAME_R13(%rsp)
	movq %r14, FRAME_R14(%rsp)
	movq %r15, FRAME_R15(%rsp)
	movq %rsp, %rdi
	call trap_leave			/* events are masked when it returns, and no work is left */
	jmp trap_return

/* void arch_return_to_program(struct trap_frame *f): leaves by a frame that something else has filled. */
	.globl arch_return_to_program
arch_return_to_program:
	movq %rdi, %rsp
	movq %rsp, %rbx
	call trap_leave
	movq %rbx, %rsp
	jmp trap_return

/* void switch_context(u64 *save_ksp, u64 ksp): to another thread's kernel stack. */
	.globl switch_context
switch_context:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* A new thread's first steps: r12 = function, r13 = argument (see arch_thread_init). */
	.globl thread_first_steps
thread_first_steps:
	call sched_after_switch
	sti
	movq %r13, %rdi
	call *%r12
	ud2
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts.  Program and kernel share ring 0, and programs keep
 * data below their stack pointer (the red zone), so every vector enters on an IST
 * stack, builds the frame there, moves it to the thread's kernel stack and goes on
 * there: below the interrupted rsp if that is on the kernel stack already, else at
 * its top.  Nothing may fault, and events stay masked, before the move is done.
 * NMI, #MC and #DF stay on their own stacks.
 */
#include <arch/offsets.h>

#define RFLAGS_IF 0x200

	.text

	.macro save_registers		/* after: error, rdi; edi = vector */
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi			/* trapno */
	pushq $0			/* vector state: in the registers */
	cld
	.endm

trap_common:
	save_registers
	/*
	 * An interrupt while they are masked is not the CPU's doing but a hypervisor's that gives one twice (QEMU
	 * 7.2's SVM): taken in the midst of a switch or under a lock it would do harm, and its like was served already.
	 */
	cmpl $VECTOR_IRQ_FIRST, %edi
	jb 3f
	testl $RFLAGS_IF, FRAME_RFLAGS(%rsp)
	jz trap_while_masked
3:
	movq %gs:CPU_KSTACK_TOP, %rdx
	movq FRAME_RSP(%rsp), %rax
	cmpq %rdx, %rax
	ja 1f
	movq %gs:CPU_KSTACK_LOW, %rcx
	cmpq %rcx, %rax
	ja 2f
	subq %rax, %rcx			/* in the guard: a frame too many, not the program's stack */
	cmpq $KSTACK_GUARD, %rcx
	jb trap_overflow
	jmp 1f
2:	movq %rax, %rdx
1:	leaq -FRAME_SIZE - 8(%rdx), %rbx
	andq $-16, %rbx
	movq %gs:CPU_KSTACK_LOW, %rax
	addq $256, %rax			/* room for the handler's first steps, else the guard page's fault nests */
	cmpq %rax, %rbx
	jb trap_overflow
	movq %rsp, %rsi
	movq %rbx, %rdi
	movl $FRAME_SIZE / 8, %ecx
	rep movsq
	movq %rbx, %rsp
trap_moved:
	movq %rsp, %rdi
	xorl %ebp, %ebp
	call trap_handle

/* rsp = a whole frame; events masked. */
	.globl trap_return
trap_return:
	addq $16, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $8, %rsp
	iretq

/*
 * Dropped, unless it found its twin on the IST stack still: both begin at the same place there, so that where the
 * twin came from is lost.
 */
trap_while_masked:
	movq FRAME_RIP(%rsp), %rax
	leaq trap_common(%rip), %rcx
	subq %rcx, %rax
	cmpq $trap_moved - trap_common, %rax
	jb 1f
	movq FRAME_RIP(%rsp), %rax
	leaq trap_stubs(%rip), %rcx
	subq %rcx, %rax
	cmpq $trap_stubs_end - trap_stubs, %rax
	jae trap_return
1:	movq %rsp, %rdi
	call trap_twice
	ud2

trap_overflow:				/* on the IST stack, with the frame */
	movq %rsp, %rdi
	call trap_stack_overflow
	ud2

/* Stays on the stack that its gate names. */
trap_on_own_stack:
	save_registers
	movq %rsp, %rdi
	xorl %ebp, %ebp
	movq %rsp, %rbx
	andq $-16, %rsp
	call trap_handle_nested
	movq %rbx, %rsp
	jmp trap_return

/*
 * One stub for each vector, TRAP_STUB_SIZE bytes apart, so that the IDT is filled by arithmetic.
 * Vectors that push an error code: SDM 3A, table 6-1.
 */
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector == 10) || (vector == 11) || (vector == 12) || (vector == 13) || (vector == 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
	.else
	pushq $0
	.endif
	pushq %rdi
	movl $vector, %edi
	.if (vector == 2) || (vector == 8) || (vector == 18)
	jmp trap_on_own_stack
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
	.endr
trap_stubs_end:
	.section .note.GNU-stack, "", @progbits

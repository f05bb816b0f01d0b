/* SPDX-License-Identifier: MIT */
/*
 * The probe guest: does, one after the other, what a kernel and its program
 * need of the CPU.  GUEST_STEP says how far it came.  It is copied to
 * GUEST_CODE and entered there in 64-bit mode; all references are relative.
 */
#include "kvm_guest.h"

#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

#define APIC	  0xfee00000
#define APIC_EOI  0x0b0
#define APIC_SVR  0x0f0
#define APIC_LVTT 0x320
#define APIC_TICR 0x380
#define APIC_TDCR 0x3e0

	.section .rodata.kvm_guest, "a", @progbits
	.code64
	.globl kvm_guest_start, kvm_guest_layout
	.balign 16
kvm_guest_start:
	/* Step 0: 64-bit integer code. */
	movabs	$0x123456789abcdef0, %rax
	rol	$32, %rax
	movabs	$0x9abcdef012345678, %rbx
	cmp	%rbx, %rax
	jne	fail

	/* Step 1: SSE2, as any compiled program has it. */
	movl	$1, GUEST_STEP
	push	$0x1f80
	ldmxcsr	(%rsp)
	mov	$21, %eax
	cvtsi2sd %eax, %xmm0
	movapd	%xmm0, %xmm1
	addsd	%xmm1, %xmm0
	cvttsd2si %xmm0, %eax
	cmp	$42, %eax
	jne	fail

	/* Step 2: a page fault, mended by its handler. */
	movl	$2, GUEST_STEP
	movl	$0x5eed, GUEST_HOLE
	cmpl	$0x5eed, GUEST_HOLE
	jne	fail

	/* Step 3: a system call.  From ring 0, since that is where our programs run (SDM vol. 2, SYSCALL). */
	movl	$3, GUEST_STEP
	mov	$MSR_STAR, %ecx
	xor	%eax, %eax
	mov	$GUEST_CS, %edx
	wrmsr
	mov	$MSR_LSTAR, %ecx
	lea	entry(%rip), %rax
	xor	%edx, %edx
	wrmsr
	mov	$MSR_FMASK, %ecx
	mov	$0x200, %eax
	xor	%edx, %edx
	wrmsr
	mov	$39, %eax
	syscall
	cmp	$40, %eax
	jne	fail

	/* Step 4: an interrupt of the APIC's timer (SDM vol. 3, 11.5.4). */
	movl	$4, GUEST_STEP
	mov	$APIC, %ebx
	movl	$0x1ff, APIC_SVR(%rbx)
	movl	$0xb, APIC_TDCR(%rbx)
	movl	$GUEST_TIMER_VECTOR, APIC_LVTT(%rbx)
	xor	%ebp, %ebp
	movl	$1000, APIC_TICR(%rbx)
	sti
1:	pause
	test	%ebp, %ebp
	jz	1b
	cli

	movl	$5, GUEST_STEP
	mov	$GUEST_GOOD, %al
	out	%al, $GUEST_PORT
fail:
	xor	%eax, %eax
	out	%al, $GUEST_PORT
	jmp	fail

entry:
	inc	%eax
	jmp	*%rcx

fault:
	push	%rax
	mov	%cr2, %rax
	cmp	$GUEST_HOLE, %rax
	jne	fail
	orl	$1, GUEST_PT + 8 * (GUEST_HOLE >> 12)
	invlpg	(%rax)
	pop	%rax
	add	$8, %rsp
	iretq

timer:
	mov	$1, %ebp
	movl	$0, APIC_EOI(%rbx)
	iretq
end:
	.balign	4
kvm_guest_layout: /* struct kvm_guest_layout */
	.long	end - kvm_guest_start, fault - kvm_guest_start, timer - kvm_guest_start

	.section .note.GNU-stack, "", @progbits

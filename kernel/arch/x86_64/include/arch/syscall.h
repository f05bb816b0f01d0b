/* SPDX-License-Identifier: MIT */
/* How the system-call table reaches handlers that want the whole trap frame (kind FULL). */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

#include <arch/offsets.h>

#define ARCH_STR_(x) #x
#define ARCH_STR(x)  ARCH_STR_(x)

/* full_NAME saves the registers that the entry code leaves to C, then goes on to call_NAME.  8: return address. */
#define ARCH_FULL_STUB(name)                                                                                 \
	__asm__(".pushsection .text\nfull_" #name ":\n\t"                                                    \
		"movq %rbx, 8 + " ARCH_STR(FRAME_RBX) "(%rsp)\n\t"                                           \
		"movq %rbp, 8 + " ARCH_STR(FRAME_RBP) "(%rsp)\n\t"                                           \
		"movq %r12, 8 + " ARCH_STR(FRAME_R12) "(%rsp)\n\t"                                           \
		"movq %r13, 8 + " ARCH_STR(FRAME_R13) "(%rsp)\n\t"                                           \
		"movq %r14, 8 + " ARCH_STR(FRAME_R14) "(%rsp)\n\t"                                           \
		"movq %r15, 8 + " ARCH_STR(FRAME_R15) "(%rsp)\n\t"                                           \
		"jmp call_" #name "\n\t.popsection")

#endif

/* SPDX-License-Identifier: MIT */
/* Offsets that assembly uses; each is asserted in arch/x86_64/offsets.c.  No C in here. */
#ifndef ARCH_OFFSETS_H
#define ARCH_OFFSETS_H

/* struct cpu (proc/cpu.h), at GS */
#define CPU_SELF       0
#define CPU_CURRENT    8  /* struct thread * */
#define CPU_KSTACK_TOP 16 /* of the current thread */
#define CPU_KSTACK_LOW 24
#define CPU_SCRATCH    32 /* only with events masked */
#define CPU_KSTACK_FRAME 40 /* where a system call's frame lies, at the kernel stack's top */

/* struct thread (proc/thread.h) */
#define THREAD_WORK 0 /* u32, see THREAD_WORK_* */

/* struct trap_frame (arch/trap.h) */
#define FRAME_VECTOR 0
#define FRAME_TRAPNO 8
#define FRAME_R15    16
#define FRAME_R14    24
#define FRAME_R13    32
#define FRAME_R12    40
#define FRAME_RBP    48
#define FRAME_RBX    56
#define FRAME_R11    64
#define FRAME_R10    72
#define FRAME_R9     80
#define FRAME_R8     88
#define FRAME_RAX    96
#define FRAME_RCX    104
#define FRAME_RDX    112
#define FRAME_RSI    120
#define FRAME_RDI    128
#define FRAME_ERROR  136
#define FRAME_RIP    144
#define FRAME_CS     152
#define FRAME_RFLAGS 160
#define FRAME_RSP    168
#define FRAME_SS     176
#define FRAME_SIZE   184

#define VECTOR_IRQ_FIRST 32 /* from here: interrupts, the platform's business */
#define TRAP_SYSCALL 256 /* trapno of a system call's frame (arch/trap.h) */
#define SYSCALL_MAX  512 /* entries of syscall_table */

/* Bytes below each kernel stack that are not mapped (platform/vm/kstack.c). */
#define KSTACK_GUARD 16384

#endif

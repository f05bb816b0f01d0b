/* SPDX-License-Identifier: MIT */
/* Holds arch/offsets.h, which assembly believes, against the structures. */
#include <arch/offsets.h>
#include "proc/cpu.h"
#include "proc/thread.h"

#define CHECK(type, member, value) _Static_assert(offsetof(type, member) == (value), #value)

CHECK(struct cpu, self, CPU_SELF);
CHECK(struct cpu, running, CPU_CURRENT);
CHECK(struct cpu, kstack_top, CPU_KSTACK_TOP);
CHECK(struct cpu, kstack_low, CPU_KSTACK_LOW);
CHECK(struct cpu, scratch, CPU_SCRATCH);
CHECK(struct cpu, kstack_frame, CPU_KSTACK_FRAME);
CHECK(struct thread, work, THREAD_WORK);
CHECK(struct trap_frame, vector, FRAME_VECTOR);
CHECK(struct trap_frame, trapno, FRAME_TRAPNO);
CHECK(struct trap_frame, r15, FRAME_R15);
CHECK(struct trap_frame, rbp, FRAME_RBP);
CHECK(struct trap_frame, rbx, FRAME_RBX);
CHECK(struct trap_frame, r11, FRAME_R11);
CHECK(struct trap_frame, r10, FRAME_R10);
CHECK(struct trap_frame, r9, FRAME_R9);
CHECK(struct trap_frame, r8, FRAME_R8);
CHECK(struct trap_frame, rax, FRAME_RAX);
CHECK(struct trap_frame, rcx, FRAME_RCX);
CHECK(struct trap_frame, rdx, FRAME_RDX);
CHECK(struct trap_frame, rsi, FRAME_RSI);
CHECK(struct trap_frame, rdi, FRAME_RDI);
CHECK(struct trap_frame, rflags, FRAME_RFLAGS);
CHECK(struct trap_frame, error, FRAME_ERROR);
CHECK(struct trap_frame, rip, FRAME_RIP);
CHECK(struct trap_frame, rsp, FRAME_RSP);
CHECK(struct trap_frame, ss, FRAME_SS);
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "FRAME_SIZE");

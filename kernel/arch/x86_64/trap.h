/* SPDX-License-Identifier: MIT */
/* Gates of the CPU: descriptor tables, IST stacks, and who handles which vector.  For arch/ and platform/ only. */
#ifndef ARCH_X86_64_TRAP_H
#define ARCH_X86_64_TRAP_H

#include <arch/trap.h>

struct cpu;

#define VECTOR_PAGE_FAULT 14

/* Loads this CPU's descriptor tables, system-call registers and control bits.  The first call fills the IDT. */
void trap_init_cpu(struct cpu *c);
void trap_enable_vector(unsigned vector);
/* Where each vector enters. */
extern const char trap_stubs[];
#define TRAP_STUB_SIZE 16
/* The platform's: an interrupt arrived.  *rip: where the CPU goes on; an idle one is moved out of its sleep. */
void platform_interrupt(unsigned vector, u64 *rip);
/* The program's or the kernel's registers as a report: for panics. */
void trap_print_frame(const struct trap_frame *f);
/* Whether f was interrupted in the kernel: its rsp is on the current thread's kernel stack. */
bool trap_from_kernel(const struct trap_frame *f);

#endif

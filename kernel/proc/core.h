/* SPDX-License-Identifier: MIT */
/*
 * Core files (--core DIR): an ELF file of the program's threads and memory, written where the loader has put a
 * directory of the user's, when a signal whose default it is ends the program.  Threads only; sleeps.
 */
#ifndef PROC_CORE_H
#define PROC_CORE_H

#include "proc/signal.h"

/* What Linux's signal(7) says dumps core. */
#define CORE_SIGNALS                                                                                         \
	(SIGMASK(SIGQUIT) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) | SIGMASK(SIGBUS) |        \
	 SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGXCPU) | SIGMASK(SIGXFSZ) | SIGMASK(SIGSYS))

/*
 * The current thread, whose frame is whole, is about to end the program by this signal: stops the other threads
 * and writes the file, if the loader has asked for one.  Whether there is a core file now.
 */
bool core_dump(const struct siginfo *info);
/* On the way back to the program, told to end: waits while a core file is written of this thread, too. */
void core_park(void);

/* arch/<isa>/core.c.  In the order of the ABI's elf_gregset_t; t is parked, or the current one. */
#define CORE_REGS 27
void arch_core_registers(const struct thread *t, u64 regs[CORE_REGS]);
/* The current thread's vector registers go where the others' are. */
void arch_core_save_vector(void);
/* The image: its legacy part is elf_fpregset_t, all of it NT_X86_XSTATE.  Bytes of it. */
const void *arch_core_vector(struct thread *t, u32 *legacy, u32 *all);

#endif

/* SPDX-License-Identifier: MIT */
/* The last words on a program that ends by a fault nobody handles.  Threads only; may sleep. */
#ifndef PROC_FAULT_H
#define PROC_FAULT_H

#include <stdarg.h>
#include "proc/signal.h"
#include "proc/unwind.h"

/* Whether the signal comes from the program's own instruction: one sent by kill(2) or abort(3) needs no
 * report. */
bool fault_is_reported(const struct siginfo *info);
/* Says on descriptor 2 what happened where: signal, address, registers, backtrace. */
void fault_report(const struct trap_frame *f, const struct siginfo *info);
/*
 * The program touched addr and there is no memory for it: says so and ends the run, as Linux's OOM killer
 * would (SIGKILL).
 */
void signal_out_of_memory(struct trap_frame *f, u64 addr) __noreturn;

/* For the ISA's part: one piece of the report. */
void fault_print(const char *fmt, ...) __printf(1, 2);
/*
 * arch/<isa>/report.c: prints the registers; finds the callers, by t where that knows them, else by frame
 * pointers.  t may be NULL.  pcs[0] is f's own; how many it found.
 */
void arch_fault_registers(const struct trap_frame *f);
unsigned arch_backtrace(const struct trap_frame *f, const struct unwind_table *t, u64 *pcs, unsigned max);
/* What the access was that faulted: "read", "write", "execution", or NULL. */
const char *arch_fault_access(const struct trap_frame *f);

#endif

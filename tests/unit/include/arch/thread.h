/* SPDX-License-Identifier: MIT */
/* Stands in for an ISA's: a test is one thread. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "lib/types.h"

struct thread;

struct arch_thread {
	int unused;
};

extern struct thread *unit_current;
#define current unit_current

static inline void cpu_relax(void) {}

#endif

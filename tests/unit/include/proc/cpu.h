/* SPDX-License-Identifier: MIT */
/* Stands in for the kernel's: a test chooses on which CPU it seems to run. */
#ifndef PROC_CPU_H
#define PROC_CPU_H

#include "lib/types.h"

#define CPU_MAX 64

typedef u64 cpumask_t;

struct cpu {
	unsigned id;
	u64 kstack_top, kstack_low;
};

extern struct cpu test_cpu;
static const unsigned cpu_count = CPU_MAX;

static inline struct cpu *this_cpu(void) { return &test_cpu; }

#endif

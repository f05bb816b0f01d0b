/* SPDX-License-Identifier: MIT */
/*
 * Finds the caller of a function by its call frame information (DWARF 5, 6.4;
 * the LSB's .eh_frame), which compilers write for every function, with frame
 * pointers or without.  Pure: no locks, no allocation; nothing it reads is
 * trusted.  Registers have DWARF's numbers for x86-64 (psABI, figure 3.36).
 */
#ifndef PROC_UNWIND_H
#define PROC_UNWIND_H

#include "lib/types.h"

#define UNWIND_RBP  6
#define UNWIND_RSP  7
#define UNWIND_PC   16
#define UNWIND_REGS 17

struct unwind_table {
	const u8 *data; /* the section's bytes */
	size_t size;
	u64 addr; /* where they lie in the program, before it was moved (PIE) */
	u64 bias; /* by how much it was */
};

struct unwind_regs {
	u64 r[UNWIND_REGS];
	bool exact; /* the pc is the next instruction (a fault), not a return address */
};

/* Room to work in, for one step at a time: too much for a kernel stack. */
struct unwind_scratch {
	u64 words[1024];
};

/* Eight bytes of the program's memory; false: they are not there. */
typedef bool unwind_read_fn(void *arg, u64 addr, u64 *value);

/*
 * From a function's registers to its caller's.  0; -ENOENT: no information for this pc, or there is no
 * caller; -EINVAL: it makes no sense; -EFAULT: the stack cannot be read.
 */
int unwind_step(const struct unwind_table *t, struct unwind_regs *regs, struct unwind_scratch *scratch,
		unwind_read_fn *read, void *arg);

#endif

/* SPDX-License-Identifier: MIT */
/* Names of addresses, from the symbol table of an ELF executable.  Threads only: reads the file. */
#ifndef PROC_SYMBOLS_H
#define PROC_SYMBOLS_H

#include "lib/types.h"
#include "proc/unwind.h"

struct file;

struct symbol {
	u64 addr;      /* in: what to look for, as in the file (unbiased) */
	u64 start;     /* out: of the symbol that contains it, or is the last before it */
	char name[96]; /* out: cut if longer; "" if there is none */
};

/* Fills in `count` symbols in one pass over the table (.symtab, else .dynsym).  0 or -errno; nothing is
 * trusted. */
int symbols_find(struct file *f, struct symbol *s, unsigned count);
/* Reads .eh_frame into memory: t->data is the caller's to kfree(); the bias is 0.  0 or -errno. */
int symbols_read_frames(struct file *f, struct unwind_table *t);

#endif

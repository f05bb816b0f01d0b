/* SPDX-License-Identifier: MIT */
/*
 * Call sites: `syscall` instructions of the program that have become jumps into the
 * kernel (docs/syscalls-as-calls.md).  For arch/, mm/space.c and proc/rseq.c.  Locks: a mutex of
 * its own around a rewriting, and space.lock inside it.
 */
#ifndef ARCH_PATCH_H
#define ARCH_PATCH_H

#include "lib/types.h"

struct call_sites;
struct trap_frame;

void patch_free(struct call_sites *sites); /* of a space that nobody uses any more; NULL: nothing */

/* A system call has come by the instruction: rewrites its site, once it has been seen often enough.  May sleep. */
void patch_consider(const struct trap_frame *f);
/* An int3 of the program: true if it is a rewritten site's, then f goes on where it should.  May fault. */
bool patch_breakpoint(struct trap_frame *f);
/* The place in the program's own code that pc stands for, which may lie in a stub.  What a signal handler sees. */
u64 patch_program_pc(u64 pc);

/* An event has come to code of patched.S: see there. */
extern char patched_text[], patched_text_end[];
void patch_interrupted(struct trap_frame *f, bool kernel);

#endif

/* SPDX-License-Identifier: MIT */
/* A VM with debug.h's functions as gdb wants it, and the thread that gdb talks to. */
#ifndef UHYVE_GDB_TARGET_H
#define UHYVE_GDB_TARGET_H

#include "gdb/gdb.h"
#include "kvm/vm.h"

void gdb_target_init(struct gdb_target *t, struct vm *vm);

/*
 * Listens at `where`: a TCP port on loopback, or "unix:PATH", a file that the
 * caller's parent removes in the end.  A descriptor, or a negative error after a
 * message.  Before the sandbox.
 */
int gdb_listen(const char *where);

/* The thread, which calls `begin` first; debug_make() has been called.  0 or a negative error. */
int gdb_serve(struct vm *vm, int listener, void (*begin)(void));

/* The machine has ended with this status: tells gdb and waits a moment until it knows. */
void gdb_finish(int status);

#endif

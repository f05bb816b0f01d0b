/* SPDX-License-Identifier: MIT */
/* Loads a program into the current thread's (empty) address space.  Threads only; sleeps. */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "lib/types.h"

struct exec_args {
	const char *path;    /* of the executable, absolute */
	char *const *argv, *const *envp; /* kernel memory, ended by NULL */
	unsigned argc, envc;
};

/*
 * Maps the program, its stack and the vDSO, and tells where it starts.  0; -ENOENT ...: it cannot be opened;
 * -ENOEXEC and the like: `why` says what is wrong with it; -ENOMEM.
 */
int exec_load(const struct exec_args *args, u64 *pc, u64 *sp, const char **why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Programs: finding out what a file is (ELF, dynamic or not, or a script), and
 * loading it into the current thread's (empty) address space.  For the first
 * program and for execve(2).  Threads only; sleeps; no locks held.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "lib/types.h"

struct dentry;
struct exec;
struct file;

struct exec_args {
	const char *path; /* of the executable, as a script's interpreter gets it */
	const char *name; /* what AT_EXECFN says, and whose last component becomes the thread's name */
	char *const *argv, *const *envp; /* kernel memory, ended by NULL */
	unsigned argc, envc;
	void (*free)(void *arg); /* frees all of it, when it has been used or has failed; NULL: it stays */
	void *free_arg;
	bool by_fd;	  /* name is only a descriptor: the thread is called by the file */
	bool unreachable; /* by its path once descriptors are closed: it cannot be a script */
};

/* Where things have been put (auxiliary vector). */
struct exec_layout {
	u64 entry, phdr, base;
	vaddr_t vdso;
	u16 phent, phnum;
};

/* Opens what may be executed.  at, walk_flags: vfs_walk().  -EACCES: not a regular file, or not for this user. */
int exec_open(struct dentry *at, const char *path, unsigned walk_flags, struct file **out);
/*
 * Opens args->path (or takes over `file`), follows scripts, finds the interpreter.  What args points to, and file,
 * are *out's from now on, also if it fails.  0; -ENOENT ...: not opened; -ENOEXEC, -ELIBBAD, -ELOOP: `why` says what is
 * wrong, or is NULL; -ENOMEM.
 */
int exec_prepare(const struct exec_args *args, struct file *file, struct exec **out, const char **why);
void exec_free(struct exec *e);
/* Maps the program, its interpreter, its stack and the vDSO, and tells where it starts.  0, -ENOMEM, -E2BIG ... */
int exec_load(struct exec *e, u64 *pc, u64 *sp);
/* exec_stack.c: arguments, environment and auxiliary vector, downwards from *sp.  0, -ENOMEM, -E2BIG. */
int exec_build_stack(const struct exec_args *args, const struct exec_layout *l, u64 *sp);
/*
 * execve(2) from here on: ends the other threads, gives the process a new space, and goes to the program.  Returns
 * only if that could not begin (-EAGAIN: another thread does it, -ENOMEM); later failures end the process.  Frees e.
 */
int exec_replace(struct exec *e);

#endif

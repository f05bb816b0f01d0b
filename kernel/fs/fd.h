/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables.  table.lock guards the array; while a process has one
 * thread, look-ups take neither the lock nor a reference, since nobody else
 * can close.  RLIMIT_NOFILE bounds new descriptors.
 */
#ifndef FS_FD_H
#define FS_FD_H

#include "fs/file.h"
#include "lib/spinlock.h"
#include "proc/thread.h"

struct boot_info;

struct file_table {
	struct spinlock lock;
	unsigned size; /* entries in the arrays */
	unsigned hint; /* no free descriptor below */
	struct file **files;
	u8 *cloexec; /* 1: closed by execve */
	struct file *first_files[8];
	u8 first_cloexec[8];
};

struct file_table *file_table_create(void); /* NULL: no memory */
/* At the end of the process.  The table stays: a thread that sleeps in a call may yet come back to it. */
void fd_close_all(struct file_table *t);
/* Descriptors 0, 1, 2 as the boot record describes them. */
int fd_install_std(struct file_table *t, const struct boot_info *boot);
void fd_close_on_exec(struct file_table *t);

/* A descriptor in use by a system call.  file is NULL if fd is bad (or O_PATH, for fd_get). */
struct fdref {
	struct file *file;
	bool counted;
};
struct fdref fd_get_shared(int fd); /* the slow way, for processes with several threads */
static inline struct fdref fd_get_raw(int fd) /* O_PATH files too */
{
	struct process *p = current->process;
	struct file_table *t = p->files;

	if (unlikely(READ_ONCE(p->thread_count) != 1))
		return fd_get_shared(fd);
	if (unlikely((unsigned)fd >= t->size))
		return (struct fdref){NULL, false};
	return (struct fdref){t->files[fd], false};
}
static inline void fd_put(struct fdref r)
{
	if (unlikely(r.counted))
		file_unref(r.file);
}
static inline struct fdref fd_get(int fd)
{
	struct fdref r = fd_get_raw(fd);

	if (r.file && unlikely(r.file->kind & FILE_PATH)) {
		fd_put(r);
		r.file = NULL;
		r.counted = false;
	}
	return r;
}
/* With a reference of its own, or NULL: for those who keep the file (mmap). */
struct file *fd_get_file(int fd);

/* The lowest free descriptor >= from gets f (whose reference passes on success).  It, or -EMFILE, -ENOMEM. */
int fd_install(struct file *f, int from, bool cloexec);
/* 0 if a descriptor is free (now: another thread may take it), else -EMFILE: for calls that must not act in vain. */
int fd_room(void);
int fd_close(int fd);
/* dup2: fd becomes f (whose reference passes on success), whatever it was.  fd, or -EBADF, -ENOMEM. */
int fd_replace(struct file *f, int fd, bool cloexec);
/* FD_CLOEXEC before; set (0 or 1) if not negative.  -EBADF. */
int fd_cloexec(int fd, int set);
void fd_close_many(unsigned from, unsigned to);
void fd_cloexec_many(unsigned from, unsigned to);
int fd_next(struct file_table *t, int fd); /* the first open descriptor >= fd, or -1 */

#endif

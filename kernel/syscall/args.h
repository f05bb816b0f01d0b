/* SPDX-License-Identifier: MIT */
/* How the file calls take their arguments, and give files: paths, descriptors, lists of buffers. */
#ifndef SYSCALL_ARGS_H
#define SYSCALL_ARGS_H

#include "fs/fd.h"
#include "fs/vfs.h"
#include "lib/uaccess.h"
#include "syscall/syscall.h"

/* A path and the directory it starts from.  End with path_end() whatever path_get() returned. */
struct path_arg {
	struct dentry *at; /* NULL: the working directory */
	char *name;
	struct fdref ref;
	char small[128];
};
/* -EFAULT, -ENAMETOOLONG, -ENOMEM; -EBADF, -ENOTDIR for dirfd, which counts only if the path is relative. */
int path_get(struct path_arg *p, int dirfd, const char __user *path);
/* always: dirfd counts for absolute paths too (RESOLVE_IN_ROOT). */
int path_get_from(struct path_arg *p, int dirfd, const char __user *path, bool always);
void path_end(struct path_arg *p);
/* The dentry that (dirfd, path, AT_* flags) names, with a reference. */
int path_lookup(int dirfd, const char __user *path, unsigned walk_flags, struct dentry **out);

/* A new file gets the lowest free descriptor >= from; its reference is used up.  f NULL: -ENOMEM; -EMFILE, -ENOMEM. */
long fd_give(struct file *f, int from, bool cloexec);
/* The same for the two ends of something, and writes both numbers to the program.  0, -EMFILE, -ENOMEM, -EFAULT. */
long fd_give_two(struct file *f[2], bool cloexec, int __user *out);

/*
 * What all calls that move bytes share.  at NULL: at the file's own position, which moves.  The bytes moved; -EBADF
 * (not open for it), -EISDIR, -EINVAL, or what the file says.
 */
ssize_t file_do_read(struct fdref r, struct uio *u, const u64 *at);
ssize_t file_do_write(struct fdref r, struct uio *u, const u64 *at);

/* readv and writev's list.  End with iov_end() after success. */
struct iov_arg {
	struct iovec *iov;
	struct iovec small[8];
	struct uio uio;
};
int iov_get(struct iov_arg *a, const struct iovec __user *iov, u64 count);
void iov_end(struct iov_arg *a);

/* poll's and epoll's time-out to a deadline for sleeping: 0 does not sleep, negative is for ever. */
nsec_t deadline_of_ms(int ms);

#endif

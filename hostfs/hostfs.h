/* SPDX-License-Identifier: MIT */
/*
 * Directories of the host, served to somebody who is not trusted: the 9P server of uhyve (hostfs/p9) and the
 * helper of the isle `process`.  A share is a directory; all that is reached from it lies beneath it, by
 * construction: names are single components and are opened by openat2(RESOLVE_BENEATH), symlinks are never followed.
 * Objects are held as O_PATH descriptors, so a rename of a parent does not break one; I/O descriptors are opened
 * anew through /proc/self/fd/N, so no name is looked up twice.  Functions return 0 (or a count) or -errno.
 * No locks: a share and all that came from it belong to one thread at a time.  Shares share nothing, but
 * hostfs_share_open() sets the process's umask to 0 (the client's modes are meant), and SIGXFSZ must be ignored.
 */
#ifndef HOSTFS_H
#define HOSTFS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * System calls, for a seccomp list; each stands with its users.  PROC is the descriptor of /proc/self/fd that the share
 * opened; the others are descriptors of nodes (O_PATH) and files.  "EMPTY": the path is "" with AT_EMPTY_PATH.
 *
 *   openat2 (node, name; RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS)	walk, create
 *   openat (PROC, "N")	open, truncate, xattrs: a held object opened for I/O
 *   openat (node, ".")	open of a directory
 *   statx (node, EMPTY), statx (node, name)	walk, stat; unlink and rename (whose name is it)
 *   fstatfs	statfs		readlinkat (node, "")	readlink
 *   fchmodat (PROC, "N")	chmod	fchownat (node, EMPTY)	chown, owner of what is made
 *   utimensat (node, EMPTY)	times	ftruncate	size
 *   preadv, pwritev	read, write	getdents64, lseek	readdir
 *   fsync, fdatasync	fsync		fcntl (F_OFD_SETLK, F_OFD_GETLK)	locks
 *   mkdirat, mknodat, symlinkat, unlinkat, renameat, linkat (PROC, "N", AT_SYMLINK_FOLLOW)	names
 *   fgetxattr, fsetxattr, flistxattr, fremovexattr	xattrs
 *   close	all
 * and malloc's: brk, mmap, munmap, mremap, madvise, futex.  hostfs_share_open() alone, before the filter is up:
 * openat of the shared directory and of /proc/self/fd, getrlimit, geteuid, getegid, umask.
 *
 * Landlock: READ_FILE, READ_DIR, and unless the share is read-only WRITE_FILE, TRUNCATE, MAKE_REG, MAKE_DIR, MAKE_SYM,
 * MAKE_FIFO, MAKE_SOCK, REMOVE_FILE, REMOVE_DIR, REFER on the shared directory; nothing for /proc.
 */

#define HOSTFS_RDONLY 1u /* everything that would change something gives -EROFS */

struct statx; /* <sys/stat.h> with _GNU_SOURCE */
struct hostfs_share;
struct hostfs_node; /* an object: a file, a directory, a symlink, ... */
struct hostfs_file; /* one that has been opened for I/O */

/*
 * max_fds: descriptors this share may hold, 0 for a quarter of RLIMIT_NOFILE (at least 64).  Nodes beyond that keep
 * no descriptor and are found again by their names, which are verified (-ESTALE if the host has given the name to
 * another file since); open files beyond it are -ENFILE, and so is the 524,289th node.
 */
int hostfs_share_open(const char *path, unsigned flags, unsigned max_fds, struct hostfs_share **out);
/* Shares opened from now on use this descriptor of /proc/self/fd (O_PATH, copied) and open none: for a process whose
 * other ways to /proc are to end. */
void hostfs_use_proc(int fd);
/* All nodes and files must have been given back. */
void hostfs_share_close(struct hostfs_share *s);
bool hostfs_share_rdonly(const struct hostfs_share *s);
unsigned hostfs_share_fds(const struct hostfs_share *s);   /* held now */
unsigned hostfs_share_nodes(const struct hostfs_share *s); /* alive */

/* A new reference to the shared directory itself. */
struct hostfs_node *hostfs_root(struct hostfs_share *s);
struct hostfs_node *hostfs_get(struct hostfs_node *n);
void hostfs_put(struct hostfs_node *n);		 /* NULL is fine */
mode_t hostfs_type(const struct hostfs_node *n); /* S_IFMT's bits */

/*
 * A number for a file of the host that no other file of the share has, and that is the inode's own number for all on
 * the device of the shared directory.  -ENFILE: more than 65,535 devices (or groups of 2^48 inodes).
 */
int hostfs_number(struct hostfs_share *s, dev_t dev, uint64_t ino, uint64_t *out);
int hostfs_node_number(struct hostfs_node *n, uint64_t *out);
/* The same for a number that readdir gave for an entry of n. */
int hostfs_entry_number(struct hostfs_node *n, uint64_t ino, uint64_t *out);

/*
 * Names are `len` bytes: -EINVAL if empty or with '/' or NUL, -ENAMETOOLONG above 255.  "." and ".." are names for
 * hostfs_walk() only, where ".." of the share is the share; others give -EEXIST, -EINVAL, -EBUSY as Linux does.
 */
/* *st, if it is not NULL, becomes what hostfs_stat() would say. */
int hostfs_walk(struct hostfs_node *dir, const char *name, size_t len, struct hostfs_node **out, struct statx *st);

/* Who a new object shall belong to, as far as the host lets us: -1 leaves it to the host. */
struct hostfs_owner {
	uid_t uid;
	gid_t gid;
};

/*
 * ---- open files ----
 * flags are open(2)'s; those that are not about access, truncation, appending, synchronous writes and O_DIRECTORY are
 * ignored.  Only regular files and directories can be opened: -ELOOP for a symlink, -ENXIO for others.
 */
int hostfs_open(struct hostfs_node *n, int flags, struct hostfs_file **out);
/* O_CREAT is implied; O_EXCL is heeded, without it what exists is opened.  *node and *out are the caller's. */
int hostfs_create(struct hostfs_node *dir, const char *name, size_t len, int flags, mode_t mode,
		  struct hostfs_owner owner, struct hostfs_node **node, struct hostfs_file **out);
void hostfs_close(struct hostfs_file *f); /* NULL is fine; gives its locks up */
struct hostfs_node *hostfs_file_node(struct hostfs_file *f);
ssize_t hostfs_read(struct hostfs_file *f, const struct iovec *iov, int n, uint64_t off);
ssize_t hostfs_write(struct hostfs_file *f, const struct iovec *iov, int n, uint64_t off);
int hostfs_fsync(struct hostfs_file *f, bool data_only);
/*
 * Entries from position *off on (0, or a d_off that was given): fn takes each until it returns false; *off is then
 * behind the last one taken.  `buf` (of `size` bytes, at least 1 KiB) is scratch.  The number taken, 0 at the end.
 */
typedef bool hostfs_entry_fn(void *arg, uint64_t ino, uint64_t next, uint8_t type, const char *name,
			     size_t len);
int hostfs_readdir(struct hostfs_file *f, uint64_t *off, void *buf, size_t size, hostfs_entry_fn *fn,
		   void *arg);
/* l_type, l_start, l_len; the lock is the open file's.  -EAGAIN: another holds it. */
int hostfs_lock(struct hostfs_file *f, short type, uint64_t start, uint64_t len);
/* *type becomes F_UNLCK if the lock could be had, else all three describe one that is in the way. */
int hostfs_lock_test(struct hostfs_file *f, short *type, uint64_t *start, uint64_t *len);

/* ---- attributes ---- */
int hostfs_stat(struct hostfs_node *n, struct statx *st);
int hostfs_statfs(struct hostfs_node *n, struct statfs *st);

#define HOSTFS_SET_MODE	 1u
#define HOSTFS_SET_UID	 2u
#define HOSTFS_SET_GID	 4u
#define HOSTFS_SET_SIZE	 8u
#define HOSTFS_SET_TIMES 16u /* tv_nsec may be UTIME_NOW or UTIME_OMIT */
#define HOSTFS_SET_CTIME 32u /* to now */
struct hostfs_attr {
	unsigned valid;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size;
	struct timespec atime, mtime;
};
/* -EPERM for a set-ID bit on a file: what the guest writes must not gain its owner's rights on the host. */
int hostfs_setattr(struct hostfs_node *n, const struct hostfs_attr *a);

/*
 * user.* and the two POSIX ACLs (system.posix_acl_*); others give -EOPNOTSUPP, since they are the host's security.
 * `name` ends with NUL.  Regular files and directories only, as user.* is on Linux.
 */
ssize_t hostfs_xattr_get(struct hostfs_node *n, const char *name, void *buf, size_t size);
ssize_t hostfs_xattr_list(struct hostfs_node *n, char *buf, size_t size);
int hostfs_xattr_set(struct hostfs_node *n, const char *name, const void *value, size_t size, int flags);
int hostfs_xattr_remove(struct hostfs_node *n, const char *name);

/* ---- names ---- (where `out` may be NULL, nobody wants the new object) */
int hostfs_mkdir(struct hostfs_node *dir, const char *name, size_t len, mode_t mode,
		 struct hostfs_owner owner, struct hostfs_node **out);
/* Regular files, FIFOs and sockets; devices: -EPERM. */
int hostfs_mknod(struct hostfs_node *dir, const char *name, size_t len, mode_t mode,
		 struct hostfs_owner owner, struct hostfs_node **out);
/* `target` ends with NUL and is not looked at: it is followed by the client, in the client's tree. */
int hostfs_symlink(struct hostfs_node *dir, const char *name, size_t len, const char *target,
		   struct hostfs_owner owner, struct hostfs_node **out);
ssize_t hostfs_readlink(struct hostfs_node *n, char *buf, size_t size); /* bytes, no NUL */
int hostfs_link(struct hostfs_node *n, struct hostfs_node *dir, const char *name, size_t len);
int hostfs_unlink(struct hostfs_node *dir, const char *name, size_t len, bool directory);
int hostfs_rename(struct hostfs_node *from, const char *name, size_t len, struct hostfs_node *to,
		  const char *new_name, size_t new_len);
/* The same by the object, if the name it was last walked to, or renamed to by us, is still its: else -ESTALE. */
int hostfs_unlink_node(struct hostfs_node *n);
int hostfs_rename_node(struct hostfs_node *n, struct hostfs_node *to, const char *new_name, size_t new_len);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An open file: what a descriptor refers to.  Everything that can be read,
 * written, polled or mapped is a struct file with its file_ops.
 * Reference-counted; file_unref of the last one may sleep.  file.pos_lock (a
 * sleeping lock) guards pos.  A file_op is called with no spinlock held and may
 * sleep, except where said.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/abi.h"
#include "fs/uio.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/types.h"
#include "proc/wait.h"

struct area;
struct dentry;
struct file;
struct inode;
struct inode_ops;
struct space;

/*
 * Who wants to hear of a file's state: a poll() op calls poll_add(hook, queue) for each queue that is woken
 * when the state changes, then looks at the state.
 */
struct poll_hook {
	void (*add)(struct poll_hook *h, struct wait_queue *q);
};
static inline void poll_add(struct poll_hook *h, struct wait_queue *q)
{
	if (h)
		h->add(h, q);
}

/* Receives directory entries. */
struct dir_sink {
	/* False: no room, stop; the entry counts as not given.  Never sleeps.  `next`: position to go on from after this entry. */
	bool (*emit)(struct dir_sink *s, const char *name, size_t len, u64 ino, unsigned dtype, u64 next);
};

struct file_ops {
	int (*open)(struct file *f); /* for devices in a ramfs; may be NULL */
	/*
	 * Bytes moved (short is allowed), 0 at the end, or -errno.  Files with FILE_STREAM ignore off.
	 * -EAGAIN instead of sleeping if f->flags has O_NONBLOCK, for files where that has a meaning.
	 * NULL: EINVAL.
	 */
	ssize_t (*read)(struct file *f, struct uio *u, u64 off);
	/* Instead of read, for one buffer of the program; where the position means nothing.  NULL: read. */
	ssize_t (*read_user)(struct file *f, void __user *buf, size_t n);
	/* *off: where to write; with O_APPEND the op sets it to where it did.  Never 0 for u->left > 0. */
	ssize_t (*write)(struct file *f, struct uio *u, u64 *off);
	/* From *pos on, gives entries to the sink ("." and ".." too) and moves *pos behind the last one taken. */
	int (*readdir)(struct file *f, u64 *pos, struct dir_sink *s);
	/*
	 * POLL* bits that hold now; hook may be NULL.  `want`: those the caller asks for, for files that have to
	 * fetch before they know.  NULL: always readable and writable.
	 */
	unsigned (*poll)(struct file *f, unsigned want, struct poll_hook *hook);
	long (*ioctl)(struct file *f, unsigned cmd, u64 arg); /* arg may be a program's address; NULL: ENOTTY */
	int (*fsync)(struct file *f, bool data_only); /* NULL: EINVAL */
	/* SEEK_DATA, SEEK_HOLE and odd files; NULL: the usual arithmetic on inode size. */
	s64 (*seek)(struct file *f, s64 off, int whence);
	int (*fallocate)(struct file *f, int mode, u64 off, u64 len); /* NULL: EOPNOTSUPP */
	void (*flush)(struct file *f); /* a descriptor is being closed; the file may go on living */
	void (*release)(struct file *f); /* the last reference is gone: frees f->priv */

	/* --- mapping; files without read_page cannot be mapped (ENODEV) --- */
	/*
	 * Fills one page of kernel memory with the file's bytes from off on (a multiple of PAGE_SIZE), zeros
	 * behind the end.  -EIO: nothing of the file is there (SIGBUS).
	 */
	int (*read_page)(struct file *f, u64 off, void *page);
	/* See file_pages_in_place. */
	unsigned (*pages_in_place)(struct file *f, u64 off, unsigned max, paddr_t *first);
	/* See file_page_shared. */
	int (*page_shared)(struct file *f, u64 off, bool write, paddr_t *frame);
	/* What /proc/self/fd/N reads for files without a name in the tree: snprintf-like. */
	int (*describe)(struct file *f, char *buf, size_t size);
};

/* Bits of struct file.kind. */
#define FILE_READ   (1u << 0)
#define FILE_WRITE  (1u << 1)
#define FILE_STREAM (1u << 2) /* no position: lseek and pread give ESPIPE, pos_lock is not taken */
#define FILE_PATH   (1u << 3) /* O_PATH */
#define FILE_DIR    (1u << 4)
#define FILE_SOCKET (1u << 5)
#define FILE_OPENED (1u << 6) /* inode_ops.create has opened it already */
#define FILE_FLOCKED (1u << 7) /* holds a lock of fs/flock.h */
#define FILE_LAZY   (1u << 8) /* to be read by the kernel: its server need not hear of it before it must */
#define FILE_NOCTTY (1u << 9) /* O_NOCTTY, which F_GETFL does not show */

struct file {
	u32 refs;
	u32 flags; /* O_* as F_GETFL shows them */
	u32 kind;  /* FILE_* */
	const struct file_ops *ops;
	struct inode *inode;   /* a reference; never NULL */
	struct dentry *dentry; /* a reference; NULL: no name in the tree (pipe, socket, ...) */
	u64 pos;
	struct mutex pos_lock;
	void *priv;	       /* the ops' own */
	struct list epolls;    /* epoll items that watch it: ipc/epoll.c */
	bool watched;	       /* it has been in an epoll set, and may be on its way out of one */
	struct file *next_freed; /* without references: see file_unref() */
};

/* With refs 1; takes its own references to inode and dentry (may be NULL).  NULL: no memory. */
struct file *file_alloc(struct inode *inode, struct dentry *dentry, u32 flags, const struct file_ops *ops);
static inline struct file *file_ref(struct file *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
	return f;
}
void file_unref(struct file *f);
void epoll_file_gone(struct file *f); /* ipc/epoll.c: it is about to be freed */

/* An inode for files that have no place in the tree; refs 1; ops may be NULL.  NULL: no memory. */
struct inode *inode_anon(u32 mode, const struct inode_ops *ops);
/* A file of such an inode, for streams; ops->release frees priv.  NULL: no memory, and priv is the caller's. */
struct file *file_anon(u32 mode, u32 flags, const struct file_ops *ops, void *priv);
/*
 * RLIMIT_FSIZE, as setrlimit(2) has it: -EFBIG after a SIGXFSZ for the calling thread.  file_limit_size: if that is what
 * making the file `size` bytes long has to give, else 0.
 */
int file_too_large(void);
int file_limit_size(const struct inode *i, u64 size);
void file_sigpipe(void); /* raises SIGPIPE for the calling thread: what a write that gives EPIPE does */
unsigned file_poll(struct file *f, unsigned want, struct poll_hook *hook);
int file_fsync(struct file *f, bool data_only); /* mapped pages too; -EINVAL: it has nothing to sync */

/* --- for the kernel's own use (exec, mappings) --- */
/* Opens an absolute path; does not check permissions.  0 or -errno. */
int file_kernel_open(const char *path, int flags, struct file **out);
/* Into kernel memory from an offset; short only at the end of the file. */
ssize_t file_kernel_read(struct file *f, void *buf, size_t n, u64 off);
u64 file_size(struct file *f);

/*
 * One page of the file into kernel memory: see file_ops.read_page.  Sleeps (host I/O).
 * 0; -EIO behind the end; -ENODEV: not mappable; other -errno.
 */
int file_read_page(struct file *f, u64 off, void *page);
/*
 * Where the bytes of the pages from off on lie in memory already, if they do and will stay there for ever (the
 * initrd): frames to be mapped read-only or copied on write, never written.  They are not the allocator's
 * (frame_managed() is false).  How many of them, at most max, follow each other from *first on.  0: use
 * file_read_page.  Never sleeps.
 */
unsigned file_pages_in_place(struct file *f, u64 off, unsigned max, paddr_t *first);
/*
 * For MAP_SHARED: the one frame that all mappings and read/write share, with a reference (frame_unref) for the
 * caller; write: it will be written.  It stays a page of the file until the file is cut.
 * -EIO behind the end; -ENODEV: the file has no such frames; -ENOMEM.
 */
int file_page_shared(struct file *f, u64 off, bool write, paddr_t *frame);
/* A page of file_page_shared() that was mapped read-only is written from now on.  Never sleeps.  0 or -ENOMEM. */
int file_page_written(struct file *f, u64 off);
/* Whether the file can be mapped so: 0, -ENODEV, -EACCES (by mode of opening, for shared writing). */
int file_mappable(struct file *f, bool shared, bool write);

#endif

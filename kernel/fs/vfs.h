/* SPDX-License-Identifier: MIT */
/*
 * The file system's tree: inodes, dentries (names), superblocks (mounted
 * trees), and walks along paths.  For system calls (syscall/), for file
 * systems (fs/, which implement inode_ops) and for exec.
 * Everything here may sleep.  Locks: rename_lock -> inode.lock (of a directory:
 * its contents; parent before child) -> dcache_lock (a spinlock: the tree of
 * dentries and their counts).  inode_ops that change a directory are called with
 * its lock held.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "fs/abi.h"
#include "fs/file.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "proc/wait.h"

struct dentry;
struct inode;
struct superblock;
struct range_lock;
struct watch;

/* What stat and statx tell; times in nanoseconds since 1970. */
struct kstat {
	u64 dev, ino, rdev, size, blocks /* of 512 bytes */;
	u32 mode, uid, gid, blksize;
	u64 nlink;
	s64 atime, mtime, ctime;
};

struct iattr {
	u32 valid; /* ATTR_* */
	u32 mode, uid, gid;
	u64 size;
	s64 atime, mtime; /* ns since 1970; ATTR_*_NOW: the file system may let its server set them */
	struct file *file; /* the open file the change was asked through (ftruncate, fchmod), or NULL */
};
#define ATTR_MODE      (1u << 0) /* permission bits alone */
#define ATTR_UID       (1u << 1)
#define ATTR_GID       (1u << 2)
#define ATTR_SIZE      (1u << 3)
#define ATTR_ATIME     (1u << 4)
#define ATTR_MTIME     (1u << 5)
#define ATTR_ATIME_NOW (1u << 6) /* with ATTR_ATIME */
#define ATTR_MTIME_NOW (1u << 7)
#define ATTR_CTIME     (1u << 8) /* for inode_touch */

/*
 * Names are not ended by NUL: they have `len` bytes (1 to NAME_MAX, no '/', never "." or "..").
 * Inodes are returned with a reference.  An op that is NULL: EPERM (or what Linux says instead).
 */
struct inode_ops {
	int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **out); /* -ENOENT */
	/*
	 * Makes a regular file, FIFO or socket.  f: NULL, or the file being opened: a file system whose creation
	 * opens at once sets f->ops and f->priv and FILE_OPENED in f->kind (f->flags has the O_* flags; f->inode
	 * is still the directory, and the caller sets it afterwards); the others leave it alone and `open` is called.
	 */
	int (*create)(struct inode *dir, const char *name, size_t len, u32 mode, struct file *f,
		      struct inode **out);
	int (*tmpfile)(struct inode *dir, u32 mode, struct inode **out); /* without a name; NULL: EOPNOTSUPP */
	int (*mkdir)(struct inode *dir, const char *name, size_t len, u32 mode, struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t len, const char *target, struct inode **out);
	int (*link)(struct inode *dir, const char *name, size_t len, struct inode *inode);
	int (*unlink)(struct inode *dir, const char *name, size_t len, struct inode *inode);
	int (*rmdir)(struct inode *dir, const char *name, size_t len, struct inode *inode);
	/* target: what new_name names now, to be replaced, or NULL.  flags: RENAME_*. */
	int (*rename)(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *inode,
		      struct inode *new_dir, const char *new_name, size_t new_len, struct inode *target,
		      unsigned flags);
	/* The target's length, at most size bytes stored, no NUL. */
	ssize_t (*readlink)(struct inode *i, char *buf, size_t size);
	/* Links that lead to an object, whatever their text (/proc/self/exe, fd/N): a dentry with a reference; -ENOSYS: by text. */
	int (*follow)(struct inode *i, struct dentry **out);
	int (*getattr)(struct inode *i, struct kstat *st); /* NULL: from the inode's fields */
	int (*setattr)(struct inode *i, const struct iattr *a); /* size too: truncation */
	/* The server's word on access(2), where SB_NO_PERM; may: MAY_*; NULL: by the mode's bits. */
	int (*access)(struct inode *i, unsigned may);
	/*
	 * Extended attributes (xattr(7)), names with their prefix.  get and list: the bytes there are, of which as
	 * many as `size` allows are stored; -ERANGE if they are more and size is not 0.  setxattr: value NULL removes
	 * (flags XATTR_REPLACE).  set is called with the inode's lock held.  NULL: EOPNOTSUPP.
	 */
	ssize_t (*getxattr)(struct inode *i, const char *name, void *buf, size_t size);
	int (*setxattr)(struct inode *i, const char *name, const void *value, size_t size, int flags);
	ssize_t (*listxattr)(struct inode *i, char *buf, size_t size);
	/* f->ops is inode->fops already; may set f->priv, f->kind, f->ops, f->inode (with its reference).  f->flags has O_TRUNC only if the op must cut. */
	int (*open)(struct inode *i, struct file *f);
	/* The last reference has gone: frees what belongs to it and i itself.  nlink tells whether names are left. */
	void (*evict)(struct inode *i);
};
#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE	 2u

struct inode {
	u32 refs;
	u32 mode; /* type and permissions */
	u32 uid, gid;
	u32 nlink;
	u64 ino, size, rdev, blocks /* of 512 bytes */;
	s64 atime, mtime, ctime;
	struct superblock *sb;
	const struct inode_ops *ops;
	const struct file_ops *fops;
	struct mutex lock;
	struct mapped *mapped; /* fs/mapped.h; NULL: has no such pages */
	struct watch *watches; /* fs/inotify.c */
	struct range_lock *range_locks; /* fs/range_lock.c */
	void *priv; /* the file system's own */
};

/*
 * Counts what the program may have learnt from the host: input of any device, a signal, a change found.  What is known of the host's
 * files from before does not hold then.
 */
extern u32 vfs_news;

struct super_ops {
	int (*statfs)(struct superblock *sb, struct linux_statfs *st); /* NULL: from sb's fields */
	int (*sync)(struct superblock *sb);
};

#define SB_RDONLY     (1u << 0)
#define SB_PINNED     (1u << 1) /* the dentries are the directories' contents: never looked up, never dropped */
#define SB_REVALIDATE (1u << 2) /* names change behind our back: lookup is asked on each walk */
#define SB_NO_PERM    (1u << 3) /* its server checks permissions, not we */

struct superblock {
	const struct super_ops *ops;
	u32 flags; /* SB_* */
	u32 dev;   /* st_dev */
	u32 magic; /* statfs f_type */
	u32 block_size;
	u64 next_ino;
	struct inode *root_inode; /* given by the file system */
	struct dentry *root;	  /* made by vfs_mount */
	struct dentry *mountpoint; /* NULL: the root of all */
	const char *type, *source; /* for /proc/mounts */
	void *priv;
};

struct dentry {
	u32 refs;
	u32 flags; /* DENTRY_* */
	struct dentry *parent;	/* a reference; NULL: root of a superblock, or no place in the tree */
	struct inode *inode;	/* a reference; never NULL */
	struct tree_node node;	/* in parent->children, by hash and name */
	struct list link;	/* in parent->order */
	struct tree children;
	struct list order; /* children, oldest first */
	u64 seq;	   /* position in the parent for readdir: 2 and up */
	u64 next_seq;
	struct mount *mount; /* something is, or will be, mounted here */
	u32 hash;
	u16 len;
	char *name; /* ended by NUL */
	char short_name[24];
};
#define DENTRY_HASHED (1u << 0) /* in parent->children */
#define DENTRY_PINNED (1u << 1)

/* A mount, made when it is first walked into. */
struct mount {
	int (*open)(struct mount *m, struct superblock **out);
	struct superblock *sb; /* NULL: not yet */
	bool rdonly, overlay; /* overlay: rdonly, but for the program's own memory over it (fs/overlay.h) */
	const char *tag; /* 9p */
	struct mutex lock;
};

/* --- building file systems --- */
void inode_init(struct inode *i, struct superblock *sb, u32 mode, const struct inode_ops *ops,
		const struct file_ops *fops); /* refs 1, ino from sb, times now, owner 0 */
static inline struct inode *inode_ref(struct inode *i)
{
	__atomic_fetch_add(&i->refs, 1, __ATOMIC_RELAXED);
	return i;
}
void inode_unref(struct inode *i);
void inode_touch(struct inode *i, u32 attr); /* ATTR_MTIME also sets ctime */
void superblock_init(struct superblock *sb, const struct super_ops *ops, u32 flags, u32 magic, const char *type);

static inline struct dentry *dentry_ref(struct dentry *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
	return d;
}
void dentry_unref(struct dentry *d);
/* A dentry outside the tree, for what has no place in it.  Takes its own reference to i. */
struct dentry *dentry_alone(struct inode *i, const char *name);

/* --- walking --- */
#define WALK_FOLLOW    (1u << 0) /* a link at the end too */
#define WALK_DIRECTORY (1u << 1) /* ENOTDIR for anything else */
#define WALK_EMPTY     (1u << 2) /* "" means the start (AT_EMPTY_PATH) */
#define WALK_KERNEL    (1u << 3) /* no permission checks */
/* openat2(2)'s RESOLVE_* */
#define WALK_NO_XDEV	   (1u << 4) /* EXDEV at the border of a mount */
#define WALK_NO_MAGICLINKS (1u << 5) /* ELOOP at a link that leads to an object */
#define WALK_NO_SYMLINKS   (1u << 6) /* ELOOP at any link */
#define WALK_BENEATH	   (1u << 7) /* EXDEV for what would leave the start */
#define WALK_IN_ROOT	   (1u << 8) /* the start is "/" */
#define WALK_CACHED	   (1u << 9) /* EAGAIN where a server would have to be asked */
#define WALK_SCOPED	   (WALK_BENEATH | WALK_IN_ROOT)

/* `at`: a dentry or NULL for the working directory.  *out gets a reference. */
int vfs_walk(struct dentry *at, const char *path, unsigned flags, struct dentry **out);
/* The name's text from the root, into buf; -ENAMETOOLONG (ERANGE is the caller's).  Its length.  "(deleted)" appended. */
int vfs_path(struct dentry *d, char *buf, size_t size, bool mark_deleted);
/* The calls of the same names, on paths in kernel memory.  `at` as for vfs_walk. */
bool vfs_in_tree(struct dentry *d); /* false: it, or what is above it, has been removed */
int vfs_open(struct dentry *at, const char *path, u32 flags, u32 mode, struct file **out);
int vfs_open_dentry(struct dentry *d, u32 flags, struct file **out); /* no permission check */
/* The same with WALK_NO_XDEV to WALK_CACHED. */
int vfs_open_how(struct dentry *at, const char *path, u32 flags, u32 mode, unsigned walk, struct file **out);
int vfs_mkdir(struct dentry *at, const char *path, u32 mode);
int vfs_mknod(struct dentry *at, const char *path, u32 mode, u64 rdev);
int vfs_symlink(struct dentry *at, const char *path, const char *target);
int vfs_link(struct dentry *old, struct dentry *at, const char *path);
int vfs_unlink(struct dentry *at, const char *path);
int vfs_rmdir(struct dentry *at, const char *path);
int vfs_rename(struct dentry *old_at, const char *old_path, struct dentry *new_at, const char *new_path,
	       unsigned flags);
int vfs_getattr(struct dentry *d, struct kstat *st);
void inode_stat(struct inode *i, struct kstat *st); /* from the inode's fields */
int vfs_truncate(struct inode *i, u64 size, struct file *f); /* no permission check */
int vfs_setattr(struct inode *i, struct iattr *a); /* checks permission */
#define MAY_EXEC  1u
#define MAY_WRITE 2u
#define MAY_READ  4u
int vfs_permission(struct inode *i, unsigned may);
int vfs_permission_bits(struct inode *i, unsigned may); /* by mode and owner, even where the server decides */

/*
 * Hangs m into the tree.  Its directories are made in the root tree as needed or, if walk, are there already
 * (in a tree mounted before).  m is opened when it is first walked into, and belongs to the tree from now on.
 */
int vfs_mount_at(const char *path, struct mount *m, bool walk);

/* Builds the root from a newc archive (also wraps a bare ELF as /NAME).  Cheap: no data is copied. */
int vfs_init_root(const void *archive, size_t len);

/* The file systems' own openers, each of which makes its superblock once. */
int devfs_mount(struct mount *m, struct superblock **out);
int procfs_mount(struct mount *m, struct superblock **out);
int sysfs_mount(struct mount *m, struct superblock **out);
/* Implemented with the 9p driver. */
int p9_mount(const char *tag, bool rdonly, struct superblock **out);

/* --- a process's place in the tree --- */
struct fs_context {
	u32 refs;
	u32 umask;
	struct spinlock lock;
	struct dentry *root;  /* a reference: chroot(2)'s; NULL: the tree's */
	struct dentry *cwd;   /* a reference; NULL: not yet needed, it is */
	const char *cwd_path; /* this path, or the root where it does not exist; not owned */
};
struct fs_context *fs_context_create(const char *cwd, u32 umask); /* NULL: no memory */
void fs_context_unref(struct fs_context *c);
struct dentry *fs_context_cwd(struct fs_context *c);		      /* with a reference; never NULL */
struct dentry *fs_context_root(struct fs_context *c);		      /* with a reference; never NULL */
void fs_context_set_root(struct fs_context *c, struct dentry *d);     /* takes its own reference */
void fs_context_set_cwd(struct fs_context *c, struct dentry *d);      /* takes its own reference */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What happens to files, told to those who watch (inotify(7)).  The VFS and the
 * calls on open files say it with notify_*; while nobody watches anything that
 * costs a look at one counter.  May be called with inode locks held; takes
 * dcache_lock and then a spinlock of its own, one after the other.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "fs/vfs.h"

#define NOTIFY_ACCESS	     0x0001u
#define NOTIFY_MODIFY	     0x0002u
#define NOTIFY_ATTRIB	     0x0004u
#define NOTIFY_CLOSE_WRITE   0x0008u
#define NOTIFY_CLOSE_NOWRITE 0x0010u
#define NOTIFY_OPEN	     0x0020u
#define NOTIFY_MOVED_FROM    0x0040u
#define NOTIFY_MOVED_TO	     0x0080u
#define NOTIFY_CREATE	     0x0100u
#define NOTIFY_DELETE	     0x0200u
#define NOTIFY_DELETE_SELF   0x0400u
#define NOTIFY_MOVE_SELF     0x0800u

extern u32 notify_watches; /* how many there are */

void notify_file_slow(struct file *f, u32 event);
void notify_dentry_slow(struct dentry *d, u32 event);
void notify_inode_slow(struct inode *i, u32 event);
void notify_name_slow(struct inode *dir, const char *name, size_t len, const struct inode *i, u32 event, u32 cookie);
void notify_gone_slow(struct inode *i);

/* To an open file or a name: for who watches it, and for who watches the directory it is in. */
static inline void notify_file(struct file *f, u32 event)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_file_slow(f, event);
}
static inline void notify_dentry(struct dentry *d, u32 event)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_dentry_slow(d, event);
}
/* To a file, by whatever name. */
static inline void notify_inode(struct inode *i, u32 event)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_inode_slow(i, event);
}
/* In a directory: `i` has got or lost this name. */
static inline void notify_name(struct inode *dir, const char *name, size_t len, const struct inode *i, u32 event)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_name_slow(dir, name, len, i, event, 0);
}
/* The last name and the last opener of a file have gone: whoever watches it hears so, and watches no more. */
static inline void notify_gone(struct inode *i)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_gone_slow(i);
}
/* A number that ties MOVED_FROM to MOVED_TO. */
u32 notify_cookie(void);

/* --- inotify's calls --- */
struct file *inotify_create(u32 flags); /* O_NONBLOCK; NULL: no memory */
int inotify_instances_full(void);	/* -EMFILE, or 0 */
/* The watch's number; -EINVAL (no inotify file), -EEXIST, -ENOSPC, -ENOMEM. */
long inotify_watch(struct file *f, struct inode *i, u32 mask);
long inotify_unwatch(struct file *f, int wd); /* -EINVAL */
bool inotify_is(const struct file *f);

#endif

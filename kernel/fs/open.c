/* SPDX-License-Identifier: MIT */
/* open(2), stat(2) and the changes of attributes, on walked names. */
#include "fs/walk.h"
#include "fs/mapped.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/thread.h"

int vfs_getattr(struct dentry *d, struct kstat *st)
{
	struct inode *i = d->inode;

	if (i->ops->getattr)
		return i->ops->getattr(i, st);
	inode_stat(i, st);
	return 0;
}

void inode_stat(struct inode *i, struct kstat *st)
{
	*st = (struct kstat){
		.dev = i->sb->dev,
		.ino = i->ino,
		.rdev = i->rdev,
		.size = READ_ONCE(i->size),
		.blocks = i->blocks,
		.mode = i->mode,
		.uid = i->uid,
		.gid = i->gid,
		.blksize = i->sb->block_size,
		.nlink = i->nlink,
		.atime = i->atime,
		.mtime = i->mtime,
		.ctime = i->ctime,
	};
}

/* Who may change what: setattr_prepare() of Linux. */
static int setattr_check(struct inode *i, struct iattr *a)
{
	struct process *p = current->process;
	bool owner;

	if (i->sb->flags & SB_RDONLY)
		return -EROFS;
	if ((i->sb->flags & SB_NO_PERM) || !p)
		return 0;
	owner = p->euid == i->uid;
	if ((a->valid & ATTR_UID) && (!owner || a->uid != i->uid) && !capable(CAP_CHOWN))
		return -EPERM;
	if ((a->valid & ATTR_GID) && (!owner || (a->gid != i->gid && !cred_in_group(p, a->gid))) && !capable(CAP_CHOWN))
		return -EPERM;
	owner = owner || capable(CAP_FOWNER);
	if ((a->valid & ATTR_MODE) && !owner)
		return -EPERM;
	if (a->valid & (ATTR_ATIME | ATTR_MTIME)) {
		if (owner)
			return 0;
		if ((a->valid & (ATTR_ATIME_NOW | ATTR_MTIME_NOW)) == (ATTR_ATIME_NOW | ATTR_MTIME_NOW))
			return vfs_permission(i, MAY_WRITE);
		return -EPERM;
	}
	return 0;
}

int vfs_setattr(struct inode *i, struct iattr *a)
{
	int r = setattr_check(i, a);

	if (r)
		return r;
	if (!i->ops->setattr)
		return -EPERM;
	if (a->valid & ATTR_ATIME_NOW)
		a->atime = clock_realtime();
	if (a->valid & ATTR_MTIME_NOW)
		a->mtime = clock_realtime();
	mutex_lock(&i->lock);
	r = i->ops->setattr(i, a);
	mutex_unlock(&i->lock);
	return r;
}

int vfs_truncate(struct inode *i, u64 size, struct file *f)
{
	struct iattr a = {.valid = ATTR_SIZE, .size = size, .file = f};
	int r = 0;

	if (i->sb->flags & SB_RDONLY)
		return -EROFS;
	if (!i->ops->setattr)
		return -EINVAL;
	mutex_lock(&i->lock);
	r = file_limit_size(i, size);
	if (!r)
		r = i->ops->setattr(i, &a);
	mutex_unlock(&i->lock);
	if (!r && i->mapped)
		mapped_cut(i, size);
	return r;
}

/* Opens what d names into a new file.  created: it was made by this call, so its permissions do not matter. */
static int open_dentry(struct dentry *d, u32 flags, bool created, bool kernel, struct file **out)
{
	struct inode *i = d->inode;
	u32 acc = flags & O_ACCMODE;
	unsigned may = (acc != O_WRONLY ? MAY_READ : 0) | (acc != O_RDONLY ? MAY_WRITE : 0);
	bool cut = (flags & O_TRUNC) && S_ISREG(i->mode) && !created;
	struct file *f;
	int r = 0;

	if (!(flags & O_PATH)) {
		if (S_ISLNK(i->mode))
			return -ELOOP;
		if (flags & O_TRUNC)
			may |= MAY_WRITE;
		if (S_ISDIR(i->mode) && ((may & MAY_WRITE) || (flags & O_CREAT)))
			return -EISDIR;
		if (!created && !kernel)
			r = vfs_permission(i, may);
		if (!r && (flags & O_NOATIME) && !kernel && !(i->sb->flags & SB_NO_PERM) && current->process &&
		    !capable(CAP_FOWNER) && current->process->euid != i->uid)
			r = -EPERM;
		if (!r && S_ISSOCK(i->mode))
			r = -ENXIO;
		if (r)
			return r;
	}
	f = file_alloc(i, d, flags, i->fops);
	if (!f)
		return -ENOMEM;
	if (S_ISDIR(i->mode))
		f->kind |= FILE_DIR;
	if (!(flags & O_PATH)) {
		if (i->ops->open)
			r = i->ops->open(i, f);
		if (!r && !f->ops)
			r = -ENXIO; /* a socket, an epoll set: not to be opened by name */
		if (r)
			f->ops = NULL; /* it has left nothing that release() would have to undo */
		else if (!kernel)
			notify_file(f, NOTIFY_OPEN);
		if (!r && cut) {
			r = vfs_truncate(f->inode, 0, f); /* open may have moved it to another inode */
			if (!r)
				notify_file(f, NOTIFY_MODIFY);
		}
	}
	if (r) {
		file_unref(f);
		return r;
	}
	*out = f;
	return 0;
}

static int open_create(struct walk *w, u32 flags, u32 mode, struct file **out)
{
	struct inode *dir = w->cur->inode, *i;
	struct dentry *d = NULL;
	struct file *f;
	int r;

	if (!dir->nlink)
		return -ENOENT;
	r = vfs_permission(dir, MAY_WRITE | MAY_EXEC);
	if (r)
		return r;
	if (!dir->ops->create)
		return -EACCES;
	f = file_alloc(dir, NULL, flags, NULL);
	if (!f)
		return -ENOMEM;
	d = dentry_prepare(w->cur, w->last, w->len);
	r = d ? dir->ops->create(dir, w->last, w->len, S_IFREG | mode, f, &i) : -ENOMEM;
	if (r) {
		if (d)
			dentry_unref(d);
		file_unref(f);
		return r;
	}
	dentry_attach(d, i);
	notify_name(dir, w->last, w->len, i, NOTIFY_CREATE);
	if (f->kind & FILE_OPENED) { /* complete it */
		inode_unref(f->inode);
		f->inode = inode_ref(i);
		f->dentry = dentry_ref(d);
		notify_file(f, NOTIFY_OPEN);
		*out = f;
	} else {
		file_unref(f);
		r = open_dentry(d, flags, true, false, out);
	}
	inode_unref(i);
	dentry_unref(d);
	return r;
}

/* The last component of an O_CREAT open.  1: a link has been followed, go on walking. */
static int open_last(struct walk *w, u32 flags, u32 mode, struct file **out)
{
	struct dentry *d;
	int r;

	if (!w->len || (w->last[0] == '.' && (w->len == 1 || (w->len == 2 && w->last[1] == '.'))))
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	if (w->slash)
		return -EISDIR;
	mutex_lock(&w->cur->inode->lock);
	r = vfs_lookup_held(w->cur, w->last, w->len, &d);
	if (r == -ENOENT) {
		r = w->cur->inode->sb->flags & SB_RDONLY ? -EROFS : open_create(w, flags, mode, out);
		mutex_unlock(&w->cur->inode->lock);
		return r;
	}
	mutex_unlock(&w->cur->inode->lock);
	if (r)
		return r;
	if (flags & O_EXCL) {
		r = -EEXIST;
	} else if (S_ISLNK(d->inode->mode) && !(flags & O_NOFOLLOW)) {
		r = walk_link(w, d, "", false);
		if (!r)
			r = 1;
	} else {
		r = walk_enter_mount(w, &d);
		if (!r)
			r = open_dentry(d, flags, false, false, out);
	}
	dentry_unref(d);
	return r;
}

static int open_tmpfile(struct walk *w, u32 flags, u32 mode, struct file **out)
{
	struct inode *dir = w->cur->inode, *i;
	struct dentry *d;
	int r;

	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	r = vfs_permission(dir, MAY_WRITE | MAY_EXEC);
	if (r)
		return r;
	if (!dir->ops->tmpfile)
		return -EOPNOTSUPP;
	r = dir->ops->tmpfile(dir, S_IFREG | mode, &i);
	if (r)
		return r;
	d = dentry_alone(i, "#tmpfile (deleted)");
	inode_unref(i);
	if (!d)
		return -ENOMEM;
	r = open_dentry(d, flags & ~(u32)(O_TMPFILE | O_CREAT), true, false, out);
	dentry_unref(d);
	return r;
}

static int open_walk(struct dentry *at, const char *path, u32 flags, u32 mode, unsigned wflags, struct file **out)
{
	struct walk w;
	int r;

	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		wflags |= WALK_FOLLOW;
	if (flags & O_DIRECTORY)
		wflags |= WALK_DIRECTORY;
	r = walk_start(&w, at, path, wflags);
	if (!r && (flags & O_TMPFILE) == O_TMPFILE) {
		w.flags |= WALK_FOLLOW;
		r = walk_run(&w, false);
		if (!r)
			r = open_tmpfile(&w, flags, mode, out);
	} else if (!r && (flags & O_CREAT)) {
		do {
			r = walk_run(&w, true);
			/* A link that jumped (/proc/self/fd/N) leaves nothing to walk: that is the file. */
			if (!r && !w.len && w.links && !S_ISDIR(w.cur->inode->mode))
				r = open_dentry(w.cur, flags, false, wflags & WALK_KERNEL, out);
			else if (!r)
				r = open_last(&w, flags, mode, out);
		} while (r == 1);
	} else if (!r) {
		r = walk_run(&w, false);
		if (!r)
			r = open_dentry(w.cur, flags, false, wflags & WALK_KERNEL, out);
	}
	walk_end(&w);
	return r;
}

int vfs_open_how(struct dentry *at, const char *path, u32 flags, u32 mode, unsigned walk, struct file **out)
{
	struct process *p = current->process;
	int r = -ESTALE;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY) && (flags & O_TMPFILE) != O_TMPFILE)
		return -EINVAL;
	if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	mode &= 07777 & ~(p && p->fs ? p->fs->umask : 022);
	/* The host may replace a file between the walk and the opening, again and again: look again. */
	for (int tries = 0; tries < 20 && r == -ESTALE; tries++)
		r = open_walk(at, path, flags, mode, walk, out);
	return r;
}

int vfs_open_dentry(struct dentry *d, u32 flags, struct file **out) { return open_dentry(d, flags, false, true, out); }

int vfs_open(struct dentry *at, const char *path, u32 flags, u32 mode, struct file **out)
{
	return vfs_open_how(at, path, flags, mode, 0, out);
}

int file_kernel_open(const char *path, int flags, struct file **out)
{
	int r = open_walk(vfs_root, path, flags, 0600, WALK_KERNEL, out);

	if (r == -ENOENT && !vfs_complete) { /* it may lie on a mount */
		vfs_complete_tree();
		r = open_walk(vfs_root, path, flags, 0600, WALK_KERNEL, out);
	}
	return r;
}

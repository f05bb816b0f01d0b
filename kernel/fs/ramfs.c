/* SPDX-License-Identifier: MIT */
/* The ramfs as a tree: inodes, names, attributes.  What is in its files: ramfs_file.c. */
#include "fs/ramfs.h"
#include "fs/dentry.h"
#include "fs/memfd.h"
#include "fs/xattr.h"
#include "ipc/pipe.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/thread.h"

static const struct file_ops ramfs_dir_ops;

/* ---- directories ---- */

int dcache_readdir(struct file *f, u64 *pos, struct dir_sink *s)
{
	struct dentry *dir = f->dentry;
	unsigned long ev;

	if (*pos == 0) {
		if (!s->emit(s, ".", 1, dir->inode->ino, DT_OF_MODE(S_IFDIR), 1))
			return 0;
		*pos = 1;
	}
	if (*pos == 1) {
		if (!s->emit(s, "..", 2, dir->parent ? dir->parent->inode->ino : dir->inode->ino,
			     DT_OF_MODE(S_IFDIR), 2))
			return 0;
		*pos = 2;
	}
	ev = spin_lock(&dcache_lock);
	list_for_each(l, &dir->order) {
		struct dentry *d = list_entry(l, struct dentry, link);

		if (d->seq < *pos)
			continue;
		if (!s->emit(s, d->name, d->len, d->inode->ino, DT_OF_MODE(d->inode->mode), d->seq + 1))
			break;
		*pos = d->seq + 1;
	}
	spin_unlock(&dcache_lock, ev);
	return 0;
}

static const struct file_ops ramfs_dir_ops = {
	.readdir = dcache_readdir,
	.fsync = file_nothing_to_sync,
};

/* ---- inodes ---- */

struct inode *ramfs_inode_create(struct superblock *sb, u32 mode, const struct file_ops *fops)
{
	struct ramfs_inode *ri = kzalloc(sizeof(*ri));

	if (!ri)
		return NULL;
	if (!fops)
		fops = S_ISDIR(mode) ? &ramfs_dir_ops : &ramfs_file_ops;
	inode_init(&ri->inode, sb, mode, &ramfs_iops, fops);
	return &ri->inode;
}

struct inode *ramfs_link_create(struct superblock *sb, const char *target, size_t len)
{
	struct inode *i = ramfs_inode_create(sb, S_IFLNK | 0777, NULL);
	char *link = kmalloc(len + 1);

	if (!i || !link) {
		kfree(link);
		if (i)
			inode_unref(i);
		return NULL;
	}
	memcpy(link, target, len);
	link[len] = '\0';
	ramfs_of(i)->link = link;
	i->size = len;
	return i;
}

int ramfs_add(struct dentry *dir, const char *name, size_t len, struct inode *i)
{
	struct dentry *d;

	if (!i)
		return -ENOMEM;
	d = dentry_add(dir, name, len, i);
	if (d && S_ISDIR(i->mode))
		dir->inode->nlink++;
	inode_unref(i);
	if (!d)
		return -ENOMEM;
	dentry_unref(d);
	return 0;
}

static int new_inode(struct inode *dir, u32 mode, struct inode **out)
{
	struct process *p = current->process;
	struct inode *i = ramfs_inode_create(dir->sb, mode, NULL);

	if (!i)
		return -ENOSPC;
	i->uid = p ? p->euid : 0;
	i->gid = p ? p->egid : 0;
	if (dir->mode & S_ISGID) { /* as on Linux: the group comes from the directory */
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			i->mode |= S_ISGID;
	}
	*out = i;
	return 0;
}

static int ramfs_create(struct inode *dir, const char *name, size_t len, u32 mode, struct file *f, struct inode **out)
{
	int r = new_inode(dir, mode, out);

	if (!r)
		inode_touch(dir, ATTR_MTIME);
	return r;
}

static int ramfs_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	int r = new_inode(dir, mode, out);

	if (!r)
		(*out)->nlink = 0;
	return r;
}

static int ramfs_mkdir(struct inode *dir, const char *name, size_t len, u32 mode, struct inode **out)
{
	int r = new_inode(dir, S_IFDIR | mode, out);

	if (!r) {
		dir->nlink++;
		inode_touch(dir, ATTR_MTIME);
	}
	return r;
}

static int ramfs_symlink(struct inode *dir, const char *name, size_t len, const char *target, struct inode **out)
{
	struct process *p = current->process;

	*out = ramfs_link_create(dir->sb, target, strlen(target));
	if (!*out)
		return -ENOSPC;
	(*out)->uid = p ? p->euid : 0;
	(*out)->gid = p ? p->egid : 0;
	inode_touch(dir, ATTR_MTIME);
	return 0;
}

static int ramfs_link(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	__atomic_fetch_add(&i->nlink, 1, __ATOMIC_RELAXED);
	inode_touch(i, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME);
	return 0;
}

static int ramfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	__atomic_fetch_sub(&i->nlink, 1, __ATOMIC_RELAXED);
	inode_touch(i, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME);
	return 0;
}

static int ramfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	dir->nlink--;
	inode_touch(dir, ATTR_MTIME);
	return 0;
}

static int ramfs_rename(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *i,
			struct inode *new_dir, const char *new_name, size_t new_len, struct inode *target,
			unsigned flags)
{
	bool dir = S_ISDIR(i->mode);

	if (flags & RENAME_EXCHANGE) {
		bool tdir = S_ISDIR(target->mode);

		old_dir->nlink += tdir - dir;
		new_dir->nlink += dir - tdir;
	} else {
		if (target && !dir)
			ramfs_unlink(new_dir, new_name, new_len, target);
		if (dir) {
			old_dir->nlink--;
			if (!target)
				new_dir->nlink++;
		}
	}
	inode_touch(i, ATTR_CTIME);
	inode_touch(old_dir, ATTR_MTIME);
	inode_touch(new_dir, ATTR_MTIME);
	return 0;
}

static ssize_t ramfs_readlink(struct inode *i, char *buf, size_t size)
{
	size_t n = MIN(size, i->size);

	memcpy(buf, ramfs_of(i)->link, n);
	return n;
}

static int ramfs_getattr(struct inode *i, struct kstat *st)
{
	struct ramfs_inode *ri = ramfs_of(i);

	inode_stat(i, st);
	st->blocks = (ri->pages.count << (PAGE_SHIFT - 9)) + (ri->base_len + 511) / 512;
	return 0;
}

static int ramfs_setattr(struct inode *i, const struct iattr *a)
{
	if ((a->valid & ATTR_MODE) && (ramfs_of(i)->seals & F_SEAL_EXEC) && ((a->mode ^ i->mode) & 0111))
		return -EPERM;
	if (a->valid & ATTR_SIZE) {
		int r;

		if (!S_ISREG(i->mode))
			return S_ISDIR(i->mode) ? -EISDIR : -EINVAL;
		r = ramfs_cut(ramfs_of(i), a->size);
		if (r)
			return r;
	}
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	if (a->valid & (ATTR_UID | ATTR_GID) && !S_ISDIR(i->mode)) /* chown(2) takes these rights away */
		i->mode &= ~(u32)(S_ISUID | (i->mode & 010 ? S_ISGID : 0));
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	inode_touch(i, ATTR_CTIME);
	if (a->valid & ATTR_ATIME)
		i->atime = a->atime;
	if (a->valid & ATTR_MTIME)
		i->mtime = a->mtime;
	return 0;
}

static int ramfs_open(struct inode *i, struct file *f)
{
	if (S_ISFIFO(i->mode))
		return fifo_open(i, f);
	return f->ops->open ? f->ops->open(f) : 0;
}

static void ramfs_evict(struct inode *i)
{
	struct ramfs_inode *ri = ramfs_of(i);

	if (ri->pages.root)
		pages_drop(&ri->pages, 0, ~0ull >> PAGE_SHIFT);
	if (S_ISFIFO(i->mode))
		fifo_evict(i);
	xattrs_free(ri->xattrs);
	kfree(ri->link);
	kfree(ri);
}

/* As tmpfs does it; access lists and capabilities of files (system.*, security.*) are not kept. */
static bool ramfs_keeps(const char *name)
{
	return !strncmp(name, XATTR_USER, strlen(XATTR_USER)) || !strncmp(name, XATTR_TRUSTED, strlen(XATTR_TRUSTED));
}

static ssize_t ramfs_getxattr(struct inode *i, const char *name, void *buf, size_t size)
{
	ssize_t n;

	if (!ramfs_keeps(name))
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	n = xattrs_get(ramfs_of(i)->xattrs, name, buf, size);
	mutex_unlock(&i->lock);
	return n;
}

static int ramfs_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags)
{
	int r = ramfs_keeps(name) ? xattrs_set(&ramfs_of(i)->xattrs, name, value, size, flags) : -EOPNOTSUPP;

	if (!r)
		inode_touch(i, ATTR_CTIME);
	return r;
}

static ssize_t ramfs_listxattr(struct inode *i, char *buf, size_t size)
{
	ssize_t n;

	mutex_lock(&i->lock);
	n = xattrs_list(ramfs_of(i)->xattrs, buf, size);
	mutex_unlock(&i->lock);
	return n;
}

const struct inode_ops ramfs_iops = {
	.create = ramfs_create,
	.tmpfile = ramfs_tmpfile,
	.mkdir = ramfs_mkdir,
	.symlink = ramfs_symlink,
	.link = ramfs_link,
	.unlink = ramfs_unlink,
	.rmdir = ramfs_rmdir,
	.rename = ramfs_rename,
	.readlink = ramfs_readlink,
	.getattr = ramfs_getattr,
	.setattr = ramfs_setattr,
	.getxattr = ramfs_getxattr,
	.setxattr = ramfs_setxattr,
	.listxattr = ramfs_listxattr,
	.open = ramfs_open,
	.evict = ramfs_evict,
};

struct superblock *ramfs_super(u32 magic, const char *type)
{
	struct superblock *sb = kmalloc(sizeof(*sb));

	if (!sb)
		return NULL;
	superblock_init(sb, NULL, SB_PINNED, magic, type);
	sb->root_inode = ramfs_inode_create(sb, S_IFDIR | 0755, NULL);
	if (!sb->root_inode) {
		kfree(sb);
		return NULL;
	}
	return sb;
}

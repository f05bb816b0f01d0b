/* SPDX-License-Identifier: MIT */
#include "fs/memfd.h"
#include "fs/ramfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "proc/thread.h"

#define TMPFS_MAGIC 0x01021994

static struct mutex making = {.wait = WAIT_QUEUE_INIT(making.wait)};
static struct superblock *memfd_super;

static struct superblock *super(void)
{
	mutex_lock(&making);
	if (!memfd_super)
		memfd_super = ramfs_super(TMPFS_MAGIC, "tmpfs");
	mutex_unlock(&making);
	return memfd_super;
}

struct file *memfd_file(const char *name, u32 mode, u32 seals)
{
	struct superblock *sb = super();
	struct process *p = current->process;
	char shown[NAME_MAX + 16];
	struct inode *i = sb ? ramfs_inode_create(sb, S_IFREG | mode, NULL) : NULL;
	struct file *f = NULL;
	struct dentry *d;

	if (!i)
		return NULL;
	i->nlink = 0;
	i->uid = p->euid;
	i->gid = p->egid;
	ramfs_of(i)->seals = seals;
	format_string(shown, sizeof(shown), "/memfd:%s (deleted)", name);
	d = dentry_alone(i, shown);
	if (d) {
		f = file_alloc(i, d, O_RDWR, i->fops);
		dentry_unref(d);
	}
	inode_unref(i);
	return f;
}

static bool is_memfd(const struct file *f) { return memfd_super && f->inode->sb == memfd_super; }

int memfd_seals(struct file *f) { return is_memfd(f) ? (int)READ_ONCE(ramfs_of(f->inode)->seals) : -EINVAL; }

bool memfd_may_write_shared(struct file *f)
{
	return !is_memfd(f) || !(READ_ONCE(ramfs_of(f->inode)->seals) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
}

/* Whether the process maps the file so that it could be written through the mapping. */
static bool is_mapped_writable(struct inode *i)
{
	struct space *s = current->process->space;
	unsigned long ev = spin_lock(&s->lock);
	bool found = false;

	for (struct area *a = area_find_above(&s->areas, 0); a && !found; a = area_next(a))
		found = a->file && a->file->inode == i && (a->file->kind & FILE_WRITE) &&
			(a->flags & (AREA_SHARED | AREA_NOWRITE)) == AREA_SHARED;
	spin_unlock(&s->lock, ev);
	return found;
}

int memfd_add_seals(struct file *f, u32 seals)
{
	struct ramfs_inode *ri = ramfs_of(f->inode);
	int r = 0;
	u32 was;

	if (!(f->kind & FILE_WRITE))
		return -EPERM;
	if ((seals & ~F_SEAL_ALL) || !is_memfd(f))
		return -EINVAL;
	mutex_lock(&f->inode->lock);
	was = ri->seals;
	if (was & F_SEAL_SEAL) {
		r = -EPERM;
	} else {
		if ((seals & F_SEAL_EXEC) && (f->inode->mode & 0111)) /* what may be executed may not be written */
			seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
		/* Sealed first, looked at afterwards: mmap(2) does it the other way round, and one of us sees the other. */
		__atomic_store_n(&ri->seals, was | seals, __ATOMIC_SEQ_CST);
		if ((seals & ~was & F_SEAL_WRITE) && is_mapped_writable(f->inode)) {
			__atomic_store_n(&ri->seals, was, __ATOMIC_SEQ_CST);
			r = -EBUSY;
		}
	}
	mutex_unlock(&f->inode->lock);
	return r;
}

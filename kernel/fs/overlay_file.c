/* SPDX-License-Identifier: MIT */
/* The bytes of lower files. */
#include "fs/overlay.h"
#include "lib/string.h"
#include "mm/heap.h"

struct file_ops ovl_file_ops;

/* ---- the lower file ---- */

int ovl_open_lower(struct inode *lower, u32 flags, struct file **out)
{
	struct file *f = file_alloc(lower, NULL, flags, lower->fops);
	int r;

	if (!f)
		return -ENOMEM;
	if (S_ISREG(lower->mode))
		f->kind |= FILE_LAZY;
	r = lower->ops->open ? lower->ops->open(lower, f) : 0;
	if (r) {
		f->ops = NULL;
		file_unref(f);
		return r;
	}
	*out = f;
	return 0;
}

int ovl_file_open(struct inode *i, struct file *f)
{
	struct ovl_node *n = ovl_node_of(i);

	if (f->kind & FILE_WRITE)
		ovl_change(i);
	else
		ovl_refresh(i);
	mutex_lock(&n->lock);
	n->opens++;
	mutex_unlock(&n->lock);
	return 0;
}

static void ovl_release(struct file *f)
{
	struct ovl_node *n = ovl_node_of(f->inode);
	struct file *lower = NULL;

	if (!n || (f->kind & FILE_PATH))
		return;
	mutex_lock(&n->lock);
	if (--n->opens == 0) {
		lower = n->file;
		n->file = NULL;
	}
	mutex_unlock(&n->lock);
	if (lower)
		file_unref(lower);
}

/* The open lower file, with a reference. */
static int lower_file(struct ovl_node *n, struct file **out)
{
	int r = 0;

	mutex_lock(&n->lock);
	if (!n->file)
		r = ovl_open_lower(n->lower, O_RDONLY, &n->file);
	if (!r)
		*out = file_ref(n->file);
	if (!r && !n->opens) { /* asked for without being open: not kept */
		file_unref(n->file);
		n->file = NULL;
	}
	mutex_unlock(&n->lock);
	return r;
}

ssize_t ovl_fetch(struct ramfs_inode *ri, struct uio *u, u64 off, size_t len)
{
	struct ovl_node *n = ovl_node_of(&ri->inode);
	struct uio part = *u;
	struct file *f;
	ssize_t r = lower_file(n, &f);

	if (r)
		return r;
	if (u->iov == &u->one)
		part.iov = &part.one;
	part.left = len;
	r = f->ops->read(f, &part, off);
	file_unref(f);
	if (r > 0)
		uio_skip(u, r);
	u->faulted |= part.faulted;
	if (r == 0) { /* the host has cut it */
		ovl_refresh(&ri->inode);
		r = u->kernel ? -EIO : 0; /* SIGBUS, or the end */
	}
	return r;
}

static ssize_t ovl_read(struct file *f, struct uio *u, u64 off)
{
	if (off + u->left > READ_ONCE(f->inode->size) && f->inode->priv)
		ovl_refresh(f->inode);
	return ramfs_file_ops.read(f, u, off);
}

void ovl_file_init(void)
{
	ovl_file_ops = ramfs_file_ops;
	ovl_file_ops.read = ovl_read;
	ovl_file_ops.release = ovl_release;
}

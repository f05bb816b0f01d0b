/* SPDX-License-Identifier: MIT */
/* The 9p file system: open files and directories.  Each has a fid of its own. */
#include "fs/p9.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

struct p9_file {
	u32 fid;
};

static u32 fid_of(const struct file *f) { return ((struct p9_file *)f->priv)->fid; }
static struct p9_client *client_of(const struct file *f) { return &p9_fs_of(f->inode)->client; }

int p9_file_attach(struct file *f, u32 fid)
{
	struct p9_file *pf = kmalloc(sizeof(*pf));

	if (!pf)
		return -ENOMEM;
	pf->fid = fid;
	f->priv = pf;
	return 0;
}

int p9_inode_open(struct inode *inode, struct file *f)
{
	struct p9_inode *i = p9_inode_of(inode);
	struct p9_fs *fs = p9_fs_of(inode);
	struct p9_fid *from;
	u32 fid;
	int err;

	/* Pipes, sockets and devices of the host are no business of its guest's. */
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return -ENXIO;
	from = p9_fid_get(i);
	err = p9_walk(&fs->client, from->fid, NULL, 0, &fid, NULL);
	p9_fid_put(fs, from);
	if (err)
		return err;
	err = p9_lopen(&fs->client, fid, f->flags & (O_ACCMODE | O_APPEND | O_SYNC | O_DIRECTORY | O_NOFOLLOW)) ?:
	      p9_file_attach(f, fid);
	if (err)
		p9_clunk(&fs->client, fid);
	else
		__atomic_fetch_add(&i->opens, 1, __ATOMIC_RELAXED);
	return err;
}

static void p9_file_release(struct file *f)
{
	struct p9_file *pf = f->priv;

	if (!pf)
		return;
	__atomic_fetch_sub(&p9_inode_of(f->inode)->opens, 1, __ATOMIC_RELAXED);
	p9_clunk(client_of(f), pf->fid);
	kfree(pf);
}

static ssize_t p9_file_read(struct file *f, struct uio *u, u64 off)
{
	struct p9_inode *i = p9_inode_of(f->inode);
	size_t before = u->left;
	bool full = true;
	ssize_t n = 0;

	while (u->left && full) {
		struct uio part = *u;
		size_t ask = u->left;
		u64 at = off + (before - u->left);

		if (i->orphan) { /* see p9_inode: the server does not know the end */
			u64 size = READ_ONCE(f->inode->size);

			ask = at < size ? MIN(ask, size - at) : 0;
		}
		if (ask == 0)
			break;
		part.left = ask;
		n = p9_read(client_of(f), fid_of(f), &part, at, &full);
		if (n <= 0)
			break;
		uio_skip(u, (size_t)n);
		if (part.faulted) {
			u->faulted = true;
			break;
		}
	}
	return before != u->left ? (ssize_t)(before - u->left) : n;
}

static void grow(struct inode *inode, u64 end)
{
	u64 size = READ_ONCE(inode->size);

	while (size < end && !__atomic_compare_exchange_n(&inode->size, &size, end, true, __ATOMIC_RELAXED,
							  __ATOMIC_RELAXED))
		;
}

static ssize_t p9_file_write(struct file *f, struct uio *u, u64 *off)
{
	struct inode *inode = f->inode;
	size_t before = u->left;
	ssize_t n = 0;

	if (before == 0)
		return 0;
	if ((f->flags & O_APPEND) && p9_inode_of(inode)->orphan)
		*off = READ_ONCE(inode->size);
	while (u->left) {
		n = p9_write(client_of(f), fid_of(f), u, *off + (before - u->left));
		if (n < 0)
			break;
		if (u->faulted)
			break;
	}
	if (before == u->left)
		return n;
	if ((f->flags & O_APPEND) && !p9_inode_of(inode)->orphan) { /* the server has put it at the end: where? */
		struct kstat st;

		if (p9_inode_getattr(inode, &st) == 0 && inode->nlink && st.size >= before - u->left)
			*off = st.size - (before - u->left);
		else
			*off = inode->size;
	}
	grow(inode, *off + (before - u->left));
	return (ssize_t)(before - u->left);
}

int p9_file_zero(struct file *f, u64 from, u64 to)
{
	u8 *zeros = kzalloc(PAGE_SIZE);
	ssize_t n = 0;

	if (!zeros)
		return -ENOMEM;
	while (from < to && n >= 0) {
		struct uio u;

		uio_init_kernel(&u, zeros, MIN(to - from, (u64)PAGE_SIZE));
		n = p9_write(client_of(f), fid_of(f), &u, from);
		if (n > 0)
			from += (u64)n;
	}
	kfree(zeros);
	return n < 0 ? (int)n : 0;
}

static int p9_file_fsync(struct file *f, bool data_only) { return p9_fsync(client_of(f), fid_of(f), data_only); }

static int p9_file_read_page(struct file *f, u64 off, void *page)
{
	struct uio u;
	ssize_t n;

	uio_init_kernel(&u, page, PAGE_SIZE);
	n = p9_file_read(f, &u, off);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return -EIO;
	memset((u8 *)page + n, 0, PAGE_SIZE - (size_t)n);
	return 0;
}

struct readdir_state {
	struct dir_sink *sink;
	u64 *pos;
	bool full;
};

static bool give_entry(void *arg, const struct p9_dirent *d)
{
	struct readdir_state *s = arg;

	if (!s->sink->emit(s->sink, d->name, d->len, d->qid.path, d->dtype, d->next)) {
		s->full = true;
		return false;
	}
	*s->pos = d->next;
	return true;
}

static int p9_dir_readdir(struct file *f, u64 *pos, struct dir_sink *sink)
{
	struct readdir_state s = {sink, pos, false};
	int n;

	do {
		n = p9_readdir(client_of(f), fid_of(f), *pos, give_entry, &s);
	} while (n > 0 && !s.full);
	return n < 0 ? n : 0;
}

const struct file_ops p9_file_ops = {
	.read = p9_file_read,
	.write = p9_file_write,
	.fsync = p9_file_fsync,
	.release = p9_file_release,
	.read_page = p9_file_read_page,
};

const struct file_ops p9_dir_ops = {
	.readdir = p9_dir_readdir,
	.fsync = p9_file_fsync,
	.release = p9_file_release,
};

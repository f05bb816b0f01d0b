/* SPDX-License-Identifier: MIT */
/* The 9p file system: open files and directories.  Each has a fid of its own. */
#include "fs/p9.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

/*
 * A fid that was opened with O_APPEND appends, whatever the offset; one without does not.  fcntl(F_SETFL) may
 * change the flag later: then the file is opened once more, the other way.
 */
struct p9_file {
	u32 fid; /* as it was opened first */
	bool append;
	u32 other; /* the other way, or P9_NOFID */
	struct mutex lock; /* guards the making of `other` */
};

#define OPEN_FLAGS (O_ACCMODE | O_SYNC | O_DIRECTORY | O_NOFOLLOW)

static u32 fid_of(const struct file *f) { return ((struct p9_file *)f->priv)->fid; }
static struct p9_client *client_of(const struct file *f) { return &p9_fs_of(f->inode)->client; }

int p9_file_attach(struct file *f, u32 fid)
{
	struct p9_file *pf = kmalloc(sizeof(*pf));

	if (!pf)
		return -ENOMEM;
	pf->fid = fid;
	pf->append = f->flags & O_APPEND;
	pf->other = P9_NOFID;
	mutex_init(&pf->lock);
	f->priv = pf;
	return 0;
}

/* Another fid for the inode, opened; *qid says of which file.  0 or -errno. */
static int open_fid(struct inode *inode, u32 flags, u32 *fid, struct p9_qid *qid)
{
	struct p9_fs *fs = p9_fs_of(inode);
	struct p9_fid *from = p9_fid_get(p9_inode_of(inode));
	int err = p9_walk(&fs->client, from->fid, NULL, 0, fid, NULL);

	p9_fid_put(fs, from);
	if (err)
		return err;
	err = p9_lopen(&fs->client, *fid, flags, qid);
	if (err)
		p9_clunk(&fs->client, *fid);
	return err;
}

/* The fid to write through, as the file's flags are now. */
static int write_fid(struct file *f, bool append, u32 *fid)
{
	struct p9_file *pf = f->priv;
	int err = 0;

	if (likely(pf->append == append)) {
		*fid = pf->fid;
		return 0;
	}
	mutex_lock(&pf->lock);
	if (pf->other == P9_NOFID) {
		struct p9_qid qid;
		u32 other;

		err = open_fid(f->inode, (f->flags & OPEN_FLAGS) | (append ? O_APPEND : 0), &other, &qid);
		if (!err && qid.path != p9_inode_of(f->inode)->qid.path) { /* another file has the name now */
			p9_clunk(client_of(f), other);
			err = -ESTALE;
		}
		if (!err)
			pf->other = other;
	}
	*fid = pf->other;
	mutex_unlock(&pf->lock);
	return err;
}

/*
 * The host has given the name to another file since the walk: f is open on that one (qid), and becomes a file of
 * its inode.  -ESTALE: it has done so once more.
 */
static int follow_name(struct file *f, const struct p9_qid *qid)
{
	struct inode *old = f->inode, *now;
	struct p9_fs *fs = p9_fs_of(old);
	struct p9_fid *from = p9_fid_get(p9_inode_of(old));
	u32 fid;
	int err = p9_walk(&fs->client, from->fid, NULL, 0, &fid, NULL);

	p9_fid_put(fs, from);
	if (!err)
		err = p9_inode_get(fs, fid, qid, &now);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	if ((old->mode ^ now->mode) & S_IFMT) {
		inode_unref(now);
		return -ESTALE;
	}
	f->inode = now;
	inode_unref(old);
	return 0;
}

#define OPEN_TRIES 20

int p9_inode_open(struct inode *inode, struct file *f)
{
	struct p9_qid qid;
	u32 fid;
	int err;

	/* Pipes, sockets and devices of the host are no business of its guest's. */
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return -ENXIO;
	for (unsigned tries = 0;; tries++) {
		err = open_fid(inode, f->flags & (OPEN_FLAGS | O_APPEND), &fid, &qid);
		if (err)
			return err;
		if (qid.path != p9_inode_of(inode)->qid.path)
			err = follow_name(f, &qid);
		if (err != -ESTALE || tries == OPEN_TRIES)
			break;
		p9_clunk(client_of(f), fid);
	}
	if (!err)
		err = p9_file_attach(f, fid);
	if (err)
		p9_clunk(client_of(f), fid);
	else
		__atomic_fetch_add(&p9_inode_of(f->inode)->opens, 1, __ATOMIC_RELAXED);
	return err;
}

static void p9_file_release(struct file *f)
{
	struct p9_file *pf = f->priv;

	if (!pf)
		return;
	__atomic_fetch_sub(&p9_inode_of(f->inode)->opens, 1, __ATOMIC_RELAXED);
	p9_clunk(client_of(f), pf->fid);
	if (pf->other != P9_NOFID)
		p9_clunk(client_of(f), pf->other);
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
	bool append = ((f->flags & O_APPEND) || u->append) && !u->in_place;
	size_t before = u->left;
	ssize_t n;
	u32 fid;

	if (before == 0)
		return 0;
	n = write_fid(f, append, &fid);
	if (n)
		return n;
	if (append && p9_inode_of(inode)->orphan)
		*off = READ_ONCE(inode->size);
	while (u->left) {
		n = p9_write(client_of(f), fid, u, *off + (before - u->left));
		if (n < 0)
			break;
		if (u->faulted)
			break;
	}
	if (before == u->left)
		return n;
	if (append && !p9_inode_of(inode)->orphan) { /* the server has put it at the end: where? */
		u64 known = READ_ONCE(inode->size); /* before it: for a server that has lost the name */
		struct kstat st;

		if (p9_inode_ask(inode, &st) == 0 && st.size >= before - u->left)
			*off = st.size - (before - u->left);
		else
			*off = known;
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

/*
 * QEMU's server asks about each entry while it lists (multidevs=remap) and gives the whole message up with
 * ENOENT if one has just been removed: another try meets another moment.
 */
#define READDIR_TRIES 100

static int p9_dir_readdir(struct file *f, u64 *pos, struct dir_sink *sink)
{
	struct readdir_state s = {sink, pos, false};
	unsigned tries = 0;
	int n;

	do {
		n = p9_readdir(client_of(f), fid_of(f), *pos, give_entry, &s);
	} while ((n > 0 && !s.full) || (n == -ENOENT && ++tries < READDIR_TRIES));
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

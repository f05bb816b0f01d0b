/* SPDX-License-Identifier: MIT */
/* The 9p file system: open files and directories.  Each has a fid of its own. */
#include "fs/p9.h"
#include "fs/dentry.h"
#include "fs/mapped.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

/*
 * A fid that was opened with O_APPEND appends, whatever the offset; one without does not.  fcntl(F_SETFL) may
 * change the flag later: then the file is opened once more, the other way.
 */
struct p9_file {
	u32 fid; /* as it was opened first; P9_NOFID: not yet (FILE_LAZY) */
	bool append;
	u32 other; /* the other way, or P9_NOFID */
	struct mutex lock; /* guards the making of fids */
	/* --- directories --- */
	u64 end; /* where the server has said that there is no more ... */
	struct p9_when end_at; /* ... and when */
};

#define OPEN_FLAGS (O_ACCMODE | O_SYNC | O_DIRECTORY | O_NOFOLLOW)

#define STRAIGHT (256 * KiB) /* what is read in such pieces is not kept */

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
	pf->end_at.at = 0;
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

/*
 * The same by the name it was found by, which costs as many messages: who opens a file gets the one that has the name
 * now.  -ESTALE: that is another one than the inode, or none; the name is to be looked up again.
 */
static int open_name(struct file *f, u32 *fid, struct p9_qid *qid)
{
	struct inode *dir = NULL, *inode = f->inode;
	u32 flags = f->flags & (OPEN_FLAGS | O_APPEND);
	struct p9_fs *fs = p9_fs_of(inode);
	char name[NAME_MAX];
	struct p9_fid *from;
	size_t len = 0;
	unsigned long ev;
	int err;

	ev = spin_lock(&dcache_lock);
	if (f->dentry && f->dentry->parent && (f->dentry->flags & DENTRY_HASHED) && f->dentry->len <= NAME_MAX) {
		dir = inode_ref(f->dentry->parent->inode);
		len = f->dentry->len;
		memcpy(name, f->dentry->name, len);
	}
	spin_unlock(&dcache_lock, ev);
	if (!dir)
		return open_fid(inode, flags, fid, qid);
	from = p9_fid_get(p9_inode_of(dir));
	err = p9_walk(&fs->client, from->fid, name, len, fid, qid);
	p9_fid_put(fs, from);
	if (!err) {
		if (qid->path != p9_inode_of(inode)->qid.path)
			err = -ESTALE;
		else
			err = p9_lopen(&fs->client, *fid, flags, qid);
		if (err)
			p9_clunk(&fs->client, *fid);
	}
	if (err == -ENOENT)
		err = -ESTALE;
	if (err == -ESTALE)
		p9_name_forget(fs, p9_inode_of(dir), name, len);
	inode_unref(dir);
	return err;
}

/* The fid to read through.  An overlay's file is opened for the first byte that is not in memory. */
static int read_fid(struct file *f, u32 *fid)
{
	struct p9_file *pf = f->priv;
	struct p9_qid qid;
	int err = 0;

	*fid = READ_ONCE(pf->fid);
	if (likely(*fid != P9_NOFID))
		return 0;
	mutex_lock(&pf->lock);
	if (pf->fid == P9_NOFID) {
		err = open_fid(f->inode, f->flags & OPEN_FLAGS, fid, &qid);
		if (!err && qid.path != p9_inode_of(f->inode)->qid.path) {
			p9_clunk(client_of(f), *fid);
			err = -ESTALE;
		}
		if (!err)
			WRITE_ONCE(pf->fid, *fid);
	}
	*fid = pf->fid;
	mutex_unlock(&pf->lock);
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
	int err = 0;

	/* Pipes, sockets and devices of the host are no business of its guest's. */
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return -ENXIO;
	for (unsigned tries = 0;; tries++) {
		fid = P9_NOFID;
		if (f->kind & FILE_LAZY)
			break;
		err = open_name(f, &fid, &qid);
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
	if (err && fid != P9_NOFID)
		p9_clunk(client_of(f), fid);
	if (err)
		return err;
	__atomic_fetch_add(&p9_inode_of(f->inode)->opens, 1, __ATOMIC_RELAXED);
	if (!(f->kind & FILE_LAZY)) /* who opens a file sees what the host has done to it until then */
		p9_inode_of(f->inode)->checked.news = READ_ONCE(vfs_news) - 1;
	return 0;
}

static void p9_file_release(struct file *f)
{
	struct p9_file *pf = f->priv;

	if (!pf)
		return;
	__atomic_fetch_sub(&p9_inode_of(f->inode)->opens, 1, __ATOMIC_RELAXED);
	if (pf->fid != P9_NOFID)
		p9_clunk(client_of(f), pf->fid);
	if (pf->other != P9_NOFID)
		p9_clunk(client_of(f), pf->other);
	kfree(pf);
}

/* From the server to the program, and nothing kept. */
static ssize_t read_straight(struct file *f, struct uio *u, u64 off)
{
	struct p9_inode *i = p9_inode_of(f->inode);
	size_t before = u->left;
	bool full = true;
	u32 fid;
	ssize_t n = read_fid(f, &fid);

	while (!n && u->left && full) {
		struct uio part = *u;
		size_t ask = u->left;
		u64 at = off + (before - u->left);

		if (u->iov == &u->one)
			part.iov = &part.one;
		if (i->orphan) { /* see p9_inode: the server does not know the end */
			u64 size = READ_ONCE(f->inode->size);

			ask = at < size ? MIN(ask, size - at) : 0;
		}
		if (ask == 0)
			break;
		part.left = ask;
		n = p9_read(client_of(f), fid, &part, at, &full);
		if (n <= 0)
			break;
		uio_skip(u, (size_t)n);
		if (part.faulted) {
			u->faulted = true;
			break;
		}
		n = 0;
	}
	return before != u->left ? (ssize_t)(before - u->left) : n;
}

/* The extent that has the byte at off, for the caller, read if it must be: 1; 0: the file has no such byte; -errno. */
static int extent_read(struct file *f, u64 off, struct p9_extent **out)
{
	struct p9_inode *i = p9_inode_of(f->inode);
	struct p9_extent *x;
	u64 start;
	size_t want;
	ssize_t n;
	u32 drops, fid;
	bool full;

	x = p9_extent_get(i, off, &start, &want, &drops);
	if (!x) {
		n = read_fid(f, &fid);
		if (n)
			return (int)n;
		x = kmalloc(sizeof(*x));
		if (!x)
			return -ENOMEM;
		*x = (struct p9_extent){.inode = i, .off = start, .refs = 1};
		n = p9_read_buffer(client_of(f), fid, start, want, &x->data, &full);
		if (n <= 0) {
			kfree(x);
			return (int)n;
		}
		x->covers = (u32)n;
		x->cap = (u32)kmalloc_size(x->data);
		x->end = !full;
		p9_extent_keep(i, x, drops);
	}
	if (off - x->off < x->covers) {
		*out = x;
		return 1;
	}
	n = x->end ? 0 : -ENOMEM; /* fewer than asked for: one at a time, then */
	p9_extent_put(x);
	return (int)n;
}

/*
 * Where a file ends is what the server says to a read, not what it says of the name: that may be another file's by
 * now, on a server that knows files by names.
 */
static ssize_t p9_file_read(struct file *f, struct uio *u, u64 off)
{
	struct p9_inode *i = p9_inode_of(f->inode);
	size_t before = u->left;
	int err = 0;
	u64 size;

	/* Where the server cannot tell whether the file has changed, and where it tells no size (the host's /proc). */
	if (i->orphan || i->gone || i->lost || p9_check(i) || !(size = READ_ONCE(f->inode->size)))
		return read_straight(f, u, off);
	if (unlikely(f->inode->mapped != NULL) && i->mapped_version != i->version) {
		i->mapped_version = i->version;
		mapped_refresh(f);
	}
	if (u->left >= STRAIGHT && off + STRAIGHT <= size)
		return read_straight(f, u, off);
	while (u->left) {
		struct p9_extent *x;
		size_t n, k;

		err = extent_read(f, off, &x);
		if (err == -ENOMEM) {
			ssize_t r = read_straight(f, u, off);

			err = r < 0 ? (int)r : 0;
			break;
		}
		if (err <= 0)
			break;
		k = MIN(u->left, x->covers - (size_t)(off - x->off));
		n = uio_copy_to(u, x->data + (off - x->off), k);
		p9_extent_put(x);
		off += n;
		if (n < k)
			break;
	}
	return before == u->left && err < 0 ? err : UIO_RESULT(u, before);
}

static void grow(struct inode *inode, u64 end)
{
	u64 size = READ_ONCE(inode->size);

	while (size < end && !__atomic_compare_exchange_n(&inode->size, &size, end, true, __ATOMIC_RELAXED,
							  __ATOMIC_RELAXED))
		;
}

struct write_state {
	struct p9_inode *i;
	u32 drops;
};

static void tell_cache(void *arg, u64 off, const u8 *data, u32 n)
{
	struct write_state *w = arg;

	p9_cache_write(w->i, off, data, n, w->drops);
}

static ssize_t p9_file_write(struct file *f, struct uio *u, u64 *off)
{
	struct inode *inode = f->inode;
	struct write_state w = {.i = p9_inode_of(inode)};
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
	__atomic_fetch_add(&w.i->writing, 1, __ATOMIC_ACQ_REL);
	while (u->left) {
		w.drops = READ_ONCE(w.i->drops);
		n = p9_write_tell(client_of(f), fid, u, *off + (before - u->left), append ? NULL : tell_cache, &w);
		if (n < 0 || u->faulted)
			break;
	}
	__atomic_fetch_sub(&w.i->writing, 1, __ATOMIC_RELEASE);
	if (n < 0) /* what the server has made of it is not known */
		p9_cache_drop(w.i, *off, ~0ull);
	if (before == u->left)
		return n;
	p9_changed(p9_inode_of(inode));
	if (append && !p9_inode_of(inode)->orphan) { /* the server has put it at the end: where? */
		u64 known = READ_ONCE(inode->size); /* before it: for a server that has lost the name */
		struct kstat st;

		if (p9_inode_ask(inode, &st) == 0 && st.size >= before - u->left)
			*off = st.size - (before - u->left);
		else
			*off = known;
	}
	grow(inode, *off + (before - u->left));
	if (append)
		p9_cache_drop(w.i, *off, *off + (before - u->left));
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
	p9_cache_drop(p9_inode_of(f->inode), 0, ~0ull);
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
	struct p9_file *pf = f->priv;
	struct p9_when when;
	unsigned tries = 0;
	u64 from;
	int n;

	if (*pos == pf->end && p9_holds(&pf->end_at))
		return 0;
	do {
		when = p9_now();
		from = *pos;
		n = p9_readdir(client_of(f), fid_of(f), from, give_entry, &s);
		if (n > 0 && *pos == from) /* it would go on for ever */
			n = -EIO;
	} while ((n > 0 && !s.full) || (n == -ENOENT && ++tries < READDIR_TRIES));
	if (n == 0 && !s.full) {
		pf->end = *pos;
		pf->end_at = when;
	}
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

/* SPDX-License-Identifier: MIT */
/* What is in the files of a ramfs: pages, reading and writing, mappings, cutting. */
#include "fs/ramfs.h"
#include "fs/memfd.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "platform/platform.h"

#define RAMFS_SIZE_MAX 0x7ffffffffffff000ull

void pages_free_page(void *page) { frame_unref(frame_addr(page)); }

/* ---- pages ---- */

/* The last of the memory is not for files: who fills the disk, so to say, gets ENOSPC and can go on. 0: none. */
static paddr_t frame_for_file(void)
{
	u64 keep = MIN(platform_memory_total() / 32, 2 * MiB);

	return platform_memory_free() > keep ? frame_alloc(0) : 0;
}

/* The page's own memory with a reference, or NULL. */
static void *page_get(struct ramfs_inode *ri, u64 index)
{
	unsigned long ev;
	void *page;

	if (!ri->pages.root)
		return NULL;
	ev = spin_lock(&ri->lock);
	page = pages_find(&ri->pages, index);
	if (page)
		frame_ref(frame_addr(page));
	spin_unlock(&ri->lock, ev);
	return page;
}

static void page_put(void *page) { frame_unref(frame_addr(page)); }

/* What the page holds as long as it has no memory of its own.  0, or what `fetch` says. */
static int page_from_base(struct ramfs_inode *ri, u64 index, void *to)
{
	u64 off = index << PAGE_SHIFT, len = READ_ONCE(ri->base_len);
	size_t n = off < len ? MIN(PAGE_SIZE, len - off) : 0;

	if (n && ri->fetch) {
		struct uio u;
		ssize_t r;

		uio_init_kernel(&u, to, n);
		r = ri->fetch(ri, &u, off, n);
		if (r < 0)
			return (int)r;
		n = r;
	} else if (n) {
		memcpy(to, ri->base + off, n);
	}
	memset((char *)to + n, 0, PAGE_SIZE - n);
	return 0;
}

/*
 * Puts `page` (consumed) in place as page `index`, unless another was quicker: then that one.  With a reference
 * for the caller.  NULL: no memory.
 */
static void *page_insert(struct ramfs_inode *ri, u64 index, void *page)
{
	unsigned long ev = spin_lock(&ri->lock);
	void **slot = pages_slot(&ri->pages, index), *unused = page;

	if (slot && !*slot) {
		*slot = page;
		ri->pages.count++;
		unused = NULL;
	}
	page = slot ? *slot : NULL;
	if (page)
		frame_ref(frame_addr(page));
	spin_unlock(&ri->lock, ev);
	if (unused)
		page_put(unused);
	return page;
}

/* Page `index` with memory of its own and a reference; NULL: *err is `full` for no memory, or why it has no bytes. */
static void *page_get_own(struct ramfs_inode *ri, u64 index, int full, int *err)
{
	void *page = page_get(ri, index);
	paddr_t p;

	*err = 0;
	if (page)
		return page;
	p = frame_for_file();
	if (p)
		*err = page_from_base(ri, index, frame_ptr(p));
	if (p && *err) {
		frame_unref(p);
		return NULL;
	}
	page = p ? page_insert(ri, index, frame_ptr(p)) : NULL;
	if (!page)
		*err = full;
	return page;
}

/* ---- files ---- */

static ssize_t ramfs_read(struct file *f, struct uio *u, u64 off)
{
	struct ramfs_inode *ri = ramfs_of(f->inode);
	u64 size = READ_ONCE(f->inode->size);
	size_t before = u->left, want, n;

	if (off >= size)
		return 0;
	want = MIN(u->left, size - off);
	while (want) {
		size_t in = off & (PAGE_SIZE - 1), k = MIN(want, PAGE_SIZE - in);
		void *page = page_get(ri, off >> PAGE_SHIFT);
		u64 base_len = READ_ONCE(ri->base_len);

		if (page) {
			n = uio_copy_to(u, (char *)page + in, k);
			page_put(page);
		} else if (off < base_len) {
			k = ri->pages.root ? MIN(k, base_len - off) : MIN(want, base_len - off);
			if (ri->fetch) {
				ssize_t r = ri->fetch(ri, u, off, k);

				if (r < 0 && before == u->left)
					return r;
				n = r < 0 ? 0 : r;
			} else {
				n = uio_copy_to(u, ri->base + off, k);
			}
		} else {
			n = uio_zero(u, k);
		}
		off += n;
		want -= n;
		if (n < k)
			break;
	}
	if (!(f->flags & O_NOATIME) && before != u->left)
		inode_touch(f->inode, ATTR_ATIME);
	return UIO_RESULT(u, before);
}

/* Up to the page's end.  Bytes written, or -ENOSPC; less than k after a fault. */
static ssize_t ramfs_write_page(struct ramfs_inode *ri, struct uio *u, u64 off, size_t k)
{
	size_t in = off & (PAGE_SIZE - 1), n;
	u64 index = off >> PAGE_SHIFT;
	void *page = page_get(ri, index);
	int err;

	if (!page && k == PAGE_SIZE) { /* a whole new page: filled before anyone sees it, not zeroed first */
		paddr_t p = frame_for_file();
		void *own;

		if (!p)
			return -ENOSPC;
		own = frame_ptr(p);
		n = uio_copy_from(u, own, k);
		if (n < k) {
			char *rest = kmalloc(PAGE_SIZE);

			if (!rest) {
				frame_unref(p);
				return -ENOSPC;
			}
			err = page_from_base(ri, index, rest);
			memcpy((char *)own + n, rest + n, k - n);
			kfree(rest);
			if (err) {
				frame_unref(p);
				return err;
			}
		}
		frame_ref(p);
		page = page_insert(ri, index, own);
		if (page && page != own) /* a mapping's fault was quicker */
			memcpy(page, own, n);
		frame_unref(p);
		if (!page)
			return -ENOSPC;
	} else {
		if (!page)
			page = page_get_own(ri, index, -ENOSPC, &err);
		if (!page)
			return err;
		n = uio_copy_from(u, (char *)page + in, k);
	}
	page_put(page);
	return n;
}

static ssize_t ramfs_write(struct file *f, struct uio *u, u64 *off)
{
	struct inode *i = f->inode;
	struct ramfs_inode *ri = ramfs_of(i);
	size_t before = u->left;
	ssize_t n = 0;
	u64 at;

	mutex_lock(&i->lock);
	if (((f->flags & O_APPEND) || u->append) && !u->in_place)
		*off = i->size;
	at = *off;
	while (u->left) {
		size_t k = MIN(u->left, PAGE_SIZE - (at & (PAGE_SIZE - 1)));

		if (at >= RAMFS_SIZE_MAX) {
			n = -EFBIG;
			break;
		}
		if (unlikely(ri->seals) && ((ri->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) ||
					    ((ri->seals & F_SEAL_GROW) && at + k > i->size))) {
			n = -EPERM;
			break;
		}
		n = ramfs_write_page(ri, u, at, k);
		if (n <= 0)
			break;
		at += n;
		if (at > i->size)
			WRITE_ONCE(i->size, at);
		if ((size_t)n < k)
			break;
	}
	if (at != *off)
		inode_touch(i, ATTR_MTIME);
	mutex_unlock(&i->lock);
	if (n < 0 && u->left == before)
		return n;
	return UIO_RESULT(u, before);
}

static int ramfs_read_page(struct file *f, u64 off, void *to)
{
	struct ramfs_inode *ri = ramfs_of(f->inode);
	void *page;

	if (off >= READ_ONCE(f->inode->size))
		return -EIO;
	page = page_get(ri, off >> PAGE_SHIFT);
	if (page) {
		memcpy(to, page, PAGE_SIZE);
		page_put(page);
		return 0;
	}
	return page_from_base(ri, off >> PAGE_SHIFT, to);
}

static unsigned ramfs_pages_in_place(struct file *f, u64 off, unsigned max, paddr_t *first)
{
	struct ramfs_inode *ri = ramfs_of(f->inode);
	u64 len = READ_ONCE(ri->base_len);
	unsigned n = 0;
	unsigned long ev;

	if (ri->fetch || off >= len || !IS_ALIGNED((uintptr_t)ri->base + off, PAGE_SIZE))
		return 0;
	max = MIN(max, (len - off) >> PAGE_SHIFT);
	ev = spin_lock(&ri->lock);
	if (!ri->pages.count)
		n = max; /* nothing has been written */
	while (n < max && !pages_find(&ri->pages, (off >> PAGE_SHIFT) + n))
		n++;
	spin_unlock(&ri->lock, ev);
	*first = frame_addr(ri->base + off);
	return n;
}

static int ramfs_page_shared(struct file *f, u64 off, bool write, paddr_t *frame)
{
	void *page;
	int err;

	if (off >= READ_ONCE(f->inode->size))
		return -EIO;
	page = page_get_own(ramfs_of(f->inode), off >> PAGE_SHIFT, -ENOMEM, &err);
	if (!page)
		return err;
	if (write)
		inode_touch(f->inode, ATTR_MTIME);
	*frame = frame_addr(page);
	return 0;
}

static s64 ramfs_seek(struct file *f, s64 off, int whence)
{
	struct ramfs_inode *ri = ramfs_of(f->inode);
	u64 size = READ_ONCE(f->inode->size), at = off, index;
	unsigned long ev;

	if (off < 0 || at >= size)
		return -ENXIO;
	ev = spin_lock(&ri->lock);
	if (whence == SEEK_DATA) {
		if (at >= ri->base_len) {
			index = pages_next(&ri->pages, at >> PAGE_SHIFT);
			at = index == ~0ull ? size : MAX(at, index << PAGE_SHIFT);
		}
	} else {
		at = MAX(at, ri->base_len);
		while (at < size && pages_find(&ri->pages, at >> PAGE_SHIFT))
			at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE;
	}
	spin_unlock(&ri->lock, ev);
	if (at >= size)
		return whence == SEEK_DATA ? -ENXIO : (s64)size;
	return at;
}

#define FALLOC_FL_KEEP_SIZE  0x01
#define FALLOC_FL_PUNCH_HOLE 0x02
#define FALLOC_FL_ZERO_RANGE 0x10

/* With inode.lock held: bytes [off, off + len) of page `index` read as zeros. */
static int page_zero(struct ramfs_inode *ri, u64 index, size_t off, size_t len)
{
	bool hole = (index << PAGE_SHIFT) >= ri->base_len;
	void *page = page_get(ri, index);
	unsigned long ev;
	int err;

	if (!page && hole)
		return 0;
	if (!page)
		page = page_get_own(ri, index, -ENOSPC, &err);
	if (!page)
		return err;
	memset((char *)page + off, 0, len);
	page_put(page);
	if (len == PAGE_SIZE && hole) { /* it can go, unless it is mapped */
		ev = spin_lock(&ri->lock);
		page = pages_find(&ri->pages, index);
		if (page && frame_refs(frame_addr(page)) == 1)
			pages_drop(&ri->pages, index, index);
		spin_unlock(&ri->lock, ev);
	}
	return 0;
}

static int range_zero(struct ramfs_inode *ri, u64 off, u64 end)
{
	int r = 0;

	while (!r && off < end) {
		u64 index = off >> PAGE_SHIFT, there;
		size_t in = off & (PAGE_SIZE - 1), k = MIN(PAGE_SIZE - in, end - off);

		if (off >= ri->base_len) { /* holes are zeros already, and may be vast */
			unsigned long ev = spin_lock(&ri->lock);

			there = pages_next(&ri->pages, index);
			spin_unlock(&ri->lock, ev);
			if (there == ~0ull)
				break;
			if (there > index) {
				off = there << PAGE_SHIFT;
				continue;
			}
		}
		r = page_zero(ri, index, in, k);
		off += k;
	}
	return r;
}

static int range_allocate(struct ramfs_inode *ri, u64 off, u64 end)
{
	for (u64 n = off >> PAGE_SHIFT; n <= (end - 1) >> PAGE_SHIFT; n++) {
		int err;
		void *page = page_get_own(ri, n, -ENOSPC, &err);

		if (!page)
			return err;
		page_put(page);
	}
	return 0;
}

static int ramfs_fallocate(struct file *f, int mode, u64 off, u64 len)
{
	bool punch = mode & FALLOC_FL_PUNCH_HOLE, zero = mode & FALLOC_FL_ZERO_RANGE;
	struct ramfs_inode *ri = ramfs_of(f->inode);
	struct inode *i = f->inode;
	u64 end = off + len;
	int r = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (end > RAMFS_SIZE_MAX)
		return -EFBIG;
	mutex_lock(&i->lock);
	if ((punch || zero) && (ri->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		r = -EPERM;
	else if (!punch && (ri->seals & F_SEAL_GROW) && end > i->size)
		r = -EPERM;
	if (!r && (punch || zero))
		r = range_zero(ri, off, end);
	if (!r && !punch)
		r = range_allocate(ri, off, end);
	if (!r && !(mode & FALLOC_FL_KEEP_SIZE) && end > i->size)
		WRITE_ONCE(i->size, end);
	if (!r)
		inode_touch(i, ATTR_MTIME);
	mutex_unlock(&i->lock);
	return r;
}

/* In steps, so that a big file does not keep events masked for long. */
int ramfs_cut(struct ramfs_inode *ri, u64 size)
{
	u64 first = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	unsigned long ev;
	void *page;

	if (size > RAMFS_SIZE_MAX)
		return -EFBIG;
	if ((size < ri->inode.size && (ri->seals & F_SEAL_SHRINK)) ||
	    (size > ri->inode.size && (ri->seals & F_SEAL_GROW)))
		return -EPERM;
	WRITE_ONCE(ri->inode.size, size);
	if (ri->base_len > size)
		WRITE_ONCE(ri->base_len, size);
	for (;;) {
		u64 next;

		ev = spin_lock(&ri->lock);
		next = pages_next(&ri->pages, first);
		if (next != ~0ull)
			pages_drop(&ri->pages, next, next + PAGES_FANOUT - 1);
		spin_unlock(&ri->lock, ev);
		if (next == ~0ull)
			break;
	}
	if (size & (PAGE_SIZE - 1)) { /* what a later extension shows again must be zeros */
		page = page_get(ri, size >> PAGE_SHIFT);
		if (page) {
			size_t in = size & (PAGE_SIZE - 1);

			memset((char *)page + in, 0, PAGE_SIZE - in);
			page_put(page);
		}
	}
	inode_touch(&ri->inode, ATTR_MTIME);
	return 0;
}

int file_nothing_to_sync(struct file *f, bool data_only) { return 0; }

const struct file_ops ramfs_file_ops = {
	.read = ramfs_read,
	.write = ramfs_write,
	.seek = ramfs_seek,
	.fsync = file_nothing_to_sync, /* memory is all there is */
	.fallocate = ramfs_fallocate,
	.read_page = ramfs_read_page,
	.pages_in_place = ramfs_pages_in_place,
	.page_shared = ramfs_page_shared,
};

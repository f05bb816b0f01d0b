/* SPDX-License-Identifier: MIT */
/*
 * The 9p file system: pages of files that are mapped shared.  A page is read when a mapping first touches it, and
 * from then on the mappings' frame is ahead of the server: it is written back before the file is read, written,
 * cut or synced, when the file's last descriptor and mapping go, and when the program ends.  What the host
 * writes meanwhile to pages that are mapped does not show.
 *
 * p9_inode.map_lock guards the pages and is held across messages.
 */
#include "fs/p9.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

static struct {
	struct mutex lock;
	struct list inodes; /* with pages that may have been written */
} dirty = {{.wait = WAIT_QUEUE_INIT(dirty.lock.wait)}, LIST_INIT(dirty.inodes)};

/* n bytes at off, whatever page they come from or go to.  The number moved, or -errno. */
static ssize_t move(struct p9_inode *i, u32 fid, u64 off, u8 *page, size_t n, bool write)
{
	struct p9_client *c = &p9_fs_of(&i->vfs)->client;
	bool full = true;
	ssize_t r = 0;
	struct uio u;

	uio_init_kernel(&u, page, n);
	while (u.left && full && r >= 0) {
		u64 at = off + (n - u.left);

		r = write ? p9_write(c, fid, &u, at) : p9_read(c, fid, &u, at, &full);
	}
	return r < 0 ? r : (ssize_t)(n - u.left);
}

/* Under map_lock: where the file ends, as far as anybody can say. */
static int file_end(struct p9_inode *i, u64 *size)
{
	struct kstat st;
	int err = p9_inode_getattr(&i->vfs, &st);

	*size = st.size;
	return err;
}

/* Under map_lock: writes pages [first, last] back.  The first error, but all are tried. */
static int write_back(struct p9_inode *i, u64 first, u64 last)
{
	u64 size, n;
	int err;

	if (i->map_fid == P9_NOFID || pages_next(&i->shared, first) > last)
		return 0;
	err = file_end(i, &size);
	if (err)
		return err;
	for (n = pages_next(&i->shared, first); n <= last && n << PAGE_SHIFT < size; n = pages_next(&i->shared, n + 1)) {
		u64 at = n << PAGE_SHIFT;
		ssize_t r = move(i, i->map_fid, at, pages_find(&i->shared, n), MIN(size - at, (u64)PAGE_SIZE), true);

		if (r < 0 && !err)
			err = (int)r;
	}
	return err;
}

static u64 last_page(u64 off, size_t n) { return off + n < off ? ~0ull >> PAGE_SHIFT : (off + n - 1) >> PAGE_SHIFT; }

int p9_pages_flush(struct p9_inode *i, u64 off, size_t n)
{
	int err;

	if (likely(!READ_ONCE(i->shared.count)) || n == 0)
		return 0;
	mutex_lock(&i->map_lock);
	err = write_back(i, off >> PAGE_SHIFT, last_page(off, n));
	mutex_unlock(&i->map_lock);
	return err;
}

void p9_pages_refresh(struct p9_inode *i, u32 fid, u64 off, size_t n)
{
	if (likely(!READ_ONCE(i->shared.count)) || n == 0)
		return;
	mutex_lock(&i->map_lock);
	for (u64 p = pages_next(&i->shared, off >> PAGE_SHIFT); p <= last_page(off, n);
	     p = pages_next(&i->shared, p + 1))
		if (move(i, fid, p << PAGE_SHIFT, pages_find(&i->shared, p), PAGE_SIZE, false) < 0)
			log_warn("a mapped page of a shared directory's file could not be read again");
	mutex_unlock(&i->map_lock);
}

void p9_pages_cut(struct p9_inode *i, u64 size)
{
	u64 first = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	u8 *edge;

	if (likely(!READ_ONCE(i->shared.count)))
		return;
	mutex_lock(&i->map_lock);
	pages_drop(&i->shared, first, ~0ull >> PAGE_SHIFT);
	edge = size % PAGE_SIZE ? pages_find(&i->shared, size >> PAGE_SHIFT) : NULL;
	if (edge)
		memset(edge + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
	mutex_unlock(&i->map_lock);
}

/*
 * Under map_lock: a fid to write back through, for as long as there are pages.  A file without a name cannot be
 * opened once more; then f's own serves, until f goes.
 */
static int need_map_fid(struct p9_inode *i, struct file *f)
{
	if (i->map_fid != P9_NOFID)
		return 0;
	i->map_borrowed = p9_file_open_again(&i->vfs, O_RDWR, &i->map_fid) != 0;
	if (i->map_borrowed)
		i->map_fid = p9_file_fid(f);
	mutex_lock(&dirty.lock);
	if (list_empty(&i->dirty))
		list_push_back(&dirty.inodes, &i->dirty);
	mutex_unlock(&dirty.lock);
	return 0;
}

/* Under map_lock: reads page `index` and keeps it. */
static int load(struct p9_inode *i, struct file *f, u64 index, u8 **page)
{
	paddr_t frame = frame_alloc(0);
	void **slot;
	ssize_t n;

	if (!frame)
		return -ENOMEM;
	*page = frame_ptr(frame);
	n = move(i, p9_file_fid(f), index << PAGE_SHIFT, *page, PAGE_SIZE, false);
	if (n > 0) {
		memset(*page + n, 0, PAGE_SIZE - (size_t)n);
		slot = pages_slot(&i->shared, index);
		if (slot) {
			*slot = *page;
			i->shared.count++;
			return 0;
		}
		n = -ENOMEM;
	}
	frame_unref(frame);
	return n ? (int)n : -EIO;
}

int p9_page_shared(struct file *f, u64 off, bool write, paddr_t *frame)
{
	struct p9_inode *i = p9_inode_of(f->inode);
	u8 *page;
	int err = 0;

	mutex_lock(&i->map_lock);
	page = pages_find(&i->shared, off >> PAGE_SHIFT);
	if (!page)
		err = load(i, f, off >> PAGE_SHIFT, &page);
	if (!err && write)
		err = need_map_fid(i, f);
	if (!err) {
		*frame = frame_addr(page);
		frame_ref(*frame);
	}
	mutex_unlock(&i->map_lock);
	return err;
}

static void clean(struct p9_inode *i)
{
	if (i->map_fid == P9_NOFID)
		return;
	if (!i->map_borrowed)
		p9_clunk(&p9_fs_of(&i->vfs)->client, i->map_fid);
	i->map_fid = P9_NOFID;
	mutex_lock(&dirty.lock);
	list_remove(&i->dirty);
	mutex_unlock(&dirty.lock);
}

void p9_pages_release(struct p9_inode *i, u32 fid, bool last)
{
	if (likely(!READ_ONCE(i->shared.count)))
		return;
	mutex_lock(&i->map_lock);
	if (last || (i->map_borrowed && fid == i->map_fid)) {
		if (write_back(i, 0, ~0ull >> PAGE_SHIFT))
			log_error("what was written to a mapping of a shared directory's file is lost");
		clean(i);
	}
	if (last) /* every mapping has an open file: there is none left */
		pages_drop(&i->shared, 0, ~0ull >> PAGE_SHIFT);
	mutex_unlock(&i->map_lock);
}

void p9_sync_mappings(void)
{
	if (likely(list_empty(&dirty.inodes)))
		return;
	mutex_lock(&dirty.lock);
	list_for_each (l, &dirty.inodes) {
		struct p9_inode *i = list_entry(l, struct p9_inode, dirty);

		/* Not map_lock, which comes before dirty.lock: nobody else runs when the program ends. */
		if (write_back(i, 0, ~0ull >> PAGE_SHIFT))
			log_error("what was written to a mapping of a shared directory's file is lost");
	}
	mutex_unlock(&dirty.lock);
}

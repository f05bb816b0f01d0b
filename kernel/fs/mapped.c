/* SPDX-License-Identifier: MIT */
#include "fs/mapped.h"
#include "fs/pages.h"
#include "fs/vfs.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

struct mapped {
	struct mutex io_lock;
	struct spinlock lock;
	struct pages pages;   /* of the file, with a reference each */
	struct pages written; /* those that have been mapped for writing: the same frames, with another reference */
	unsigned writes;      /* counts write(2)s */
	struct file *writer;  /* an open file to write back through; mapped_release() takes it out */
};

static u32 mapped_count;

static struct mapped *mapped_of(struct inode *i) { return __atomic_load_n(&i->mapped, __ATOMIC_ACQUIRE); }

bool mapped_any(void) { return READ_ONCE(mapped_count) != 0; }

static struct mapped *mapped_make(struct inode *i)
{
	struct mapped *m = mapped_of(i), *none = NULL;

	if (m)
		return m;
	m = kzalloc(sizeof(*m));
	if (!m)
		return NULL;
	mutex_init(&m->io_lock);
	spin_init(&m->lock);
	if (!__atomic_compare_exchange_n(&i->mapped, &none, m, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(m); /* another thread was quicker */
		return none;
	}
	__atomic_fetch_add(&mapped_count, 1, __ATOMIC_RELAXED);
	return m;
}

/* The page with a reference, or NULL; or puts `page` there (whose reference becomes the tree's). */
static void *page_at(struct mapped *m, struct pages *p, u64 index, void *page)
{
	unsigned long ev = spin_lock(&m->lock);
	void **slot = page ? pages_slot(p, index) : NULL, *found;

	if (slot && !*slot) {
		*slot = page;
		p->count++;
		page = NULL;
	}
	found = pages_find(p, index);
	if (found)
		frame_ref(frame_addr(found));
	spin_unlock(&m->lock, ev);
	if (page)
		frame_unref(frame_addr(page));
	return found;
}

static int mark_written(struct mapped *m, struct file *f, u64 index, void *page)
{
	struct file *none = NULL;
	void *also;

	__atomic_compare_exchange_n(&m->writer, &none, f, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	frame_ref(frame_addr(page));
	also = page_at(m, &m->written, index, page);
	if (!also)
		return -ENOMEM;
	frame_unref(frame_addr(also));
	return 0;
}

int mapped_written(struct file *f, u64 off)
{
	struct mapped *m = mapped_of(f->inode);
	void *page = page_at(m, &m->pages, off >> PAGE_SHIFT, NULL);
	int r;

	if (!page)
		return 0; /* it has been cut off */
	r = mark_written(m, f, off >> PAGE_SHIFT, page);
	frame_unref(frame_addr(page));
	return r;
}

int mapped_page(struct file *f, u64 off, bool write, paddr_t *frame)
{
	struct mapped *m;
	u64 index = off >> PAGE_SHIFT;
	void *page;

	if (!HAS_BYTES(f->inode->mode) || !f->ops->write)
		return -ENODEV;
	m = mapped_make(f->inode);
	if (!m)
		return -ENOMEM;
	page = page_at(m, &m->pages, index, NULL);
	if (!page) {
		paddr_t p = frame_alloc(0);
		int r = p ? f->ops->read_page(f, off, frame_ptr(p)) : -ENOMEM;

		if (!r) {
			page = page_at(m, &m->pages, index, frame_ptr(p));
			r = page ? 0 : -ENOMEM;
		} else if (p) {
			frame_unref(p);
		}
		if (r)
			return r;
	}
	if (write && mark_written(m, f, index, page)) {
		frame_unref(frame_addr(page));
		return -ENOMEM;
	}
	*frame = frame_addr(page);
	return 0;
}

/* With io_lock held.  Pages stay `written` as long as they are mapped: a store into them is not seen. */
static int write_back_locked(struct mapped *m, struct file *f)
{
	u64 size = file_size(f), index = 0;
	int err = 0;

	for (;;) {
		unsigned long ev = spin_lock(&m->lock);
		struct uio u;
		void *page;
		u64 off;

		index = pages_next(&m->written, index);
		page = index == ~0ull ? NULL : pages_find(&m->written, index);
		if (page)
			frame_ref(frame_addr(page));
		spin_unlock(&m->lock, ev);
		if (!page)
			return err;
		off = index << PAGE_SHIFT;
		if (off < size) {
			ssize_t n;

			uio_init_kernel(&u, page, MIN(PAGE_SIZE, size - off));
			u.in_place = true;
			n = f->ops->write(f, &u, &off);
			if (n < 0 && !err)
				err = n;
		}
		frame_unref(frame_addr(page));
		index++;
	}
}

int mapped_write_back(struct file *f)
{
	struct mapped *m = mapped_of(f->inode);
	int r = 0;

	if (!m)
		return 0;
	mutex_lock(&m->io_lock);
	if (m->writer || (f->kind & FILE_WRITE))
		r = write_back_locked(m, m->writer ? m->writer : f);
	mutex_unlock(&m->io_lock);
	return r;
}

ssize_t mapped_write(struct file *f, struct uio *u, u64 *off)
{
	struct mapped *m = mapped_of(f->inode);
	struct uio again = *u;
	ssize_t n, done = 0;

	if (u->iov == &u->one)
		again.iov = &again.one;
	mapped_write_back(f); /* the rest of a page that is written in part must not be older than this */
	n = f->ops->write(f, u, off);
	__atomic_fetch_add(&m->writes, 1, __ATOMIC_ACQ_REL);
	while (done < n) {
		u64 at = *off + done;
		size_t in = at & (PAGE_SIZE - 1), k = MIN((size_t)(n - done), PAGE_SIZE - in);
		void *page = page_at(m, &m->pages, at >> PAGE_SHIFT, NULL);

		if (page) {
			if (uio_copy_from(&again, (char *)page + in, k) < k)
				done = n; /* the program has taken its buffer away meanwhile */
			frame_unref(frame_addr(page));
		} else {
			uio_skip(&again, k);
		}
		done += k;
	}
	return n;
}

/* Page `index` becomes what the server has, unless the program may be writing to it. */
static int refresh_page(struct mapped *m, struct file *f, u64 index, void *page, void *fresh)
{
	unsigned writes;
	unsigned long ev;
	int err;

	do { /* a write(2) meanwhile has changed the page, or is about to */
		writes = __atomic_load_n(&m->writes, __ATOMIC_ACQUIRE);
		err = f->ops->read_page(f, index << PAGE_SHIFT, fresh);
		if (err)
			return err;
		ev = spin_lock(&m->lock);
		if (!pages_find(&m->written, index))
			memcpy(page, fresh, PAGE_SIZE);
		spin_unlock(&m->lock, ev);
	} while (__atomic_load_n(&m->writes, __ATOMIC_ACQUIRE) != writes);
	return 0;
}

void mapped_refresh(struct file *f)
{
	struct mapped *m = mapped_of(f->inode);
	void *fresh = m ? kmalloc(PAGE_SIZE) : NULL, *page;
	u64 index = 0;

	for (; fresh; index++) {
		unsigned long ev = spin_lock(&m->lock);

		index = pages_next(&m->pages, index);
		spin_unlock(&m->lock, ev);
		page = index == ~0ull ? NULL : page_at(m, &m->pages, index, NULL);
		if (!page)
			break;
		(void)refresh_page(m, f, index, page, fresh); /* cut off, or the server is gone: it stays */
		frame_unref(frame_addr(page));
	}
	kfree(fresh);
}

void mapped_cut(struct inode *i, u64 size)
{
	struct mapped *m = mapped_of(i);
	u64 first = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	unsigned long ev;
	void *page;

	if (!m)
		return;
	if (size & (PAGE_SIZE - 1)) {
		page = page_at(m, &m->pages, size >> PAGE_SHIFT, NULL);
		if (page) {
			memset((char *)page + (size & (PAGE_SIZE - 1)), 0, PAGE_SIZE - (size & (PAGE_SIZE - 1)));
			frame_unref(frame_addr(page));
		}
	}
	ev = spin_lock(&m->lock);
	pages_drop(&m->pages, first, ~0ull >> PAGE_SHIFT);
	pages_drop(&m->written, first, ~0ull >> PAGE_SHIFT);
	spin_unlock(&m->lock, ev);
}

/* Pages that only we hold are nobody's mapping. */
static void drop_unmapped(struct mapped *m)
{
	u64 index = 0;

	for (;; index++) {
		unsigned long ev = spin_lock(&m->lock);
		void *page, *also;

		index = pages_next(&m->pages, index);
		page = index == ~0ull ? NULL : pages_find(&m->pages, index);
		also = page ? pages_find(&m->written, index) : NULL;
		if (page && frame_refs(frame_addr(page)) == (also ? 2u : 1u)) {
			pages_drop(&m->pages, index, index);
			if (also)
				pages_drop(&m->written, index, index);
		}
		spin_unlock(&m->lock, ev);
		if (!page)
			return;
	}
}

void mapped_release(struct file *f)
{
	struct mapped *m = mapped_of(f->inode);

	if (!m)
		return;
	mutex_lock(&m->io_lock);
	if (f->kind & FILE_WRITE) {
		int r = write_back_locked(m, f);

		if (r)
			log_warn("what was written to a mapped file is lost (error %d)", -r);
		if (m->writer == f)
			m->writer = NULL;
	}
	mutex_unlock(&m->io_lock);
	drop_unmapped(m);
}

void mapped_free(struct inode *i)
{
	struct mapped *m = i->mapped;

	pages_drop(&m->written, 0, ~0ull >> PAGE_SHIFT);
	pages_drop(&m->pages, 0, ~0ull >> PAGE_SHIFT);
	kfree(m);
	__atomic_fetch_sub(&mapped_count, 1, __ATOMIC_RELAXED);
}

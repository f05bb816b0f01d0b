/* SPDX-License-Identifier: MIT */
/* io_uring's rings: memory that is shared with the program, which may write anything there at any time. */
#include "ipc/uring.h"
#include "fs/vfs.h"
#include "ipc/eventfd.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define OFF_SQ_RING 0ull
#define OFF_CQ_RING 0x8000000ull
#define OFF_SQES    0x10000000ull

struct overflown {
	struct list link;
	struct uring_cqe cqe;
};

static struct list rings = LIST_INIT(rings);
static struct spinlock rings_lock = SPINLOCK_INIT; /* outside ring.lock */

void uring_each(void (*fn)(struct uring *r))
{
	unsigned long ev = spin_lock(&rings_lock);

	list_for_each(l, &rings) fn(list_entry(l, struct uring, all));
	spin_unlock(&rings_lock, ev);
}

u32 uring_array_offset(const struct uring *r)
{
	return (u32)(sizeof(struct uring_shared) + r->cq_entries * sizeof(struct uring_cqe));
}

/* ---- memory: blocks of frames, each of which the program's mappings refer to by itself ---- */

static void *pages_alloc(size_t size, u64 *pages)
{
	unsigned order = 0;
	paddr_t p;

	while ((PAGE_SIZE << order) < size)
		order++;
	if (order > BUDDY_MAX_ORDER)
		return NULL;
	p = frame_alloc(order);
	if (!p)
		return NULL;
	memset(frame_ptr(p), 0, PAGE_SIZE << order);
	if (order)
		frame_split(p);
	*pages = 1ull << order;
	return frame_ptr(p);
}

static void pages_release(void *mem, u64 pages)
{
	for (u64 i = 0; mem && i < pages; i++)
		frame_unref(frame_addr((char *)mem + i * PAGE_SIZE));
}

void uring_put(struct uring *r)
{
	unsigned long ev;

	if (__atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL))
		return;
	ev = spin_lock(&rings_lock);
	list_remove(&r->all);
	spin_unlock(&rings_lock, ev);
	while (!list_empty(&r->overflow)) {
		struct overflown *o = list_first(&r->overflow, struct overflown, link);

		list_remove(&o->link);
		kfree(o);
	}
	for (unsigned i = 0; i < r->file_count; i++)
		if (r->files[i])
			file_unref(r->files[i]);
	if (r->eventfd)
		file_unref(r->eventfd);
	pages_release(r->shared, r->shared_pages);
	pages_release(r->sqes, r->sqe_pages);
	kfree(r->files);
	kfree(r->buffers);
	kfree(r);
}

/* ---- completions ---- */

unsigned uring_ready(struct uring *r)
{
	return READ_ONCE(r->cq_tail) - __atomic_load_n(&r->shared->cq_head, __ATOMIC_ACQUIRE);
}

/* False: no room.  Under the lock. */
static bool put_cqe(struct uring *r, const struct uring_cqe *cqe)
{
	if (uring_ready(r) >= r->cq_entries)
		return false;
	r->shared->cqes[r->cq_tail & (r->cq_entries - 1)] = *cqe; /* NOLINT: who calls has a reference */
	r->cq_tail++;
	__atomic_store_n(&r->shared->cq_tail, r->cq_tail, __ATOMIC_RELEASE);
	return true;
}

void uring_flush(struct uring *r)
{
	unsigned long ev = spin_lock(&r->lock);

	while (!list_empty(&r->overflow)) {
		struct overflown *o = list_first(&r->overflow, struct overflown, link);

		if (!put_cqe(r, &o->cqe))
			break;
		list_remove(&o->link);
		kfree(o);
	}
	if (list_empty(&r->overflow))
		__atomic_fetch_and(&r->shared->sq_flags, ~URING_SQ_CQ_OVERFLOW, __ATOMIC_SEQ_CST);
	spin_unlock(&r->lock, ev);
}

static void post(struct uring *r, const struct uring_cqe cqe)
{
	unsigned long ev = spin_lock(&r->lock);

	if (!list_empty(&r->overflow) || !put_cqe(r, &cqe)) {
		struct overflown *o = kmalloc(sizeof(*o));

		if (o) {
			o->cqe = cqe;
			list_push_back(&r->overflow, &o->link);
			__atomic_fetch_or(&r->shared->sq_flags, URING_SQ_CQ_OVERFLOW, __ATOMIC_SEQ_CST);
		} else { /* lost, and counted */
			__atomic_fetch_add(&r->shared->cq_overflow, 1, __ATOMIC_RELAXED);
		}
	}
	uring_count_timeouts(r);
	spin_unlock(&r->lock, ev);
	wait_wake_all(&r->cq_wait, POLLIN | POLLRDNORM);
	if (r->eventfd)
		eventfd_signal(r->eventfd);
}

void uring_post(struct uring *r, u64 user_data, s32 res) { post(r, (struct uring_cqe){user_data, res, 0}); }

void uring_post_more(struct uring *r, u64 user_data, s32 res)
{
	post(r, (struct uring_cqe){user_data, res, 2 /* IORING_CQE_F_MORE */});
}

/* ---- as a file ---- */

static unsigned uring_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct uring *r = f->priv;
	unsigned mask = 0;

	poll_add(hook, &r->cq_wait);
	if (uring_ready(r) || !list_empty(&r->overflow))
		mask |= POLLIN | POLLRDNORM;
	if (READ_ONCE(r->shared->sq_tail) - READ_ONCE(r->sq_head) < r->sq_entries)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* The page at an offset of mmap(2), or NULL. */
static void *page_at(struct uring *r, u64 off)
{
	u64 page;

	if (off >= OFF_SQES) {
		page = (off - OFF_SQES) >> PAGE_SHIFT;
		return page < r->sqe_pages ? (char *)r->sqes + page * PAGE_SIZE : NULL;
	}
	page = (off >= OFF_CQ_RING ? off - OFF_CQ_RING : off - OFF_SQ_RING) >> PAGE_SHIFT;
	return page < r->shared_pages ? (char *)r->shared + page * PAGE_SIZE : NULL;
}

static int uring_read_page(struct file *f, u64 off, void *to)
{
	void *page = page_at(f->priv, off);

	if (!page)
		return -EIO;
	memcpy(to, page, PAGE_SIZE);
	return 0;
}

static int uring_page_shared(struct file *f, u64 off, bool write, paddr_t *frame)
{
	void *page = page_at(f->priv, off);

	if (!page)
		return -EIO;
	*frame = frame_addr(page);
	frame_ref(*frame);
	return 0;
}

static void uring_release(struct file *f)
{
	uring_cancel_all(f->priv);
	uring_put(f->priv);
}

static int uring_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[io_uring]");
}

static const struct file_ops uring_ops = {
	.poll = uring_poll,
	.release = uring_release,
	.read_page = uring_read_page,
	.page_shared = uring_page_shared,
	.describe = uring_describe,
};

struct uring *uring_of(struct file *f) { return f->ops == &uring_ops ? f->priv : NULL; }

struct file *uring_create(u32 entries, u32 cq_entries, u32 flags, int *err)
{
	struct uring *r = kzalloc(sizeof(*r));
	struct file *f = NULL;
	unsigned long ev;

	*err = -ENOMEM;
	if (!r)
		return NULL;
	r->refs = 1;
	r->flags = flags;
	r->sq_entries = entries;
	r->cq_entries = cq_entries;
	mutex_init(&r->submit);
	spin_init(&r->lock);
	list_init(&r->active);
	list_init(&r->overflow);
	list_init(&r->deferred);
	list_init(&r->all);
	wait_queue_init(&r->cq_wait);
	r->shared = pages_alloc(uring_array_offset(r) + entries * sizeof(u32), &r->shared_pages);
	r->sqes = pages_alloc(entries * sizeof(*r->sqes), &r->sqe_pages);
	if (r->shared && r->sqes) {
		r->shared->sq_mask = entries - 1;
		r->shared->cq_mask = cq_entries - 1;
		r->shared->sq_entries = entries;
		r->shared->cq_entries = cq_entries;
		f = file_anon(0600, 0, &uring_ops, r);
	}
	if (!f) {
		uring_put(r);
		return NULL;
	}
	ev = spin_lock(&rings_lock);
	list_push_back(&rings, &r->all);
	spin_unlock(&rings_lock, ev);
	return f;
}

/* SPDX-License-Identifier: MIT */
#include "mm/frame.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "proc/cpu.h"

#define CACHE_MAX    16
#define REFILL_ORDER 3 /* 8 frames: half a cache */

/*
 * Single frames at hand, for each CPU.  In here a frame is still allocated for the buddy allocator, with no
 * reference.  Each has a lock because a CPU that finds no memory takes from all; hence also it does no harm to
 * be moved to another CPU after choosing one.  Lock order: cache, pool.
 */
struct cache {
	struct spinlock lock;
	u32 count;
	u32 pfn[CACHE_MAX];
} __aligned(64);

static struct cache caches[CPU_MAX];

static struct {
	struct spinlock lock;
	struct buddy buddy;
} pool;

static void *pfn_ptr(pfn_t pfn) { return frame_ptr(pfn << PAGE_SHIFT); }

void frames_init(struct frame *meta, pfn_t end) { buddy_init(&pool.buddy, meta, end, pfn_ptr); }

int frames_add(paddr_t lo, paddr_t hi)
{
	pfn_t first = ALIGN_UP(lo, PAGE_SIZE) >> PAGE_SHIFT;
	unsigned long ev;
	int ret;

	if (!first) /* 0 means "no memory" */
		first = 1;
	ev = spin_lock(&pool.lock);
	ret = buddy_add(&pool.buddy, first, hi >> PAGE_SHIFT);
	spin_unlock(&pool.lock, ev);
	return ret;
}

static pfn_t pool_alloc(unsigned order)
{
	unsigned long ev = spin_lock(&pool.lock);
	pfn_t pfn = buddy_alloc(&pool.buddy, order);

	spin_unlock(&pool.lock, ev);
	return pfn;
}

static void pool_free(pfn_t pfn, unsigned order)
{
	unsigned long ev = spin_lock(&pool.lock);
	bool ok = buddy_free(&pool.buddy, pfn, order);

	spin_unlock(&pool.lock, ev);
	if (!ok)
		panic("frame_free: %#llx is no block of order %u", (unsigned long long)pfn << PAGE_SHIFT, order);
}

/* The caller holds the cache's lock, here and below. */
static void cache_push(struct cache *c, pfn_t pfn)
{
	pool.buddy.frames[pfn].refs = 0;
	c->pfn[c->count++] = (u32)pfn;
}

static void cache_fill(struct cache *c)
{
	pfn_t pfn = pool_alloc(REFILL_ORDER);

	if (pfn != PFN_NONE) {
		buddy_split(&pool.buddy, pfn);
		for (int i = (1 << REFILL_ORDER) - 1; i >= 0; i--) /* the lowest will be the first out */
			cache_push(c, pfn + i);
		return;
	}
	pfn = pool_alloc(0);
	if (pfn != PFN_NONE)
		cache_push(c, pfn);
}

static void cache_drain(struct cache *c, unsigned keep)
{
	while (c->count > keep)
		pool_free(c->pfn[--c->count], 0);
}

/* Memory is short: what lies in the caches may be it. */
static void drain_all(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++) {
		unsigned long ev;

		if (!READ_ONCE(caches[i].count))
			continue;
		ev = spin_lock(&caches[i].lock);
		cache_drain(&caches[i], 0);
		spin_unlock(&caches[i].lock, ev);
	}
}

static pfn_t alloc_single(void)
{
	struct cache *c = &caches[this_cpu()->id];
	unsigned long ev = spin_lock(&c->lock);
	pfn_t pfn = PFN_NONE;

	if (!c->count)
		cache_fill(c);
	if (c->count) {
		struct frame *f;

		pfn = c->pfn[--c->count];
		f = &pool.buddy.frames[pfn];
		f->refs = 1;
		f->owner = 0;
	}
	spin_unlock(&c->lock, ev);
	return pfn;
}

bool (*frame_give_back)(void);

paddr_t frame_alloc(unsigned order)
{
	pfn_t pfn = order ? pool_alloc(order) : alloc_single();

	if (unlikely(pfn == PFN_NONE)) {
		do {
			drain_all();
			pfn = order ? pool_alloc(order) : alloc_single();
		} while (pfn == PFN_NONE && frame_give_back && frame_give_back());
	}
	return pfn == PFN_NONE ? 0 : pfn << PAGE_SHIFT;
}

struct frame *frame_meta(paddr_t p)
{
	pfn_t pfn = p >> PAGE_SHIFT;

	if (!buddy_known(&pool.buddy, pfn) || pool.buddy.frames[pfn].state != FRAME_USED)
		return NULL;
	return &pool.buddy.frames[pfn];
}

struct frame *frame_meta_trusted(paddr_t p) { return &pool.buddy.frames[p >> PAGE_SHIFT]; }

/* The last reference is gone. */
static void release(pfn_t pfn, unsigned order)
{
	struct cache *c;
	unsigned long ev;

	if (order) {
		pool_free(pfn, order);
		return;
	}
	c = &caches[this_cpu()->id];
	ev = spin_lock(&c->lock);
	if (c->count == CACHE_MAX)
		cache_drain(c, CACHE_MAX / 2);
	cache_push(c, pfn);
	spin_unlock(&c->lock, ev);
}

void frame_free(paddr_t p, unsigned order)
{
	struct frame *f = frame_meta(p);

	if (!f || f->order != order || !IS_ALIGNED(p, PAGE_SIZE))
		panic("frame_free: %#llx is no block of order %u", (unsigned long long)p, order);
	/* Atomic, so that of two who free the same block one is told. */
	if (__atomic_exchange_n(&f->refs, 0, __ATOMIC_ACQ_REL) != 1)
		panic("frame_free: %#llx is free already, or has other users", (unsigned long long)p);
	release(p >> PAGE_SHIFT, order);
}

void frame_ref(paddr_t p)
{
	struct frame *f = frame_meta(p);

	if (f && __atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED) == 0)
		panic("frame_ref: %#llx is free", (unsigned long long)p);
}

void frame_unref(paddr_t p)
{
	struct frame *f = frame_meta(p);
	unsigned order;
	u32 old;

	if (!f)
		return;
	order = f->order; /* read while there is a reference */
	old = __atomic_fetch_sub(&f->refs, 1, __ATOMIC_ACQ_REL);
	if (old == 0)
		panic("frame_unref: %#llx is free", (unsigned long long)p);
	if (old == 1)
		release(p >> PAGE_SHIFT, order);
}

u32 frame_refs(paddr_t p)
{
	struct frame *f = frame_meta(p);

	return f ? __atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) : 0;
}

bool frame_managed(paddr_t p) { return frame_meta(p) != NULL; }

void frame_split(paddr_t p)
{
	if (!frame_meta(p))
		panic("frame_split: %#llx is no block", (unsigned long long)p);
	/* No lock: the block is its owner's, and its first frame stays FRAME_USED for those who look for buddies. */
	buddy_split(&pool.buddy, p >> PAGE_SHIFT);
}

u64 frame_total_count(void) { return pool.buddy.ntotal; }

u64 frame_free_count(void)
{
	u64 n = READ_ONCE(pool.buddy.nfree);

	for (unsigned i = 0; i < cpu_count; i++)
		n += READ_ONCE(caches[i].count);
	return n;
}

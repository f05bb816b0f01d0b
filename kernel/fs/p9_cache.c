/* SPDX-License-Identifier: MIT */
/*
 * What is kept of the host's files, and for how long it holds.  Bytes lie in extents of any length, which do not
 * overlap; they are what Rread has brought, and go when the memory for them is used up or somebody needs it.
 */
#include "fs/p9.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/clock.h"

#define TRUST	NSEC_PER_SEC	   /* so long an answer is taken for true, unless there is news */
#define GRAIN	(2 * NSEC_PER_SEC) /* two changes in it may leave the same time stamp */
/*
 * What is read around a byte; four times as much, and so on, behind an extent; and in files that are small, or into
 * which many look here and there.
 */
#define EXTENT (64 * KiB)

u32 vfs_news;

/* ---- how long it holds ---- */

struct p9_when p9_now(void)
{
	u32 news = __atomic_load_n(&vfs_news, __ATOMIC_ACQUIRE);

	return (struct p9_when){clock_monotonic() ?: 1, news};
}

bool p9_holds(const struct p9_when *w)
{
	return w->at && w->news == READ_ONCE(vfs_news) && clock_monotonic() - w->at < TRUST;
}

static void take_attr(struct p9_inode *i, const struct p9_attr *a)
{
	struct inode *v = &i->vfs;

	v->mode = a->mode;
	v->uid = a->uid;
	v->gid = a->gid;
	v->nlink = (u32)MIN(a->nlink, 0xffffffffull);
	v->size = MIN(a->size, ~0ull >> 1);
	v->rdev = a->rdev;
	v->blocks = a->blocks;
	v->atime = a->atime;
	v->mtime = a->mtime;
	v->ctime = a->ctime;
	i->blksize = (u32)MIN(a->blksize, 1ull << 30);
}

/*
 * Bytes and names hold as long as size and times stay the same.  But a change within the clock's grain of the one
 * before leaves the same time: so what was kept when a stamp was younger goes with the next look.  Our own
 * changes do not: what they touched has been dropped.  Whether the host has changed something at the same moment
 * cannot be told, so at the next look after the time of trust all goes.
 */
void p9_checked(struct p9_inode *i, const struct p9_attr *a, struct p9_when when)
{
	struct p9_fs *fs = p9_fs_of(&i->vfs);
	s64 now = clock_realtime();
	unsigned long ev = spin_lock(&fs->lock);
	bool known = i->checked.at, held = p9_holds(&i->checked), drop = false;
	bool same = known && a->size == i->vfs.size && a->mtime == i->vfs.mtime && a->ctime == i->vfs.ctime;

	if (!same)
		i->seen = when.at;
	if (!held || !i->wrote) {
		drop = !same || i->wrote || !i->settled;
		if (!same && known && !i->wrote && __atomic_add_fetch(&vfs_news, 1, __ATOMIC_ACQ_REL) == when.news + 1)
			when.news++; /* the host has been at work: what else has it done? */
		i->wrote = false;
	}
	i->version += drop;
	i->settled = when.at - i->seen >= GRAIN || now - a->ctime > (s64)(2 * GRAIN);
	i->stale = i->lost = false;
	i->checked = when;
	take_attr(i, a);
	spin_unlock(&fs->lock, ev);
	if (drop && i->extents.root)
		p9_cache_drop(i, 0, ~0ull);
}

int p9_check(struct p9_inode *i)
{
	struct kstat st;

	return p9_holds(&i->checked) ? 0 : p9_inode_ask(&i->vfs, &st);
}

void p9_changed(struct p9_inode *i)
{
	WRITE_ONCE(i->stale, true);
	WRITE_ONCE(i->wrote, true);
}

/* ---- extents ---- */

static struct {
	struct spinlock lock; /* guards all extents, of whatever share */
	struct list all;      /* those that have bytes, the last used first */
	u64 bytes, max;
} cache = {.all = LIST_INIT(cache.all)};

static int extent_cmp(const struct tree_node *a, const struct tree_node *b)
{
	u64 x = tree_entry(a, struct p9_extent, node)->off, y = tree_entry(b, struct p9_extent, node)->off;

	return x < y ? -1 : x > y;
}

static u64 end_of(const struct p9_extent *x) { return x->off + x->covers; }

/* The last extent that begins at or before off, or NULL. */
static struct p9_extent *extent_before(struct p9_inode *i, u64 off)
{
	struct tree_node *n = i->extents.root;
	struct p9_extent *best = NULL;

	while (n) {
		struct p9_extent *x = tree_entry(n, struct p9_extent, node);

		if (x->off <= off)
			best = x;
		n = x->off <= off ? n->right : n->left;
	}
	return best;
}

static struct p9_extent *extent_after(struct p9_inode *i, struct p9_extent *x)
{
	struct tree_node *n = x ? tree_next(&x->node) : tree_first(&i->extents);

	return n ? tree_entry(n, struct p9_extent, node) : NULL;
}

/* Out of the tables.  What is to be freed is chained by link.next, from *gone on. */
static void extent_unlink(struct p9_extent *x, struct p9_extent **gone)
{
	tree_remove(&x->inode->extents, &x->node);
	if (x->data) {
		list_remove(&x->link);
		cache.bytes -= x->cap;
	}
	if (--x->refs == 0) {
		x->link.next = (struct list *)*gone;
		*gone = x;
	}
}

static void extents_free(struct p9_extent *x)
{
	while (x) {
		struct p9_extent *next = (struct p9_extent *)x->link.next;

		kfree(x->data);
		kfree(x);
		x = next;
	}
}

void p9_extent_put(struct p9_extent *x)
{
	unsigned long ev = spin_lock(&cache.lock);
	bool last = --x->refs == 0;

	spin_unlock(&cache.lock, ev);
	if (last) {
		x->link.next = NULL;
		extents_free(x);
	}
}

struct p9_extent *p9_extent_get(struct p9_inode *i, u64 off, u64 *start, size_t *want, u32 *drops)
{
	u32 chunk = p9_fs_of(&i->vfs)->client.chunk;
	u64 size = i->vfs.size, end;
	size_t w;
	struct p9_extent *x, *next, *gone = NULL;
	unsigned long ev = spin_lock(&cache.lock);

	x = extent_before(i, off);
	if (x && (off < end_of(x) || x->end)) {
		if (x->data) {
			x->refs++;
			list_remove(&x->link);
			list_push_front(&cache.all, &x->link);
			spin_unlock(&cache.lock, ev);
			return x;
		}
		extent_unlink(x, &gone);
		x = extent_before(i, off);
	}
	next = extent_after(i, x);
	w = EXTENT;
	if (size <= cache.max / 4 && (size <= 4 * EXTENT || i->misses > 4)) /* that much at most, if all of it is read */
		w = 4 * EXTENT;
	i->misses++;
	w = MIN(w, MAX(ALIGN_DOWN(chunk, PAGE_SIZE), PAGE_SIZE));
	*start = MAX(off - off % w, x ? end_of(x) : 0);
	if (x && off - end_of(x) < PAGE_SIZE) /* one byte after the other */
		w = MIN(4 * (size_t)MAX(x->covers, (u32)EXTENT), (size_t)chunk);
	end = next ? next->off : ~0ull;
	if (size > *start)
		end = MIN(end, ALIGN_UP(size + 1, PAGE_SIZE)); /* one more byte, so that the server says where it ends */
	*want = MIN((u64)w, end - *start);
	*drops = i->drops;
	spin_unlock(&cache.lock, ev);
	extents_free(gone);
	return NULL;
}

void p9_extent_keep(struct p9_inode *i, struct p9_extent *x, u32 drops)
{
	u64 max = MIN(cache.max, platform_memory_free() / 2);
	struct p9_extent *before, *after, *gone = NULL;
	unsigned long ev = spin_lock(&cache.lock);

	before = extent_before(i, x->off);
	after = extent_after(i, before);
	if (drops == i->drops && x->covers && x->cap <= max && !(before && end_of(before) > x->off) &&
	    !(after && after->off < end_of(x))) {
		x->refs++;
		tree_insert(&i->extents, &x->node, extent_cmp);
		list_push_front(&cache.all, &x->link);
		cache.bytes += x->cap;
		while (cache.bytes > max)
			extent_unlink(list_entry(cache.all.prev, struct p9_extent, link), &gone);
	}
	spin_unlock(&cache.lock, ev);
	extents_free(gone);
}

void p9_cache_drop(struct p9_inode *i, u64 from, u64 to)
{
	struct p9_extent *x, *next, *gone = NULL;
	unsigned long ev = spin_lock(&cache.lock);

	i->drops++;
	x = extent_before(i, from);
	for (x = x ? x : extent_after(i, NULL); x && x->off < to; x = next) {
		next = extent_after(i, x);
		if (end_of(x) > from || x->end)
			extent_unlink(x, &gone);
	}
	spin_unlock(&cache.lock, ev);
	extents_free(gone);
}

/*
 * What is kept takes the bytes too, so that a program that reads and writes here and there does not fetch all again.
 * Not if somebody else writes at the same time: who was the last is for the server to say.
 */
void p9_cache_write(struct p9_inode *i, u64 off, const u8 *data, u32 n, u32 drops)
{
	unsigned long ev = spin_lock(&cache.lock);
	struct p9_extent *x = extent_before(i, off);
	u64 end = off + n;

	if (n > EXTENT || i->writing != 1 || i->drops != drops) {
		spin_unlock(&cache.lock, ev);
		p9_cache_drop(i, off, end);
		return;
	}
	i->drops++; /* what is being read may be older */
	for (x = x ? x : extent_after(i, NULL); x && x->off < end; x = extent_after(i, x)) {
		u64 from = MAX(off, x->off), to = MIN(end, end_of(x));

		if (x->data && from < to)
			memcpy(x->data + (from - x->off), data + (from - off), to - from);
		x->end &= end <= end_of(x);
	}
	spin_unlock(&cache.lock, ev);
}

/* Memory is short, somewhere: extents that nobody reads give up theirs.  The allocator may be called from anywhere. */
static bool cache_give_back(void)
{
	unsigned long ev = spin_lock(&cache.lock);
	struct list *l, *before;
	u64 had = cache.bytes;

	for (l = cache.all.prev; l != &cache.all && had - cache.bytes < 2 * MiB; l = before) {
		struct p9_extent *x = list_entry(l, struct p9_extent, link);

		before = l->prev;
		if (x->refs > 1)
			continue;
		list_remove(l);
		cache.bytes -= x->cap;
		kfree(x->data); /* of a whole block: takes no lock of the heap's */
		x->data = NULL;
	}
	had -= cache.bytes;
	spin_unlock(&cache.lock, ev);
	return had;
}

void p9_cache_init(struct p9_fs *fs)
{
	list_init(&fs->names);
	frame_give_back = cache_give_back;
	cache.max = platform_memory_total() / 16;
	fs->name_max = (unsigned)MIN(platform_memory_total() / (256 * KiB), 8192ull);
	fs->client.chunk_max = (u32)MIN(ALIGN_DOWN(platform_memory_total() / 64, PAGE_SIZE), (u64)P9_CHUNK_MAX);
}

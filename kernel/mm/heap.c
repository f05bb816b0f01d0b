/* SPDX-License-Identifier: MIT */
/*
 * Size classes of one-page slabs, above them whole blocks of frames.
 *
 * A slab has no header: its state fits into the frame's metadata (`refs` and
 * `owner`, which belong to the block's owner), and its link in the class's list
 * of slabs with free objects stands in the object that will be allocated last,
 * the "tail".  Objects come first from those that were freed, then from `fresh`
 * upwards, so a new slab costs nothing until it is used.  Hence the tail is the
 * page's last object while that is fresh, and later the bottom of the freed ones.
 */
#include "mm/heap.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/frame.h"

#define UNIT	   16u /* sizes are multiples of it; offsets in a slab are counted in it */
#define SLAB_MAX   2048u
#define LARGE_MAX  (PAGE_SIZE << BUDDY_MAX_ORDER)
#define FREED_MARK 0x9d5ef4eed0b7ec7full

/* frame.owner: the class + 1 (0: not the heap's) in the low bits, the number of used objects above. */
#define OWNER_CLASS 0x1fu
#define OWNER_LARGE 0x1fu
#define OWNER_USED  0x20u /* one used object */

/* Lies over frame.refs. */
struct slab_state {
	u8 head, tail; /* in units; head: the first freed object, if there is one */
	u16 fresh;     /* objects from this index on were never handed out */
};

_Static_assert(sizeof(struct slab_state) == sizeof(u32), "a slab's state must fit over frame.refs");

/* A freed object; the tail has a `link` instead. */
struct free_object {
	u64 next; /* in units */
	u64 mark; /* FREED_MARK ^ address: a second kfree is seen */
};

struct size_class {
	struct spinlock lock;
	u16 size, capacity;
	struct list partial; /* tails of slabs that have free objects */
};

#define CLASS(n, bytes)                                                                                      \
	[n] = {.size = (bytes), .capacity = PAGE_SIZE / (bytes), .partial = LIST_INIT(classes[n].partial)}

static struct size_class classes[] = {
	CLASS(0, 16),  CLASS(1, 32),  CLASS(2, 48),  CLASS(3, 64),   CLASS(4, 96),   CLASS(5, 128),  CLASS(6, 192),
	CLASS(7, 256), CLASS(8, 384), CLASS(9, 512), CLASS(10, 768), CLASS(11, 1024), CLASS(12, 2048),
};

/* Class by size in units, rounded up. */
static const u8 class_of_units[SLAB_MAX / UNIT + 1] = {
	[0 ... 1] = 0,	  [2] = 1,	    [3] = 2,	      [4] = 3,		[5 ... 6] = 4,
	[7 ... 8] = 5,	  [9 ... 12] = 6,   [13 ... 16] = 7,  [17 ... 24] = 8,	[25 ... 32] = 9,
	[33 ... 48] = 10, [49 ... 64] = 11, [65 ... 128] = 12,
};

static struct slab_state *slab_state(struct frame *f) { return (struct slab_state *)(void *)&f->refs; }

/* Objects handed out. */
static unsigned slab_used(const struct frame *f) { return f->owner / OWNER_USED; }

static struct list *slab_link(void *page, const struct slab_state *s)
{
	return (struct list *)((char *)page + s->tail * UNIT);
}

static u64 mark_of(const void *object) { return FREED_MARK ^ (uintptr_t)object; }

/* A new slab in the class's list.  The caller holds the class's lock. */
static bool slab_create(struct size_class *c)
{
	paddr_t p = frame_alloc(0);
	struct slab_state *s;
	struct frame *f;

	if (!p)
		return false;
	f = frame_meta_trusted(p);
	f->owner = (u16)(c - classes + 1);
	s = slab_state(f);
	*s = (struct slab_state){.tail = (u8)((c->capacity - 1) * c->size / UNIT)};
	list_push_front(&c->partial, slab_link(frame_ptr(p), s));
	return true;
}

static void *class_alloc(struct size_class *c)
{
	unsigned long ev = spin_lock(&c->lock);
	char *page, *object = NULL;
	struct slab_state *s;
	struct frame *f;

	if (list_empty(&c->partial) && !slab_create(c))
		goto out;
	page = (char *)((uintptr_t)c->partial.next & PAGE_MASK);
	f = frame_meta_trusted(frame_addr(page));
	s = slab_state(f);
	f->owner += OWNER_USED;
	if (slab_used(f) == c->capacity) {
		object = page + s->tail * UNIT;
		list_remove((struct list *)object);
		s->fresh = c->capacity;
	} else if (slab_used(f) <= s->fresh) { /* fresh counted the freed ones too: there is one */
		struct free_object *o = (struct free_object *)(page + s->head * UNIT);

		object = (char *)o;
		s->head = (u8)o->next;
		o->mark = 0;
	} else {
		object = page + s->fresh++ * c->size;
	}
out:
	spin_unlock(&c->lock, ev);
	return object;
}

/* The end of a slab whose objects are all free, unless it is the class's last. */
static void slab_destroy(struct size_class *c, char *page, struct frame *f)
{
	struct list *link = slab_link(page, slab_state(f));

	if (link->prev == link->next) /* alone in the list */
		return;
	list_remove(link);
	f->owner = 0;
	f->refs = 1;
	frame_free(frame_addr(page), 0);
}

/* Whether an object, not the tail, that bears the mark is really free: the program's data may look like it. */
static bool is_freed(const struct size_class *c, const char *page, const struct frame *f,
		     const struct slab_state *s, const char *object)
{
	unsigned at = s->head, n = s->fresh - slab_used(f);

	for (; n && at < PAGE_SIZE / UNIT; n--) {
		if (page + at * UNIT == object)
			return true;
		if (at == s->tail)
			break;
		at = (unsigned)((const struct free_object *)(page + at * UNIT))->next;
	}
	return false;
}

static void class_free(struct size_class *c, struct frame *f, char *object)
{
	char *page = (char *)((uintptr_t)object & PAGE_MASK);
	unsigned offset = (unsigned)(object - page);
	struct free_object *o = (struct free_object *)object;
	unsigned long ev = spin_lock(&c->lock);
	struct slab_state *s = slab_state(f);
	bool full = slab_used(f) == c->capacity;

	if (offset % c->size || offset / c->size >= s->fresh)
		panic("kfree: %p is no object of the heap", (void *)object);
	if (!slab_used(f) || (!full && s->tail * UNIT == offset) ||
	    (o->mark == mark_of(o) && is_freed(c, page, f, s, object)))
		panic("kfree: %p is free already", (void *)object);
	if (full) {
		s->tail = (u8)(offset / UNIT);
		list_push_front(&c->partial, (struct list *)object);
	} else {
		o->next = s->head;
		o->mark = mark_of(o);
	}
	s->head = (u8)(offset / UNIT);
	f->owner -= OWNER_USED;
	if (!slab_used(f))
		slab_destroy(c, page, f);
	spin_unlock(&c->lock, ev);
}

static unsigned order_of(size_t size)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

void *kmalloc(size_t size)
{
	paddr_t p;

	if (likely(size <= SLAB_MAX))
		return class_alloc(&classes[class_of_units[(size + UNIT - 1) / UNIT]]);
	if (size > LARGE_MAX)
		return NULL;
	p = frame_alloc(order_of(size));
	if (!p)
		return NULL;
	frame_meta(p)->owner = OWNER_LARGE;
	return frame_ptr(p);
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}

/* The metadata of the block that p lies in; p is from kmalloc, or this does not return. */
static struct frame *meta_of(const void *p, const char *who)
{
	struct frame *f = frame_meta(frame_addr(p) & PAGE_MASK);
	unsigned class = f ? f->owner & OWNER_CLASS : 0;

	if (!class || (class == OWNER_LARGE && !IS_ALIGNED((uintptr_t)p, PAGE_SIZE)) ||
	    (class != OWNER_LARGE && class > ARRAY_SIZE(classes)))
		panic("%s: %p is not of the heap, or free already", who, p);
	return f;
}

void kfree(void *p)
{
	struct frame *f;

	if (!p)
		return;
	f = meta_of(p, "kfree");
	if ((f->owner & OWNER_CLASS) == OWNER_LARGE) {
		f->owner = 0;
		frame_free(frame_addr(p), f->order);
	} else {
		class_free(&classes[(f->owner & OWNER_CLASS) - 1], f, p);
	}
}

size_t kmalloc_size(const void *p)
{
	struct frame *f = meta_of(p, "kmalloc_size");
	unsigned class = f->owner & OWNER_CLASS;

	return class == OWNER_LARGE ? PAGE_SIZE << f->order : classes[class - 1].size;
}

void *krealloc(void *p, size_t size)
{
	size_t have;
	void *n;

	if (!p)
		return kmalloc(size);
	have = kmalloc_size(p);
	if (size <= have && size > have / 4) /* shrinks only when that is worth a copy */
		return p;
	n = kmalloc(size);
	if (!n)
		return size <= have ? p : NULL;
	memcpy(n, p, MIN(size, have));
	kfree(p);
	return n;
}

char *kstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = kmalloc(n);

	return copy ? memcpy(copy, s, n) : NULL;
}

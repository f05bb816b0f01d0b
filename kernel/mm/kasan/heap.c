/* SPDX-License-Identifier: MIT */
/*
 * The heap under KASan: stands between the kernel and mm/heap.c, mm/frame.c (by
 * the linker's --wrap).  Each object is surrounded by bytes that must not be
 * touched; freed ones wait in a quarantine, poisoned, before they are used again.
 *
 *	[ struct header | the object | rest of what the heap gave ]
 *
 * Objects of a page and more start on a page, so they have no header.
 */
#include "lib/kasan.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define CALLER	  __builtin_return_address(0)
#define TAIL_MIN  16 /* poisoned bytes behind each object */
#define LIVE	  0x6c697665u
#define DEAD	  0x64656164u
#define SLOTS	  2048
#define BYTES_MAX (512 * KiB)

struct header {
	u32 magic, size;
	const void *allocated_by, *freed_by;
	u64 pad;
};

_Static_assert(sizeof(struct header) % 16 == 0, "objects are aligned to 16 bytes");

void *__real_kmalloc(size_t size);
void __real_kfree(void *p);
size_t __real_kmalloc_size(const void *p);

/* First in, first out. */
static struct {
	struct spinlock lock;
	void *slot[SLOTS]; /* as the heap knows it */
	unsigned first, count;
	size_t bytes;
} quarantine;

static bool has_header(const void *p) { return !IS_ALIGNED((vaddr_t)p, PAGE_SIZE); }
static struct header *header_of(const void *p) { return (struct header *)p - 1; }

/* Returns the oldest block to the heap.  It stays poisoned until it is given out again.  False: none. */
static bool quarantine_release(void)
{
	unsigned long ev = spin_lock(&quarantine.lock);
	void *block = NULL;

	if (quarantine.count) {
		block = quarantine.slot[quarantine.first];
		quarantine.first = (quarantine.first + 1) % SLOTS;
		quarantine.count--;
		quarantine.bytes -= __real_kmalloc_size(block);
	}
	spin_unlock(&quarantine.lock, ev);
	if (block)
		__real_kfree(block);
	return block;
}

static void quarantine_add(void *block)
{
	size_t size = __real_kmalloc_size(block);
	unsigned long ev;

	while (READ_ONCE(quarantine.count) > SLOTS - 64 || READ_ONCE(quarantine.bytes) + size > BYTES_MAX)
		if (!quarantine_release())
			break;
	ev = spin_lock(&quarantine.lock);
	if (quarantine.count < SLOTS) {
		quarantine.slot[(quarantine.first + quarantine.count++) % SLOTS] = block;
		quarantine.bytes += size;
		block = NULL;
	}
	spin_unlock(&quarantine.lock, ev);
	if (block)
		__real_kfree(block);
}

static void *real_alloc(size_t size)
{
	void *p;

	while (!(p = __real_kmalloc(size)))
		if (!quarantine_release())
			return NULL;
	return p;
}

static void *alloc(size_t size, const void *caller)
{
	struct header *h;
	void *block, *p;

	if (size > 2 * MiB)
		return NULL;
	block = real_alloc(size < PAGE_SIZE ? sizeof(*h) + size + TAIL_MIN : size);
	if (!block)
		return NULL;
	kasan_poison(block, __real_kmalloc_size(block), KASAN_HEAP_REDZONE);
	p = block;
	if (size < PAGE_SIZE) {
		h = block;
		*h = (struct header){.magic = LIVE, .size = (u32)size, .allocated_by = caller};
		p = h + 1;
	}
	kasan_unpoison(p, size);
	return p;
}

static void check_live(const void *p, const char *what, const void *caller)
{
	if (!frame_managed(frame_addr(p) & PAGE_MASK) || !IS_ALIGNED((vaddr_t)p, 16))
		panic("KASan: %s of %p, which is not of the heap, by %p", what, p, caller);
	if (has_header(p) ? header_of(p)->magic == LIVE : kasan_kind_of(p) < KASAN_GRAIN)
		return;
	if (has_header(p) && header_of(p)->magic == DEAD)
		panic("KASan: %s of %p, which is free already: allocated by %p, freed by %p, now by %p", what, p,
		      header_of(p)->allocated_by, header_of(p)->freed_by, caller);
	panic("KASan: %s of %p, which is %s, by %p", what, p,
	      kasan_kind_of(p) == KASAN_HEAP_FREED ? "free already" : "no object of the heap", caller);
}

static size_t size_of(const void *p) { return has_header(p) ? header_of(p)->size : __real_kmalloc_size(p); }

static void release(void *p, const void *caller)
{
	void *block = p;
	size_t size;

	check_live(p, "kfree", caller);
	size = size_of(p);
	if (has_header(p)) {
		header_of(p)->magic = DEAD;
		header_of(p)->freed_by = caller;
		block = header_of(p);
	}
	kasan_poison(p, MAX(size, 1ul), KASAN_HEAP_FREED);
	quarantine_add(block);
}

void *__wrap_kmalloc(size_t size);
void *__wrap_kzalloc(size_t size);
void *__wrap_krealloc(void *p, size_t size);
void __wrap_kfree(void *p);
size_t __wrap_kmalloc_size(const void *p);
char *__wrap_kstrdup(const char *s);
paddr_t __wrap_frame_alloc(unsigned order);
void __wrap_frame_free(paddr_t p, unsigned order);
void __wrap_frame_unref(paddr_t p);

void *__wrap_kmalloc(size_t size) { return alloc(size, CALLER); }

void *__wrap_kzalloc(size_t size)
{
	void *p = alloc(size, CALLER);

	return p ? memset(p, 0, size) : NULL;
}

/* Always moves, so that nobody comes to rely on the old place. */
void *__wrap_krealloc(void *p, size_t size)
{
	void *n;

	if (p)
		check_live(p, "krealloc", CALLER);
	n = alloc(size, CALLER);
	if (n && p) {
		memcpy(n, p, MIN(size, size_of(p)));
		release(p, CALLER);
	}
	return n;
}

void __wrap_kfree(void *p)
{
	if (p)
		release(p, CALLER);
}

size_t __wrap_kmalloc_size(const void *p)
{
	check_live(p, "kmalloc_size", CALLER);
	return size_of(p);
}

char *__wrap_kstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = alloc(n, CALLER);

	return copy ? memcpy(copy, s, n) : NULL;
}

void kasan_describe_heap(vaddr_t p)
{
	/* An object's header lies before the redzone or the object that was hit: look back for it, within a page. */
	for (vaddr_t a = ALIGN_DOWN(p, 16); a > ALIGN_DOWN(p, PAGE_SIZE); a -= 16) {
		const struct header *h = (const struct header *)a - 1;

		if (!kasan_has_shadow((vaddr_t)h) || *kasan_shadow_of((vaddr_t)h) != KASAN_HEAP_REDZONE)
			continue;
		if (h->magic != LIVE && h->magic != DEAD)
			continue;
		log_error("KASan: the heap object at %p has %u bytes, was allocated by %p, freed by %p (0x0: not yet)",
			  (const void *)(h + 1), h->size, h->allocated_by, h->freed_by);
		return;
	}
}

/* ---- frames ---- */
paddr_t __real_frame_alloc(unsigned order);
void __real_frame_free(paddr_t p, unsigned order);
void __real_frame_unref(paddr_t p);

paddr_t __wrap_frame_alloc(unsigned order)
{
	paddr_t p = __real_frame_alloc(order);

	if (p)
		kasan_unpoison(frame_ptr(p), PAGE_SIZE << order);
	return p;
}

void __wrap_frame_free(paddr_t p, unsigned order)
{
	/* Before, while it is still the caller's. */
	if (frame_managed(p) && order <= BUDDY_MAX_ORDER)
		kasan_poison(frame_ptr(p), PAGE_SIZE << order, KASAN_FRAME_FREED);
	__real_frame_free(p, order);
}

void __wrap_frame_unref(paddr_t p)
{
	struct frame *f = frame_meta(p);

	/* The caller's is the only reference, so nobody can take another meanwhile. */
	if (f && __atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) == 1)
		kasan_poison(frame_ptr(p), PAGE_SIZE << f->order, KASAN_FRAME_FREED);
	__real_frame_unref(p);
}

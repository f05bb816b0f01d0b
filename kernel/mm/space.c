/* SPDX-License-Identifier: MIT */
#include "mm/space.h"
#include <arch/patch.h>
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/heap.h"

#define SPACE_END 0x00007ffffffff000ull
#define SPACE_MIN 0x10000ull /* as Linux's vm.mmap_min_addr */
#define AREA_MAX  65530	     /* as Linux's vm.max_map_count */

struct space *space_create(void)
{
	struct space *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	area_tree_init(&s->areas);
	s->refs = 1;
	s->low = SPACE_MIN;
	s->high = SPACE_END;
	if (platform_space_init(s)) {
		kfree(s);
		return NULL;
	}
	return s;
}

/*
 * A CPU that has nothing to do keeps the last space it used loaded.  Such a space, empty by now, waits until the next
 * one goes.
 */
static void space_retire(struct space *s)
{
	static struct spinlock lock = SPINLOCK_INIT;
	static struct space *retired;
	struct space *free = NULL, **at;
	unsigned long ev = spin_lock(&lock);

	s->next_retired = retired;
	retired = s;
	for (at = &retired; (s = *at) != NULL;) {
		if (platform_space_loaded(s)) {
			at = &s->next_retired;
		} else {
			*at = s->next_retired;
			s->next_retired = free;
			free = s;
		}
	}
	spin_unlock(&lock, ev);
	while ((s = free) != NULL) {
		free = s->next_retired;
		platform_space_free(s);
		kfree(s);
	}
}

void space_unref(struct space *s)
{
	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	space_unmap(s, 0, SPACE_END);
	patch_free(s->sites);
	space_retire(s);
}

/* Areas and files that an operation has freed, let go of after the lock: file_unref may sleep. */
struct leftovers {
	struct area *areas; /* linked by node.left */
};

static void leave(struct leftovers *l, struct area *a)
{
	a->node.left = l->areas ? &l->areas->node : NULL;
	l->areas = a;
}

static void leftovers_free(struct leftovers *l)
{
	while (l->areas) {
		struct area *a = l->areas;

		l->areas = a->node.left ? container_of(a->node.left, struct area, node) : NULL;
		if (a->file)
			file_unref(a->file);
		kfree(a);
	}
}

/* At most two areas are cut by one operation; they are allocated before the lock is taken. */
struct spares {
	struct area *a[2];
	unsigned n;
};

static int spares_get(struct spares *sp)
{
	sp->n = 2;
	sp->a[0] = kmalloc(sizeof(struct area));
	sp->a[1] = kmalloc(sizeof(struct area));
	if (sp->a[0] && sp->a[1])
		return 0;
	kfree(sp->a[0]);
	kfree(sp->a[1]);
	return -ENOMEM;
}

static void spares_put(struct spares *sp)
{
	while (sp->n)
		kfree(sp->a[--sp->n]);
}

/* Makes addr a boundary between areas, if it lies inside one. */
static int cut(struct space *s, vaddr_t addr, struct spares *sp)
{
	struct area *a = area_find(&s->areas, addr), *upper;
	int err;

	if (!a || a->start == addr)
		return 0;
	err = platform_space_cut(s, addr);
	if (err)
		return err;
	upper = sp->a[--sp->n];
	area_split(&s->areas, a, upper, addr);
	if (upper->file)
		file_ref(upper->file);
	return 0;
}

static void merge_with_next(struct space *s, struct area *a, struct leftovers *l)
{
	struct area *b = area_next(a);

	if (!b || !area_can_merge(a, b))
		return;
	area_remove(&s->areas, b);
	area_resize(&s->areas, a, a->start, b->end);
	leave(l, b);
}

static void merge_around(struct space *s, vaddr_t start, vaddr_t end, struct leftovers *l)
{
	struct area *a = area_find_above(&s->areas, start ? start - 1 : 0);

	while (a && a->start <= end) {
		struct area *before = area_next(a);

		merge_with_next(s, a, l);
		if (area_next(a) == before)
			a = before;
	}
}

static int unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct spares *sp, struct leftovers *l)
{
	struct area *a, *next;
	int err;

	err = cut(s, start, sp);
	if (!err)
		err = cut(s, end, sp);
	if (err)
		return err;
	a = area_find_above(&s->areas, start);
	if (!a || a->start >= end)
		return 0;
	platform_space_unmap(s, MAX(start, a->start), end);
	for (; a && a->start < end; a = next) {
		next = area_next(a);
		area_remove(&s->areas, a);
		leave(l, a);
	}
	s->generation++;
	return 0;
}

static bool range_ok(vaddr_t addr, u64 len)
{
	return IS_ALIGNED(addr, PAGE_SIZE) && len && len <= SPACE_END && addr <= SPACE_END - len;
}

/* Where a mapping without a fixed place goes: at the hint if that is free, else from the top. */
static vaddr_t choose_place(struct space *s, vaddr_t hint, u64 len, u32 flags, struct file *file)
{
	vaddr_t addr = ALIGN_UP(hint, PAGE_SIZE);
	struct area *a;

	if (addr >= SPACE_MIN && range_ok(addr, len)) {
		a = area_find_above(&s->areas, addr);
		if (!a || a->start >= addr + len)
			return addr;
	}
	if (len >= HUGE_SIZE && !file && !(flags & (AREA_STACK | AREA_NOHUGE))) {
		addr = area_find_gap(&s->areas, s->low, s->high, len, HUGE_SIZE);
		if (addr)
			return addr;
	}
	return area_find_gap(&s->areas, s->low, s->high, len, PAGE_SIZE);
}

/* Not promised to anyone: stacks grow and page tables are needed after the last mmap(2) that was granted. */
static u64 map_reserve(void)
{
	return MIN(platform_memory_total() / 64, 512 * KiB);
}

s64 space_map(struct space *s, vaddr_t addr, u64 len, u32 flags, bool fixed, bool noreplace, struct file *file,
	      u64 offset, const char *name)
{
	struct leftovers left = {NULL};
	struct spares sp = {.n = 0};
	struct area *a;
	unsigned long ev;
	int err;

	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len || len > SPACE_END)
		return len ? -ENOMEM : -EINVAL;
	if (fixed && !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (fixed && !range_ok(addr, len))
		return -ENOMEM;
	if (fixed && addr < SPACE_MIN)
		return -EPERM;
	/* What cannot be had by any means is refused now, so that the program hears ENOMEM and not a fault. */
	if (!file && flags & AREA_WRITE && !(flags & AREA_NORESERVE) && len + map_reserve() > platform_memory_free())
		return -ENOMEM;
	a = kzalloc(sizeof(*a));
	if (!a || (fixed && !noreplace && spares_get(&sp))) {
		kfree(a);
		return -ENOMEM;
	}
	a->flags = flags;
	a->offset = offset;
	a->name = name;
	a->file = file ? file_ref(file) : NULL;

	ev = spin_lock(&s->lock);
	if (s->areas.count >= AREA_MAX)
		err = -ENOMEM;
	else if (!fixed)
		err = (addr = choose_place(s, addr, len, flags, file)) ? 0 : -ENOMEM;
	else if (noreplace)
		err = 0;
	else
		err = unmap_locked(s, addr, addr + len, &sp, &left);
	if (!err) {
		a->start = addr;
		a->end = addr + len;
		err = area_insert(&s->areas, a);
	}
	if (!err) {
		err = platform_space_map(s, a);
		if (err)
			area_remove(&s->areas, a);
	}
	if (err)
		leave(&left, a);
	else
		merge_around(s, a->start, a->end, &left);
	spin_unlock(&s->lock, ev);
	leftovers_free(&left);
	spares_put(&sp);
	return err ? err : (s64)addr;
}

s64 space_map_near(struct space *s, vaddr_t addr, u64 reach, u64 len, u32 flags, const char *name)
{
	vaddr_t lo = addr > reach + SPACE_MIN ? addr - reach : SPACE_MIN, hi = MIN(addr + reach, s->high), place = 0;
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find(&s->areas, addr);

	if (a)
		place = area_find_gap(&s->areas, lo, a->start, len, PAGE_SIZE);
	if (a && !place)
		place = area_find_gap(&s->areas, a->end, hi, len, PAGE_SIZE);
	spin_unlock(&s->lock, ev);
	return place ? space_map(s, place, len, flags, true, true, NULL, 0, name) : -ENOMEM;
}

int space_unmap(struct space *s, vaddr_t addr, u64 len)
{
	struct leftovers left = {NULL};
	struct spares sp;
	unsigned long ev;
	int err;

	len = ALIGN_UP(len, PAGE_SIZE);
	if (!range_ok(addr, len))
		return -EINVAL;
	err = spares_get(&sp);
	if (err)
		return err;
	ev = spin_lock(&s->lock);
	err = unmap_locked(s, addr, addr + len, &sp, &left);
	spin_unlock(&s->lock, ev);
	leftovers_free(&left);
	spares_put(&sp);
	return err;
}

/* -EACCES if a shared file was not opened for writing; -ENOMEM if part of the range is not mapped. */
static int protect_allowed(struct space *s, vaddr_t start, vaddr_t end, u32 prot)
{
	vaddr_t at = start;

	for (struct area *a = area_find_above(&s->areas, start); a && a->start < end; a = area_next(a)) {
		if (a->start > at)
			return -ENOMEM;
		if (prot & AREA_WRITE && a->flags & AREA_KERNEL)
			return -EACCES;
		if (prot & AREA_WRITE && a->flags & AREA_SHARED && a->file &&
		    (a->flags & AREA_NOWRITE || file_mappable(a->file, true, true)))
			return -EACCES;
		at = a->end;
	}
	return at < end ? -ENOMEM : 0;
}

int space_protect(struct space *s, vaddr_t addr, u64 len, u32 prot)
{
	struct leftovers left = {NULL};
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	struct spares sp;
	unsigned long ev;
	int err;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	if (!range_ok(addr, end - addr))
		return -ENOMEM;
	err = spares_get(&sp);
	if (err)
		return err;
	ev = spin_lock(&s->lock);
	err = protect_allowed(s, addr, end, prot);
	if (!err)
		err = cut(s, addr, &sp);
	if (!err)
		err = cut(s, end, &sp);
	if (!err) {
		for (struct area *a = area_find(&s->areas, addr); a && a->start < end; a = area_next(a))
			a->flags = (a->flags & ~AREA_PROT) | prot;
		platform_space_protect(s, addr, end, prot);
		merge_around(s, addr, end, &left);
		s->generation++;
	}
	spin_unlock(&s->lock, ev);
	leftovers_free(&left);
	spares_put(&sp);
	return err;
}

int space_discard(struct space *s, vaddr_t addr, u64 len)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE), at = addr;
	unsigned long ev;
	int err = 0;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	if (!range_ok(addr, end - addr))
		return -EINVAL;
	ev = spin_lock(&s->lock);
	for (struct area *a = area_find_above(&s->areas, addr); a && a->start < end; a = area_next(a)) {
		vaddr_t from = MAX(a->start, addr), to = MIN(a->end, end);

		err = a->start > at ? -ENOMEM : err; /* Linux does the rest all the same */
		at = a->end;
		if (platform_space_cut(s, from) || platform_space_cut(s, to)) {
			err = -ENOMEM;
			break;
		}
		platform_space_unmap(s, from, to);
	}
	if (!err && at < end)
		err = -ENOMEM;
	s->generation++;
	spin_unlock(&s->lock, ev);
	return err;
}

vaddr_t space_brk(struct space *s, vaddr_t addr)
{
	vaddr_t old = ALIGN_UP(s->brk, PAGE_SIZE), new = ALIGN_UP(addr, PAGE_SIZE);

	if (addr < s->brk_start || new < addr)
		return s->brk;
	if (new > old) {
		if (space_map(s, old, new - old, AREA_READ | AREA_WRITE, true, true, NULL, 0, "[heap]") < 0)
			return s->brk;
	} else if (new < old && space_unmap(s, new, old - new)) {
		return s->brk;
	}
	s->brk = addr;
	return addr;
}

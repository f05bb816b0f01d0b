/* SPDX-License-Identifier: MIT */
/*
 * Demand paging: what a page fault of the program (or of the kernel on its
 * behalf) brings in, and what mm/space.c takes away again.  Page tables are
 * guarded by space.lock; it is let go while a page is read or a huge page is
 * cleared, and the area is looked at again afterwards.
 */
#include <arch/cpu.h>
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/space.h"
#include "mm/vdso.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"
#include "proc/thread.h"

#define AROUND_PAGES 16 /* pages of an in-place file mapped with the one that faulted */
/* Memory is spent for speed only while this much is free, so that small machines do not run out by rounding. */
#define HUGE_RESERVE_FRAMES (8 * MiB / PAGE_SIZE)

static bool plenty_free(void) { return frame_free_count() > HUGE_RESERVE_FRAMES; }

/*
 * What reads of untouched anonymous memory see where memory is short or there is one CPU; never written, not the
 * allocator's.  Elsewhere a page of its own is cheaper: to put one in the zero page's place has to stop all CPUs.
 */
static u8 zero_page[PAGE_SIZE] __aligned(4096);

static u64 area_pte_flags(const struct area *a)
{
	return PTE_P | PTE_A | (a->flags & AREA_WRITE ? PTE_W | PTE_D : 0) | (a->flags & AREA_EXEC ? 0 : PTE_NX);
}

static void set_pte(struct space *s, u64 *pte, u64 v)
{
	if (!pte_there(*pte))
		s->resident++;
	WRITE_ONCE(*pte, v);
}

/* A write to a present page that is not writable: the zero page, a file's page in place, or one after fork. */
static int copy_on_write(struct space *s, u64 *pte, vaddr_t addr, u64 flags)
{
	paddr_t old = *pte & PTE_ADDR, new;

	if (frame_managed(old) && frame_refs(old) == 1) {
		*pte = old | flags;
		tlb_flush_local(addr, addr + PAGE_SIZE);
		return 0;
	}
	new = frame_alloc(0);
	if (!new)
		return -ENOMEM;
	memcpy(phys_to_virt(new), phys_to_virt(old), PAGE_SIZE);
	*pte = new | flags;
	tlb_flush_space(s, addr, addr + PAGE_SIZE);
	frame_unref(old);
	return 0;
}

/* The page is there already: who asked may be late, may want to write, or may not be allowed. */
static int fault_present(struct space *s, struct area *a, u64 *pte, bool huge, vaddr_t addr, u32 access)
{
	vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
	u64 flags = area_pte_flags(a);

	if (access != AREA_WRITE || *pte & PTE_W) {
		tlb_flush_local(page, page + PAGE_SIZE);
		return 0;
	}
	if (huge) {
		/* Huge pages are always the process's own; mprotect has made this one writable again. */
		*pte = (*pte & PTE_ADDR) | flags | PTE_PS;
		tlb_flush_local(page, page + PAGE_SIZE);
		return 0;
	}
	if (a->flags & AREA_SHARED) {
		if (a->file && file_page_written(a->file, a->offset + (page - a->start)))
			return -ENOMEM;
		*pte = (*pte & PTE_ADDR) | flags;
		tlb_flush_local(page, page + PAGE_SIZE);
		return 0;
	}
	return copy_on_write(s, pte, page, flags);
}

static bool huge_fits(const struct area *a, vaddr_t addr)
{
	vaddr_t block = ALIGN_DOWN(addr, HUGE_SIZE);

	return !a->file && !(a->flags & (AREA_STACK | AREA_NOHUGE | AREA_KERNEL | AREA_SHARED)) && a->start <= block &&
	       block + HUGE_SIZE <= a->end && plenty_free();
}

/* Maps the pages around addr whose bytes lie in memory already: most of a program's text comes in few faults. */
static void map_around(struct space *s, struct area *a, vaddr_t page)
{
	vaddr_t lo = ALIGN_DOWN(page, AROUND_PAGES * PAGE_SIZE), hi = lo + AROUND_PAGES * PAGE_SIZE;
	u64 flags = area_pte_flags(a) & ~(PTE_W | PTE_D);
	unsigned count, before;
	paddr_t frame;
	u64 *pte;

	lo = MAX(lo, a->start);
	hi = MIN(hi, a->end);
	before = (page - lo) >> PAGE_SHIFT;
	count = file_pages_in_place(a->file, a->offset + (lo - a->start), (hi - lo) >> PAGE_SHIFT, &frame);
	if (count <= before) { /* something in between has been written: from the page itself on */
		lo = page;
		count = file_pages_in_place(a->file, a->offset + (lo - a->start), (hi - lo) >> PAGE_SHIFT, &frame);
	}
	pte = paging_make(s->plat.root, lo, false);
	if (!pte)
		return;
	for (; count; count--, pte++, frame += PAGE_SIZE) {
		if (*pte)
			continue;
		*pte = frame | flags;
		s->resident++;
	}
}

/* Gets the page's memory without the lock.  0 and *frame (with a reference if managed), or -errno. */
static int read_file_page(struct file *file, u64 off, paddr_t *frame)
{
	paddr_t pa = frame_alloc(0);
	int err;

	if (!pa)
		return -ENOMEM;
	err = file_read_page(file, off, phys_to_virt(pa));
	if (err) {
		frame_free(pa, 0);
		return err == -ENOMEM ? err : -EIO;
	}
	*frame = pa;
	return 0;
}

static int fault_file(struct space *s, struct area *a, vaddr_t page, u32 access, unsigned long *ev)
{
	u64 off = a->offset + (page - a->start), generation = s->generation, flags = area_pte_flags(a);
	bool shared = a->flags & AREA_SHARED;
	struct file *file;
	paddr_t frame = 0;
	u64 *pte;
	int err;

	if (!shared && access != AREA_WRITE && file_pages_in_place(a->file, off, 1, &frame)) {
		map_around(s, a, page);
		return 0;
	}
	file = file_ref(a->file);
	spin_unlock(&s->lock, *ev);
	if (shared)
		err = file_page_shared(file, off, access == AREA_WRITE, &frame);
	else
		err = read_file_page(file, off, &frame);
	file_unref(file);
	*ev = spin_lock(&s->lock);
	if (err)
		return err == -ENOMEM ? err : -EIO;
	if (s->generation != generation) {
		frame_unref(frame);
		return -EAGAIN;
	}
	pte = paging_make(s->plat.root, page, false);
	if (!pte || pte_there(*pte)) {
		frame_unref(frame);
		return pte ? 0 : -ENOMEM;
	}
	if (shared && access != AREA_WRITE)
		flags &= ~(PTE_W | PTE_D); /* so that the first write is noticed: file_page_shared(write) */
	set_pte(s, pte, frame | flags);
	return 0;
}

static int fault_huge(struct space *s, struct area *a, vaddr_t addr, unsigned long *ev)
{
	vaddr_t block = ALIGN_DOWN(addr, HUGE_SIZE);
	u64 generation = s->generation, flags = area_pte_flags(a);
	paddr_t pa;
	u64 *pde;

	spin_unlock(&s->lock, *ev);
	pa = frame_alloc(HUGE_SHIFT - PAGE_SHIFT);
	if (pa)
		memset(phys_to_virt(pa), 0, HUGE_SIZE);
	*ev = spin_lock(&s->lock);
	if (!pa)
		return -ENOSPC; /* fragmented: the caller tries a small page */
	pde = s->generation == generation ? paging_make(s->plat.root, block, true) : NULL;
	if (!pde || *pde) {
		frame_free(pa, HUGE_SHIFT - PAGE_SHIFT);
		return pde ? 0 : -EAGAIN;
	}
	WRITE_ONCE(*pde, pa | flags | PTE_PS);
	s->resident += HUGE_SIZE / PAGE_SIZE;
	return 0;
}

static int fault_anonymous(struct space *s, struct area *a, vaddr_t page, u32 access)
{
	u64 *pte = paging_make(s->plat.root, page, false), flags = area_pte_flags(a);
	paddr_t pa;

	if (!pte)
		return -ENOMEM;
	if (access != AREA_WRITE && !(a->flags & AREA_SHARED) && (cpu_count == 1 || !plenty_free())) {
		set_pte(s, pte, virt_to_phys(zero_page) | (flags & ~(PTE_W | PTE_D)));
		return 0;
	}
	pa = frame_alloc(0);
	if (!pa)
		return -ENOMEM;
	memset(phys_to_virt(pa), 0, PAGE_SIZE);
	set_pte(s, pte, pa | flags);
	return 0;
}

static int fault_locked(struct space *s, vaddr_t addr, u32 access, bool small, unsigned long *ev)
{
	struct area *a = area_find(&s->areas, addr);
	vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
	paddr_t frame;
	bool huge;
	u64 *pte;
	bool allowed;

	if (!a)
		return -EFAULT;
	/* x86: writable implies readable, and so does executable for data accesses Linux allows. */
	allowed = a->flags & (access == AREA_READ ? AREA_PROT : access);
	/* Code in data: Linux brings the page first, and that there is none of the file's is SIGBUS. */
	if (!allowed && !(access == AREA_EXEC && a->file && a->flags & AREA_PROT))
		return -EACCES;
	pte = paging_find(s->plat.root, addr, &huge);
	if (pte && *pte & PTE_P)
		return allowed ? fault_present(s, a, pte, huge, addr, access) : -EACCES;
	if (!allowed)
		access = AREA_READ;
	if (a->flags & AREA_KERNEL) {
		frame = vdso_frame(page - s->vdso);
		pte = paging_make(s->plat.root, page, false);
		if (!pte)
			return -ENOMEM;
		set_pte(s, pte, frame | (area_pte_flags(a) & ~(PTE_W | PTE_D)));
		return 0;
	}
	if (a->file)
		return fault_file(s, a, page, access, ev);
	if (!pte && !small && huge_fits(a, addr))
		return fault_huge(s, a, addr, ev);
	return fault_anonymous(s, a, page, access);
}

int space_fault(struct space *s, vaddr_t addr, u32 access)
{
	unsigned long ev;
	bool small = false;
	int err;

	do {
		ev = spin_lock(&s->lock);
		err = fault_locked(s, addr, access, small, &ev);
		spin_unlock(&s->lock, ev);
		small |= err == -ENOSPC; /* no huge page to be had: a small one */
	} while (err == -EAGAIN || err == -ENOSPC);
	return err;
}

/* ---- what platform.h asks for ---- */

int platform_space_init(struct space *s)
{
	paddr_t root = frame_alloc(0);
	u64 *t;

	if (!root)
		return -ENOMEM;
	t = phys_to_virt(root);
	memset(t, 0, PAGE_SIZE / 2);
	memcpy(t + 256, kernel_root + 256, PAGE_SIZE / 2);
	s->plat.root = root;
	s->plat.cpus = 0;
	s->plat.flushes = 0;
	return 0;
}

void platform_space_free(struct space *s)
{
	paging_free_tables(s->plat.root);
	frame_free(s->plat.root, 0);
}

void platform_space_switch(struct space *s)
{
	struct cpu *c = this_cpu();

	if (c->space == s)
		return;
	if (c->space)
		__atomic_fetch_and(&c->space->plat.cpus, ~(1ull << c->id), __ATOMIC_RELAXED);
	__atomic_fetch_or(&s->plat.cpus, 1ull << c->id, __ATOMIC_SEQ_CST);
	cpu_write_cr3(s->plat.root);
	__atomic_store_n(&c->space, s, __ATOMIC_RELEASE); /* the old one may be freed from here on */
}

bool platform_space_loaded(struct space *s)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (__atomic_load_n(&cpus[i]->space, __ATOMIC_ACQUIRE) == s)
			return true;
	return false;
}

int platform_space_map(struct space *s, struct area *a) { return 0; }

/* Frames taken out of the tables wait here until no CPU can see them any more. */
struct unmap_batch {
	struct space *s;
	vaddr_t start, end;
	unsigned count;
	struct {
		paddr_t pa;
		bool huge;
	} page[64];
};

static void batch_finish(struct unmap_batch *b)
{
	if (!b->count)
		return;
	tlb_flush_space(b->s, b->start, b->end);
	for (unsigned i = 0; i < b->count; i++)
		frame_unref(b->page[i].pa);
	b->count = 0;
}

static void batch_add(struct unmap_batch *b, vaddr_t va, paddr_t pa, size_t size)
{
	if (!b->count)
		b->start = va;
	b->end = va + size;
	b->page[b->count++].pa = pa;
	b->s->resident -= size / PAGE_SIZE;
	if (b->count == ARRAY_SIZE(b->page))
		batch_finish(b);
}

/* A 2 MiB page that reaches across addr becomes 512 small ones, each a block of its own. */
int platform_space_cut(struct space *s, vaddr_t addr)
{
	bool huge;
	u64 *pde = paging_find(s->plat.root, addr, &huge);

	if (!pde || !huge || IS_ALIGNED(addr, HUGE_SIZE))
		return 0;
	paddr_t block = *pde & PTE_ADDR;
	int err = paging_split(pde);
	if (err)
		return err;
	frame_split(block);
	tlb_flush_space(s, ALIGN_DOWN(addr, HUGE_SIZE), ALIGN_DOWN(addr, HUGE_SIZE) + HUGE_SIZE);
	return 0;
}

void platform_space_unmap(struct space *s, vaddr_t start, vaddr_t end)
{
	struct unmap_batch b;

	b.s = s;
	b.count = 0;
	for (vaddr_t va = paging_skip(s->plat.root, start, end); va < end;
	     va = paging_skip(s->plat.root, va, end)) {
		bool huge;
		u64 *pte = paging_find(s->plat.root, va, &huge);
		paddr_t pa = *pte & PTE_ADDR;
		size_t size = huge ? HUGE_SIZE : PAGE_SIZE;

		*pte = 0;
		batch_add(&b, va, pa, size);
		va += size;
	}
	batch_finish(&b);
}

/* Makes room for the page at va; 2 MiB pages that do not fit there as they are are split.  0 or -ENOMEM. */
static int move_prepare(struct space *s, vaddr_t va, vaddr_t to, bool congruent)
{
	bool huge;
	u64 *pte = paging_find(s->plat.root, va, &huge), *pde;
	int err;

	if (huge) {
		pde = congruent ? paging_make(s->plat.root, to, true) : NULL;
		if (pde && !*pde)
			return 0;
		err = platform_space_cut(s, va + PAGE_SIZE);
		if (err)
			return err;
	} else if (!pte_there(*pte)) {
		return 0;
	}
	return paging_make(s->plat.root, to, false) ? 0 : -ENOMEM;
}

int platform_space_move(struct space *s, vaddr_t from, vaddr_t to, u64 len)
{
	bool congruent = IS_ALIGNED(from ^ to, HUGE_SIZE), huge;
	vaddr_t end = from + len, va;
	u64 *pte;
	int err = platform_space_cut(s, from);

	if (!err)
		err = platform_space_cut(s, end);
	for (va = paging_skip(s->plat.root, from, end); !err && va < end; va = paging_skip(s->plat.root, va, end)) {
		err = move_prepare(s, va, to + (va - from), congruent);
		(void)paging_find(s->plat.root, va, &huge);
		va += huge ? HUGE_SIZE : PAGE_SIZE;
	}
	if (err)
		return err;
	for (va = paging_skip(s->plat.root, from, end); va < end; va = paging_skip(s->plat.root, va, end)) {
		pte = paging_find(s->plat.root, va, &huge);
		if (pte_there(*pte)) {
			*paging_make(s->plat.root, to + (va - from), huge) = *pte;
			*pte = 0;
		}
		va += huge ? HUGE_SIZE : PAGE_SIZE;
	}
	tlb_flush_space(s, from, end);
	return 0;
}

bool platform_space_present(struct space *s, vaddr_t addr)
{
	bool huge;
	u64 *pte = paging_find(s->plat.root, addr, &huge);

	return pte && pte_there(*pte);
}

u64 platform_space_count(struct space *s, vaddr_t start, vaddr_t end, u64 *dirty)
{
	u64 n = 0;

	*dirty = 0;
	for (vaddr_t va = paging_skip(s->plat.root, start, end); va < end; va = paging_skip(s->plat.root, va, end)) {
		bool huge;
		u64 *pte = paging_find(s->plat.root, va, &huge);
		vaddr_t next = huge ? ALIGN_DOWN(va, 2 * MiB) + 2 * MiB : va + PAGE_SIZE;
		u64 pages = pte && pte_there(*pte) ? (MIN(next, end) - va) / PAGE_SIZE : 0;

		n += pages;
		if (pages && *pte & PTE_D)
			*dirty += pages;
		va = next;
	}
	return n;
}

void platform_space_protect(struct space *s, vaddr_t start, vaddr_t end, u32 prot)
{
	bool changed = false;

	for (vaddr_t va = paging_skip(s->plat.root, start, end); va < end;
	     va = paging_skip(s->plat.root, va, end)) {
		bool huge;
		u64 *pte = paging_find(s->plat.root, va, &huge), old = *pte, new;

		if (!(prot & AREA_PROT))
			new = (old & ~PTE_P) | PTE_NONE;
		else /* writable again only by the fault that knows whose page it is; readable, executable at once */
			new = (old & ~(PTE_W | PTE_NX | PTE_NONE)) | PTE_P | (prot & AREA_EXEC ? 0 : PTE_NX);
		*pte = new;
		changed |= old != new;
		va += huge ? HUGE_SIZE : PAGE_SIZE;
	}
	if (changed)
		tlb_flush_space(s, start, end);
}

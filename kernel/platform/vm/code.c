/* SPDX-License-Identifier: MIT */
/* Changes to a program's code by the kernel. */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/space.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"

/* The page that may be written to: this process's own.  0: not there, or not code. */
static paddr_t own_page(struct space *s, vaddr_t addr, int *err)
{
	struct area *a = area_find(&s->areas, addr);
	paddr_t old, new;
	bool huge;
	u64 *pte;

	*err = -EACCES;
	if (!a || (a->flags & (AREA_EXEC | AREA_WRITE | AREA_SHARED | AREA_KERNEL)) != AREA_EXEC)
		return 0;
	*err = -EAGAIN;
	pte = paging_find(s->plat.root, addr, &huge);
	if (!pte || !(*pte & PTE_P))
		return 0;
	*err = -EACCES;
	if (huge)
		return 0;
	old = *pte & PTE_ADDR;
	if (frame_managed(old) && frame_refs(old) == 1)
		return old;
	*err = -ENOMEM;
	new = frame_alloc(0);
	if (!new)
		return 0;
	memcpy(phys_to_virt(new), phys_to_virt(old), PAGE_SIZE);
	*pte = new | (*pte & ~PTE_ADDR);
	tlb_flush_space(s, ALIGN_DOWN(addr, PAGE_SIZE), ALIGN_DOWN(addr, PAGE_SIZE) + PAGE_SIZE);
	frame_unref(old);
	return new;
}

int platform_code_write(struct space *s, vaddr_t addr, const void *bytes, size_t n)
{
	vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
	unsigned long ev;
	paddr_t pa;
	int err;

	do {
		err = space_fault(s, addr, AREA_EXEC);
		if (err)
			return err;
		ev = spin_lock(&s->lock);
		pa = own_page(s, addr, &err);
		if (pa) {
			memcpy((u8 *)phys_to_virt(pa) + (addr - page), bytes, n);
			/* Each CPU answers by an interrupt, whose return is a serializing instruction (SDM 3A, 8.3). */
			tlb_flush_space(s, page, page + PAGE_SIZE);
			err = 0;
		}
		spin_unlock(&s->lock, ev);
	} while (err == -EAGAIN);
	return err;
}

/* A flush of a page that nobody has: INVLPG serializes (SDM 3A, 9.3), whether an interrupt or a spinning CPU answers. */
void platform_space_barrier(struct space *s) { tlb_flush_space(s, 0, PAGE_SIZE); }

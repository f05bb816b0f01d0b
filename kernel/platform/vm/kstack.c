/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: slots of 32 KiB in a region of their own, the upper half
 * mapped, the lower half a guard.  Freed stacks stay mapped and are used again.
 */
#include <arch/offsets.h>
#include "lib/spinlock.h"
#include "mm/frame.h"
#include "platform/platform.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"

#define SLOT_SIZE  (32 * KiB)
#define STACK_SIZE (SLOT_SIZE - KSTACK_GUARD)

struct free_stack {
	struct free_stack *next;
};
static struct free_stack *free_stacks; /* each in the topmost bytes of a free stack */
static vaddr_t next_slot = STACK_BASE;
static struct spinlock kstack_lock;

void *platform_kstack_alloc(u64 *low, u64 *top)
{
	unsigned long ev = spin_lock(&kstack_lock);
	struct free_stack *f = free_stacks;
	vaddr_t slot;

	if (f) {
		free_stacks = f->next;
		slot = ALIGN_DOWN((u64)f, SLOT_SIZE);
	} else {
		slot = next_slot;
		next_slot += SLOT_SIZE;
		for (vaddr_t va = slot + SLOT_SIZE - STACK_SIZE; va < slot + SLOT_SIZE; va += PAGE_SIZE) {
			paddr_t pa = frame_alloc(0);

			if (!pa || paging_map_kernel(va, pa, PTE_W | PTE_NX | PTE_A | PTE_D)) {
				/* The slot is lost, and so are the few frames it has: memory is at its end anyway. */
				spin_unlock(&kstack_lock, ev);
				return NULL;
			}
		}
	}
	spin_unlock(&kstack_lock, ev);
	*low = slot + SLOT_SIZE - STACK_SIZE;
	*top = slot + SLOT_SIZE;
	return (void *)slot;
}

void platform_kstack_free(void *stack)
{
	struct free_stack *f = (struct free_stack *)((u64)stack + SLOT_SIZE - sizeof(*f));
	unsigned long ev = spin_lock(&kstack_lock);

	f->next = free_stacks;
	free_stacks = f;
	spin_unlock(&kstack_lock, ev);
}

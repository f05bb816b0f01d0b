/* SPDX-License-Identifier: MIT */
/*
 * TLB shootdown: one request at a time, answered by an interrupt or, by a CPU
 * that spins with events masked, in platform_spin_wait().
 */
#include <arch/cpu.h>
#include "lib/spinlock.h"
#include "mm/space.h"
#include "platform/vm/apic.h"
#include "platform/vm/paging.h"
#include "proc/cpu.h"

#define FLUSH_ALL_PAGES 32 /* above: reload CR3 instead of invalidating page by page */

static struct {
	struct spinlock lock;
	vaddr_t start, end;
	u64 pending; /* CPUs that have not answered */
} shootdown;

void tlb_flush_local(vaddr_t start, vaddr_t end)
{
	if (end - start > FLUSH_ALL_PAGES * PAGE_SIZE) {
		cpu_write_cr3(cpu_read_cr3());
		return;
	}
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		cpu_invlpg(va);
}

void tlb_serve(void)
{
	u64 me = 1ull << this_cpu()->id;

	if (!(__atomic_load_n(&shootdown.pending, __ATOMIC_ACQUIRE) & me))
		return;
	tlb_flush_local(shootdown.start, shootdown.end);
	__atomic_fetch_and(&shootdown.pending, ~me, __ATOMIC_RELEASE);
}

void platform_spin_wait(void)
{
	cpu_relax();
	tlb_serve();
}

void tlb_flush(u64 targets, vaddr_t start, vaddr_t end)
{
	unsigned long ev = events_save();
	u64 me = 1ull << this_cpu()->id;

	tlb_flush_local(start, end);
	if (targets & ~me) {
		unsigned long inner = spin_lock(&shootdown.lock);

		targets &= ~me;
		shootdown.start = start;
		shootdown.end = end;
		__atomic_store_n(&shootdown.pending, targets, __ATOMIC_SEQ_CST);
		apic_send_ipi_mask(targets, VECTOR_TLB);
		while (__atomic_load_n(&shootdown.pending, __ATOMIC_ACQUIRE))
			cpu_relax();
		spin_unlock(&shootdown.lock, inner);
	}
	events_restore(ev);
}

void tlb_flush_space(struct space *s, vaddr_t start, vaddr_t end)
{
	u64 targets;

	__atomic_fetch_add(&s->plat.flushes, 1, __ATOMIC_SEQ_CST);
	targets = __atomic_load_n(&s->plat.cpus, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&s->plat.flushes, 1, __ATOMIC_SEQ_CST);
	tlb_flush(targets, start, end);
}

/*
 * A flush that has looked at s->plat.cpus while this CPU was not in it has counted on either side of that look: since
 * `seen`, which was read before we left, or so lately that its second count is still missing when we are back.
 */
u32 tlb_idle_enter(void)
{
	struct space *s = this_cpu()->space;
	u32 seen;

	if (!s)
		return 0;
	seen = __atomic_load_n(&s->plat.flushes, __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&s->plat.cpus, ~(1ull << this_cpu()->id), __ATOMIC_SEQ_CST);
	return seen;
}

void tlb_idle_leave(u32 seen)
{
	struct space *s = this_cpu()->space;
	u32 now;

	if (!s)
		return;
	__atomic_fetch_or(&s->plat.cpus, 1ull << this_cpu()->id, __ATOMIC_SEQ_CST);
	now = __atomic_load_n(&s->plat.flushes, __ATOMIC_SEQ_CST);
	if (now != seen || now & 1)
		cpu_write_cr3(cpu_read_cr3());
}

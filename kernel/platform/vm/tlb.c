/* SPDX-License-Identifier: MIT */
/*
 * TLB shootdown: one request at a time, answered by an interrupt or, by a CPU
 * that spins with events masked, in platform_spin_wait().
 */
#include <arch/cpu.h>
#include "lib/spinlock.h"
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

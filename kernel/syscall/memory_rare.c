/* SPDX-License-Identifier: MIT */
/* membarrier(2), protection keys, remap_file_pages(2). */
#include "fs/file.h"
#include "mm/space.h"
#include "proc/rseq.h"
#include "proc/thread.h"
#include "syscall/syscall.h"

/* ---- membarrier ---- */

#define MEMBARRIER_QUERY			0
#define MEMBARRIER_GLOBAL			0x001
#define MEMBARRIER_GLOBAL_EXPEDITED		0x002
#define MEMBARRIER_REGISTER_GLOBAL		0x004
#define MEMBARRIER_PRIVATE_EXPEDITED		0x008
#define MEMBARRIER_REGISTER_PRIVATE		0x010
#define MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE	0x020
#define MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE	0x040
#define MEMBARRIER_PRIVATE_EXPEDITED_RSEQ	0x080
#define MEMBARRIER_REGISTER_PRIVATE_RSEQ	0x100
#define MEMBARRIER_GET_REGISTRATIONS		0x200
#define MEMBARRIER_ALL				0x3ff
#define MEMBARRIER_FLAG_CPU			1

static long barrier_if(struct space *s, u32 registered)
{
	if (registered && !(__atomic_load_n(&s->membarrier, __ATOMIC_RELAXED) & registered))
		return -EPERM;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	platform_space_barrier(s);
	return 0;
}


/* Who is in a sequence right now, on one CPU or (negative) any, starts it anew. */
static long restart_sequences(struct space *s, int cpu)
{
	if (!(__atomic_load_n(&s->membarrier, __ATOMIC_RELAXED) & MEMBARRIER_REGISTER_PRIVATE_RSEQ))
		return -EPERM;
	if (cpu < 0)
		sched_interrupt_sequences(~0ull);
	else if ((unsigned)cpu < cpu_count)
		sched_interrupt_sequences(1ull << cpu);
	return barrier_if(s, 0); /* its interrupt makes them look */
}

long sys_membarrier(int cmd, unsigned flags, int cpu)
{
	struct space *s = current->process->space;

	if (flags & ~(cmd == MEMBARRIER_PRIVATE_EXPEDITED_RSEQ ? MEMBARRIER_FLAG_CPU : 0u))
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_ALL;
	case MEMBARRIER_GLOBAL: /* there is one process: it is all of them */
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return barrier_if(s, 0);
	case MEMBARRIER_PRIVATE_EXPEDITED:
		return barrier_if(s, MEMBARRIER_REGISTER_PRIVATE);
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
		return barrier_if(s, MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE);
	case MEMBARRIER_PRIVATE_EXPEDITED_RSEQ:
		return restart_sequences(s, flags ? cpu : -1);
	case MEMBARRIER_REGISTER_PRIVATE_RSEQ:
	case MEMBARRIER_REGISTER_GLOBAL:
	case MEMBARRIER_REGISTER_PRIVATE:
	case MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE:
		__atomic_fetch_or(&s->membarrier, (u32)cmd, __ATOMIC_RELAXED);
		return 0;
	case MEMBARRIER_GET_REGISTRATIONS:
		return (long)__atomic_load_n(&s->membarrier, __ATOMIC_RELAXED);
	default:
		return -EINVAL;
	}
}

/* ---- protection keys: CR4.PKE stays clear, so there are none but -1, "no key" ---- */

#define PKEY_ACCESS_MASK 3u

long sys_pkey_alloc(unsigned flags, u64 rights) { return flags || rights & ~(u64)PKEY_ACCESS_MASK ? -EINVAL : -ENOSPC; }
long sys_pkey_free(int key) { return -EINVAL; }
long sys_pkey_mprotect(u64 addr, u64 len, int prot, int key)
{
	return key == -1 ? sys_mprotect(addr, len, prot) : -EINVAL;
}

/* ---- remap_file_pages: as Linux emulates it since 4.0, a new mapping in the place of the old ---- */

/* The file that [start, end) maps shared, in areas alike that follow each other; with a reference, or NULL. */
static struct file *mapped_file(struct space *s, u64 start, u64 end, u32 *flags)
{
	unsigned long ev = spin_lock(&s->lock);
	struct area *first = area_find(&s->areas, start), *a = first;
	struct file *f = NULL;

	if (first && first->file && (first->flags & AREA_SHARED)) {
		while (a && a->end < end) {
			struct area *next = area_next(a);

			if (!next || next->start != a->end || next->file != first->file || next->flags != first->flags)
				a = NULL;
			else
				a = next;
		}
		if (a) {
			f = file_ref(first->file);
			*flags = first->flags;
		}
	}
	spin_unlock(&s->lock, ev);
	return f;
}

long sys_remap_file_pages(u64 start, u64 size, u64 prot, u64 page, u64 flags)
{
	struct space *s = current->process->space;
	struct file *f;
	u32 area;
	s64 at;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	size = ALIGN_DOWN(size, PAGE_SIZE);
	if (prot || start + size <= start || page + (size >> PAGE_SHIFT) < page || page > (~0ull >> PAGE_SHIFT) ||
	    (page << PAGE_SHIFT) + size < size)
		return -EINVAL;
	f = mapped_file(s, start, start + size, &area);
	if (!f)
		return -EINVAL;
	at = space_map(s, start, size, area, true, false, f, page << PAGE_SHIFT, NULL);
	file_unref(f);
	return at < 0 ? (long)at : 0;
}

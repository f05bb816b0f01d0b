/* SPDX-License-Identifier: MIT */
#include "kvm/memory.h"

#include <errno.h>
#include <sys/mman.h>


/*
 * Address space only: the host backs what is touched.  KVM maps a huge page only where it begins on the same boundary
 * in the guest as it does here.
 */
static unsigned char *memory_map(uint64_t size, uint64_t align)
{
	unsigned char *host, *from;
	size_t before;

	host = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED || !align)
		return host;
	from = (unsigned char *)(((uintptr_t)host + align - 1) & ~(align - 1));
	before = (size_t)(from - host);
	if (before)
		munmap(host, before);
	munmap(from + size, align - before);
	return from;
}

int memory_make(struct memory *m, const struct memory_wish *w)
{
	uint64_t low = w->size < MEMORY_HOLE ? w->size : MEMORY_HOLE;
	unsigned char *host = memory_map(w->size, w->size >= HUGE_PAGE ? HUGE_PAGE : 0);

	if (host == MAP_FAILED)
		return -errno;
	/* Wishes: a host without KSM or huge pages runs the guest all the same. */
	if (w->mergeable)
		madvise(host, w->size, MADV_MERGEABLE);
	madvise(host, w->size, w->hugepage ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	madvise(host, w->size, MADV_DONTDUMP);
	m->piece[0] = (struct memory_piece){ .base = 0, .size = low, .host = host };
	m->pieces = 1;
	if (w->size > low) {
		m->piece[1] = (struct memory_piece){ .base = MEMORY_HOLE_END, .size = w->size - low,
						     .host = host + low };
		m->pieces = 2;
	}
	return 0;
}

void *guest_mem(const struct memory *m, uint64_t addr, uint64_t len)
{
	for (unsigned int i = 0; i < m->pieces; i++) {
		const struct memory_piece *p = &m->piece[i];

		/* No sum that could overflow: addr is below the piece's end, so what is left of it is known. */
		if (addr >= p->base && addr - p->base < p->size)
			return len <= p->size - (addr - p->base) ? p->host + (addr - p->base) : NULL;
	}
	return NULL;
}

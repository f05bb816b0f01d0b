/* SPDX-License-Identifier: MIT */
/*
 * An address space: areas, and how mmap(2) and its kin change them.  The
 * platform maps the memory behind it (platform/platform.h): with page tables
 * and on demand on `vm`, with the host's mmap on `process`.
 * space.lock guards the areas and the page tables below them; it is never held
 * while a page is read from a file.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "lib/spinlock.h"
#include "lib/types.h"
#include "mm/area.h"
#include "platform/platform.h"

struct space {
	struct spinlock lock;
	struct area_tree areas;
	u64 generation;	      /* raised by every change of areas: a fault that let go of the lock looks again */
	vaddr_t vdso;	      /* where vvar and vDSO are mapped: AREA_KERNEL pages are found by their distance from it */
	vaddr_t low, high;    /* mmap searches [low, high), from the top */
	vaddr_t brk_start, brk; /* brk(2)'s heap */
	u64 resident;	      /* pages mapped */
	u32 refs;
	struct space *next_retired; /* see space_unref() */
	u32 membarrier;	      /* what it has registered for: membarrier(2)'s bits */
	bool lock_future;     /* mlockall(MCL_FUTURE): new mappings are filled at once */
	struct call_sites *sites; /* arch/patch.h's; NULL: none */
	struct platform_space plat;
};

struct space *space_create(void); /* NULL: no memory */
void space_unref(struct space *s);

#define MAP_FIXED_MASK 1u

/*
 * Maps [addr, addr + len) or, if addr is 0 or `fixed` false and the place is taken, somewhere.  len is rounded
 * up.  flags: AREA_*; file: NULL for anonymous memory (the call takes its own reference).
 * Replaces what was there if fixed (noreplace: -EEXIST instead).  The address, or a negative errno.
 */
s64 space_map(struct space *s, vaddr_t addr, u64 len, u32 flags, bool fixed, bool noreplace, struct file *file,
	      u64 offset, const char *name);
/* The kernel's own: anonymous memory at most `reach` away from addr, which is mapped.  Below its area if there is room. */
s64 space_map_near(struct space *s, vaddr_t addr, u64 reach, u64 len, u32 flags, const char *name);
int space_unmap(struct space *s, vaddr_t addr, u64 len);
int space_protect(struct space *s, vaddr_t addr, u64 len, u32 prot); /* -ENOMEM if there is a hole */
/* madvise(MADV_DONTNEED): anonymous memory reads as zeros again, file pages are read again. */
int space_discard(struct space *s, vaddr_t addr, u64 len);
/*
 * mremap(2): [addr, addr + old_len), inside one area, becomes new_len long, where it is or (may_move) elsewhere;
 * fixed != 0: at that place, replacing what was there.  keep: the old place stays mapped, empty (MREMAP_DONTUNMAP).
 * The new address; -EFAULT, -EINVAL, -ENOMEM.
 */
s64 space_remap(struct space *s, vaddr_t addr, u64 old_len, u64 new_len, bool may_move, vaddr_t fixed, bool keep);
vaddr_t space_brk(struct space *s, vaddr_t addr); /* brk(2): the resulting end */

/*
 * The program touched addr (access: AREA_READ, _WRITE or _EXEC).  0: go on; else the signal to raise:
 * -EFAULT SIGSEGV/MAPERR, -EACCES SIGSEGV/ACCERR, -EIO SIGBUS, -ENOMEM no memory.
 */
int space_fault(struct space *s, vaddr_t addr, u32 access);

#endif

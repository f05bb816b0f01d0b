/* SPDX-License-Identifier: MIT */
/* mremap(2), out of what mm/space.c has and the platform's moving of pages. */
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/space.h"

/* What is being moved; the file with a reference. */
struct source {
	u32 flags;
	struct file *file;
	u64 offset;
	const char *name;
	bool to_end; /* the range ends where its area does */
};

static int find_source(struct space *s, vaddr_t addr, u64 len, struct source *src)
{
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find(&s->areas, addr);
	int err = 0;

	if (!a || len > a->end - addr) {
		err = -EFAULT;
	} else if (a->flags & AREA_KERNEL) {
		err = -EINVAL; /* the vDSO's own */
	} else {
		src->flags = a->flags;
		src->file = a->file ? file_ref(a->file) : NULL;
		src->offset = a->offset + (addr - a->start);
		src->name = a->name;
		src->to_end = addr + len == a->end;
	}
	spin_unlock(&s->lock, ev);
	return err;
}

static s64 grow_in_place(struct space *s, vaddr_t addr, u64 old_len, u64 new_len, const struct source *src)
{
	s64 at;

	if (!src->to_end)
		return -ENOMEM;
	at = space_map(s, addr + old_len, new_len - old_len, src->flags, true, true, src->file,
		       src->offset + old_len, src->name);
	return at < 0 ? at : (s64)addr;
}

/*
 * A new area, then the pages, then the old area goes.  The new one asks for no memory but what it has more,
 * so it is made as one without a promise.
 */
static s64 move(struct space *s, vaddr_t addr, u64 old_len, u64 new_len, vaddr_t fixed, bool keep,
		const struct source *src)
{
	u64 len = MIN(old_len, new_len);
	unsigned long ev;
	struct area *a;
	s64 to;
	int err;

	if (new_len > old_len && !src->file && !(src->flags & AREA_NORESERVE) &&
	    new_len - old_len > platform_memory_free())
		return -ENOMEM;
	to = space_map(s, fixed, new_len, src->flags | AREA_NORESERVE, fixed != 0, false, src->file,
		       src->offset, src->name);
	if (to < 0)
		return to;
	ev = spin_lock(&s->lock);
	a = area_find(&s->areas, (vaddr_t)to);
	if (a && !(src->flags & AREA_NORESERVE))
		a->flags &= ~AREA_NORESERVE;
	s->generation++;
	err = len ? platform_space_move(s, addr, (vaddr_t)to, len) : 0;
	spin_unlock(&s->lock, ev);
	if (err) {
		space_unmap(s, (vaddr_t)to, new_len);
		return err;
	}
	if (!keep && old_len)
		space_unmap(s, addr, old_len);
	return to;
}

s64 space_remap(struct space *s, vaddr_t addr, u64 old_len, u64 new_len, bool may_move, vaddr_t fixed,
		bool keep)
{
	struct source src;
	s64 to;
	int err = find_source(s, addr, old_len, &src);

	if (err)
		return err;
	if (!old_len && !(src.file && src.flags & AREA_SHARED)) {
		/* A second view of shared memory; of what is private there can be none. */
		to = -EINVAL;
	} else if (keep && (src.file || src.flags & AREA_SHARED)) {
		to = -EINVAL;
	} else if (fixed || keep) {
		to = move(s, addr, old_len, new_len, fixed, keep, &src);
	} else if (new_len == old_len) {
		to = (s64)addr;
	} else if (new_len < old_len) {
		err = space_unmap(s, addr + new_len, old_len - new_len);
		to = err ? err : (s64)addr;
	} else {
		to = old_len ? grow_in_place(s, addr, old_len, new_len, &src) : -ENOMEM;
		if (to < 0)
			to = may_move ? move(s, addr, old_len, new_len, 0, false, &src) : -ENOMEM;
	}
	if (src.file)
		file_unref(src.file);
	return to;
}

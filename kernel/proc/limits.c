/* SPDX-License-Identifier: MIT */
#include "proc/limits.h"
#include "lib/errno.h"
#include "mm/space.h"
#include "proc/thread.h"

/* What Linux counts as data: private memory that can be written, but for stacks. */
static bool is_data(u32 flags)
{
	return (flags & (AREA_WRITE | AREA_SHARED | AREA_STACK | AREA_GROWSDOWN)) == AREA_WRITE;
}

struct sums {
	u64 data;     /* in all of the space */
	u64 within;   /* mapped in [addr, end) */
	u64 new_data; /* ... and data once it can be written */
};

static struct sums sum_up(struct space *s, u64 addr, u64 end)
{
	unsigned long ev = spin_lock(&s->lock);
	struct sums n = {0};

	for (struct area *a = area_find_above(&s->areas, 0); a; a = area_next(a)) {
		u64 from = MAX(a->start, addr), to = MIN(a->end, end);

		if (is_data(a->flags))
			n.data += a->end - a->start;
		if (from < to)
			n.within += to - from;
		if (from < to && !is_data(a->flags) && is_data(a->flags | AREA_WRITE))
			n.new_data += to - from;
	}
	spin_unlock(&s->lock, ev);
	return n;
}

/* Linux counts in pages. */
static u64 limit_of(unsigned which)
{
	u64 l = current->process->limits[which].cur;

	return l == RLIM_INFINITY ? l : l & ~(u64)(PAGE_SIZE - 1);
}

static bool passes(u64 is, u64 more, u64 limit) { return more && (more > limit || is > limit - more); }

int limit_memory(u64 addr, u64 len, u32 flags, bool replaces, bool may_not)
{
	u64 limit = limit_of(RLIMIT_AS), data_limit = is_data(flags) ? limit_of(RLIMIT_DATA) : RLIM_INFINITY;
	struct space *s = current->process->space;
	struct sums n;

	if (likely(limit == RLIM_INFINITY && data_limit == RLIM_INFINITY))
		return 0;
	n = sum_up(s, addr, addr + len);
	if (may_not && n.within)
		return -EEXIST;
	if (replaces)
		len -= n.within;
	return passes(READ_ONCE(s->areas.bytes), len, limit) || passes(n.data, len, data_limit) ? -ENOMEM : 0;
}

int limit_writable(u64 addr, u64 len)
{
	u64 limit = limit_of(RLIMIT_DATA);
	struct sums n;

	if (likely(limit == RLIM_INFINITY))
		return 0;
	n = sum_up(current->process->space, addr, addr + len);
	return passes(n.data, n.new_data, limit) ? -ENOMEM : 0;
}

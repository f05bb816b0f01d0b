/* SPDX-License-Identifier: MIT */
/* Memory: mmap(2) and its kin.  The address space itself is mm/space.c. */
#include "fs/abi.h"
#include "fs/fd.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "mm/space.h"
#include "proc/limits.h"
#include "proc/thread.h"
#include "syscall/memory.h"
#include "syscall/syscall.h"

#define PROT_READ      1
#define PROT_WRITE     2
#define PROT_EXEC      4
#define PROT_SEM       8
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000

#define MAP_SHARED	    0x01
#define MAP_PRIVATE	    0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE	    0x0f
#define MAP_FIXED	    0x10
#define MAP_ANONYMOUS	    0x20
#define MAP_32BIT	    0x40
#define MAP_GROWSDOWN	    0x0100
#define MAP_LOCKED	    0x2000
#define MAP_NORESERVE	    0x4000
#define MAP_POPULATE	    0x8000
#define MAP_NONBLOCK	    0x10000
#define MAP_STACK	    0x20000
#define MAP_HUGETLB	    0x40000
#define MAP_SYNC	    0x80000
#define MAP_FIXED_NOREPLACE 0x100000

static struct space *space(void)
{
	return current->process->space;
}

static u32 prot_flags(int prot)
{
	return (prot & PROT_READ ? AREA_READ : 0) | (prot & PROT_WRITE ? AREA_WRITE : 0) |
	       (prot & PROT_EXEC ? AREA_EXEC : 0);
}

/* MAP_POPULATE, MAP_LOCKED, mlock(2): touches every page.  Linux too passes over errors after mmap. */
static int populate(vaddr_t addr, u64 len, u32 prot)
{
	u32 access = prot & AREA_WRITE ? AREA_WRITE : prot & AREA_READ ? AREA_READ : AREA_EXEC;

	for (vaddr_t a = addr; a < addr + len; a += PAGE_SIZE) {
		int err = space_fault(space(), a, access);

		if (err)
			return err;
		if (READ_ONCE(current->work) & THREAD_WORK_EXIT)
			return -EINTR;
	}
	return 0;
}

/* The file behind fd, fit for being mapped like this; its reference goes to the caller. */
static int get_mappable(int fd, int prot, int type, struct file **out)
{
	struct file *f = fd_get_file(fd);
	int err;

	if (!f)
		return -EBADF;
	err = file_mappable(f, type != MAP_PRIVATE, prot & PROT_WRITE);
	if (err) {
		file_unref(f);
		return err;
	}
	*out = f;
	return 0;
}

long sys_mmap(u64 addr, u64 len, int prot, int flags, int fd, u64 off)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE), noreplace = flags & MAP_FIXED_NOREPLACE;
	int type = flags & MAP_TYPE, err;
	struct file *file = NULL;
	u32 area = prot_flags(prot);
	s64 at;

	if (!IS_ALIGNED(off, PAGE_SIZE))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		err = get_mappable(fd, prot, type, &file);
		if (err)
			return err;
	}
	at = -EINVAL;
	if (!len || (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE))
		goto out;
	at = -EOPNOTSUPP;
	if (type == MAP_SHARED_VALIDATE && (flags & MAP_SYNC))
		goto out;
	at = -ENOMEM;
	if (ALIGN_UP(len, PAGE_SIZE) < len ||
	    (flags & MAP_HUGETLB)) /* no huge pages are set aside: as Linux then */
		goto out;
	at = -EOVERFLOW;
	if (file && off + len < off)
		goto out;
	at = -EINVAL;
	if (fixed && !IS_ALIGNED(addr, PAGE_SIZE))
		goto out;
	if (type != MAP_PRIVATE)
		area |= AREA_SHARED;
	if (file && (area & AREA_SHARED) && !memfd_may_write_shared(file)) {
		at = -EPERM;
		if (area & AREA_WRITE)
			goto out;
		area |= AREA_NOWRITE;
	}
	if (flags & MAP_NORESERVE)
		area |= AREA_NORESERVE;
	if (flags & MAP_GROWSDOWN)
		area |= AREA_GROWSDOWN | AREA_STACK;
	at = limit_memory(addr, ALIGN_UP(len, PAGE_SIZE), area, fixed && !noreplace, noreplace);
	if (at)
		goto out;
	at = space_map(space(), ALIGN_DOWN(addr, PAGE_SIZE), len, area, fixed, noreplace, file, off, NULL);
	/* A seal that came in between has not seen this mapping: it goes again. */
	if (at > 0 && file && (area & (AREA_SHARED | AREA_NOWRITE)) == AREA_SHARED && !memfd_may_write_shared(file)) {
		(void)space_unmap(space(), (vaddr_t)at, len);
		at = -EPERM;
	}
	if (at > 0 && ((flags & (MAP_POPULATE | MAP_LOCKED)) || READ_ONCE(space()->lock_future)) && !(flags & MAP_NONBLOCK) && (area & AREA_PROT))
		(void)populate((vaddr_t)at, ALIGN_UP(len, PAGE_SIZE), area);
out:
	if (file)
		file_unref(file);
	return at;
}

int check_range(u64 addr, u64 *len)
{
	u64 up = ALIGN_UP(*len, PAGE_SIZE);

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (*len && !up)
		return -EINVAL;
	*len = up;
	return addr + up < addr ? -EINVAL : 0;
}

long sys_munmap(u64 addr, u64 len)
{
	int err = check_range(addr, &len);

	if (err)
		return err;
	if (!len || !user_range_ok((void __user *)addr, len))
		return -EINVAL;
	return space_unmap(space(), addr, len);
}

long sys_mprotect(u64 addr, u64 len, int prot)
{
	int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);

	prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len || addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (!user_range_ok((void __user *)addr, len))
		return -ENOMEM;
	if ((prot & PROT_WRITE) && limit_writable(addr, len))
		return -ENOMEM;
	return space_protect(space(), addr, len, prot_flags(prot));
}

long sys_brk(u64 addr)
{
	u64 was = READ_ONCE(space()->brk), now;

	if (addr > was && limit_memory(0, ALIGN_UP(addr, PAGE_SIZE) - ALIGN_UP(was, PAGE_SIZE), AREA_READ | AREA_WRITE, false, false))
		return (long)was;
	now = space_brk(space(), addr);

	if (unlikely(READ_ONCE(space()->lock_future)) && now > was)
		(void)populate(ALIGN_UP(was, PAGE_SIZE), ALIGN_UP(now, PAGE_SIZE) - ALIGN_UP(was, PAGE_SIZE), AREA_WRITE);
	return (long)now;
}

#define MREMAP_MAYMOVE	 1
#define MREMAP_FIXED	 2
#define MREMAP_DONTUNMAP 4

static u32 area_flags(u64 addr)
{
	unsigned long ev = spin_lock(&space()->lock);
	struct area *a = area_find(&space()->areas, addr);
	u32 flags = a ? a->flags : 0;

	spin_unlock(&space()->lock, ev);
	return flags;
}

long sys_mremap(u64 addr, u64 old_len, u64 new_len, u64 flags, u64 new_addr)
{
	bool fixed = flags & MREMAP_FIXED, keep = flags & MREMAP_DONTUNMAP, may_move = flags & MREMAP_MAYMOVE;

	if (flags & ~(u64)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((fixed || keep) && !may_move)
		return -EINVAL;
	if (keep && old_len != new_len)
		return -EINVAL;
	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	old_len = ALIGN_UP(old_len, PAGE_SIZE);
	new_len = ALIGN_UP(new_len, PAGE_SIZE);
	if (!new_len)
		return -EINVAL;
	if (fixed) {
		if (!IS_ALIGNED(new_addr, PAGE_SIZE) || !user_range_ok((void __user *)new_addr, new_len) ||
		    !new_addr)
			return -EINVAL;
		if (addr + old_len > new_addr && new_addr + new_len > addr) /* they overlap */
			return -EINVAL;
	}
	if (!user_range_ok((void __user *)addr, old_len))
		return -EFAULT;
	if (new_len > old_len && limit_memory(0, new_len - old_len, area_flags(addr), false, false))
		return -ENOMEM;
	return space_remap(space(), addr, old_len, new_len, may_move, fixed ? new_addr : 0, keep);
}

/* ---- madvise ---- */

enum {
	MADV_NORMAL,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_DONTNEED,
	MADV_FREE = 8,
	MADV_REMOVE,
	MADV_DONTFORK,
	MADV_DOFORK,
	MADV_MERGEABLE,
	MADV_UNMERGEABLE,
	MADV_HUGEPAGE,
	MADV_NOHUGEPAGE,
	MADV_DONTDUMP,
	MADV_DODUMP,
	MADV_WIPEONFORK,
	MADV_KEEPONFORK,
	MADV_COLD,
	MADV_PAGEOUT,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE,
	MADV_DONTNEED_LOCKED,
};

int range_is(u64 addr, u64 len, bool *anonymous)
{
	struct space *s = space();
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find(&s->areas, addr);
	u64 at = addr;

	*anonymous = true;
	while (a && a->start <= at && at < addr + len) {
		if (a->file || (a->flags & (AREA_SHARED | AREA_KERNEL)))
			*anonymous = false;
		at = a->end;
		a = area_next(a);
	}
	spin_unlock(&s->lock, ev);
	return at < addr + len ? -ENOMEM : 0;
}

long sys_madvise(u64 addr, u64 len, int advice)
{
	bool anonymous;
	int err, hole;

	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DONTFORK ... MADV_DOFORK:
	case MADV_HUGEPAGE ... MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		break;
	default: /* MADV_REMOVE, MADV_MERGEABLE, ...: Linux too, where it is configured without */
		return -EINVAL;
	}
	err = check_range(addr, &len);
	if (err || !len)
		return err;
	if (!user_range_ok((void __user *)addr, len))
		return -ENOMEM;
	hole = range_is(addr, len, &anonymous);
	switch (advice) {
	case MADV_FREE:
		/* "The kernel may free the pages": it does at once. */
		if (!anonymous)
			return -EINVAL;
		/* fall through */
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		err = space_discard(space(), addr, len);
		return err ? err : hole;
	case MADV_WIPEONFORK:
		return anonymous ? hole : -EINVAL;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		if (hole)
			return hole;
		err = populate(addr, len, advice == MADV_POPULATE_READ ? AREA_READ : AREA_WRITE);
		return err == -EIO ? -EFAULT : err == -EACCES ? -EINVAL : err;
	default:
		/* Hints; fork(2), dumps and swapping, which others are about, do not exist here. */
		return hole;
	}
}

/* ---- msync, mincore ---- */

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC	      4

/* The first area in [*addr, end): its shared file with a reference or NULL, and *addr moves behind it. */
static int next_shared_file(u64 *addr, u64 end, struct file **file)
{
	struct space *s = space();
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find_above(&s->areas, *addr);
	int hole = !a || a->start > *addr ? -ENOMEM : 0;

	*file = NULL;
	if (!a || a->start >= end) {
		*addr = end;
	} else {
		*addr = a->end;
		if (a->file && a->flags & AREA_SHARED)
			*file = file_ref(a->file);
	}
	spin_unlock(&s->lock, ev);
	return hole;
}

/* Mappings and read(2) see the same pages; what is left to do is what fsync(2) does for the file. */
long sys_msync(u64 addr, u64 len, int flags)
{
	int err = 0, hole = 0;
	u64 end;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	end = addr + ALIGN_UP(len, PAGE_SIZE);
	if (end < addr || !user_range_ok((void __user *)addr, end - addr))
		return -ENOMEM;
	while (addr < end && !err) {
		struct file *f;

		hole |= next_shared_file(&addr, end, &f);
		if (f && (flags & MS_SYNC) && f->ops->fsync)
			err = file_fsync(f, false);
		if (f)
			file_unref(f);
	}
	return err ? err : hole;
}

long sys_mincore(u64 addr, u64 len, u8 __user *vec)
{
	struct space *s = space();
	bool anonymous;
	u64 pages = ALIGN_UP(len, PAGE_SIZE) / PAGE_SIZE;
	u8 there[64];

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!user_range_ok((void __user *)addr, len))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	for (u64 i = 0; i < pages;) {
		u64 n = MIN(pages - i, sizeof(there));
		unsigned long ev;

		if (range_is(addr + i * PAGE_SIZE, n * PAGE_SIZE, &anonymous))
			return -ENOMEM;
		ev = spin_lock(&s->lock);
		for (u64 j = 0; j < n; j++)
			there[j] = platform_space_present(s, addr + (i + j) * PAGE_SIZE);
		spin_unlock(&s->lock, ev);
		if (copy_to_user(vec + i, there, n))
			return -EFAULT;
		i += n;
	}
	return 0;
}

/* ---- locking: memory is never swapped, so what is there stays ---- */

long sys_mlock(u64 addr, u64 len)
{
	u64 start = ALIGN_DOWN(addr, PAGE_SIZE);
	bool anonymous;
	int err;

	len = ALIGN_UP(len + (addr - start), PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	if (!len)
		return 0;
	if (!user_range_ok((void __user *)start, len) || range_is(start, len, &anonymous))
		return -ENOMEM;
	err = populate(start, len, AREA_READ);
	return err == -EACCES || err == -EFAULT || err == -EIO ? -ENOMEM : err;
}

#define MLOCK_ONFAULT 1

long sys_mlock2(u64 addr, u64 len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return flags ? sys_munlock(addr, len) : sys_mlock(addr, len);
}

long sys_munlock(u64 addr, u64 len)
{
	u64 start = ALIGN_DOWN(addr, PAGE_SIZE);
	bool anonymous;

	len = ALIGN_UP(len + (addr - start), PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	return len && range_is(start, len, &anonymous) ? -ENOMEM : 0;
}

#define MCL_CURRENT 1
#define MCL_FUTURE  2
#define MCL_ONFAULT 4

/* What all areas that are to be filled would take, in bytes. */
static u64 locked_size(struct space *s)
{
	unsigned long ev = spin_lock(&s->lock);
	u64 sum = 0;

	for (struct area *a = area_find_above(&s->areas, 0); a; a = area_next(a))
		if ((a->flags & AREA_PROT) && !(a->flags & (AREA_NORESERVE | AREA_KERNEL)))
			sum += a->end - a->start;
	spin_unlock(&s->lock, ev);
	return sum;
}

static void populate_all(struct space *s)
{
	u64 addr = 0;

	for (;;) {
		unsigned long ev = spin_lock(&s->lock);
		struct area *a = area_find_above(&s->areas, addr);
		u64 start = a ? a->start : 0, end = a ? a->end : 0;
		u32 flags = a ? a->flags : 0;

		spin_unlock(&s->lock, ev);
		if (!end)
			return;
		/* As Linux: what cannot be filled (behind a file's end) is passed over. */
		if ((flags & AREA_PROT) && !(flags & (AREA_NORESERVE | AREA_KERNEL)))
			(void)populate(MAX(start, addr), end - MAX(start, addr), flags);
		addr = end;
	}
}

long sys_mlockall(int flags)
{
	struct space *s = space();

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if ((flags & MCL_CURRENT) && !(flags & MCL_ONFAULT)) {
		if (locked_size(s) > s->resident * PAGE_SIZE + platform_memory_free())
			return -ENOMEM;
		populate_all(s);
	}
	WRITE_ONCE(s->lock_future, (flags & (MCL_FUTURE | MCL_ONFAULT)) == MCL_FUTURE);
	return 0;
}

long sys_munlockall(void)
{
	WRITE_ONCE(space()->lock_future, false);
	return 0;
}

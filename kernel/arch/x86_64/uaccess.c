/* SPDX-License-Identifier: MIT */
/*
 * Accesses to the program's memory.  An instruction that may fault is listed with the address to go
 * on at; the page-fault handler looks it up (trap.c).  rep movsb leaves in rcx what was not copied.
 */
#include "lib/uaccess.h"
#include "lib/string.h"
#include <platform/events.h>

#define USER_END 0x00007ffffffff000ull

#define UACCESS_ENTRY(at, go_on)                                                                             \
	".pushsection .uaccess_table, \"a\"\n\t.balign 8\n\t.quad " at ", " go_on "\n\t.popsection\n\t"

bool user_range_ok(const void __user *p, size_t n)
{
	u64 start = (u64)p;

	return start <= USER_END && n <= USER_END - start;
}

static size_t copy(void *dst, const void *src, size_t n)
{
	__asm__ volatile("1: rep movsb\n2:\n\t" UACCESS_ENTRY("1b", "2b")
			 : "+D"(dst), "+S"(src), "+c"(n)::"memory");
	return n;
}

size_t copy_from_user_partial(void *dst, const void __user *src, size_t n)
{
	return user_range_ok(src, n) ? copy(dst, src, n) : n;
}

size_t copy_to_user_partial(void __user *dst, const void *src, size_t n)
{
	return user_range_ok(dst, n) ? copy(dst, src, n) : n;
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	return copy_from_user_partial(dst, src, n) ? -EFAULT : 0;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	return copy_to_user_partial(dst, src, n) ? -EFAULT : 0;
}

size_t clear_user_partial(void __user *dst, size_t n)
{
	if (!user_range_ok(dst, n))
		return n;
	__asm__ volatile("1: rep stosb\n2:\n\t" UACCESS_ENTRY("1b", "2b") : "+D"(dst), "+c"(n) : "a"(0) : "memory");
	return n;
}

int clear_user(void __user *dst, size_t n)
{
	return clear_user_partial(dst, n) ? -EFAULT : 0;
}

ssize_t copy_string_from_user(char *dst, const char __user *src, size_t size)
{
	size_t done = 0;

	/* In pieces that end at page boundaries: a string may end right before an unmapped page. */
	while (done < size) {
		size_t piece = MIN(size - done, PAGE_SIZE - ((u64)(src + done) & ~PAGE_MASK));
		char *end;

		/* Most strings are short: do not copy a whole page for them. */
		piece = MIN(piece, (size_t)64);
		if (copy_from_user(dst + done, src + done, piece))
			return -EFAULT;
		end = memchr(dst + done, 0, piece);
		if (end)
			return end - dst;
		done += piece;
	}
	return -ENAMETOOLONG;
}

int user_cmpxchg_u32(u32 __user *p, u32 expect, u32 desired, u32 *old)
{
	int err = 0;

	if (!user_range_ok(p, sizeof(*p)))
		return -EFAULT;
	__asm__ volatile("1: lock cmpxchgl %3, %1\n2:\n\t"
			 ".pushsection .text.fixup, \"ax\"\n3: movl %4, %0\n\tjmp 2b\n\t.popsection\n\t"
			 UACCESS_ENTRY("1b", "3b")
			 : "+r"(err), "+m"(*p), "+a"(expect)
			 : "r"(desired), "i"(-EFAULT)
			 : "memory");
	*old = expect;
	return err;
}

int user_load_u32(const u32 __user *p, u32 *val)
{
	int err = 0;
	u32 v = 0;

	if (!user_range_ok(p, sizeof(*p)))
		return -EFAULT;
	__asm__ volatile("1: movl %2, %1\n2:\n\t"
			 ".pushsection .text.fixup, \"ax\"\n3: movl %3, %0\n\tjmp 2b\n\t.popsection\n\t"
			 UACCESS_ENTRY("1b", "3b")
			 : "+r"(err), "=&r"(v)
			 : "m"(*p), "i"(-EFAULT));
	*val = v;
	return err;
}

int user_load_u32_nosleep(const u32 __user *p, u32 *val)
{
	/* With events masked the fault handler does not bring pages in: it fails the access. */
	unsigned long ev = events_save();
	int err = user_load_u32(p, val);

	events_restore(ev);
	return err ? -EAGAIN : 0;
}

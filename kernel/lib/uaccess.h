/* SPDX-License-Identifier: MIT */
/*
 * The only way to follow a pointer that comes from the program.  Checks the
 * range and survives faults: 0 or -EFAULT.  May sleep (the page may have to be
 * read from the host), so never with a spinlock held.
 */
#ifndef LIB_UACCESS_H
#define LIB_UACCESS_H

#include "lib/errno.h"
#include "lib/types.h"

bool user_range_ok(const void __user *p, size_t n); /* below the kernel, no wrap; says nothing of what is mapped */

int copy_from_user(void *dst, const void __user *src, size_t n) __must_check;
int copy_to_user(void __user *dst, const void *src, size_t n) __must_check;
int clear_user(void __user *dst, size_t n) __must_check;

/*
 * As above, but tells how far it came: bytes NOT copied (0 is success).  For calls that have a
 * partial success, such as read(2) and write(2).
 */
size_t copy_from_user_partial(void *dst, const void __user *src, size_t n) __must_check;
size_t copy_to_user_partial(void __user *dst, const void *src, size_t n) __must_check;
size_t clear_user_partial(void __user *dst, size_t n) __must_check;

/*
 * Copies a string with its NUL into dst[size].  Returns its length without the NUL;
 * -ENAMETOOLONG if it does not fit; -EFAULT.
 */
ssize_t copy_string_from_user(char *dst, const char __user *src, size_t size) __must_check;

/* Atomic on the program's word, for futexes.  *old gets the value found. */
int user_cmpxchg_u32(u32 __user *p, u32 expect, u32 desired, u32 *old) __must_check;
/* An atomic (single) load, and one that never sleeps: -EAGAIN where the page is not there right now. */
int user_load_u32(const u32 __user *p, u32 *val) __must_check;
int user_load_u32_nosleep(const u32 __user *p, u32 *val) __must_check;

/* A member's address in a structure of the program's, which may be misaligned: then `&p->m` is undefined. */
/* The same for what lies n bytes behind p: pointers of the program may be at the end of all addresses. */
#define user_at(p, n)	  ((const void __user *)((u64)(p) + (n)))
#define user_member(p, m) ((__typeof__(&(p)->m))((u64)(p) + offsetof(__typeof__(*(p)), m)))

#define get_user(x, p) copy_from_user(&(x), (p), sizeof(x))
#define put_user(x, p)                                                                                       \
	({                                                                                                   \
		__typeof__(*(p)) put_user_ = (x);                                                            \
		copy_to_user((p), &put_user_, sizeof(put_user_));                                            \
	})

#endif

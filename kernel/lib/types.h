/* SPDX-License-Identifier: MIT */
/* The words every file of the kernel speaks: sizes, alignment, small helpers.  No dependency. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef long ssize_t;

typedef u64 paddr_t; /* address of the machine's memory */
typedef u64 vaddr_t; /* address as a program or the kernel uses it */
typedef u64 nsec_t;  /* nanoseconds */

#define __user /* marks pointers that come from the program: only lib/uaccess.h may follow them */

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define HUGE_SHIFT 21
#define HUGE_SIZE  (1ul << HUGE_SHIFT)

#define KiB (1ul << 10)
#define MiB (1ul << 20)
#define GiB (1ul << 30)

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)	 ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define ARRAY_SIZE(a)	 (sizeof(a) / sizeof((a)[0]))

/* Each use has variables of its own, so that one may stand inside another. */
#define MIN(a, b) MIN_MAX_(a, b, <, __COUNTER__)
#define MAX(a, b) MIN_MAX_(a, b, >, __COUNTER__)
#define MIN_MAX_(a, b, op, n) MIN_MAX__(a, b, op, n)
#define MIN_MAX__(a, b, op, n)                                                                               \
	({                                                                                                   \
		__typeof__(a) x_##n = (a);                                                                   \
		__typeof__(b) y_##n = (b);                                                                   \
		x_##n op y_##n ? x_##n : y_##n;                                                              \
	})

#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __packed      __attribute__((packed))
#define __aligned(n)  __attribute__((aligned(n)))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __noreturn    __attribute__((noreturn))
#define __cold	      __attribute__((cold))
#define __must_check  __attribute__((warn_unused_result))
/* Reads what is not its own, on purpose: KASan must not look. */
#define __no_kasan    __attribute__((no_sanitize("kernel-address"), no_sanitize("address")))

#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Errors travel as pointers where a function returns one: the last page of the address space is never mapped. */
static inline void *err_ptr(long err) { return (void *)err; }
static inline long ptr_err(const void *p) { return (long)p; }
static inline bool is_err(const void *p) { return (unsigned long)p >= (unsigned long)-4095; }

#endif

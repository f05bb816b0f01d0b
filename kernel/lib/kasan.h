/* SPDX-License-Identifier: MIT */
/*
 * Kernel address sanitizer: the compiler asks before each access whether the
 * bytes may be touched; the answer stands in shadow memory, one byte for eight.
 * Only in kernels built for it (kernel/CMakeLists.txt), where the heap, frames
 * and stacks are interposed at link time: nothing else knows of it.
 * No locks: who owns memory poisons it.
 */
#ifndef LIB_KASAN_H
#define LIB_KASAN_H

#include "lib/types.h"

/* shadow(a) = (a >> 3) + KASAN_OFFSET: the upper half's lies at [0xffffd000..., 0xffffe000...). */
#define KASAN_SHIFT  3
#define KASAN_GRAIN  (1ul << KASAN_SHIFT)
#define KASAN_OFFSET 0xdfffe00000000000ull /* also in kernel/CMakeLists.txt, for the compiler */

/* What a shadow byte says: 0 all eight may be touched, 1 to 7 only so many of them, else why not. */
enum kasan_kind {
	KASAN_HEAP_REDZONE = 0xfa,
	KASAN_HEAP_FREED = 0xfb,
	KASAN_FRAME_FREED = 0xfc,
	KASAN_GLOBAL_REDZONE = 0xf9,
	/* The compiler's own, on stacks: */
	KASAN_STACK_LEFT = 0xf1,
	KASAN_STACK_MIDDLE = 0xf2,
	KASAN_STACK_RIGHT = 0xf3,
	KASAN_STACK_SCOPE = 0xf8,
	KASAN_ALLOCA_LEFT = 0xca,
	KASAN_ALLOCA_RIGHT = 0xcb,
};

static inline u8 *kasan_shadow_of(vaddr_t a) { return (u8 *)((a >> KASAN_SHIFT) + KASAN_OFFSET); }

/* The platform: whether there is shadow memory for this address. */
bool kasan_has_shadow(vaddr_t a);

/* p is a multiple of KASAN_GRAIN; a rest of n is rounded up when poisoning, and exact when unpoisoning. */
void kasan_poison(const void *p, size_t n, enum kasan_kind kind);
void kasan_unpoison(const void *p, size_t n);
u8 kasan_kind_of(const void *p); /* the shadow byte; 0 if there is none */

/* Once, when the shadow is there: poisons the gaps between global variables. */
void kasan_register_globals(void);

/* The heap tells what it knows of the object that p lies in or beside; for reports. */
void kasan_describe_heap(vaddr_t p);

void kasan_report(const char *what, vaddr_t p, size_t n, bool write, const void *pc) __noreturn __cold;

#endif

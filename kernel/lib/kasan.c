/* SPDX-License-Identifier: MIT */
/* The calls that the compiler makes (gcc -fsanitize=kernel-address; clang's are the same). */
#include "lib/kasan.h"
#include "lib/log.h"

#define CALLER __builtin_return_address(0)

/* Set by a report: from then on nothing is checked, so that the report itself gets out. */
static bool off;

/* Not memset: that would be checked in turn. */
static void fill(u8 *p, u8 value, size_t n)
{
	while (n--)
		*(volatile u8 *)p++ = value;
}

void kasan_poison(const void *p, size_t n, enum kasan_kind kind)
{
	fill(kasan_shadow_of((vaddr_t)p), (u8)kind, (n + KASAN_GRAIN - 1) >> KASAN_SHIFT);
}

void kasan_unpoison(const void *p, size_t n)
{
	u8 *s = kasan_shadow_of((vaddr_t)p);

	fill(s, 0, n >> KASAN_SHIFT);
	if (n % KASAN_GRAIN)
		s[n >> KASAN_SHIFT] = n % KASAN_GRAIN;
}

u8 kasan_kind_of(const void *p) { return kasan_has_shadow((vaddr_t)p) ? *kasan_shadow_of((vaddr_t)p) : 0; }

static const char *name_of(u8 kind)
{
	switch (kind) {
	case KASAN_HEAP_REDZONE:
		return "outside of a heap object";
	case KASAN_HEAP_FREED:
		return "in a freed heap object";
	case KASAN_FRAME_FREED:
		return "in a freed frame";
	case KASAN_GLOBAL_REDZONE:
		return "outside of a global variable";
	case KASAN_STACK_LEFT:
	case KASAN_STACK_MIDDLE:
	case KASAN_STACK_RIGHT:
	case KASAN_ALLOCA_LEFT:
	case KASAN_ALLOCA_RIGHT:
		return "outside of a variable on the stack";
	case KASAN_STACK_SCOPE:
		return "in a variable that has gone out of scope";
	default:
		return kind < KASAN_GRAIN ? "beyond an object's end" : "in poisoned memory";
	}
}

void kasan_report(const char *what, vaddr_t p, size_t n, bool write, const void *pc)
{
	off = true;
	kasan_describe_heap(p);
	panic("KASan: %s of %lu bytes at %#lx %s, by %p", write ? "write" : "read", (unsigned long)n, (unsigned long)p,
	      what, pc);
}

/* The first byte of [a, a + n) that must not be touched, or the end. */
static vaddr_t first_bad(vaddr_t a, size_t n)
{
	vaddr_t end = a + n;

	while (a < end) {
		s8 s = (s8)*kasan_shadow_of(a);
		vaddr_t next = ALIGN_DOWN(a, KASAN_GRAIN) + KASAN_GRAIN;

		if (s < 0)
			return a;
		if (s > 0) {
			vaddr_t limit = ALIGN_DOWN(a, KASAN_GRAIN) + (u8)s;

			if (MIN(end, next) > limit)
				return MAX(a, limit);
		}
		a = next;
	}
	return end;
}

static void check(vaddr_t a, size_t n, bool write, const void *pc)
{
	vaddr_t bad;
	u8 kind;

	if (!n || off || !kasan_has_shadow(a) || !kasan_has_shadow(a + n - 1))
		return;
	bad = first_bad(a, n);
	if (likely(bad == a + n))
		return;
	kind = *kasan_shadow_of(bad);
	if (kind && kind < KASAN_GRAIN) /* the next byte says what the object is */
		kind = kasan_shadow_of(bad)[1] ? kasan_shadow_of(bad)[1] : kind;
	kasan_report(name_of(kind), a, n, write, pc);
}

#define ACCESS(n)                                                                                            \
	void __asan_load##n##_noabort(vaddr_t a);                                                            \
	void __asan_load##n##_noabort(vaddr_t a) { check(a, n, false, CALLER); }                             \
	void __asan_store##n##_noabort(vaddr_t a);                                                           \
	void __asan_store##n##_noabort(vaddr_t a) { check(a, n, true, CALLER); }

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __asan_loadN_noabort(vaddr_t a, size_t n);
void __asan_loadN_noabort(vaddr_t a, size_t n) { check(a, n, false, CALLER); }
void __asan_storeN_noabort(vaddr_t a, size_t n);
void __asan_storeN_noabort(vaddr_t a, size_t n) { check(a, n, true, CALLER); }

/* ---- memory functions: the string instructions in them are not seen by the compiler ---- */
#define WRAP(ret, name, ...)                                                                                 \
	ret __real_##name(__VA_ARGS__);                                                                      \
	ret __wrap_##name(__VA_ARGS__);                                                                      \
	ret __wrap_##name(__VA_ARGS__)

WRAP(void *, memcpy, void *dst, const void *src, size_t n)
{
	check((vaddr_t)src, n, false, CALLER);
	check((vaddr_t)dst, n, true, CALLER);
	return __real_memcpy(dst, src, n);
}

WRAP(void *, memmove, void *dst, const void *src, size_t n)
{
	check((vaddr_t)src, n, false, CALLER);
	check((vaddr_t)dst, n, true, CALLER);
	return __real_memmove(dst, src, n);
}

WRAP(void *, memset, void *dst, int c, size_t n)
{
	check((vaddr_t)dst, n, true, CALLER);
	return __real_memset(dst, c, n);
}

/* ---- stacks ---- */

/* A function that does not return leaves the frames above it poisoned: clean the stack from here to its page's end. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
	vaddr_t sp = ALIGN_DOWN((vaddr_t)__builtin_frame_address(0), KASAN_GRAIN);

	if (kasan_has_shadow(sp))
		kasan_unpoison((void *)sp, ALIGN_UP(sp + 1, PAGE_SIZE) - sp);
}

void __asan_alloca_poison(vaddr_t p, size_t n);
void __asan_alloca_poison(vaddr_t p, size_t n)
{
	vaddr_t end = ALIGN_UP(p + n, KASAN_GRAIN);

	kasan_unpoison((void *)p, n);
	kasan_poison((void *)(p - 32), 32, KASAN_ALLOCA_LEFT);
	kasan_poison((void *)end, ALIGN_UP(end, 32) + 32 - end, KASAN_ALLOCA_RIGHT);
}

void __asan_allocas_unpoison(vaddr_t top, vaddr_t bottom);
void __asan_allocas_unpoison(vaddr_t top, vaddr_t bottom)
{
	if (top && top < bottom)
		kasan_unpoison((void *)top, bottom - top);
}

#define SET_SHADOW(byte)                                                                                     \
	void __asan_set_shadow_##byte(u8 *shadow, size_t n);                                                 \
	void __asan_set_shadow_##byte(u8 *shadow, size_t n) { fill(shadow, 0x##byte, n); }

SET_SHADOW(00)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)

/* ---- global variables: constructors, made by the compiler, call this for those of each file ---- */
struct asan_global { /* version 8 of the interface */
	vaddr_t start;
	size_t size, size_with_redzone;
	const char *name, *module;
	size_t has_initializer;
	const void *location;
	vaddr_t odr_indicator;
};

void __asan_register_globals(const struct asan_global *g, size_t n);
void __asan_register_globals(const struct asan_global *g, size_t n)
{
	for (; n--; g++) {
		size_t whole = ALIGN_UP(g->size, KASAN_GRAIN);

		kasan_unpoison((void *)g->start, g->size);
		kasan_poison((void *)(g->start + whole), g->size_with_redzone - whole, KASAN_GLOBAL_REDZONE);
	}
}

void __asan_unregister_globals(const struct asan_global *g, size_t n);
void __asan_unregister_globals(const struct asan_global *g, size_t n) {}

typedef void constructor(void);
extern constructor *const init_array_start[], *const init_array_end[];

void kasan_register_globals(void)
{
	for (constructor *const *c = init_array_start; c < init_array_end; c++)
		(*c)();
}

/* SPDX-License-Identifier: MIT */
/* Wrong accesses: each must end in a panic, in every kernel or in that with the sanitizer that is for it. */
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "selftest/selftest.h"

static volatile u64 sink;
static u8 data_code[16] = {0xc3}; /* ret */
static const u64 constant[2] = {1, 2};
static u8 before[24] = {1}, after[24] = {1};

static void poke(void *p) { *(volatile u8 *)selftest_hide(p) = 0x90; }
static void peek(const void *p) { sink = *(volatile u8 *)selftest_hide(p); }

/* ---- what the page tables guard ---- */
static void write_text(void) { poke((void *)(uintptr_t)write_text); }
static void write_rodata(void) { poke((void *)constant); }
static void read_null(void) { peek((void *)16); }
static void call_null(void) { ((void (*)(void))selftest_hide(NULL))(); }
static void call_data(void) { ((void (*)(void))selftest_hide(data_code))(); }

static void call_heap(void)
{
	u8 *p = kmalloc(64);

	if (p) {
		*p = 0xc3;
		((void (*)(void))selftest_hide(p))();
	}
}

static void call_stack(void)
{
	u8 code[16] = {0xc3};

	((void (*)(void))selftest_hide(code))();
}

/* Bounded, so that it would come back if there were no guard page; never a tail call. */
static u64 recurse(u64 depth)
{
	volatile u8 frame[256];

	frame[depth % sizeof(frame)] = (u8)depth;
	if (depth < 4096)
		sink = recurse(depth + 1);
	return sink + frame[depth % sizeof(frame)];
}

static void stack_guard(void) { sink = recurse(0); }

/* ---- what the compiler's canary guards ---- */
static void __attribute__((noinline)) fill(u8 *p, size_t n)
{
	for (p = selftest_hide(p); n--; p++)
		*p = 0xaa;
}

static void __attribute__((noinline)) smash(void)
{
	u8 buf[32];

	fill(buf, sizeof(buf) + 24); /* not as far as to the caller's frame: what is noticed must be the canary */
	sink = buf[0];
}

/* ---- what the heap, or KASan, guards ---- */
static void double_free(void)
{
	void *p = kmalloc(100), *q = selftest_hide(p);

	kfree(p);
	kfree(q);
}

static void double_free_large(void)
{
	void *p = kmalloc(3 * PAGE_SIZE), *q = selftest_hide(p);

	kfree(p);
	kfree(q);
}

static void free_middle(void)
{
	char *p = kmalloc(256);

	kfree(selftest_hide(p + 64));
}

static void heap_overflow(void)
{
	char *p = kmalloc(100);

	poke((char *)selftest_hide(p) + 100);
}

static void heap_underflow(void)
{
	char *p = kmalloc(100);

	peek((char *)selftest_hide(p) - 1);
}

static void heap_overflow_memset(void)
{
	char *p = kmalloc(200);

	memset(selftest_hide(p), 0, 201);
}

static void use_after_free(void)
{
	char *p = kmalloc(100), *q = selftest_hide(p);

	kfree(p);
	peek(q + 50);
}

static void use_after_free_large(void)
{
	char *p = kmalloc(2 * PAGE_SIZE), *q = selftest_hide(p);

	kfree(p);
	poke(q + PAGE_SIZE);
}

static void use_of_free_frame(void)
{
	paddr_t p = frame_alloc(0);

	frame_unref(p);
	peek(frame_ptr(p));
}

static void global_overflow(void)
{
	poke((u8 *)selftest_hide(before) + sizeof(before));
	sink = after[0];
}

static void __attribute__((noinline)) stack_overflow(void)
{
	u8 buf[24];

	fill(buf, sizeof(buf));
	peek((u8 *)selftest_hide(buf) + sizeof(buf));
}

/* ---- what UBSan guards ---- */
static int hidden(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static void ub_shift(void) { sink = (unsigned)(1 << hidden(40)); }
static void ub_divide(void) { sink = (u64)(7 / hidden(0)); }

static void ub_index(void)
{
	static u64 table[4];

	sink = table[hidden(4)];
}

static void ub_bool(void)
{
	u8 two = 2;

	sink = *(bool *)selftest_hide(&two);
}

static void ub_misaligned(void)
{
	u64 two[2] = {0};

	sink = *(u64 *)selftest_hide((char *)two + 3);
}

const struct selftest selftests_wrong[] = {
	{"write-text", write_text, false},
	{"write-rodata", write_rodata, false},
	{"read-null", read_null, false},
	{"call-null", call_null, false},
	{"call-data", call_data, false},
	{"call-heap", call_heap, false},
	{"call-stack", call_stack, false},
	{"stack-guard", stack_guard, false},
	{"canary", smash, false},
	{"double-free", double_free, false},
	{"double-free-large", double_free_large, false},
	{"free-middle", free_middle, false},
	{"heap-overflow", heap_overflow, false},
	{"heap-underflow", heap_underflow, false},
	{"heap-overflow-memset", heap_overflow_memset, false},
	{"use-after-free", use_after_free, false},
	{"use-after-free-large", use_after_free_large, false},
	{"use-of-free-frame", use_of_free_frame, false},
	{"global-overflow", global_overflow, false},
	{"stack-overflow", stack_overflow, false},
	{"ub-shift", ub_shift, false},
	{"ub-index", ub_index, false},
	{"ub-divide", ub_divide, false},
	{"ub-bool", ub_bool, false},
	{"ub-misaligned", ub_misaligned, false},
	{NULL, NULL, false},
};

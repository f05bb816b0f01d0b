/* SPDX-License-Identifier: MIT */
/*
 * Tests that only a kernel can do to itself: does a wrong access end the run, do allocators hold with all CPUs at
 * them, is an event at the worst moment heard.  Only in kernels built for tests, where the linker puts them before kernel_main() (--wrap).  The word
 * "selftest=NAME" among the program's arguments chooses one; without it the kernel starts as usual.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "lib/types.h"

struct selftest {
	const char *name;
	void (*run)(void);
	bool returns; /* else coming back from run() means that the wrong access went unnoticed */
};

extern const struct selftest selftests_wrong[], selftests_stress[], selftests_hypervisor[]; /* ended by one without a name */

/* Keeps the compiler from knowing what p is, so that it neither warns nor leaves the access out. */
static inline void *selftest_hide(const volatile void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return (void *)p;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a platform gives to the portable kernel.  `vm` and `process` each
 * implement all of it; nothing above calls anything else of theirs.
 * <platform/events.h> masks this CPU's events, <platform/space.h> has the
 * platform's part of an address space.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <platform/events.h>
#include <platform/space.h>
#include "lib/types.h"

struct area;
struct boot_info;
struct cpu;
struct space;
struct thread;

/* ---- time ---- */
nsec_t platform_clock(void);		  /* monotonic, since boot */
s64 platform_wall_clock(void);		  /* at the same moment, since 1970 */
void platform_set_wall_clock(s64 ns);
void platform_timer_arm(nsec_t deadline); /* this CPU's; 0 disarms; the past fires at once */

/* ---- CPUs ---- */
void platform_start_cpus(void);		   /* all that the machine has, up to CPU_MAX */
void platform_kick(unsigned cpu);	   /* makes it look at its run queue and its thread's work */
void platform_idle(void);		   /* called with events masked: sleeps until an event; returns with them masked */
void platform_spin_wait(void);		   /* in a loop that waits for another CPU */

/* ---- memory ---- */
void *platform_kstack_alloc(u64 *low, u64 *top); /* a kernel stack with a guard page below; NULL: no memory */
void platform_kstack_free(void *stack);
u64 platform_memory_total(void); /* bytes */
u64 platform_memory_free(void);

int platform_space_init(struct space *s);
bool platform_space_loaded(struct space *s); /* some CPU still has its tables: none that gets it anew */
void platform_space_free(struct space *s);   /* no CPU has */
void platform_space_switch(struct space *s); /* this CPU uses s from now on; events masked */
/* Called with space.lock held after the area tree has changed. */
int platform_space_map(struct space *s, struct area *a); /* `vm` does nothing here: pages come on demand */
/* addr is about to become a boundary between areas: a page that reaches across it is cut.  0 or -ENOMEM. */
int platform_space_cut(struct space *s, vaddr_t addr);
/*
 * The pages of [from, from + len) move to `to`, where nothing is yet; neither overlaps the other.  Both are areas
 * by now.  0, or -ENOMEM: nothing has moved.
 */
int platform_space_move(struct space *s, vaddr_t from, vaddr_t to, u64 len);
/*
 * n bytes of the program's code at addr, in one page, become `bytes`; the file and other mappings keep theirs.  When it
 * returns no CPU runs what was there before.  0; -EACCES: not code that only this kernel may write; -ENOMEM ...
 */
int platform_code_write(struct space *s, vaddr_t addr, const void *bytes, size_t n);
/* When it returns, every CPU that runs a thread of s has executed a serializing instruction since it was called. */
void platform_space_barrier(struct space *s);
bool platform_space_present(struct space *s, vaddr_t addr); /* for mincore(2): whether a page is there */
/* How many pages of [start, end) are there, and have been written; with space.lock held. */
u64 platform_space_count(struct space *s, vaddr_t start, vaddr_t end, u64 *dirty);
void platform_space_unmap(struct space *s, vaddr_t start, vaddr_t end); /* frees pages, other CPUs included */
void platform_space_protect(struct space *s, vaddr_t start, vaddr_t end, u32 prot);

/* ---- power and last words ---- */
void platform_console_write(const char *s, size_t n); /* unbuffered, for log and panic; from anywhere */
void platform_power_off(bool failed) __noreturn;
/* Random bytes from the machine (RDRAND ...): how many it gave. */
size_t platform_entropy(void *buf, size_t n);

#endif

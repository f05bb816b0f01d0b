/* SPDX-License-Identifier: MIT */
/* Masking of this CPU's events on the platform vm: the interrupt flag. */
#ifndef PLATFORM_EVENTS_H
#define PLATFORM_EVENTS_H

#include "lib/types.h"

static inline unsigned long events_save(void) /* masks; returns what events_restore wants */
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}

static inline void events_on(void) { __asm__ volatile("sti" ::: "memory"); }
static inline void events_off(void) { __asm__ volatile("cli" ::: "memory"); }

static inline void events_restore(unsigned long flags)
{
	if (flags & 0x200) /* RFLAGS.IF */
		events_on();
}

static inline bool events_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & 0x200;
}

#endif

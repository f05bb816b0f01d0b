/* SPDX-License-Identifier: MIT */
/*
 * The kernel's one kind of spinlock: a ticket lock that masks this CPU's
 * events while it is held, so that any lock may be taken from an event handler.
 *
 *	unsigned long ev = spin_lock(&l);
 *	...
 *	spin_unlock(&l, ev);
 *
 * Order: file -> area -> run queue -> frame.  Never held across host I/O, a
 * sleep, or an access that may fault (lib/uaccess.h).  A waiter serves requests
 * of other CPUs while it spins (platform_spin_wait), so a holder may wait for
 * all CPUs to answer (TLB shootdown).
 */
#ifndef LIB_SPINLOCK_H
#define LIB_SPINLOCK_H

#include "lib/types.h"

#ifdef HERMIT_UNIT_TEST /* built for the host: one thread, no events */
struct spinlock {
	u16 next, owner;
};
#define SPINLOCK_INIT {0, 0}
static inline void spin_init(struct spinlock *l) { l->next = l->owner = 0; }
static inline unsigned long spin_lock(struct spinlock *l) { return l->next++; }
static inline void spin_unlock(struct spinlock *l, unsigned long ev) { l->owner++, (void)ev; }
static inline bool spin_held(const struct spinlock *l) { return l->next != l->owner; }
#else
#include <platform/events.h>

struct spinlock {
	u16 next, owner;
};

#define SPINLOCK_INIT {0, 0}

void platform_spin_wait(void);

static inline void spin_init(struct spinlock *l) { l->next = l->owner = 0; }

static inline unsigned long spin_lock(struct spinlock *l)
{
	unsigned long ev = events_save();
	u16 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		platform_spin_wait();
	return ev;
}

static inline void spin_unlock(struct spinlock *l, unsigned long ev)
{
	__atomic_store_n(&l->owner, (u16)(l->owner + 1), __ATOMIC_RELEASE);
	events_restore(ev);
}

/* Lets go of the lock alone: events stay masked. */
static inline void spin_release(struct spinlock *l)
{
	__atomic_store_n(&l->owner, (u16)(l->owner + 1), __ATOMIC_RELEASE);
}

static inline bool spin_held(const struct spinlock *l) { return READ_ONCE(l->next) != READ_ONCE(l->owner); }
#endif

#endif

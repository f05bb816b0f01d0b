/* SPDX-License-Identifier: MIT */
/*
 * The kernel's one kind of spinlock: test-and-set, and it masks this CPU's
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
	u32 locked;
};
#define SPINLOCK_INIT {0}
static inline void spin_init(struct spinlock *l) { l->locked = 0; }
static inline unsigned long spin_lock(struct spinlock *l) { return l->locked++; }
static inline void spin_unlock(struct spinlock *l, unsigned long ev) { l->locked = 0, (void)ev; }
static inline bool spin_held(const struct spinlock *l) { return l->locked; }
#else
#include <platform/events.h>

/*
 * Not a ticket lock: in a virtual machine the next in line may be a CPU that the host does not run just now, and
 * then all wait for its time slice (measured: 8 threads on 4 CPUs on a busy host took 44 s instead of 1.6 s).
 */
struct spinlock {
	u32 locked;
};

#define SPINLOCK_INIT {0}

void platform_spin_wait(void);

static inline void spin_init(struct spinlock *l) { l->locked = 0; }

/* With events masked already. */
static inline void spin_acquire(struct spinlock *l)
{
	while (unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		while (READ_ONCE(l->locked))
			platform_spin_wait();
}

static inline unsigned long spin_lock(struct spinlock *l)
{
	unsigned long ev = events_save();

	spin_acquire(l);
	return ev;
}

static inline void spin_unlock(struct spinlock *l, unsigned long ev)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
	events_restore(ev);
}

/* Lets go of the lock alone: events stay masked. */
static inline void spin_release(struct spinlock *l)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

static inline bool spin_held(const struct spinlock *l) { return READ_ONCE(l->locked); }
#endif

#endif

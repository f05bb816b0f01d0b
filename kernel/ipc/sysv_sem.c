/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores.  Who changes a set also does the operations of those who
 * wait for it, in the order they came, and wakes them with the result: a woken
 * thread need not look again, and nobody else gets in between.
 */
#include "ipc/sysv.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"

/* What is to be undone belongs to all threads that were made with CLONE_SYSVSEM. */
struct sem_owner {
	u32 refs;
};

struct sem_undo {
	struct list link; /* in sem_set.undos */
	struct sem_owner *owner;
	s16 adjust[];
};

/* On the waiting thread's stack; all under the set's lock. */
struct sem_waiter {
	struct list link;
	struct thread *thread;
	const struct sembuf *ops;
	struct sem_undo *undo;
	unsigned n, blocking; /* which of ops it waits for */
	int pid, result;
	bool done;
};

static void sem_free(struct sysv_obj *o);
struct sysv_ids sem_ids = {.lock = SPINLOCK_INIT, .max = SEM_SETS, .last = -1, .free = sem_free};
static unsigned total;

unsigned sem_total(void) { return READ_ONCE(total); }

static void sem_free(struct sysv_obj *o)
{
	struct sem_set *s = sem_of(o);

	while (!list_empty(&s->undos)) {
		struct sem_undo *u = list_first(&s->undos, struct sem_undo, link);

		list_remove(&u->link);
		kfree(u);
	}
	__atomic_fetch_sub(&total, s->count, __ATOMIC_RELAXED);
	kfree(s);
}

static struct sysv_obj *sem_create(const void *arg, int *err)
{
	unsigned count = *(const unsigned *)arg;
	struct sem_set *s;

	*err = -EINVAL;
	if (!count)
		return NULL;
	*err = -ENOMEM;
	s = kzalloc(sizeof(*s) + count * sizeof(s->sem[0]));
	if (!s)
		return NULL;
	s->count = count;
	s->ctime = sysv_now();
	list_init(&s->waiting);
	list_init(&s->undos);
	__atomic_fetch_add(&total, count, __ATOMIC_RELAXED);
	return &s->obj;
}

static int sem_fits(struct sysv_obj *o, const void *arg)
{
	return sem_of(o)->count < *(const unsigned *)arg ? -EINVAL : 0;
}

long sem_get(s32 key, int count, int flags)
{
	struct sysv_maker m = {sem_create, sem_fits, &count};

	return count < 0 || count > SEM_PER_SET ? -EINVAL : sysv_get(&sem_ids, key, flags, &m);
}

/* ---- operations ---- */

enum { WOULD_WAIT = 1 };

/* All or none: 0, WOULD_WAIT (w->blocking says where), -EAGAIN, -ERANGE.  Under the lock. */
static int perform(struct sem_set *s, struct sem_waiter *w)
{
	unsigned i;
	int r = 0;

	for (i = 0; i < w->n; i++) {
		const struct sembuf *op = &w->ops[i];
		struct sem *sem = &s->sem[op->num];
		int value = sem->value + op->op;

		if ((!op->op && sem->value) || value < 0) {
			r = op->flags & IPC_NOWAIT ? -EAGAIN : WOULD_WAIT;
			w->blocking = i;
			break;
		}
		if (value > SEM_VALUE_MAX) {
			r = -ERANGE;
			break;
		}
		if (op->flags & SEM_UNDO) {
			int adjust = w->undo->adjust[op->num] - op->op;

			if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX) {
				r = -ERANGE;
				break;
			}
			w->undo->adjust[op->num] = (s16)adjust;
		}
		sem->value = value;
	}
	if (!r) {
		for (i = 0; i < w->n; i++)
			s->sem[w->ops[i].num].pid = w->pid;
		return 0;
	}
	while (i--) {
		const struct sembuf *op = &w->ops[i];

		s->sem[op->num].value -= op->op;
		if (op->flags & SEM_UNDO)
			w->undo->adjust[op->num] = (s16)(w->undo->adjust[op->num] + op->op);
	}
	return r;
}

static void finish(struct sem_waiter *w, int result)
{
	list_remove(&w->link);
	w->result = result;
	w->done = true;
	sched_wake(w->thread);
}

/* The values have changed: does for those who wait what can be done now.  Under the lock. */
static void serve_waiting(struct sem_set *s)
{
	bool again;

	do {
		again = false;
		list_for_each_safe(l, next, &s->waiting) {
			struct sem_waiter *w = list_entry(l, struct sem_waiter, link);
			int r = perform(s, w);

			if (r == WOULD_WAIT)
				continue;
			finish(w, r);
			if (!r)
				s->otime = sysv_now();
			again |= !r; /* it may have made room for one before it */
		}
	} while (again);
}

static bool changes(const struct sembuf *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ops[i].op)
			return true;
	return false;
}

static struct sem_owner *owner_of(struct thread *t)
{
	struct sem_owner *o = t->sem_owner;

	if (!o) {
		o = kzalloc(sizeof(*o));
		if (o)
			o->refs = 1;
		t->sem_owner = o;
	}
	return o;
}

/* The current thread's group's entry of the set; NULL: no memory. */
static struct sem_undo *undo_of(struct sem_set *s)
{
	struct sem_owner *owner = owner_of(current);
	struct sem_undo *fresh, *found = NULL;
	unsigned long ev;

	if (!owner)
		return NULL;
	fresh = kzalloc(sizeof(*fresh) + s->count * sizeof(fresh->adjust[0]));
	ev = spin_lock(&s->obj.lock);
	list_for_each(l, &s->undos) {
		if (list_entry(l, struct sem_undo, link)->owner == owner)
			found = list_entry(l, struct sem_undo, link);
	}
	if (!found && fresh) {
		fresh->owner = owner;
		list_push_back(&s->undos, &fresh->link);
		found = fresh;
		fresh = NULL;
	}
	spin_unlock(&s->obj.lock, ev);
	kfree(fresh);
	return found;
}

static bool is_done(struct sem_set *s, struct sem_waiter *w)
{
	unsigned long ev = spin_lock(&s->obj.lock);
	bool done = w->done;

	spin_unlock(&s->obj.lock, ev);
	return done;
}

/* w is queued and the sleep prepared. */
static long wait_for(struct sem_set *s, struct sem_waiter *w, nsec_t deadline)
{
	unsigned long ev;
	int err = 0;

	while (!err && !is_done(s, w)) {
		err = sched_sleep(deadline);
		if (!err)
			sched_prepare_sleep(true);
	}
	sched_cancel_sleep();
	ev = spin_lock(&s->obj.lock);
	if (!w->done) {
		list_remove(&w->link);
		w->result = err == -ETIMEDOUT ? -EAGAIN : -EINTR;
	}
	spin_unlock(&s->obj.lock, ev);
	return w->result;
}

static int check_ops(struct sem_set *s, const struct sembuf *ops, unsigned n, bool *undo)
{
	*undo = false;
	for (unsigned i = 0; i < n; i++) {
		if (ops[i].num >= s->count)
			return -EFBIG;
		*undo |= ops[i].flags & SEM_UNDO;
	}
	return sysv_permitted(&s->obj, changes(ops, n) ? SYSV_WRITE : SYSV_READ);
}

long sem_operate(struct sem_set *s, const struct sembuf *ops, unsigned n, nsec_t deadline)
{
	struct sem_waiter w = {.thread = current, .ops = ops, .n = n, .pid = current->process->pid};
	unsigned long ev;
	bool undo;
	int r = check_ops(s, ops, n, &undo);

	if (r)
		return r;
	if (undo) {
		w.undo = undo_of(s);
		if (!w.undo)
			return -ENOMEM;
	}
	list_init(&w.link);
	ev = spin_lock(&s->obj.lock);
	r = s->obj.removed ? -EIDRM : perform(s, &w);
	if (!r) {
		s->otime = sysv_now();
		if (changes(ops, n))
			serve_waiting(s);
	} else if (r == WOULD_WAIT) {
		list_push_back(&s->waiting, &w.link);
		sched_prepare_sleep(true);
	}
	spin_unlock(&s->obj.lock, ev);
	return r == WOULD_WAIT ? wait_for(s, &w, deadline) : r;
}

unsigned sem_count_waiting(struct sem_set *s, unsigned num, bool for_zero)
{
	unsigned n = 0;

	list_for_each(l, &s->waiting) {
		struct sem_waiter *w = list_entry(l, struct sem_waiter, link);
		const struct sembuf *op = &w->ops[w->blocking];

		n += op->num == num && for_zero == !op->op;
	}
	return n;
}

int sem_set_values(struct sem_set *s, int num, const u16 *values)
{
	unsigned first = num < 0 ? 0 : (unsigned)num, last = num < 0 ? s->count - 1 : first;
	unsigned long ev = spin_lock(&s->obj.lock);
	int r = s->obj.removed ? -EIDRM : 0;

	for (unsigned i = first; !r && i <= last; i++) {
		s->sem[i].value = values[i - first];
		s->sem[i].pid = current->process->pid;
		list_for_each(l, &s->undos) list_entry(l, struct sem_undo, link)->adjust[i] = 0;
	}
	if (!r) {
		s->ctime = sysv_now();
		serve_waiting(s);
	}
	spin_unlock(&s->obj.lock, ev);
	return r;
}

void sem_destroy(struct sem_set *s)
{
	unsigned long ev;

	if (!sysv_remove(&sem_ids, &s->obj))
		return;
	ev = spin_lock(&s->obj.lock);
	while (!list_empty(&s->waiting))
		finish(list_first(&s->waiting, struct sem_waiter, link), -EIDRM);
	spin_unlock(&s->obj.lock, ev);
}

/* ---- threads ---- */

int sem_prepare_clone(void) { return owner_of(current) ? 0 : -ENOMEM; }

void sem_clone(struct thread *child)
{
	child->sem_owner = current->sem_owner;
	__atomic_fetch_add(&child->sem_owner->refs, 1, __ATOMIC_RELAXED);
}

/* Takes back what the owner did to one set, as far as that goes (semop(2), BUGS: never below 0). */
static struct sem_undo *undo_set(struct sem_set *s, struct sem_owner *owner, int pid)
{
	unsigned long ev = spin_lock(&s->obj.lock);
	struct sem_undo *mine = NULL;

	list_for_each(l, &s->undos) {
		if (list_entry(l, struct sem_undo, link)->owner == owner)
			mine = list_entry(l, struct sem_undo, link);
	}
	if (mine) {
		list_remove(&mine->link);
		for (unsigned i = 0; i < s->count; i++) {
			if (!mine->adjust[i])
				continue;
			s->sem[i].value = MIN(MAX(s->sem[i].value + mine->adjust[i], 0), SEM_VALUE_MAX);
			s->sem[i].pid = pid;
		}
		s->otime = sysv_now();
		serve_waiting(s);
	}
	spin_unlock(&s->obj.lock, ev);
	return mine;
}

void sem_exit_thread(struct thread *t)
{
	struct sem_owner *o = t->sem_owner;

	t->sem_owner = NULL;
	if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; i < READ_ONCE(sem_ids.size); i++) {
		struct sysv_obj *found = sysv_find_index(&sem_ids, i);

		if (is_err(found))
			continue;
		kfree(undo_set(sem_of(found), o, t->process->pid));
		sysv_put(&sem_ids, found);
	}
	kfree(o);
}

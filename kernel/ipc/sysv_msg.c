/* SPDX-License-Identifier: MIT */
/*
 * System V message queues.  A message goes straight to a thread that waits for
 * one like it, else into the queue; threads that wait for room try again when
 * there is some.
 */
#include "ipc/sysv.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/thread.h"

/* On the waiting thread's stack; under the queue's lock. */
struct msg_waiter {
	struct list link;
	struct thread *thread;
	s64 type;
	u64 room;
	int flags;
	bool done;
	int error;
	struct msg *msg;
};

static void msg_free(struct sysv_obj *o);
struct sysv_ids msg_ids = {.lock = SPINLOCK_INIT, .max = MSG_QUEUES, .last = -1, .free = msg_free};

static void msg_free(struct sysv_obj *o)
{
	struct msg_queue *q = msg_of(o);

	while (!list_empty(&q->messages)) {
		struct msg *m = list_first(&q->messages, struct msg, link);

		list_remove(&m->link);
		kfree(m);
	}
	kfree(q);
}

static struct sysv_obj *msg_create(const void *arg, int *err)
{
	struct msg_queue *q = kzalloc(sizeof(*q));

	*err = -ENOMEM;
	if (!q)
		return NULL;
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	q->limit = MSG_BYTES_MAX;
	q->ctime = sysv_now();
	return &q->obj;
}

static int msg_fits(struct sysv_obj *o, const void *arg) { return 0; }

long msg_get(s32 key, int flags)
{
	static const struct sysv_maker m = {msg_create, msg_fits, NULL};

	return sysv_get(&msg_ids, key, flags, &m);
}

void msg_usage(u64 *bytes, u64 *count)
{
	unsigned long ev = spin_lock(&msg_ids.lock);

	*bytes = *count = 0;
	for (unsigned i = 0; i < msg_ids.size; i++) {
		if (!msg_ids.slots[i])
			continue;
		*bytes += READ_ONCE(msg_of(msg_ids.slots[i])->bytes);
		*count += READ_ONCE(msg_of(msg_ids.slots[i])->count);
	}
	spin_unlock(&msg_ids.lock, ev);
}

/* ---- waiting ---- */

static void finish(struct msg_waiter *w, int error)
{
	list_remove(&w->link);
	w->error = error;
	w->done = true;
	sched_wake(w->thread);
}

static void finish_all(struct list *waiters, int error)
{
	while (!list_empty(waiters))
		finish(list_first(waiters, struct msg_waiter, link), error);
}

static bool is_done(struct msg_queue *q, struct msg_waiter *w)
{
	unsigned long ev = spin_lock(&q->obj.lock);
	bool done = w->done;

	spin_unlock(&q->obj.lock, ev);
	return done;
}

/* w is queued and the sleep prepared: 0 or what finish() was told, -ERESTARTNOHAND. */
static int wait_for(struct msg_queue *q, struct msg_waiter *w)
{
	unsigned long ev;
	int err = 0;

	while (!err && !is_done(q, w)) {
		err = sched_sleep(WAIT_FOREVER);
		if (!err)
			sched_prepare_sleep(true);
	}
	sched_cancel_sleep();
	ev = spin_lock(&q->obj.lock);
	if (!w->done) {
		list_remove(&w->link);
		w->error = -ERESTARTNOHAND;
	}
	spin_unlock(&q->obj.lock, ev);
	return w->error;
}

/* ---- sending ---- */

static bool matches(const struct msg_waiter *w, s64 type)
{
	if (!w->type)
		return true;
	if (w->type < 0)
		return type <= (w->type == INT64_MIN ? INT64_MAX : -w->type);
	return (w->flags & MSG_EXCEPT) ? type != w->type : type == w->type;
}

/* Gives m to a thread that waits for it; false: nobody does.  Under the lock. */
static bool hand_over(struct msg_queue *q, struct msg *m)
{
	list_for_each_safe(l, next, &q->receivers) {
		struct msg_waiter *w = list_entry(l, struct msg_waiter, link);

		if (!matches(w, m->type))
			continue;
		if (m->size > w->room && !(w->flags & MSG_NOERROR)) {
			finish(w, -E2BIG);
			continue;
		}
		w->msg = m;
		q->receiver = w->thread->tid; /* the thread, as Linux has it */
		q->rtime = sysv_now();
		finish(w, 0);
		return true;
	}
	return false;
}

static bool has_room(const struct msg_queue *q, u64 size)
{
	return size + q->bytes <= q->limit && q->count + 1 <= q->limit;
}

long msg_send(struct msg_queue *q, struct msg *m, bool wait)
{
	for (;;) {
		struct msg_waiter w = {.thread = current};
		unsigned long ev = spin_lock(&q->obj.lock);
		int r = q->obj.removed ? -EIDRM : sysv_permitted(&q->obj, SYSV_WRITE);

		if (!r && has_room(q, m->size)) {
			q->sender = current->process->pid;
			q->stime = sysv_now();
			if (!hand_over(q, m)) {
				list_push_back(&q->messages, &m->link);
				q->bytes += m->size;
				q->count++;
			}
			spin_unlock(&q->obj.lock, ev);
			return 0;
		}
		if (!r && !wait)
			r = -EAGAIN;
		if (!r) {
			list_push_back(&q->senders, &w.link);
			sched_prepare_sleep(true);
		}
		spin_unlock(&q->obj.lock, ev);
		if (!r)
			r = wait_for(q, &w);
		if (r)
			return r;
	}
}

/* ---- receiving ---- */

/* The message that (type, flags) ask for, or NULL.  Under the lock. */
static struct msg *find(struct msg_queue *q, const struct msg_waiter *w)
{
	struct msg *best = NULL;
	s64 index = 0;

	list_for_each(l, &q->messages) {
		struct msg *m = list_entry(l, struct msg, link);

		if (w->flags & MSG_COPY) { /* by its place */
			if (index++ == w->type)
				return m;
			continue;
		}
		if (!matches(w, m->type))
			continue;
		if (w->type >= 0)
			return m;
		if (!best || m->type < best->type) /* the lowest, and of these the first */
			best = m;
	}
	return best;
}

/* Takes m off the queue, or makes a copy of it in `copy`.  Under the lock. */
static struct msg *take(struct msg_queue *q, struct msg *m, struct msg_waiter *w, struct msg *copy)
{
	if (m->size > w->room && !(w->flags & MSG_NOERROR))
		return err_ptr(-E2BIG);
	if (copy) {
		if (m->size > w->room) /* Linux copies whole messages or none */
			return err_ptr(-EINVAL);
		copy->type = m->type;
		copy->size = m->size;
		memcpy(copy->data, m->data, m->size);
		return copy;
	}
	list_remove(&m->link);
	q->bytes -= m->size;
	q->count--;
	q->rtime = sysv_now();
	q->receiver = current->process->pid;
	finish_all(&q->senders, 0);
	return m;
}

struct msg *msg_receive(struct msg_queue *q, s64 type, u64 room, int flags)
{
	struct msg_waiter w = {.thread = current, .type = type, .room = room, .flags = flags};
	struct msg *found, *copy = NULL, *got;
	unsigned long ev;
	int r;

	if (flags & MSG_COPY) {
		copy = kmalloc(sizeof(*copy) + MIN(room, (u64)MSG_SIZE_MAX));
		if (!copy)
			return err_ptr(-ENOMEM);
	}
	ev = spin_lock(&q->obj.lock);
	r = q->obj.removed ? -EIDRM : sysv_permitted(&q->obj, SYSV_READ);
	found = r ? NULL : find(q, &w);
	got = found ? take(q, found, &w, copy) : NULL;
	if (!r && !found && (flags & IPC_NOWAIT))
		r = -ENOMSG;
	if (!r && !found) {
		list_push_back(&q->receivers, &w.link);
		sched_prepare_sleep(true);
	}
	spin_unlock(&q->obj.lock, ev);
	if (copy && got != copy)
		kfree(copy);
	if (got)
		return got;
	if (!r)
		r = wait_for(q, &w);
	return r ? err_ptr(r) : w.msg;
}

void msg_set_limit(struct msg_queue *q, u64 bytes)
{
	q->limit = bytes;
	q->ctime = sysv_now();
	finish_all(&q->senders, 0);
}

void msg_destroy(struct msg_queue *q)
{
	unsigned long ev;

	if (!sysv_remove(&msg_ids, &q->obj))
		return;
	ev = spin_lock(&q->obj.lock);
	finish_all(&q->receivers, -EIDRM);
	finish_all(&q->senders, -EIDRM);
	spin_unlock(&q->obj.lock, ev);
}

/* SPDX-License-Identifier: MIT */
#include "fs/poll.h"
#include "mm/heap.h"
#include "proc/clock.h"

/* A place in one file's wait queue. */
struct poll_entry {
	struct waiter w;
	struct wait_queue *q;
	struct file *file; /* a reference: the queue lives in it */
};

struct poll_set {
	struct poll_hook hook;
	struct poll_entry *entry;
	unsigned count, room;
	struct file *file; /* being asked */
	bool no_memory;
	u32 triggered;
	struct poll_entry first[8]; /* enough for most */
};

static bool poll_notify(struct waiter *w, unsigned events)
{
	struct poll_set *s = w->priv;

	WRITE_ONCE(s->triggered, 1);
	return sched_wake(w->thread);
}

static void poll_queue(struct poll_hook *h, struct wait_queue *q)
{
	struct poll_set *s = container_of(h, struct poll_set, hook);
	struct poll_entry *e;

	if (s->count == s->room) {
		s->no_memory = true;
		return;
	}
	e = &s->entry[s->count++];
	e->w = (struct waiter){.thread = current, .notify = poll_notify, .priv = s};
	list_init(&e->w.link);
	e->q = q;
	e->file = file_ref(s->file);
	wait_add(q, &e->w);
}

static void poll_dequeue(struct poll_set *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		wait_remove(s->entry[i].q, &s->entry[i].w);
		file_unref(s->entry[i].file);
	}
	s->count = 0;
}

static unsigned poll_scan(struct poll_set *s, struct pollfd *pfd, unsigned n, bool queue)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned want = (u16)pfd[i].events | POLLERR | POLLHUP;
		struct fdref r;

		pfd[i].revents = 0;
		if (pfd[i].fd < 0)
			continue;
		r = fd_get(pfd[i].fd);
		if (!r.file) {
			pfd[i].revents = POLLNVAL;
			ready++;
			continue;
		}
		s->file = r.file;
		pfd[i].revents = file_poll(r.file, want, queue && !ready ? &s->hook : NULL) & want;
		if (pfd[i].revents)
			ready++;
		fd_put(r);
	}
	return ready;
}

long poll_wait(struct pollfd *pfd, unsigned n, nsec_t deadline)
{
	struct poll_set s = {.hook.add = poll_queue};
	long r = poll_scan(&s, pfd, n, false);

	if (r || !deadline)
		return r;
	/* A file has at most two queues. */
	s.entry = s.first;
	s.room = ARRAY_SIZE(s.first);
	if (2 * n > s.room) {
		s.room = 2 * n;
		s.entry = kmalloc(s.room * sizeof(*s.entry));
		if (!s.entry)
			return -ENOMEM;
	}
	r = poll_scan(&s, pfd, n, true);
	while (!r) {
		int e = 0;

		sched_prepare_sleep(true);
		if (!READ_ONCE(s.triggered))
			e = sched_sleep(deadline);
		sched_cancel_sleep();
		WRITE_ONCE(s.triggered, 0);
		r = poll_scan(&s, pfd, n, false);
		if (r)
			break;
		if (e == -ETIMEDOUT)
			break;
		if (e) {
			r = -ERESTARTNOHAND;
			break;
		}
	}
	poll_dequeue(&s);
	if (s.entry != s.first)
		kfree(s.entry);
	return r;
}

/* SPDX-License-Identifier: MIT */
/*
 * io_uring's requests.  A request runs under its ring's `submit` lock until it is done or would block; then
 * it waits, armed, at its file's queues or at a timer.  Whoever turns it from ARMED to FIRED (a wake-up, the
 * timer, a cancellation) owns it from there.  Wake-ups may come from event handlers: they only hand it to the
 * worker, a thread of the kernel, which goes on with it.
 */
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/socket.h"
#include "syscall/timeval.h"
#include "syscall/uring_req.h"

#define REQ_WAITS  -4096 /* a result that no system call has: it is armed, or the worker's already */

static struct {
	struct spinlock lock;
	struct list queue;
	struct wait_queue wait, idle;
	u32 started;
	bool busy; /* with a request; set with it taken off, under the lock */
} worker = {SPINLOCK_INIT, LIST_INIT(worker.queue), WAIT_QUEUE_INIT(worker.wait), WAIT_QUEUE_INIT(worker.idle), 0, false};

/* ---- waiting ---- */

static bool claim(struct uring_req *q)
{
	u32 armed = REQ_ARMED;

	return __atomic_compare_exchange_n(&q->state, &armed, REQ_FIRED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void give_to_worker(struct uring_req *q)
{
	unsigned long ev = spin_lock(&worker.lock);

	list_push_back(&worker.queue, &q->work);
	spin_unlock(&worker.lock, ev);
	wait_wake_all(&worker.wait, 0);
}

static bool file_woke(struct waiter *w, unsigned events)
{
	struct uring_req *q = w->priv;

	if (events && !(events & q->want))
		return false;
	if (claim(q))
		give_to_worker(q);
	return true;
}

static void timer_fired(struct timer *t)
{
	struct uring_req *q = t->arg;

	if (claim(q))
		give_to_worker(q);
}

static void add_hook(struct poll_hook *h, struct wait_queue *wq)
{
	struct uring_req *q = container_of(h, struct uring_req, hook);
	struct waiter *w;

	if (q->hook_count == HOOKS_MAX) {
		q->hooks_lacking = true;
		return;
	}
	q->hooks[q->hook_count].q = wq;
	w = &q->hooks[q->hook_count++].w;
	*w = (struct waiter){.thread = current, .notify = file_woke, .priv = q};
	list_init(&w->link);
	wait_add(wq, w);
}

static void unhook(struct uring_req *q)
{
	while (q->hook_count) {
		q->hook_count--;
		wait_remove(q->hooks[q->hook_count].q, &q->hooks[q->hook_count].w);
	}
}

static void set_active(struct uring_req *q, bool active)
{
	unsigned long ev = spin_lock(&q->ring->lock);

	if (active)
		list_push_back(&q->ring->active, &q->link);
	else
		list_remove(&q->link);
	spin_unlock(&q->ring->lock, ev);
}

/* It is the caller's again: nobody will wake it any more. */
static void disarm(struct uring_req *q)
{
	set_active(q, false);
	unhook(q);
	if (q->timer.fn)
		timer_cancel(&q->timer);
	WRITE_ONCE(q->state, REQ_RUNS);
}

/* Waits for q->want: REQ_WAITS, 0 if it holds already, or -ENOMEM. */
static int arm_poll(struct uring_req *q)
{
	unsigned mask;

	q->hook.add = add_hook;
	q->hooks_lacking = false;
	WRITE_ONCE(q->state, REQ_ARMED);
	set_active(q, true);
	mask = file_poll(q->file, q->want, &q->hook);
	if (!(mask & q->want) && !q->hooks_lacking)
		return REQ_WAITS;
	if (!claim(q)) /* woken meanwhile: the worker has it */
		return REQ_WAITS;
	disarm(q);
	return mask & q->want ? 0 : -ENOMEM;
}

void uring_count_timeouts(struct uring *r)
{
	list_for_each_safe(l, next, &r->active) {
		struct uring_req *q = list_entry(l, struct uring_req, link);

		if (!q->counts || (s32)(r->cq_tail - q->target) < 0 || !claim(q))
			continue;
		q->due = true;
		give_to_worker(q);
	}
}

/* ---- what requests do ---- */

/* O_NONBLOCK does not count: as on Linux a request waits all the same, unless it says itself that it does not. */
static bool may_block(const struct file *f) { return f->ops->poll && (f->kind & (FILE_STREAM | FILE_SOCKET)); }

static ssize_t move_bytes(struct uring_req *q, bool write)
{
	struct fdref r = {q->file, true};
	u64 at = q->sqe.off, *pos = (q->file->kind & FILE_STREAM) || at == ~0ull ? NULL : &at;
	struct uio u = q->iov.uio;

	if (pos && (s64)at < 0)
		return -EINVAL;
	u.nowait = may_block(q->file);
	return write ? file_do_write(r, &u, pos) : file_do_read(r, &u, pos);
}

static ssize_t move_message(struct uring_req *q, bool send)
{
	struct uio u = q->iov.uio;
	struct socket_msg m = {.u = &u, .flags = (int)q->sqe.op_flags | MSG_DONTWAIT | (send ? MSG_NOSIGNAL : 0)};
	ssize_t n;

	if (!(q->file->kind & FILE_SOCKET))
		return -ENOTSOCK;
	n = send ? socket_of(q->file)->ops->send(q->file, &m) : socket_of(q->file)->ops->recv(q->file, &m);
	for (unsigned i = 0; i < m.nfds; i++)
		file_unref(m.fds[i]);
	kfree(m.fds);
	return n;
}

/* As far as it goes without blocking: -EAGAIN if it would. */
static ssize_t try_io(struct uring_req *q)
{
	switch (q->sqe.opcode) {
	case IORING_OP_READ:
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
		return move_bytes(q, false);
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
		return move_bytes(q, true);
	case IORING_OP_SEND:
	case IORING_OP_RECV:
		return move_message(q, q->sqe.opcode == IORING_OP_SEND);
	case IORING_OP_ACCEPT:
		if (!(q->file->kind & FILE_SOCKET))
			return -ENOTSOCK;
		return socket_accept(q->file, (void __user *)q->sqe.addr, (int __user *)q->sqe.off, (int)q->sqe.op_flags);
	default:
		return -EINVAL;
	}
}

static ssize_t do_io(struct uring_req *q)
{
	bool blocks = may_block(q->file), nowait;
	ssize_t r;

	nowait = q->sqe.opcode == IORING_OP_SEND || q->sqe.opcode == IORING_OP_RECV ? q->sqe.op_flags & MSG_DONTWAIT
		 : q->sqe.opcode == IORING_OP_ACCEPT				   ? false
										   : q->sqe.op_flags & RWF_NOWAIT;
	for (;;) {
		r = -EAGAIN;
		if (!blocks || (file_poll(q->file, q->want, NULL) & q->want))
			r = try_io(q);
		if (r == -ERESTARTSYS || r == -ERESTARTNOHAND)
			r = -EINTR;
		if (r >= 0 && q->sqe.opcode == IORING_OP_ACCEPT && q->sqe.ioprio & IORING_ACCEPT_MULTISHOT) {
			uring_post_more(q->ring, q->sqe.user_data, (s32)r);
			continue;
		}
		if (r != -EAGAIN || !blocks || nowait)
			return r;
		r = arm_poll(q);
		if (r)
			return r;
	}
}

/* IORING_POLL_ADD_MULTI: tells what it sees now and at each wake-up, until it is cancelled. */
static ssize_t do_poll_many(struct uring_req *q)
{
	unsigned mask;

	q->hook.add = add_hook;
	q->hooks_lacking = false;
	WRITE_ONCE(q->state, REQ_ARMED);
	set_active(q, true);
	mask = file_poll(q->file, q->want, &q->hook) & q->want;
	if (q->hooks_lacking && claim(q)) {
		disarm(q);
		return -ENOMEM;
	}
	if (mask) /* under ring.submit: nobody has ended it yet, though it may have been woken */
		uring_post_more(q->ring, q->sqe.user_data, (s32)mask);
	return REQ_WAITS;
}

static ssize_t do_poll(struct uring_req *q)
{
	if (q->sqe.len & IORING_POLL_ADD_MULTI)
		return do_poll_many(q);
	for (;;) {
		unsigned mask = file_poll(q->file, q->want, NULL) & q->want;
		int r;

		if (mask)
			return (ssize_t)mask;
		r = arm_poll(q);
		if (r)
			return r;
	}
}

int uring_get_deadline(u64 addr, u32 flags, nsec_t *deadline)
{
	struct timespec64 ts;

	if (copy_from_user(&ts, (const void __user *)addr, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0) /* a second's worth and more of nanoseconds is taken as it comes */
		return -EINVAL;
	*deadline = timespec_to_nsec(&ts);
	if (!(flags & IORING_TIMEOUT_ABS))
		*deadline = clock_deadline(*deadline);
	else if (flags & IORING_TIMEOUT_REALTIME)
		*deadline = deadline_of_wall(*deadline);
	return 0;
}

static ssize_t do_timeout(struct uring_req *q)
{
	unsigned long ev;

	if (READ_ONCE(q->timer.fn)) /* it has fired, or counted enough */
		return q->due ? 0 : -ETIME;
	timer_init(&q->timer, timer_fired, q);
	q->counts = q->sqe.off != 0;
	ev = spin_lock(&q->ring->lock);
	q->target = q->ring->cq_tail + (u32)q->sqe.off;
	WRITE_ONCE(q->state, REQ_ARMED);
	list_push_back(&q->ring->active, &q->link);
	spin_unlock(&q->ring->lock, ev);
	timer_set(&q->timer, q->deadline);
	return REQ_WAITS;
}

/* ---- cancelling ---- */

/* The request that waits under that name, and is the caller's now; NULL and *err: -ENOENT, -EALREADY. */
static struct uring_req *take_active(struct uring *r, u64 user_data, bool any, int opcode, int *err)
{
	unsigned long ev = spin_lock(&r->lock);
	struct uring_req *found = NULL;

	*err = -ENOENT;
	list_for_each(l, &r->active) {
		struct uring_req *q = list_entry(l, struct uring_req, link);

		if ((!any && q->sqe.user_data != user_data) || (opcode >= 0 && q->sqe.opcode != opcode) || q->error)
			continue; /* with an error: cancelled already */
		if (claim(q)) {
			found = q;
			break;
		}
		*err = -EALREADY;
	}
	spin_unlock(&r->lock, ev);
	return found;
}

/* Those found go to the worker, which tells their results: a chain may hang on each, so not from inside another. */
static ssize_t do_cancel(struct uring *r, u64 user_data, bool any, bool all, int opcode)
{
	ssize_t n = 0;
	int err;

	do {
		struct uring_req *q = take_active(r, user_data, any, opcode, &err);

		if (!q)
			break;
		q->error = -ECANCELED;
		give_to_worker(q);
		n++;
	} while (all);
	return all ? n : n ? 0 : err;
}

static ssize_t do_timeout_update(struct uring_req *q)
{
	struct uring_req *t;
	nsec_t deadline;
	int err = uring_get_deadline(q->sqe.off, q->sqe.op_flags, &deadline);

	if (err)
		return err;
	t = take_active(q->ring, q->sqe.addr, false, IORING_OP_TIMEOUT, &err);
	if (!t)
		return err;
	timer_cancel(&t->timer);
	t->deadline = deadline;
	WRITE_ONCE(t->state, REQ_ARMED);
	timer_set(&t->timer, deadline);
	return 0;
}

/* Without `submit`: a request of this very ring may let go of the last reference to the ring's file. */
void uring_cancel_all(struct uring *r)
{
	WRITE_ONCE(r->closed, true);
	do_cancel(r, 0, true, true, -1);
}

/* What the ring's file keeps open goes on being a ring. */
void uring_reopen(struct uring *r) { WRITE_ONCE(r->closed, false); }

/* ---- from the beginning to the end ---- */

static ssize_t perform(struct uring_req *q)
{
	const struct uring_sqe *s = &q->sqe;

	if (q->error)
		return q->error;
	switch (s->opcode) {
	case IORING_OP_NOP:
		return 0;
	case IORING_OP_FSYNC:
		return file_fsync(q->file, s->op_flags & IORING_FSYNC_DATASYNC);
	case IORING_OP_POLL_ADD:
		return do_poll(q);
	case IORING_OP_POLL_REMOVE:
		return do_cancel(q->ring, s->addr, false, false, IORING_OP_POLL_ADD);
	case IORING_OP_TIMEOUT:
		return do_timeout(q);
	case IORING_OP_TIMEOUT_REMOVE:
		if (s->op_flags & IORING_TIMEOUT_UPDATE)
			return do_timeout_update(q);
		return do_cancel(q->ring, s->addr, false, false, IORING_OP_TIMEOUT);
	case IORING_OP_ASYNC_CANCEL:
		return do_cancel(q->ring, s->addr, s->op_flags & IORING_ASYNC_CANCEL_ANY,
				 s->op_flags & (IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY), -1);
	case IORING_OP_LINK_TIMEOUT: /* behind nothing */
		return -EINVAL;
	case IORING_OP_CLOSE:
		return fd_close(s->fd);
	default:
		return do_io(q);
	}
}

/* Whether its result breaks the chain: an error, or fewer bytes than were asked for. */
static bool breaks_chain(const struct uring_req *q, ssize_t res)
{
	if (res < 0)
		return !(q->sqe.opcode == IORING_OP_TIMEOUT && res == -ETIME &&
			 (q->sqe.op_flags & IORING_TIMEOUT_ETIME_SUCCESS));
	return q->has_iov && (size_t)res != q->iov.uio.left;
}

static void req_free(struct uring_req *q)
{
	struct uring *r = q->ring;

	if (q->has_iov)
		iov_end(&q->iov);
	if (q->file)
		file_unref(q->file);
	kfree(q);
	uring_put(r);
}

static void tell(struct uring_req *q, ssize_t res)
{
	if (!(q->sqe.flags & IOSQE_CQE_SKIP_SUCCESS) || res < 0)
		uring_post(q->ring, q->sqe.user_data, (s32)res);
}

/* IORING_OP_LINK_TIMEOUT behind q, which is done: its timer will not fire any more.  What follows it. */
static struct uring_req *end_link_timeout(struct uring_req *t)
{
	struct uring_req *next = t->next;
	ssize_t res = t->error ? t->error : t->hit ? -ETIME : -ECANCELED;

	if (t->timer.fn)
		timer_cancel(&t->timer);
	if (t->hit)
		res = -ETIME;
	tell(t, res);
	req_free(t);
	return next;
}

/* Tells the result and lets go of it: what follows it in its chain, to be started or to be given up, or NULL. */
static struct uring_req *finish(struct uring_req *q, ssize_t res)
{
	bool broken = breaks_chain(q, res) && !(q->sqe.flags & IOSQE_IO_HARDLINK), drain = q->drain;
	struct uring_req *next = q->next;
	struct uring *r = q->ring;

	if (next && next->sqe.opcode == IORING_OP_LINK_TIMEOUT) {
		if (next->timer.fn)
			timer_cancel(&next->timer); /* before q is told of: it looks at q */
		tell(q, res);
		next = end_link_timeout(next);
	} else {
		tell(q, res);
	}
	if (next) {
		next->drain = drain;
		if (broken && !next->unfit) {
			next->error = -ECANCELED;
			next->sqe.flags &= ~IOSQE_IO_HARDLINK;
		}
	} else {
		r->running--;
		r->draining &= !drain;
	}
	req_free(q); /* may be the ring's last reference but the caller's */
	return next;
}

/* Its time is up: what it was linked to is cancelled, unless that runs right now; then at its next wait. */
static void link_timer_fired(struct timer *timer)
{
	struct uring_req *t = timer->arg, *q = t->timed;

	WRITE_ONCE(t->due, true);
	if (!claim(q))
		return;
	t->hit = true;
	q->error = -ECANCELED;
	give_to_worker(q);
}

/* q waits, and a time-out is linked to it: starts that, or finds that it has fired while q ran. */
static void watch_link(struct uring_req *q)
{
	struct uring_req *t = q->next;

	if (!t->timer.fn) {
		timer_init(&t->timer, link_timer_fired, t);
		t->timed = q;
		timer_set(&t->timer, t->deadline);
	} else if (READ_ONCE(t->due) && !t->hit && claim(q)) {
		t->hit = true;
		q->error = -ECANCELED;
		give_to_worker(q);
	}
}

/* Under ring.submit, so that the worker cannot have what has been armed before this returns. */
static void run_chain(struct uring_req *q)
{
	while (q) {
		ssize_t r;

		if (READ_ONCE(q->ring->closed) && !q->error)
			q->error = -ECANCELED;
		r = perform(q);
		if (r == REQ_WAITS) {
			if (q->next && q->next->sqe.opcode == IORING_OP_LINK_TIMEOUT && !q->next->error)
				watch_link(q);
			return;
		}
		q = finish(q, r);
	}
}

static bool may_start(const struct uring *r, const struct uring_req *head)
{
	return !r->draining && !(head->drain && r->running);
}

static void start(struct uring_req *head)
{
	head->ring->running++;
	head->ring->draining = head->drain;
	run_chain(head);
}

/* A chain may have ended that others waited for (IOSQE_IO_DRAIN). */
static void start_deferred(struct uring *r)
{
	while (!list_empty(&r->deferred)) {
		struct uring_req *head = list_first(&r->deferred, struct uring_req, link);

		if (!may_start(r, head))
			break;
		list_remove(&head->link);
		start(head);
	}
}

void uring_start_chain(struct uring_req *head)
{
	struct uring *r = head->ring;

	if (!list_empty(&r->deferred) || !may_start(r, head)) {
		list_push_back(&r->deferred, &head->link);
		return;
	}
	start(head);
	start_deferred(r);
}

static void work(struct uring_req *q)
{
	struct uring *r = q->ring;

	__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
	mutex_lock(&r->submit);
	disarm(q);
	run_chain(q);
	start_deferred(r);
	mutex_unlock(&r->submit);
	uring_put(r);
}

/* Works for the program, in its address space: what it copies to the program's memory may fault. */
static void worker_thread(void *arg)
{
	unsigned long ev;

	current->process = arg;
	ev = events_save();
	platform_space_switch(current->process->space);
	events_restore(ev);
	for (;;) {
		struct uring_req *q = NULL;

		if (!READ_ONCE(worker.busy))
			(void)WAIT_EVENT(&worker.wait, !list_empty(&worker.queue), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE);
		ev = spin_lock(&worker.lock);
		if (!list_empty(&worker.queue)) {
			q = list_first(&worker.queue, struct uring_req, work);
			list_remove(&q->work);
		}
		worker.busy = q;
		spin_unlock(&worker.lock, ev);
		if (q)
			work(q);
		else
			wait_wake_all(&worker.idle, 0);
	}
}

/*
 * A request must not find another program's memory at its addresses: before execve(2) changes the address space, when
 * no other thread of the program is left, all of them are cancelled, and those told of.
 */
void uring_exec(void)
{
	if (!READ_ONCE(worker.started))
		return;
	uring_each(uring_cancel_all);
	(void)WAIT_EVENT(&worker.idle, list_empty(&worker.queue) && !READ_ONCE(worker.busy), WAIT_FOREVER,
			 WAIT_UNINTERRUPTIBLE);
	uring_each(uring_reopen);
}

int uring_start_worker(void)
{
	if (__atomic_exchange_n(&worker.started, 1, __ATOMIC_ACQ_REL))
		return 0;
	if (thread_spawn_kernel("io_uring", worker_thread, current->process))
		return 0;
	__atomic_store_n(&worker.started, 0, __ATOMIC_RELEASE);
	return -ENOMEM;
}

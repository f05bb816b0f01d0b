/* SPDX-License-Identifier: MIT */
/*
 * io_uring's requests.  A request runs under its ring's `submit` lock until it is done or would block; then
 * it waits, armed, at its file's queues or at a timer.  Whoever turns it from ARMED to FIRED (a wake-up, the
 * timer, a cancellation) owns it from there.  Wake-ups may come from event handlers: they only hand it to the
 * worker, a thread of the kernel, which goes on with it.
 */
#include "ipc/uring.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/args.h"
#include "syscall/socket.h"
#include "syscall/timeval.h"

#define IOSQE_FIXED_FILE       (1u << 0)
#define IOSQE_IO_LINK	       (1u << 2)
#define IOSQE_IO_HARDLINK      (1u << 3)
#define IOSQE_ASYNC	       (1u << 4) /* as good as not: what blocks is left to the worker anyway */
#define IOSQE_CQE_SKIP_SUCCESS (1u << 6)
#define SQE_FLAGS_KNOWN                                                                                      \
	(IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_CQE_SKIP_SUCCESS)

#define IORING_FSYNC_DATASYNC	    1u
#define IORING_TIMEOUT_ABS	    1u
#define IORING_TIMEOUT_UPDATE	    2u
#define IORING_TIMEOUT_BOOTTIME	    4u
#define IORING_TIMEOUT_REALTIME	    8u
#define IORING_TIMEOUT_ETIME_SUCCESS 32u
#define IORING_ASYNC_CANCEL_ALL	    1u
#define IORING_ASYNC_CANCEL_FD	    2u
#define IORING_ASYNC_CANCEL_ANY	    4u
#define RWF_NOWAIT		    8u

#define HOOKS_MAX  4
#define REQ_WAITS  -4096 /* a result that no system call has: it is armed, or the worker's already */

enum req_state { REQ_RUNS, REQ_ARMED, REQ_FIRED };

struct uring_req {
	struct list link; /* in ring.active: under ring.lock */
	struct list work; /* in the worker's list */
	struct uring *ring;
	struct uring_req *next; /* of its chain: starts when this one is done */
	struct uring_sqe sqe;
	u32 state; /* enum req_state, atomic */
	int error; /* found when it was prepared */
	struct file *file;
	unsigned want; /* POLL* bits it waits for */
	struct poll_hook hook;
	struct {
		struct waiter w;
		struct wait_queue *q;
	} hooks[HOOKS_MAX];
	unsigned hook_count;
	bool hooks_lacking;
	struct iov_arg iov;
	bool has_iov;
	struct timer timer;
	nsec_t deadline;
	u32 target;	  /* of a time-out that counts: ring.cq_tail then */
	bool counts, due; /* due: it came to its number before its time */
};

static struct {
	struct spinlock lock;
	struct list queue;
	struct wait_queue wait;
	u32 started;
} worker = {SPINLOCK_INIT, LIST_INIT(worker.queue), WAIT_QUEUE_INIT(worker.wait), 0};

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
		if (r != -EAGAIN || !blocks || nowait)
			return r;
		r = arm_poll(q);
		if (r)
			return r;
	}
}

static ssize_t do_poll(struct uring_req *q)
{
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

static int get_deadline(const struct uring_sqe *sqe, u64 addr, u32 flags, nsec_t *deadline)
{
	int err = get_timespec_nsec((void __user *)addr, deadline);

	if (err)
		return err;
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
	int err = get_deadline(&q->sqe, q->sqe.off, q->sqe.op_flags, &deadline);

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

/* Tells the result and lets go of it: what follows it in its chain, to be started or to be given up, or NULL. */
static struct uring_req *finish(struct uring_req *q, ssize_t res)
{
	struct uring_req *next = q->next;

	if (next && breaks_chain(q, res) && !(q->sqe.flags & IOSQE_IO_HARDLINK)) {
		next->error = -ECANCELED;
		next->sqe.flags &= ~IOSQE_IO_HARDLINK;
	}
	if (!(q->sqe.flags & IOSQE_CQE_SKIP_SUCCESS) || res < 0)
		uring_post(q->ring, q->sqe.user_data, (s32)res);
	req_free(q);
	return next;
}

/* Under ring.submit, so that the worker cannot have what has been armed before this returns. */
static void run_chain(struct uring_req *q)
{
	while (q) {
		ssize_t r;

		if (READ_ONCE(q->ring->closed) && !q->error)
			q->error = -ECANCELED;
		r = perform(q);
		if (r == REQ_WAITS)
			return;
		q = finish(q, r);
	}
}

static void work(struct uring_req *q)
{
	struct uring *r = q->ring;

	__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
	mutex_lock(&r->submit);
	disarm(q);
	run_chain(q);
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

		(void)WAIT_EVENT(&worker.wait, !list_empty(&worker.queue), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE);
		ev = spin_lock(&worker.lock);
		if (!list_empty(&worker.queue)) {
			q = list_first(&worker.queue, struct uring_req, work);
			list_remove(&q->work);
		}
		spin_unlock(&worker.lock, ev);
		if (q)
			work(q);
	}
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

/* ---- taking requests from the ring ---- */

static const u8 needs_file[IORING_OP_COUNT] = {
	[IORING_OP_READV] = 1,	   [IORING_OP_WRITEV] = 1,	[IORING_OP_FSYNC] = 1, [IORING_OP_READ_FIXED] = 1,
	[IORING_OP_WRITE_FIXED] = 1, [IORING_OP_POLL_ADD] = 1, [IORING_OP_ACCEPT] = 1, [IORING_OP_READ] = 1,
	[IORING_OP_WRITE] = 1,	   [IORING_OP_SEND] = 1,	[IORING_OP_RECV] = 1,
};

bool uring_op_known(unsigned op)
{
	return op < IORING_OP_COUNT &&
	       (needs_file[op] || op == IORING_OP_NOP || op == IORING_OP_POLL_REMOVE || op == IORING_OP_TIMEOUT ||
		op == IORING_OP_TIMEOUT_REMOVE || op == IORING_OP_ASYNC_CANCEL || op == IORING_OP_CLOSE);
}

static int one_buffer(struct uring_req *q, u64 addr, u64 len)
{
	if (!user_range_ok((void __user *)addr, len))
		return -EFAULT;
	q->iov.iov = q->iov.small;
	q->iov.small[0] = (struct iovec){(void __user *)addr, MIN(len, RW_MAX)};
	q->iov.uio = (struct uio){.iov = q->iov.iov, .count = 1, .left = q->iov.small[0].len};
	q->has_iov = true;
	return 0;
}

/* The program's part of a registered buffer. */
static int fixed_buffer(struct uring_req *q)
{
	const struct uring_sqe *s = &q->sqe;
	const struct iovec *b;

	if (s->buf_index >= q->ring->buffer_count)
		return -EFAULT;
	b = &q->ring->buffers[s->buf_index];
	if (s->addr < (u64)b->base || s->len > b->len || s->addr - (u64)b->base > b->len - s->len)
		return -EFAULT;
	return one_buffer(q, s->addr, s->len);
}

/* Looks at the request as a whole and takes what it needs of the program's memory.  An error ends the submission. */
static int prepare(struct uring_req *q)
{
	const struct uring_sqe *s = &q->sqe;
	int err;

	if ((s->flags & ~SQE_FLAGS_KNOWN) || !uring_op_known(s->opcode) || s->personality)
		return -EINVAL;
	switch (s->opcode) {
	case IORING_OP_READ:
	case IORING_OP_WRITE:
	case IORING_OP_READ_FIXED:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_READV:
	case IORING_OP_WRITEV:
		if (s->op_flags & ~RWF_NOWAIT)
			return -EOPNOTSUPP;
		q->want = s->opcode == IORING_OP_READ || s->opcode == IORING_OP_READV || s->opcode == IORING_OP_READ_FIXED
				  ? POLLIN
				  : POLLOUT;
		if (s->opcode == IORING_OP_READV || s->opcode == IORING_OP_WRITEV) {
			err = iov_get(&q->iov, (const struct iovec __user *)s->addr, s->len);
			q->has_iov = !err;
		} else if (s->opcode == IORING_OP_READ_FIXED || s->opcode == IORING_OP_WRITE_FIXED) {
			err = fixed_buffer(q);
		} else {
			err = one_buffer(q, s->addr, s->len);
		}
		q->want |= POLLERR | POLLHUP;
		return err;
	case IORING_OP_SEND:
	case IORING_OP_RECV:
		q->want = (s->opcode == IORING_OP_RECV ? POLLIN : POLLOUT) | POLLERR | POLLHUP;
		return s->off || s->file_index ? -EINVAL : one_buffer(q, s->addr, s->len);
	case IORING_OP_ACCEPT:
		q->want = POLLIN | POLLERR | POLLHUP;
		return s->len || s->buf_index || s->file_index || s->ioprio ? -EINVAL : 0;
	case IORING_OP_FSYNC:
		return s->addr || s->buf_index || s->file_index || (s->op_flags & ~IORING_FSYNC_DATASYNC) ? -EINVAL : 0;
	case IORING_OP_POLL_ADD:
		q->want = s->op_flags | POLLERR | POLLHUP;
		return s->addr || s->off || s->buf_index || s->len ? -EINVAL : 0;
	case IORING_OP_POLL_REMOVE:
		return s->len || s->off || s->op_flags || s->buf_index ? -EINVAL : 0;
	case IORING_OP_TIMEOUT:
		if (s->buf_index || s->len != 1 || s->file_index || s->off > 0xffffffff ||
		    (s->op_flags & ~(IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME |
				     IORING_TIMEOUT_ETIME_SUCCESS)) ||
		    (s->op_flags & (IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME)) ==
			    (IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME))
			return -EINVAL;
		return get_deadline(s, s->addr, s->op_flags, &q->deadline);
	case IORING_OP_TIMEOUT_REMOVE:
		return s->buf_index || s->len || s->file_index ||
				       (s->op_flags & ~(IORING_TIMEOUT_UPDATE | IORING_TIMEOUT_ABS | IORING_TIMEOUT_REALTIME))
			       ? -EINVAL
			       : 0;
	case IORING_OP_ASYNC_CANCEL:
		if (s->op_flags & IORING_ASYNC_CANCEL_FD) /* by descriptor: docs/limits.md */
			return -EINVAL;
		return s->off || s->file_index || (s->op_flags & ~7u) ? -EINVAL : 0;
	case IORING_OP_CLOSE:
		if (s->flags & IOSQE_FIXED_FILE)
			return -EBADF;
		return s->off || s->addr || s->len || s->op_flags || s->buf_index || s->file_index ? -EINVAL : 0;
	default:
		return 0;
	}
}

/* The file, with a reference; closing the ring through itself would wait for itself. */
static int get_file(struct uring_req *q)
{
	const struct uring_sqe *s = &q->sqe;

	if (s->opcode == IORING_OP_CLOSE) {
		struct file *f = fd_get_file(s->fd);
		bool ring = f && uring_of(f);

		if (f)
			file_unref(f);
		return !f || ring ? -EBADF : 0;
	}
	if (!uring_op_known(s->opcode) || !needs_file[s->opcode])
		return 0;
	if (s->flags & IOSQE_FIXED_FILE)
		q->file = (u32)s->fd < q->ring->file_count && q->ring->files[s->fd] ? file_ref(q->ring->files[s->fd]) : NULL;
	else
		q->file = fd_get_file(s->fd);
	if (q->file && q->file->kind & FILE_PATH) {
		file_unref(q->file);
		q->file = NULL;
	}
	return q->file ? 0 : -EBADF;
}

/* The next request of the ring, or NULL: there is none, or no memory.  *failed: it ends the submission. */
static struct uring_req *next_request(struct uring *r, bool *failed)
{
	u32 *array = (u32 *)((char *)r->shared + uring_array_offset(r));
	struct uring_req *q;
	u32 index;

	*failed = false;
	for (;;) {
		if (__atomic_load_n(&r->shared->sq_tail, __ATOMIC_ACQUIRE) == r->sq_head)
			return NULL;
		index = READ_ONCE(array[r->sq_head & (r->sq_entries - 1)]);
		if (index < r->sq_entries)
			break;
		__atomic_fetch_add(&r->shared->sq_dropped, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&r->shared->sq_head, ++r->sq_head, __ATOMIC_RELEASE);
	}
	q = kzalloc(sizeof(*q));
	if (!q)
		return NULL;
	memcpy(&q->sqe, &r->sqes[index], sizeof(q->sqe)); /* once: the program may be changing it */
	__atomic_store_n(&r->shared->sq_head, ++r->sq_head, __ATOMIC_RELEASE);
	list_init(&q->link);
	list_init(&q->work);
	q->ring = r;
	__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
	q->error = prepare(q);
	*failed = q->error;
	if (!q->error)
		q->error = get_file(q);
	return q;
}

unsigned uring_submit(struct uring *r, unsigned n)
{
	struct uring_req *head = NULL, *last = NULL;
	unsigned done = 0;

	while (done < n) {
		bool failed, linked;
		struct uring_req *q = next_request(r, &failed);

		if (!q)
			break;
		done++;
		linked = q->sqe.flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK);
		if (last)
			last->next = q;
		else
			head = q;
		last = q;
		if (!linked) {
			run_chain(head);
			head = last = NULL;
		}
		if (failed && !(r->flags & IORING_SETUP_SUBMIT_ALL))
			break;
	}
	if (head)
		run_chain(head);
	return done;
}

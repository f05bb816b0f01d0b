/* SPDX-License-Identifier: MIT */
/* io_uring's requests as they come from the ring: what they need of the program's memory, files and chains. */
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/uring_req.h"

static const u8 needs_file[IORING_OP_COUNT] = {
	[IORING_OP_READV] = 1,	   [IORING_OP_WRITEV] = 1,	[IORING_OP_FSYNC] = 1, [IORING_OP_READ_FIXED] = 1,
	[IORING_OP_WRITE_FIXED] = 1, [IORING_OP_POLL_ADD] = 1, [IORING_OP_ACCEPT] = 1, [IORING_OP_READ] = 1,
	[IORING_OP_WRITE] = 1,	   [IORING_OP_SEND] = 1,	[IORING_OP_RECV] = 1,
};

bool uring_op_known(unsigned op)
{
	return op < IORING_OP_COUNT &&
	       (needs_file[op] || op == IORING_OP_NOP || op == IORING_OP_POLL_REMOVE || op == IORING_OP_TIMEOUT ||
		op == IORING_OP_TIMEOUT_REMOVE || op == IORING_OP_ASYNC_CANCEL || op == IORING_OP_LINK_TIMEOUT || op == IORING_OP_CLOSE);
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
		return s->len || s->buf_index || s->file_index || (s->ioprio & ~IORING_ACCEPT_MULTISHOT) ? -EINVAL : 0;
	case IORING_OP_FSYNC:
		return s->addr || s->buf_index || s->file_index || (s->op_flags & ~IORING_FSYNC_DATASYNC) ? -EINVAL : 0;
	case IORING_OP_POLL_ADD:
		q->want = s->op_flags | POLLERR | POLLHUP;
		return s->addr || s->off || s->buf_index || (s->len & ~IORING_POLL_ADD_MULTI) ? -EINVAL : 0;
	case IORING_OP_POLL_REMOVE:
		return s->len || s->off || s->op_flags || s->buf_index ? -EINVAL : 0;
	case IORING_OP_LINK_TIMEOUT:
		if (s->off)
			return -EINVAL;
		/* fall through */
	case IORING_OP_TIMEOUT:
		if (s->buf_index || s->len != 1 || s->file_index || s->off > 0xffffffff ||
		    (s->op_flags & ~(IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME |
				     IORING_TIMEOUT_ETIME_SUCCESS)) ||
		    (s->op_flags & (IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME)) ==
			    (IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME))
			return -EINVAL;
		return uring_get_deadline(s->addr, s->op_flags, &q->deadline);
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
		head->drain |= q->sqe.flags & IOSQE_IO_DRAIN;
		q->unfit = failed;
		for (struct uring_req *c = head; failed && c != q; c = c->next)
			c->error = -ECANCELED;
		last = q;
		if (!linked) {
			uring_start_chain(head);
			head = last = NULL;
		}
		if (failed && !(r->flags & IORING_SETUP_SUBMIT_ALL))
			break;
	}
	if (head)
		uring_start_chain(head);
	return done;
}

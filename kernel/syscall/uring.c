/* SPDX-License-Identifier: MIT */
/* io_uring_setup(2), io_uring_enter(2), io_uring_register(2). */
#include "ipc/uring.h"
#include "ipc/eventfd.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "syscall/args.h"

struct uring_params { /* struct io_uring_params of the ABI */
	u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
	struct {
		u32 head, tail, ring_mask, ring_entries, flags, dropped, array, resv;
		u64 user_addr;
	} sq;
	struct {
		u32 head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv;
		u64 user_addr;
	} cq;
};
_Static_assert(sizeof(struct uring_params) == 120, "struct io_uring_params of the ABI");

static u32 power_of_two(u32 n)
{
	u32 p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/* Rounded up; -EINVAL. */
static int choose_sizes(u32 entries, struct uring_params *p)
{
	bool clamp = p->flags & IORING_SETUP_CLAMP;

	if (!entries || (entries > URING_ENTRIES_MAX && !clamp))
		return -EINVAL;
	p->sq_entries = power_of_two(MIN(entries, (u32)URING_ENTRIES_MAX));
	if (!(p->flags & IORING_SETUP_CQSIZE)) {
		p->cq_entries = 2 * p->sq_entries;
		return 0;
	}
	if (!p->cq_entries || (p->cq_entries > 2 * URING_ENTRIES_MAX && !clamp))
		return -EINVAL;
	p->cq_entries = power_of_two(MIN(p->cq_entries, 2u * URING_ENTRIES_MAX));
	return p->cq_entries < p->sq_entries ? -EINVAL : 0;
}

static void tell_offsets(const struct uring *r, struct uring_params *p)
{
	p->sq.head = offsetof(struct uring_shared, sq_head);
	p->sq.tail = offsetof(struct uring_shared, sq_tail);
	p->sq.ring_mask = offsetof(struct uring_shared, sq_mask);
	p->sq.ring_entries = offsetof(struct uring_shared, sq_entries);
	p->sq.flags = offsetof(struct uring_shared, sq_flags);
	p->sq.dropped = offsetof(struct uring_shared, sq_dropped);
	p->sq.array = uring_array_offset(r);
	p->cq.head = offsetof(struct uring_shared, cq_head);
	p->cq.tail = offsetof(struct uring_shared, cq_tail);
	p->cq.ring_mask = offsetof(struct uring_shared, cq_mask);
	p->cq.ring_entries = offsetof(struct uring_shared, cq_entries);
	p->cq.overflow = offsetof(struct uring_shared, cq_overflow);
	p->cq.cqes = offsetof(struct uring_shared, cqes);
	p->cq.flags = offsetof(struct uring_shared, cq_flags);
	p->features = URING_FEATURES;
}

long sys_io_uring_setup(u32 entries, void __user *uparams)
{
	struct uring_params p;
	struct file *f;
	int err;

	if (copy_from_user(&p, uparams, sizeof(p)))
		return -EFAULT;
	if (p.resv[0] || p.resv[1] || p.resv[2] || (p.flags & ~URING_SETUP_KNOWN))
		return -EINVAL;
	err = choose_sizes(entries, &p);
	if (!err)
		err = uring_start_worker();
	if (err)
		return err;
	f = uring_create(p.sq_entries, p.cq_entries, p.flags, &err);
	if (!f)
		return err;
	tell_offsets(uring_of(f), &p);
	if (copy_to_user(uparams, &p, sizeof(p))) {
		file_unref(f);
		return -EFAULT;
	}
	return fd_give(f, 0, true);
}

/* ---- enter ---- */

#define IORING_ENTER_GETEVENTS 1u
#define IORING_ENTER_SQ_WAKEUP 2u
#define IORING_ENTER_SQ_WAIT   4u
#define IORING_ENTER_EXT_ARG   8u
#define ENTER_KNOWN	       (IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP | IORING_ENTER_SQ_WAIT | IORING_ENTER_EXT_ARG)

struct getevents_arg { /* struct io_uring_getevents_arg */
	u64 sigmask;
	u32 sigmask_size, min_wait_usec;
	u64 ts;
};

/* What waiting goes by: 0, -EFAULT, -EINVAL. */
static int get_wait(unsigned flags, const void __user *arg, size_t size, struct getevents_arg *a, nsec_t *deadline)
{
	struct timespec64 ts;

	*deadline = WAIT_FOREVER;
	*a = (struct getevents_arg){.sigmask = (u64)arg, .sigmask_size = (u32)size};
	if (!(flags & IORING_ENTER_EXT_ARG))
		return 0;
	if (size != sizeof(*a))
		return -EINVAL;
	if (copy_from_user(a, arg, sizeof(*a)))
		return -EFAULT;
	if (a->min_wait_usec)
		return -EINVAL;
	if (!a->ts)
		return 0;
	if (copy_from_user(&ts, (void __user *)a->ts, sizeof(ts)))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline = clock_deadline(timespec_to_nsec(&ts));
	return 0;
}

static int wait_completions(struct uring *r, unsigned min, const struct getevents_arg *a, nsec_t deadline)
{
	int err;

	uring_flush(r);
	min = MIN(min, r->cq_entries);
	if (uring_ready(r) >= min)
		return 0;
	err = signal_mask_begin_user((const sigset_t __user *)a->sigmask, a->sigmask_size);
	if (err)
		return err;
	err = WAIT_EVENT(&r->cq_wait, uring_ready(r) >= min, deadline, WAIT_INTERRUPTIBLE);
	signal_mask_end(err == -ERESTARTSYS);
	uring_flush(r);
	return err == -ERESTARTSYS ? -EINTR : err == -ETIMEDOUT ? -ETIME : err;
}

long sys_io_uring_enter(int fd, u32 submit, u32 min, u32 flags, const void __user *arg, size_t size)
{
	struct getevents_arg a;
	struct fdref ref;
	struct uring *r;
	nsec_t deadline;
	long done = 0;
	int err = 0;

	if (flags & ~ENTER_KNOWN)
		return -EINVAL;
	ref = fd_get(fd);
	if (!ref.file)
		return -EBADF;
	r = uring_of(ref.file);
	if (!r) {
		fd_put(ref);
		return -EOPNOTSUPP;
	}
	/* A reference of its own: a request may close the ring's descriptor. */
	file_ref(ref.file);
	if (submit) {
		mutex_lock(&r->submit);
		done = uring_submit(r, submit);
		mutex_unlock(&r->submit);
	}
	if ((flags & IORING_ENTER_GETEVENTS) && (u32)done == submit) {
		err = get_wait(flags, arg, size, &a, &deadline);
		if (!err)
			err = wait_completions(r, min, &a, deadline);
	}
	file_unref(ref.file);
	fd_put(ref);
	return done ? done : err;
}

/* ---- register ---- */

enum {
	REGISTER_BUFFERS,
	UNREGISTER_BUFFERS,
	REGISTER_FILES,
	UNREGISTER_FILES,
	REGISTER_EVENTFD,
	UNREGISTER_EVENTFD,
	REGISTER_FILES_UPDATE,
	REGISTER_PROBE = 8,
};
#define BUFFERS_MAX 16384
#define FILES_MAX   32768

static int register_buffers(struct uring *r, const struct iovec __user *u, unsigned n)
{
	struct iovec *v;

	if (r->buffers)
		return -EBUSY;
	if (!n || n > BUFFERS_MAX)
		return -EINVAL;
	v = kmalloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (copy_from_user(v, u, n * sizeof(*v))) {
		kfree(v);
		return -EFAULT;
	}
	for (unsigned i = 0; i < n; i++) {
		u8 byte;

		if (!v[i].base && !v[i].len)
			continue;
		/* Nothing is pinned, as nothing is ever taken away; but what is not there is not accepted. */
		if (!v[i].len || v[i].len > GiB || !user_range_ok(v[i].base, v[i].len) || get_user(byte, (u8 __user *)v[i].base) ||
		    get_user(byte, (u8 __user *)v[i].base + v[i].len - 1)) {
			kfree(v);
			return -EFAULT;
		}
	}
	r->buffers = v;
	r->buffer_count = n;
	return 0;
}

static int file_of_fd(int fd, struct file **out)
{
	*out = fd == -1 ? NULL : fd_get_file(fd);
	if (fd != -1 && !*out)
		return -EBADF;
	if (*out && uring_of(*out)) { /* it would keep itself alive */
		file_unref(*out);
		return -EBADF;
	}
	return 0;
}

static int unregister_files(struct uring *r)
{
	if (!r->files)
		return -ENXIO;
	for (unsigned i = 0; i < r->file_count; i++)
		if (r->files[i])
			file_unref(r->files[i]);
	kfree(r->files);
	r->files = NULL;
	r->file_count = 0;
	return 0;
}

static int register_files(struct uring *r, const int __user *fds, unsigned n)
{
	int err = 0, fd;

	if (r->files)
		return -EBUSY;
	if (!n)
		return -EINVAL;
	if (n > FILES_MAX || n > current->process->limits[7 /* RLIMIT_NOFILE */].cur)
		return -EMFILE;
	r->files = kzalloc(n * sizeof(struct file *));
	if (!r->files)
		return -ENOMEM;
	r->file_count = n;
	for (unsigned i = 0; !err && i < n; i++) {
		err = get_user(fd, fds + i);
		if (!err)
			err = file_of_fd(fd, &r->files[i]);
	}
	if (err)
		unregister_files(r);
	return err;
}

/* How many were changed, or why the first could not be. */
static int update_files(struct uring *r, const void __user *arg, unsigned n)
{
	struct {
		u32 offset, resv;
		u64 fds;
	} up;
	unsigned i;
	int err = 0, fd;

	if (!r->files)
		return -ENXIO;
	if (copy_from_user(&up, arg, sizeof(up)))
		return -EFAULT;
	if (up.resv || !n || up.offset > r->file_count || n > r->file_count - up.offset)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		struct file *f, *old = r->files[up.offset + i];

		err = get_user(fd, (const int __user *)up.fds + i);
		if (!err && fd == -2) /* IORING_REGISTER_FILES_SKIP */
			continue;
		if (!err)
			err = file_of_fd(fd, &f);
		if (err)
			break;
		r->files[up.offset + i] = f;
		if (old)
			file_unref(old);
	}
	return i ? (int)i : err;
}

static int set_eventfd(struct uring *r, const int __user *ufd, unsigned n)
{
	struct file *f;
	int fd;

	if (n != 1)
		return -EINVAL;
	if (r->eventfd)
		return -EBUSY;
	if (get_user(fd, ufd))
		return -EFAULT;
	f = fd_get_file(fd);
	if (!f || !eventfd_is(f)) {
		if (f)
			file_unref(f);
		return f ? -EINVAL : -EBADF;
	}
	r->eventfd = f;
	return 0;
}

struct uring_probe { /* struct io_uring_probe */
	u8 last_op, ops_len;
	u16 resv;
	u32 resv2[3];
	struct {
		u8 op, resv;
		u16 flags;
		u32 resv2;
	} ops[IORING_OP_COUNT];
};

static int tell_probe(void __user *arg, unsigned n)
{
	struct uring_probe p;
	size_t size;

	n = MIN(n, (unsigned)IORING_OP_COUNT);
	size = offsetof(struct uring_probe, ops) + n * sizeof(p.ops[0]);
	if (copy_from_user(&p, arg, size))
		return -EFAULT;
	for (size_t i = 0; i < size; i++)
		if (((u8 *)&p)[i])
			return -EINVAL;
	p.last_op = IORING_OP_COUNT - 1;
	p.ops_len = (u8)n;
	for (unsigned i = 0; i < n; i++) {
		p.ops[i].op = (u8)i;
		p.ops[i].flags = uring_op_known(i); /* IO_URING_OP_SUPPORTED */
	}
	return copy_to_user(arg, &p, size);
}

static int do_register(struct uring *r, unsigned op, void __user *arg, unsigned n)
{
	switch (op) {
	case REGISTER_BUFFERS:
		return register_buffers(r, arg, n);
	case UNREGISTER_BUFFERS:
		if (arg || n)
			return -EINVAL;
		if (!r->buffers)
			return -ENXIO;
		kfree(r->buffers);
		r->buffers = NULL;
		r->buffer_count = 0;
		return 0;
	case REGISTER_FILES:
		return register_files(r, arg, n);
	case UNREGISTER_FILES:
		return arg || n ? -EINVAL : unregister_files(r);
	case REGISTER_EVENTFD:
		return set_eventfd(r, arg, n);
	case UNREGISTER_EVENTFD:
		if (arg || n)
			return -EINVAL;
		if (!r->eventfd)
			return -ENXIO;
		file_unref(r->eventfd);
		r->eventfd = NULL;
		return 0;
	case REGISTER_FILES_UPDATE:
		return update_files(r, arg, n);
	case REGISTER_PROBE:
		return !arg || n > 256 ? -EINVAL : tell_probe(arg, n);
	default:
		return -EINVAL;
	}
}

long sys_io_uring_register(int fd, unsigned op, void __user *arg, unsigned n)
{
	struct fdref ref = fd_get(fd);
	struct uring *r;
	long res;

	if (!ref.file)
		return -EBADF;
	r = uring_of(ref.file);
	if (!r) {
		fd_put(ref);
		return -EOPNOTSUPP;
	}
	mutex_lock(&r->submit);
	res = do_register(r, op, arg, n);
	mutex_unlock(&r->submit);
	fd_put(ref);
	return res;
}

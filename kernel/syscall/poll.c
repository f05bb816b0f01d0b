/* SPDX-License-Identifier: MIT */
/* poll, select, epoll. */
#include "fs/poll.h"
#include "ipc/epoll.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "syscall/args.h"
#include "syscall/timeval.h"

#define RLIMIT_NOFILE 7

/* ---- poll ---- */

static long do_poll(struct pollfd __user *ufds, u64 n, nsec_t deadline)
{
	struct pollfd small[16], *pfd = small;
	long r;

	if (n > current->process->limits[RLIMIT_NOFILE].cur || n > (1u << 20))
		return -EINVAL;
	if (n > ARRAY_SIZE(small)) {
		pfd = kmalloc(n * sizeof(*pfd));
		if (!pfd)
			return -ENOMEM;
	}
	r = -EFAULT;
	if (!copy_from_user(pfd, ufds, n * sizeof(*pfd))) {
		r = poll_wait(pfd, n, deadline);
		for (u64 i = 0; r >= 0 && i < n; i++)
			if (put_user(pfd[i].revents, user_member(ufds + i, revents)))
				r = -EFAULT;
	}
	if (pfd != small)
		kfree(pfd);
	return r;
}

/* An interrupted poll goes on with what is left of its time, if there is no handler. */
static long poll_restart(struct thread *t)
{
	long r = do_poll((struct pollfd __user *)t->restart.arg[0], t->restart.arg[1], t->restart.arg[2]);

	return r == -ERESTARTNOHAND ? -ERESTART_RESTARTBLOCK : r;
}

long sys_poll(struct pollfd __user *fds, u64 n, int timeout_ms)
{
	nsec_t deadline = deadline_of_ms(timeout_ms);
	long r = do_poll(fds, (unsigned)n, deadline);

	if (r == -ERESTARTNOHAND) {
		current->restart.fn = poll_restart;
		current->restart.arg[0] = (u64)fds;
		current->restart.arg[1] = (unsigned)n;
		current->restart.arg[2] = deadline;
		r = -ERESTART_RESTARTBLOCK;
	}
	return r;
}

static int get_deadline(const struct timespec64 __user *uts, nsec_t *deadline)
{
	nsec_t ns;
	int err;

	*deadline = WAIT_FOREVER;
	if (!uts)
		return 0;
	err = get_timespec_nsec(uts, &ns);
	if (!err)
		*deadline = ns ? clock_deadline(ns) : 0;
	return err;
}

/* Linux tells how much of the time was left; a bad address there does not matter. */
static void put_time_left(struct timespec64 __user *uts, nsec_t deadline)
{
	struct timespec64 ts;
	nsec_t now = clock_monotonic();
	int ignored;

	if (!uts || deadline == WAIT_FOREVER)
		return;
	ts = nsec_to_timespec(deadline > now ? deadline - now : 0);
	ignored = copy_to_user(uts, &ts, sizeof(ts));
	(void)ignored;
}

long sys_ppoll(struct pollfd __user *fds, unsigned n, struct timespec64 __user *uts, const u64 __user *mask,
	       size_t size)
{
	nsec_t deadline;
	long r = get_deadline(uts, &deadline);

	if (!r)
		r = signal_mask_begin_user(mask, size);
	if (r)
		return r;
	r = do_poll(fds, n, deadline);
	if (mask)
		signal_mask_end(r == -ERESTARTNOHAND);
	put_time_left(uts, deadline);
	return r;
}

/* ---- select: poll with sets of bits ---- */

#define SELECT_IN  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SELECT_OUT (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SELECT_EX  (POLLPRI)

static const unsigned select_bits[3] = {SELECT_IN, SELECT_OUT, SELECT_EX};

struct select_sets {
	unsigned n;
	size_t bytes;
	u64 *bits[3]; /* what was asked for, then the answer; NULL: not asked for */
	struct pollfd *pfd;
	unsigned count;
};

static bool bit_get(const u64 *set, unsigned fd) { return set && (set[fd / 64] >> fd % 64 & 1); }

static int select_prepare(struct select_sets *s)
{
	for (unsigned fd = 0; fd < s->n; fd++) {
		struct fdref r;
		unsigned events = 0;

		for (int k = 0; k < 3; k++)
			if (bit_get(s->bits[k], fd))
				events |= select_bits[k];
		if (!events)
			continue;
		r = fd_get(fd);
		if (!r.file)
			return -EBADF;
		fd_put(r);
		s->pfd[s->count++] = (struct pollfd){.fd = fd, .events = events & ~(POLLHUP | POLLERR)};
	}
	return 0;
}

static long select_answer(struct select_sets *s)
{
	long total = 0;

	for (int k = 0; k < 3; k++)
		if (s->bits[k])
			memset(s->bits[k], 0, s->bytes);
	for (unsigned i = 0; i < s->count; i++) {
		unsigned fd = s->pfd[i].fd, got = (u16)s->pfd[i].revents;

		for (int k = 0; k < 3; k++) {
			unsigned asked = s->pfd[i].events;

			if (!s->bits[k] || !(got & select_bits[k]) || !(asked & select_bits[k] & ~(POLLHUP | POLLERR)))
				continue;
			s->bits[k][fd / 64] |= 1ull << fd % 64;
			total++;
		}
	}
	return total;
}

static long do_select(int n, u64 __user *sets[3], nsec_t deadline)
{
	struct select_sets s = {0};
	long r = 0;
	char *mem;

	if (n < 0)
		return -EINVAL;
	/* Descriptors that the table has no room for are not looked at; Linux's has room for 64 at least. */
	s.n = MIN((unsigned)n, MAX(READ_ONCE(current->process->files->size), 64u));
	s.bytes = ALIGN_UP((size_t)s.n, 64ul) / 8;
	mem = kzalloc(3 * s.bytes + s.n * sizeof(struct pollfd) + 1);
	if (!mem)
		return -ENOMEM;
	for (int k = 0; k < 3; k++) {
		if (!sets[k])
			continue;
		s.bits[k] = (u64 *)(mem + k * s.bytes);
		if (copy_from_user(s.bits[k], sets[k], s.bytes))
			r = -EFAULT;
	}
	s.pfd = (struct pollfd *)(mem + 3 * s.bytes);
	if (!r)
		r = select_prepare(&s);
	if (!r)
		r = poll_wait(s.pfd, s.count, deadline);
	if (r >= 0) {
		r = select_answer(&s);
		for (int k = 0; k < 3; k++)
			if (sets[k] && copy_to_user(sets[k], s.bits[k], s.bytes))
				r = -EFAULT;
	}
	kfree(mem);
	return r;
}

long sys_select(int n, u64 __user *in, u64 __user *out, u64 __user *ex, void __user *tv)
{
	u64 __user *sets[3] = {in, out, ex};
	struct timespec64 t; /* a struct timeval has the same layout, with microseconds */
	nsec_t deadline = WAIT_FOREVER;
	long r;

	if (tv) {
		if (copy_from_user(&t, tv, sizeof(t)))
			return -EFAULT;
		if (t.tv_sec < 0 || t.tv_nsec < 0)
			return -EINVAL;
		t.tv_sec += t.tv_nsec / 1000000;
		t.tv_nsec = t.tv_nsec % 1000000 * 1000;
		deadline = t.tv_sec || t.tv_nsec ? clock_deadline(timespec_to_nsec(&t)) : 0;
	}
	r = do_select(n, sets, deadline);
	if (tv) {
		nsec_t now = clock_monotonic();
		int ignored;

		t = nsec_to_timespec(deadline > now ? deadline - now : 0);
		t.tv_nsec /= 1000;
		ignored = copy_to_user(tv, &t, sizeof(t));
		(void)ignored;
	}
	return r;
}

long sys_pselect6(int n, u64 __user *in, u64 __user *out, u64 __user *ex, struct timespec64 __user *uts,
		  const void __user *sig)
{
	u64 __user *sets[3] = {in, out, ex};
	struct {
		const u64 __user *mask;
		size_t size;
	} s = {NULL, 0};
	nsec_t deadline;
	long r;

	if (sig && copy_from_user(&s, sig, sizeof(s)))
		return -EFAULT;
	r = get_deadline(uts, &deadline);
	if (!r && s.mask)
		r = signal_mask_begin_user(s.mask, s.size);
	if (r)
		return r;
	r = do_select(n, sets, deadline);
	if (s.mask)
		signal_mask_end(r == -ERESTARTNOHAND);
	put_time_left(uts, deadline);
	return r;
}

/* ---- epoll ---- */

long sys_epoll_create1(int flags)
{
	return flags & ~O_CLOEXEC ? -EINVAL : fd_give(epoll_create_file(), 0, flags & O_CLOEXEC);
}

long sys_epoll_create(int size) { return size > 0 ? sys_epoll_create1(0) : -EINVAL; }

long sys_epoll_ctl(int epfd, int op, int fd, const void __user *uev)
{
	struct epoll_event ev = {0, 0};
	struct fdref ep, r;
	long n;

	if (op != EPOLL_CTL_DEL && copy_from_user(&ev, uev, sizeof(ev)))
		return -EFAULT;
	ep = fd_get(epfd);
	if (!ep.file)
		return -EBADF;
	r = fd_get(fd);
	n = r.file ? epoll_control(ep.file, op, fd, r.file, &ev) : -EBADF;
	if (r.file)
		fd_put(r);
	fd_put(ep);
	return n;
}

#define EPOLL_ROOM 128 /* at least: more may be added while this one sleeps */

static long do_epoll_wait(int epfd, void __user *out, int max, nsec_t deadline)
{
	struct epoll_event small[16], *ev = small;
	struct fdref ep;
	long n;

	if (max <= 0 || max > INT32_MAX / (int)sizeof(*ev))
		return -EINVAL;
	if (!user_range_ok(out, max * sizeof(*ev)))
		return -EFAULT;
	ep = fd_get(epfd);
	if (!ep.file)
		return -EBADF;
	/* Of one who has room for more than there can be, the room is not what memory is taken for. */
	max = MIN(max, MAX(epoll_size(ep.file), EPOLL_ROOM));
	if (max > (int)ARRAY_SIZE(small))
		ev = kmalloc(max * sizeof(*ev));
	if (!ev) { /* no memory: fewer at a time, as the rest stays ready */
		ev = small;
		max = ARRAY_SIZE(small);
	}
	n = epoll_collect(ep.file, ev, max, deadline);
	if (n > 0 && copy_to_user(out, ev, n * sizeof(*ev)))
		n = -EFAULT;
	if (ev != small)
		kfree(ev);
	fd_put(ep);
	return n;
}

long sys_epoll_wait(int epfd, void __user *ev, int max, int timeout_ms)
{
	return do_epoll_wait(epfd, ev, max, deadline_of_ms(timeout_ms));
}

static long epoll_wait_masked(int epfd, void __user *ev, int max, nsec_t deadline, const u64 __user *mask, size_t size)
{
	long r = signal_mask_begin_user(mask, size);

	if (r)
		return r;
	r = do_epoll_wait(epfd, ev, max, deadline);
	if (mask)
		signal_mask_end(r == -EINTR);
	return r;
}

long sys_epoll_pwait(int epfd, void __user *ev, int max, int timeout_ms, const u64 __user *mask, size_t size)
{
	return epoll_wait_masked(epfd, ev, max, deadline_of_ms(timeout_ms), mask, size);
}

long sys_epoll_pwait2(int epfd, void __user *ev, int max, const struct timespec64 __user *uts,
		      const u64 __user *mask, size_t size)
{
	nsec_t deadline;
	long r = get_deadline(uts, &deadline);

	return r ? r : epoll_wait_masked(epfd, ev, max, deadline, mask, size);
}

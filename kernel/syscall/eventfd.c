/* SPDX-License-Identifier: MIT */
/* eventfd, timerfd and signalfd. */
#include "ipc/eventfd.h"
#include "ipc/signalfd.h"
#include "syscall/args.h"

#define EFD_SEMAPHORE	1
#define TFD_ABSTIME	1
#define TFD_CANCEL	2
#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME	7

long sys_eventfd2(unsigned count, int flags)
{
	if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	return fd_give(eventfd_create(count, flags & EFD_SEMAPHORE, flags & O_NONBLOCK), 0, flags & O_CLOEXEC);
}

long sys_eventfd(unsigned count) { return sys_eventfd2(count, 0); }

long sys_timerfd_create(int clock, int flags)
{
	if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME))
		return -EINVAL;
	return fd_give(timerfd_create_file(clock == CLOCK_REALTIME, flags & O_NONBLOCK), 0, flags & O_CLOEXEC);
}

long sys_timerfd_settime(int fd, int flags, const void __user *value, void __user *old)
{
	struct itimerspec64 v, before;
	struct fdref r;
	long n;

	if (flags & ~(TFD_ABSTIME | TFD_CANCEL))
		return -EINVAL;
	if (copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	n = timerfd_set(r.file, flags & TFD_ABSTIME, &v, &before);
	if (!n && old)
		n = copy_to_user(old, &before, sizeof(before));
	fd_put(r);
	return n;
}

long sys_timerfd_gettime(int fd, void __user *value)
{
	struct itimerspec64 v;
	struct fdref r = fd_get(fd);
	long n;

	if (!r.file)
		return -EBADF;
	n = timerfd_get(r.file, &v);
	if (!n)
		n = copy_to_user(value, &v, sizeof(v));
	fd_put(r);
	return n;
}

long sys_signalfd4(int fd, const sigset_t __user *umask, size_t size, int flags)
{
	struct fdref r;
	sigset_t mask;
	long n;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, umask))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (fd == -1)
		return fd_give(signalfd_create(mask, flags & O_NONBLOCK), 0, flags & O_CLOEXEC);
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	n = signalfd_set_mask(r.file, mask);
	fd_put(r);
	return n ? n : fd;
}

long sys_signalfd(int fd, const sigset_t __user *mask, size_t size) { return sys_signalfd4(fd, mask, size, 0); }

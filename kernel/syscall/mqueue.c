/* SPDX-License-Identifier: MIT */
/* POSIX message queues: the queues are in ipc/mqueue.c. */
#include "ipc/mqueue.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/args.h"
#include "syscall/timeval.h"

#define PATH_MAX 4096

enum { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD };

/* The name, in memory that the caller frees, or an err_ptr. */
static char *get_name(const char __user *uname)
{
	char *name = kmalloc(PATH_MAX);
	ssize_t n;

	if (!name)
		return err_ptr(-ENOMEM);
	n = copy_string_from_user(name, uname, PATH_MAX);
	if (n >= 0)
		return name;
	kfree(name);
	return err_ptr(n);
}

long sys_mq_open(const char __user *uname, int flags, u32 mode, const struct mq_attr __user *uattr)
{
	struct mq_attr attr;
	struct file *f;
	char *name;
	long r;

	if (uattr && copy_from_user(&attr, uattr, sizeof(attr)))
		return -EFAULT;
	name = get_name(uname);
	if (is_err(name))
		return ptr_err(name);
	r = fd_room();
	if (!r)
		r = mq_open(name, flags, mode, uattr ? &attr : NULL, &f);
	kfree(name);
	return r ? r : fd_give(f, 0, true);
}

long sys_mq_unlink(const char __user *uname)
{
	char *name = get_name(uname);
	long r;

	if (is_err(name))
		return ptr_err(name);
	r = mq_unlink(name);
	kfree(name);
	return r;
}

/* A moment on the wall clock. */
static int get_deadline(const struct timespec64 __user *timeout, nsec_t *deadline)
{
	nsec_t wall;
	int err;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	err = get_timespec_nsec(timeout, &wall);
	if (!err)
		*deadline = deadline_of_wall(wall);
	return err;
}

static long send(struct file *f, const char __user *buf, size_t size, u32 prio, nsec_t deadline)
{
	int r = mq_may_send(f, size);
	struct mq_msg *m;

	if (r)
		return r;
	m = kmalloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	list_init(&m->link);
	m->size = size;
	m->prio = prio;
	r = copy_from_user(m->data, buf, size);
	if (!r)
		r = mq_send(f, m, deadline);
	if (r)
		kfree(m);
	return r;
}

long sys_mq_timedsend(int fd, const char __user *buf, size_t size, u32 prio, const struct timespec64 __user *timeout)
{
	nsec_t deadline;
	struct fdref ref;
	long r = get_deadline(timeout, &deadline);

	if (r)
		return r;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	ref = fd_get(fd);
	if (!ref.file)
		return -EBADF;
	r = send(ref.file, buf, size, prio, deadline);
	fd_put(ref);
	return r;
}

long sys_mq_timedreceive(int fd, char __user *buf, size_t size, u32 __user *prio, const struct timespec64 __user *timeout)
{
	struct mq_msg *m = NULL;
	nsec_t deadline;
	struct fdref ref;
	long r = get_deadline(timeout, &deadline);

	if (r)
		return r;
	ref = fd_get(fd);
	if (!ref.file)
		return -EBADF;
	r = mq_may_receive(ref.file, size);
	if (!r)
		r = mq_receive(ref.file, deadline, &m);
	fd_put(ref);
	if (r)
		return r;
	r = (long)m->size;
	if ((prio && put_user(m->prio, prio)) || copy_to_user(buf, m->data, m->size))
		r = -EFAULT;
	kfree(m);
	return r;
}

long sys_mq_notify(int fd, const struct linux_sigevent __user *uevent)
{
	struct { /* struct sigevent of the ABI */
		u64 value;
		s32 signo, notify;
		s32 tid, pad[11];
	} ev = {0};
	struct mq_notify n;
	struct fdref ref;
	long r;

	if (uevent && copy_from_user(&ev, uevent, sizeof(ev)))
		return -EFAULT;
	if (uevent && ev.notify != SIGEV_SIGNAL && ev.notify != SIGEV_NONE && ev.notify != SIGEV_THREAD)
		return -EINVAL;
	if (uevent && ev.notify == SIGEV_SIGNAL && (ev.signo < 0 || ev.signo > NSIG))
		return -EINVAL;
	/* The C library's threads hear of it by a netlink socket, which nobody can have made. */
	ref = fd_get(uevent && ev.notify == SIGEV_THREAD ? ev.signo : fd);
	if (!ref.file)
		return -EBADF;
	n = (struct mq_notify){ev.notify == SIGEV_NONE ? MQ_NOTIFY_NONE : MQ_NOTIFY_SIGNAL, ev.signo, ev.value};
	if (uevent && ev.notify == SIGEV_THREAD)
		r = ref.file->kind & FILE_SOCKET ? -EINVAL : -ENOTSOCK;
	else
		r = mq_set_notify(ref.file, uevent ? &n : NULL);
	fd_put(ref);
	return r;
}

long sys_mq_getsetattr(int fd, const struct mq_attr __user *unew, struct mq_attr __user *uold)
{
	struct mq_attr new_attr, old;
	struct fdref ref;
	long r;

	if (unew && copy_from_user(&new_attr, unew, sizeof(new_attr)))
		return -EFAULT;
	if (unew && (new_attr.flags & ~(s64)O_NONBLOCK))
		return -EINVAL;
	ref = fd_get(fd);
	if (!ref.file)
		return -EBADF;
	r = mq_attributes(ref.file, unew ? &new_attr : NULL, &old);
	fd_put(ref);
	if (!r && uold)
		r = copy_to_user(uold, &old, sizeof(old));
	return r;
}

/* SPDX-License-Identifier: MIT */
/*
 * POSIX message queues (mq_overview(7)).  A name is a queue's, an open queue is
 * a file.  Locks: mq_names (a spinlock: names and their number), each queue's
 * `lock` (a spinlock: all that is in it); neither inside the other, and no
 * signal is sent under them.
 */
#ifndef IPC_MQUEUE_H
#define IPC_MQUEUE_H

#include "fs/file.h"

#define MQ_PRIO_MAX 32768

struct mq_attr { /* of the ABI */
	s64 flags, max, size, count, reserved[4];
};

struct mq_msg {
	struct list link;
	u64 size;
	u32 prio;
	u8 data[];
};

enum mq_notify_how { MQ_NOTIFY_SIGNAL, MQ_NOTIFY_NONE };
struct mq_notify {
	enum mq_notify_how how;
	int signo;
	u64 value;
};

/* name: without the slash.  attr NULL: the defaults.  -ENOENT, -EEXIST, -EACCES, -EINVAL, -EMFILE, -ENOSPC, -ENOMEM. */
int mq_open(const char *name, int flags, u32 mode, const struct mq_attr *attr, struct file **out);
int mq_unlink(const char *name);
/*
 * -EBADF: f is no queue, or not open for that.  deadline: of the monotonic clock; 0: it has passed.
 * -EMSGSIZE, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS.  A message sent is the queue's, one received the caller's.
 */
int mq_may_send(struct file *f, u64 size);
int mq_may_receive(struct file *f, u64 room);
int mq_send(struct file *f, struct mq_msg *m, nsec_t deadline);
int mq_receive(struct file *f, nsec_t deadline, struct mq_msg **out);
/* new_attr NULL: nothing changes; else O_NONBLOCK does.  -EBADF. */
int mq_attributes(struct file *f, const struct mq_attr *new_attr, struct mq_attr *old);
int mq_set_notify(struct file *f, const struct mq_notify *n); /* NULL: no longer.  -EBADF, -EBUSY */

/* /proc/sys/fs/mqueue */
struct mq_limits {
	int queues_max, msg_max, msgsize_max, msg_default, msgsize_default;
};
extern const struct mq_limits mq_limits;

#endif

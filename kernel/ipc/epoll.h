/* SPDX-License-Identifier: MIT */
/*
 * epoll(7).  Locks: gone_lock (a file or a set is being freed) -> epoll.lock
 * (sleeping: its items) -> a watched file's wait queue -> epoll.ready_lock
 * (the list of what may be ready) -> epoll.wait.
 */
#ifndef IPC_EPOLL_H
#define IPC_EPOLL_H

#include "fs/file.h"

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET	       (1u << 31)

struct epoll_event { /* packed on x86-64 (linux/eventpoll.h); other ISAs have 4 bytes more */
	u32 events;
	u64 data;
} __attribute__((packed));

struct file *epoll_create_file(void); /* NULL: no memory */
/* -EINVAL: ep is no epoll set. */
int epoll_control(struct file *ep, int op, int fd, struct file *f, const struct epoll_event *ev);
/* How many descriptors are watched now; 0 if ep is no epoll set. */
int epoll_size(struct file *ep);
/* Up to max events into kernel memory.  deadline: monotonic, 0: does not sleep.  Their number; -EINTR, -EINVAL. */
int epoll_collect(struct file *ep, struct epoll_event *ev, int max, nsec_t deadline);

#endif

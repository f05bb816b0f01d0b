/* SPDX-License-Identifier: MIT */
/* eventfd(2) and timerfd_create(2): counters as files.  Each has a lock of its own, the innermost but wait queues'. */
#ifndef IPC_EVENTFD_H
#define IPC_EVENTFD_H

#include "fs/file.h"

struct file *eventfd_create(u32 count, bool semaphore, u32 flags); /* NULL: no memory */

/* From anywhere, also from event handlers: adds 1, if there is room.  -EINVAL: f is no eventfd. */
int eventfd_signal(struct file *f);
bool eventfd_is(const struct file *f);

struct itimerspec64 {
	s64 interval_sec, interval_nsec, value_sec, value_nsec;
};
struct file *timerfd_create_file(bool realtime, u32 flags); /* NULL: no memory */
/* -EINVAL: f is no timer, or the times are not. */
int timerfd_set(struct file *f, bool absolute, const struct itimerspec64 *value, struct itimerspec64 *old);
int timerfd_get(struct file *f, struct itimerspec64 *value);

#endif

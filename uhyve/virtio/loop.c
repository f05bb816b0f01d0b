/* SPDX-License-Identifier: MIT */
#include "virtio/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#define LOOP_BATCH 16

int loop_make(struct loop *l)
{
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	return l->fd < 0 ? -errno : 0;
}

int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };
	int op = !w->added ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (w->events == events && w->added == (events != 0))
		return 0;
	if (epoll_ctl(l->fd, op, w->fd, &e))
		return -errno;
	w->added = events != 0;
	w->events = events;
	return 0;
}

int loop_run(struct loop *l)
{
	struct epoll_event e[LOOP_BATCH];

	for (;;) {
		int n = epoll_wait(l->fd, e, LOOP_BATCH, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct watch *w = e[i].data.ptr;

			/* One called before it may have stopped it. */
			if (w->added)
				w->ready(w, e[i].events);
		}
	}
}

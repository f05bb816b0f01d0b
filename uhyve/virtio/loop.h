/* SPDX-License-Identifier: MIT */
/* The I/O thread's epoll loop.  A watch is called on that thread alone and belongs to its owner.  No locks. */
#ifndef UHYVE_LOOP_H
#define UHYVE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events); /* EPOLL* */
	uint32_t events; /* waited for now */
	bool added;
};

struct loop {
	int fd;
};

/* 0 or a negative error, all of them. */
int loop_make(struct loop *l);
/* Has w->ready called when w->fd has `events` (or EPOLLHUP, EPOLLERR); again to change them; 0 to stop. */
int loop_watch(struct loop *l, struct watch *w, uint32_t events);
int loop_run(struct loop *l); /* for ever */

#endif

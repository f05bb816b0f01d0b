/* SPDX-License-Identifier: MIT */
/* A ring by its system calls, for the tests of io_uring. */
#ifndef URING_H
#define URING_H

#include "abi.h"
#include <linux/io_uring.h>
#include <sys/mman.h>

#define setup(...)  syscall(SYS_io_uring_setup, __VA_ARGS__)
#define enter(...)  syscall(SYS_io_uring_enter, __VA_ARGS__)
#define regist(...) syscall(SYS_io_uring_register, __VA_ARGS__)

static struct io_uring_params p;
static int ring;
static char *shared;
static struct io_uring_sqe *sqes;
static unsigned queued;

#define WORD(off) ((unsigned *)(shared + (off)))

static void open_ring(unsigned entries, unsigned flags)
{
	size_t size;

	memset(&p, 0, sizeof(p));
	p.flags = flags;
	ring = (int)setup(entries, &p);
	if (ring < 0) {
		printf("no ring: %s\n", strerrorname_np(errno));
		exit(1);
	}
	size = p.sq_off.array + p.sq_entries * 4;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	queued = 0;
}

static inline void close_ring(void)
{
	munmap(shared, p.sq_off.array + p.sq_entries * 4);
	munmap(sqes, p.sq_entries * sizeof(*sqes));
	close(ring);
}

static struct io_uring_sqe *put(int op, int fd, const void *addr, unsigned len, uint64_t off, uint64_t data)
{
	unsigned tail = *WORD(p.sq_off.tail), i = tail & (p.sq_entries - 1);
	struct io_uring_sqe *s = &sqes[i];

	memset(s, 0, sizeof(*s));
	s->opcode = (uint8_t)op;
	s->fd = fd;
	s->addr = (uint64_t)addr;
	s->len = len;
	s->off = off;
	s->user_data = data;
	WORD(p.sq_off.array)[i] = i;
	__atomic_store_n(WORD(p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	queued++;
	return s;
}

static bool take(struct io_uring_cqe *c)
{
	unsigned head = *WORD(p.cq_off.head);

	if (__atomic_load_n(WORD(p.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		return false;
	*c = ((struct io_uring_cqe *)(shared + p.cq_off.cqes))[head & (p.cq_entries - 1)];
	__atomic_store_n(WORD(p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Submits what is there, waits for n completions, prints them by user_data. */
static void go(unsigned n)
{
	struct io_uring_cqe c[64];
	long r = enter(ring, queued, n, IORING_ENTER_GETEVENTS, NULL, 0);
	unsigned k = 0;

	printf("enter: %s%ld\n", r < 0 ? strerrorname_np(errno) : "", r < 0 ? -1 : r);
	queued = 0;
	while (k < 64 && take(&c[k]))
		k++;
	for (uint64_t d = 0; d < 100; d++)
		for (unsigned i = 0; i < k; i++)
			if (c[i].user_data == d) {
				if (c[i].res < 0)
					printf(" %lu: %s\n", (unsigned long)d, strerrorname_np(-c[i].res));
				else
					printf(" %lu: %d%s\n", (unsigned long)d, c[i].res,
					       c[i].flags & IORING_CQE_F_MORE ? ", more" : "");
			}
}

#endif

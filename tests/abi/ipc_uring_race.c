/* SPDX-License-Identifier: MIT */
/* io_uring: requests woken, timed out, cancelled and dropped with their ring at the same time, on several CPUs. */
#include "abi.h"
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>

#define ROUNDS 150
#define BATCH  8

static int fds[2];
static volatile bool stop;

static void *writes(void *arg)
{
	while (!stop) {
		if (write(fds[1], "x", 1) != 1)
			break;
		for (volatile int i = 0; i < 2000; i++)
			;
	}
	return NULL;
}

static void put(char *shared, const struct io_uring_params *p, struct io_uring_sqe *sqes, const struct io_uring_sqe *s)
{
	unsigned *tail = (unsigned *)(shared + p->sq_off.tail), i = *tail & (p->sq_entries - 1);

	sqes[i] = *s;
	((unsigned *)(shared + p->sq_off.array))[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

/* A ring with requests of all kinds, some of them cancelled; every one must answer, unless the ring is closed before. */
static bool round_of(unsigned n)
{
	struct __kernel_timespec t = {0, (n % 7) * 50000};
	struct io_uring_params p = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4 * BATCH, &p);
	size_t size = p.sq_off.array + p.sq_entries * 4;
	char buf[BATCH], *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	unsigned all = 0, *head = (unsigned *)(shared + p.cq_off.head), *tail = (unsigned *)(shared + p.cq_off.tail);
	bool good = true;

	for (unsigned i = 0; i < BATCH; i++) {
		struct io_uring_sqe s = {.opcode = IORING_OP_READ, .fd = fds[0], .addr = (uint64_t)&buf[i], .len = 1, .user_data = i + 1};

		if (i % 3 == 1)
			s = (struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD, .fd = fds[0], .poll32_events = POLLIN, .user_data = i + 1};
		if (i % 3 == 2)
			s = (struct io_uring_sqe){.opcode = IORING_OP_TIMEOUT, .fd = -1, .addr = (uint64_t)&t, .len = 1, .user_data = i + 1};
		put(shared, &p, sqes, &s);
		all++;
	}
	syscall(SYS_io_uring_enter, ring, all, 0, 0, NULL, 0);
	for (unsigned i = 0; i < BATCH; i++) {
		struct io_uring_sqe s = {.opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = i + 1, .user_data = 100};

		put(shared, &p, sqes, &s);
	}
	syscall(SYS_io_uring_enter, ring, BATCH, 0, 0, NULL, 0);
	all += BATCH;
	if (n % 4) { /* each of them ends, by whatever came first */
		while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) != all)
			if (syscall(SYS_io_uring_enter, ring, 0, all, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
				good = false;
		good &= *tail - *head == all;
	}
	munmap(shared, size);
	munmap(sqes, p.sq_entries * sizeof(*sqes));
	close(ring);
	return good;
}

int main(void)
{
	bool good = true;
	pthread_t t;

	if (pipe(fds))
		return 1;
	pthread_create(&t, NULL, writes, NULL);
	for (unsigned n = 0; n < ROUNDS; n++)
		good &= round_of(n);
	stop = true;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	for (char buf[4096]; read(fds[0], buf, sizeof(buf)) > 0;) /* the writer may wait for room */
		;
	pthread_join(t, NULL);
	IS(good);
	return 0;
}

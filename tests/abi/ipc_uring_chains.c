/* SPDX-License-Identifier: MIT */
/* io_uring: what drains, time-outs that are linked, requests that complete many times, and execve(2) amid all that. */
#include "abi.h"
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "uring.h"

static struct __kernel_timespec in_ms(long ms) { return (struct __kernel_timespec){ms / 1000, ms % 1000 * 1000000}; }

/* What is there now, after it has had the time to come. */
static void settle(void)
{
	usleep(30000);
	go(0);
}

static void drains(void)
{
	int fd[2];
	char a[8];

	SAY("-- drain\n");
	if (pipe(fd))
		return;
	put(IORING_OP_READ, fd[0], a, 4, 0, 1);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2)->flags = IOSQE_IO_DRAIN; /* waits for the read */
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3);				 /* and this one for that */
	go(0);
	settle();
	put(IORING_OP_NOP, -1, NULL, 0, 0, 4);
	go(0);
	settle();
	T(write(fd[1], "data", 4));
	go(4);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1)->flags = IOSQE_IO_DRAIN; /* nothing to wait for */
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2);
	go(2);
	/* A chain that drains. */
	put(IORING_OP_READ, fd[0], a, 4, 0, 1);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2)->flags = IOSQE_IO_DRAIN | IOSQE_IO_LINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 4);
	go(0);
	settle();
	T(write(fd[1], "more", 4));
	go(4);
	close(fd[0]);
	close(fd[1]);
}

static void linked_timeouts(void)
{
	struct __kernel_timespec soon = in_ms(20), late = in_ms(20000), odd = {0, 2000000000}, bad = {0, -1};
	int fd[2];
	char a[8];

	SAY("-- linked time-outs\n");
	if (pipe(fd))
		return;
	put(IORING_OP_READ, fd[0], a, 4, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &soon, 1, 0, 2);
	go(2);
	put(IORING_OP_READ, fd[0], a, 4, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &late, 1, 0, 2);
	go(0);
	T(write(fd[1], "data", 4));
	go(2);
	T(write(fd[1], "data", 4));
	put(IORING_OP_READ, fd[0], a, 4, 0, 1)->flags = IOSQE_IO_LINK; /* done at once */
	put(IORING_OP_LINK_TIMEOUT, -1, &late, 1, 0, 2);
	go(2);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1)->flags = IOSQE_IO_LINK; /* and on in the chain */
	put(IORING_OP_LINK_TIMEOUT, -1, &late, 1, 0, 2)->flags = IOSQE_IO_LINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3);
	go(3);
	put(IORING_OP_READ, fd[0], a, 4, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &soon, 1, 0, 2)->flags = IOSQE_IO_LINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3);
	go(3);
	put(IORING_OP_POLL_ADD, fd[0], NULL, 0, 0, 1)->flags = IOSQE_IO_LINK;
	sqes[(*WORD(p.sq_off.tail) - 1) & (p.sq_entries - 1)].poll32_events = POLLIN;
	put(IORING_OP_LINK_TIMEOUT, -1, &soon, 1, 0, 2);
	go(2);
	put(IORING_OP_LINK_TIMEOUT, -1, &soon, 1, 0, 1); /* linked to nothing */
	go(1);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &odd, 1, 0, 2);
	go(2);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &bad, 1, 0, 2);
	go(2);
	close(fd[0]);
	close(fd[1]);
}

static void polled_many_times(void)
{
	int e = eventfd(0, EFD_NONBLOCK);
	uint64_t one = 1;

	SAY("-- multishot poll\n");
	put(IORING_OP_POLL_ADD, e, NULL, IORING_POLL_ADD_MULTI, 0, 1)->poll32_events = POLLIN;
	go(0);
	settle();
	for (int i = 0; i < 3; i++) {
		T(write(e, &one, 8));
		go(1);
		T(read(e, &one, 8));
		one = 1;
	}
	put(IORING_OP_POLL_REMOVE, -1, (void *)1, 0, 0, 2);
	go(2);
	T(write(e, &one, 8));
	settle();
	close(e);
}

static void accepted_many_times(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0uring-chains"};
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c[3];

	SAY("-- multishot accept\n");
	T(bind(l, (void *)&a, sizeof(a)));
	T(listen(l, 8));
	put(IORING_OP_ACCEPT, l, NULL, 0, 0, 1)->ioprio = IORING_ACCEPT_MULTISHOT;
	go(0);
	settle();
	for (int i = 0; i < 3; i++) {
		struct io_uring_cqe q = {0};

		c[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		T(connect(c[i], (void *)&a, sizeof(a)));
		enter(ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
		IS(take(&q) && q.user_data == 1 && q.res > 2 && q.flags & IORING_CQE_F_MORE);
		T(write(c[i], "x", 1));
		T(read(q.res, &q, 1));
		close(q.res);
		close(c[i]);
	}
	put(IORING_OP_ASYNC_CANCEL, -1, (void *)1, 0, 0, 2);
	go(2);
	put(IORING_OP_ACCEPT, l, NULL, 0, 0, 1)->ioprio = 1u << 10;
	go(1);
	close(l);
}

static char inbox[4096] = "as it was";

/* The other program: nothing of the old one's requests may reach it. */
static int after_exec(int from, int to)
{
	char text[16] = "";
	ssize_t n;

	SAY("-- after execve\n");
	T(write(to, "for whom", 8));
	usleep(50000);
	T(fcntl(from, F_SETFL, O_NONBLOCK));
	n = read(from, text, sizeof(text));
	abi_bytes("read", text, n > 0 ? (size_t)n : 0);
	SAY("inbox: %s\n", inbox);
	/* And a ring of its own works. */
	open_ring(8, 0);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1);
	go(1);
	return 0;
}

int main(int argc, char **argv)
{
	struct __kernel_timespec late = in_ms(20000);
	char from[16], to[16];
	int fd[2];

	if (argc == 3)
		return after_exec(atoi(argv[1]), atoi(argv[2]));
	open_ring(16, 0);
	drains();
	linked_timeouts();
	polled_many_times();
	accepted_many_times();
	if (pipe(fd))
		return 1;
	for (int i = 0; i < 4; i++)
		put(IORING_OP_READ, fd[0], inbox, sizeof(inbox), 0, 1);
	put(IORING_OP_READ, fd[0], inbox, 4, 0, 2)->flags = IOSQE_IO_LINK;
	put(IORING_OP_LINK_TIMEOUT, -1, &late, 1, 0, 3);
	put(IORING_OP_TIMEOUT, -1, &late, 1, 0, 4);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 5)->flags = IOSQE_IO_DRAIN;
	go(0);
	snprintf(from, sizeof(from), "%d", fd[0]);
	snprintf(to, sizeof(to), "%d", fd[1]);
	execl("/proc/self/exe", "again", from, to, NULL);
	SAY("not replaced: %s\n", strerrorname_np(errno));
	return 1;
}

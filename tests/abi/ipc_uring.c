/* SPDX-License-Identifier: MIT */
/* io_uring, by its system calls: rings, requests that wait and are cancelled, chains, registered things, each error. */
#include "abi.h"
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "uring.h"

static void errors(void)
{
	struct io_uring_params q = {0};

	SAY("-- setup, enter\n");
	T(setup(0, &q));
	T(setup(32769, &q));
	T(setup(4, BAD));
	q.flags = 1u << 31;
	T(setup(4, &q));
	q = (struct io_uring_params){.resv = {1}};
	T(setup(4, &q));
	q = (struct io_uring_params){.flags = IORING_SETUP_CQSIZE};
	T(setup(4, &q));
	q.cq_entries = 2;
	T(setup(4, &q));
	open_ring(5, 0);
	printf("entries %u %u\n", p.sq_entries, p.cq_entries);
	IS(p.features & IORING_FEAT_SINGLE_MMAP && p.features & IORING_FEAT_NODROP && p.features & IORING_FEAT_EXT_ARG);
	IS(*WORD(p.sq_off.ring_mask) == 7 && *WORD(p.cq_off.ring_mask) == 15 && *WORD(p.cq_off.ring_entries) == 16);
	T(fcntl(ring, F_GETFD));
	T(read(ring, &q, 8));
	T(write(ring, &q, 8));
	T(enter(99, 0, 0, 0, NULL, 0));
	T(enter(1, 0, 0, 0, NULL, 0));
	T(enter(ring, 0, 0, 1u << 30, NULL, 0));
	T(enter(ring, 0, 0, 0, NULL, 0));
	T(enter(ring, 5, 0, 0, NULL, 0));
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS, &q, 4));
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, BAD, 24));
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &q, 8));
}

static void files(void)
{
	char a[32] = "hello, ring", b[32] = "", c[32] = "";
	struct iovec v[2] = {{b, 5}, {c, 20}}, w[2] = {{a, 5}, {a + 5, 6}};
	int fd = open("uring-file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	SAY("-- files\n");
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1);
	put(IORING_OP_WRITE, fd, a, 11, 0, 2);
	go(2);
	put(IORING_OP_READV, fd, v, 2, 0, 1);
	put(IORING_OP_FSYNC, fd, NULL, 0, 0, 2);
	put(IORING_OP_WRITEV, fd, w, 2, 11, 3);
	put(IORING_OP_READ, fd, c, 5, 100, 4);
	go(4);
	abi_bytes("b", b, 5);
	abi_bytes("c", c, 6);
	put(IORING_OP_READ, fd, b, 3, (uint64_t)-1, 1); /* at the file's position */
	go(1);
	put(IORING_OP_READ, fd, b, 30, (uint64_t)-1, 1);
	go(1);
	abi_bytes("b", b, 19);
	put(IORING_OP_READ, 99, b, 3, 0, 1);
	put(IORING_OP_READ, fd, BAD, 3, 0, 2);
	put(IORING_OP_WRITE, fd, BAD, 3, 0, 3);
	put(IORING_OP_FSYNC, ring, NULL, 0, 0, 4);
	put(IORING_OP_READ, open(".", O_RDONLY), b, 3, 0, 5);
	go(5);
	put(IORING_OP_READV, fd, BAD, 2, 0, 1); /* found at once: what follows stays in the ring */
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2);
	go(1);
	queued = 1;
	go(1);
	put(200, -1, NULL, 0, 0, 1);
	go(1);
	put(IORING_OP_CLOSE, fd, NULL, 0, 0, 1);
	go(1);
	put(IORING_OP_CLOSE, fd, NULL, 0, 0, 1);
	go(1);
	T(fcntl(fd, F_GETFD));
	unlink("uring-file");
}

static void *writes_later(void *arg)
{
	int *fds = arg;

	usleep(20000);
	if (write(fds[1], "late", 4) != 4)
		printf("not written\n");
	return NULL;
}

static void waiting(void)
{
	char b[16] = "", c[16] = "";
	struct pollfd pf = {.fd = ring, .events = POLLIN};
	pthread_t t;
	int fds[2], sv[2];

	SAY("-- requests that wait\n");
	if (pipe(fds) || socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		return;
	put(IORING_OP_READ, fds[0], b, 16, 0, 1);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2);
	go(1);
	T(poll(&pf, 1, 0));
	T(write(fds[1], "abc", 3));
	T(poll(&pf, 1, 5000)); /* done without another call on the ring */
	go(1);
	abi_bytes("b", b, 3);
	put(IORING_OP_POLL_ADD, fds[0], NULL, 0, 0, 1)->poll32_events = POLLIN;
	put(IORING_OP_RECV, sv[0], c, 16, 0, 2);
	pthread_create(&t, NULL, writes_later, fds);
	go(1);
	pthread_join(t, NULL);
	T(send(sv[1], "to the socket", 13, 0));
	go(1);
	abi_bytes("c", c, 13);
	put(IORING_OP_SEND, sv[0], "back", 4, 0, 1);
	put(IORING_OP_SEND, fds[1], "back", 4, 0, 2);
	go(2);
	T(recv(sv[1], b, 16, MSG_DONTWAIT));
	T(fcntl(sv[0], F_SETFL, O_NONBLOCK)); /* does not keep a request from waiting */
	put(IORING_OP_RECV, sv[0], c, 16, 0, 1);
	go(0);
	T(send(sv[1], "more", 4, 0));
	go(1);
	T(fcntl(sv[0], F_SETFL, 0));
	put(IORING_OP_RECV, sv[0], c, 16, 0, 1)->msg_flags = MSG_DONTWAIT;
	go(1);
	put(IORING_OP_READ, fds[0], b, 16, 0, 1);
	go(1);
	put(IORING_OP_READ, fds[0], b, 16, 0, 1);
	put(IORING_OP_POLL_ADD, fds[0], NULL, 0, 0, 2)->poll32_events = POLLIN;
	go(0);
	close(fds[1]);
	go(2);
	put(IORING_OP_RECV, sv[0], c, 16, 0, 1);
	go(0);
	close(sv[1]);
	go(1);
	close(sv[0]);
	put(IORING_OP_READ, fds[0], b, 16, 0, 1)->rw_flags = RWF_NOWAIT;
	go(1);
	close(fds[0]);
}

static void timing(void)
{
	struct __kernel_timespec ms10 = {0, 10000000}, hour = {3600, 0}, wrong = {0, -1}, past = {1, 0};
	struct io_uring_getevents_arg arg = {.ts = (uint64_t)&ms10};
	int fds[2];
	char b[4];

	SAY("-- time-outs, cancelling\n");
	if (pipe(fds))
		return;
	put(IORING_OP_TIMEOUT, -1, &ms10, 1, 0, 1);
	go(1);
	put(IORING_OP_TIMEOUT, -1, &past, 1, 0, 1)->timeout_flags = IORING_TIMEOUT_ABS;
	go(1);
	put(IORING_OP_TIMEOUT, -1, &hour, 1, 1, 1); /* over with the next completion */
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2);
	go(2);
	put(IORING_OP_TIMEOUT, -1, &wrong, 1, 0, 1);
	go(1);
	put(IORING_OP_TIMEOUT, -1, &hour, 2, 0, 1);
	go(1);
	put(IORING_OP_TIMEOUT, -1, BAD, 1, 0, 1);
	go(1);
	put(IORING_OP_TIMEOUT, -1, &hour, 1, 0, 1);
	put(IORING_OP_TIMEOUT_REMOVE, -1, (void *)1, 0, 0, 2);
	put(IORING_OP_TIMEOUT_REMOVE, -1, (void *)7, 0, 0, 3);
	go(3);
	put(IORING_OP_TIMEOUT, -1, &hour, 1, 0, 1);
	put(IORING_OP_TIMEOUT_REMOVE, -1, (void *)1, 0, (uint64_t)&ms10, 2)->timeout_flags = IORING_TIMEOUT_UPDATE;
	go(2);
	put(IORING_OP_POLL_ADD, fds[0], NULL, 0, 0, 1)->poll32_events = POLLIN;
	put(IORING_OP_POLL_REMOVE, -1, (void *)1, 0, 0, 2);
	put(IORING_OP_POLL_REMOVE, -1, (void *)1, 0, 0, 3);
	go(3);
	put(IORING_OP_READ, fds[0], b, 4, 0, 1);
	go(0);
	put(IORING_OP_ASYNC_CANCEL, -1, (void *)1, 0, 0, 2);
	go(2);
	put(IORING_OP_ASYNC_CANCEL, -1, (void *)1, 0, 0, 3);
	go(1);
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg)));
	close(fds[0]);
	close(fds[1]);
}

static void chains(void)
{
	char b[16] = "";
	int fds[2];

	SAY("-- chains\n");
	if (pipe(fds))
		return;
	put(IORING_OP_READ, fds[0], b, 3, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_WRITE, fds[1], "second", 6, 0, 2)->flags = IOSQE_IO_LINK;
	put(IORING_OP_READ, fds[0], b + 8, 6, 0, 3);
	go(0);
	T(write(fds[1], "1st", 3));
	go(3);
	abi_bytes("b", b, 14);
	put(IORING_OP_READ, 99, b, 3, 0, 1)->flags = IOSQE_IO_LINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2)->flags = IOSQE_IO_LINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 4);
	go(4);
	put(IORING_OP_READ, 99, b, 3, 0, 1)->flags = IOSQE_IO_HARDLINK;
	put(IORING_OP_NOP, -1, NULL, 0, 0, 2);
	put(IORING_OP_NOP, -1, NULL, 0, 0, 3)->flags = IOSQE_CQE_SKIP_SUCCESS;
	go(2);
	close(fds[0]);
	close(fds[1]);
}

static void registering(void)
{
	static char buf[8192];
	struct iovec v[2] = {{buf, 4096}, {buf + 4096, 100}}, bad = {BAD, 4096};
	int fd = open("uring-file", O_RDWR | O_CREAT | O_TRUNC, 0600), efd = eventfd(0, EFD_NONBLOCK), list[3] = {fd, -1, fd};
	struct io_uring_files_update up = {.offset = 1, .fds = (uint64_t)&list[0]};
	struct io_uring_probe *probe = calloc(1, sizeof(*probe) + 256 * sizeof(probe->ops[0]));
	uint64_t n = 0;

	SAY("-- io_uring_register\n");
	T(regist(99, IORING_REGISTER_BUFFERS, v, 2));
	T(regist(1, IORING_REGISTER_BUFFERS, v, 2));
	T(regist(ring, 9999, v, 2));
	T(regist(ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	T(regist(ring, IORING_REGISTER_BUFFERS, v, 0));
	T(regist(ring, IORING_REGISTER_BUFFERS, BAD, 1));
	T(regist(ring, IORING_REGISTER_BUFFERS, &bad, 1));
	T(regist(ring, IORING_REGISTER_BUFFERS, v, 2));
	T(regist(ring, IORING_REGISTER_BUFFERS, v, 2));
	strcpy(buf + 50, "fixed");
	put(IORING_OP_WRITE_FIXED, fd, buf + 50, 5, 0, 1);
	go(1);
	put(IORING_OP_READ_FIXED, fd, buf + 4096 + 95, 5, 0, 1)->buf_index = 1;
	go(1);
	abi_bytes("read", buf + 4096 + 95, 5);
	put(IORING_OP_READ_FIXED, fd, buf + 4096 + 96, 5, 0, 1)->buf_index = 1;
	go(1);
	put(IORING_OP_READ_FIXED, fd, buf, 5, 0, 1)->buf_index = 2;
	go(1);
	T(regist(ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	T(regist(ring, IORING_UNREGISTER_FILES, NULL, 0));
	T(regist(ring, IORING_REGISTER_FILES, list, 3));
	T(regist(ring, IORING_REGISTER_FILES, list, 3));
	put(IORING_OP_READ, 2, buf, 5, 0, 1)->flags = IOSQE_FIXED_FILE;
	put(IORING_OP_READ, 1, buf, 5, 0, 2)->flags = IOSQE_FIXED_FILE;
	put(IORING_OP_READ, 3, buf, 5, 0, 3)->flags = IOSQE_FIXED_FILE;
	go(3);
	T(regist(ring, IORING_REGISTER_FILES_UPDATE, &up, 1));
	up.offset = 3;
	T(regist(ring, IORING_REGISTER_FILES_UPDATE, &up, 1));
	put(IORING_OP_READ, 1, buf, 5, 0, 2)->flags = IOSQE_FIXED_FILE;
	go(1);
	T(regist(ring, IORING_UNREGISTER_FILES, NULL, 0));
	T(regist(ring, IORING_UNREGISTER_EVENTFD, NULL, 0));
	T(regist(ring, IORING_REGISTER_EVENTFD, &fd, 1));
	T(regist(ring, IORING_REGISTER_EVENTFD, &efd, 2));
	T(regist(ring, IORING_REGISTER_EVENTFD, &efd, 1));
	T(regist(ring, IORING_REGISTER_EVENTFD, &efd, 1));
	T(read(efd, &n, 8));
	put(IORING_OP_NOP, -1, NULL, 0, 0, 1);
	go(1);
	T(read(efd, &n, 8));
	IS(n == 1);
	T(regist(ring, IORING_UNREGISTER_EVENTFD, NULL, 0));
	T(regist(ring, IORING_REGISTER_PROBE, probe, 256));
	IS(probe->last_op >= IORING_OP_RECV && probe->ops[IORING_OP_READV].flags == IO_URING_OP_SUPPORTED);
	T(regist(ring, IORING_REGISTER_PROBE, probe, 256)); /* not zeros any more */
	T(regist(ring, IORING_REGISTER_PROBE, BAD, 8));
	close(fd);
	unlink("uring-file");
}

static void overflowing(void)
{
	struct io_uring_cqe c;
	unsigned n = 0;

	SAY("-- more completions than fit\n");
	close_ring();
	open_ring(4, 0);
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 4; k++)
			put(IORING_OP_NOP, -1, NULL, 0, 0, 1);
		T(enter(ring, 4, 0, 0, NULL, 0));
		queued = 0;
	}
	IS(*WORD(p.sq_off.flags) & IORING_SQ_CQ_OVERFLOW);
	while (take(&c))
		n++;
	printf("%u\n", n);
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	while (take(&c))
		n++;
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	while (take(&c))
		n++;
	printf("%u in all, lost %u\n", n, *WORD(p.cq_off.overflow));
	IS(!(*WORD(p.sq_off.flags) & IORING_SQ_CQ_OVERFLOW));
	WORD(p.sq_off.array)[*WORD(p.sq_off.tail) & 3] = 77; /* no such request */
	__atomic_store_n(WORD(p.sq_off.tail), *WORD(p.sq_off.tail) + 1, __ATOMIC_RELEASE);
	T(enter(ring, 1, 0, 0, NULL, 0));
	IS(*WORD(p.sq_off.dropped) == 1);
}

static void on_signal(int sig) {}

static void *signals(void *arg)
{
	usleep(30000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	pthread_t t, me = pthread_self();
	int fds[2];
	char b;

	SAY("-- a signal; closing with requests that wait\n");
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, signals, &me);
	T(enter(ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	pthread_join(t, NULL);
	if (pipe(fds))
		return;
	put(IORING_OP_READ, fds[0], &b, 1, 0, 1);
	put(IORING_OP_POLL_ADD, fds[0], NULL, 0, 0, 2)->poll32_events = POLLIN;
	go(0);
	close_ring();
	T(write(fds[1], "x", 1));
	usleep(20000);
	T(read(fds[0], &b, 1)); /* nobody has taken it */
}

int main(void)
{
	errors();
	files();
	waiting();
	timing();
	chains();
	registering();
	overflowing();
	interrupted();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Two threads let go of the two sides of one thing in the same moment, round after round: whichever is the last frees
 * it, and the other must not look at it any more.  A third is often asleep in it.
 */
#include "stress.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#define ROUNDS 60

struct duel {
	void (*set_up)(void);
	void (*side[2])(uint32_t random);
	void (*tear_down)(void);
};

static const struct duel *duel;
static int a, b, c; /* descriptors that the two sides fight for */
static pthread_barrier_t barrier; /* asleep where it does not matter who leaves first ... */
static uint32_t arrived;	  /* ... and awake where it does */
static char path[] = "close_storm.file";

/* Both leave at once. */
static void meet(void)
{
	uint32_t goal = (__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST) / 2 + 1) * 2;

	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < goal)
		sched_yield();
}

static void *fighter(void *arg)
{
	int side = (int)(intptr_t)arg;
	uint32_t rng = 7u + (uint32_t)side;

	for (int i = 0; i < ROUNDS; i++) {
		if (side == 0)
			duel->set_up();
		pthread_barrier_wait(&barrier);
		meet();
		for (uint32_t n = stress_random(&rng) % 64; n; n--) /* now the one, now the other is earlier */
			__asm__ volatile("pause");
		duel->side[side](rng);
		pthread_barrier_wait(&barrier);
		if (side == 0 && duel->tear_down)
			duel->tear_down();
	}
	return NULL;
}

static void fight(const char *name, const struct duel *d)
{
	int probe;

	duel = d;
	stress_threads(2, fighter);
	probe = open("/dev/null", O_RDONLY);
	MUST(probe >= 0 && probe < 8); /* no descriptor was lost */
	close(probe);
	printf("%s\n", name);
}

static void close_a(uint32_t random) { MUST(close(a) == 0); }
static void close_b(uint32_t random) { MUST(close(b) == 0); }
static void close_c(void) { MUST(close(c) == 0); }

/* ---- pipes and sockets: the two ends ---- */

static void make_pipe(void)
{
	int fd[2];

	MUST(pipe(fd) == 0);
	a = fd[0];
	b = fd[1];
}

static void make_pair(void)
{
	int fd[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	MUST(write(fd[0], "unread", 6) == 6);
	a = fd[0];
	b = fd[1];
}

static void make_dgram_pair(void)
{
	int fd[2];

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0);
	MUST(write(fd[0], "unread", 6) == 6 && write(fd[1], "too", 3) == 3);
	a = fd[0];
	b = fd[1];
}

static void shut_b(uint32_t random)
{
	shutdown(b, SHUT_RDWR);
	close(b);
}

/* Asleep in one end, which nobody closes before it is out; it takes the descriptor's number with it. */
static void read_a(uint32_t random)
{
	char buf[16];
	ssize_t n;

	while ((n = read(a, buf, sizeof(buf))) > 0)
		;
	MUST(n == 0);
	MUST(close(a) == 0);
}

static void poll_a(uint32_t random)
{
	struct pollfd p = {a, POLLIN, 0};

	while (poll(&p, 1, 10000) == 1 && !(p.revents & POLLHUP))
		;
	MUST(p.revents & POLLHUP);
	MUST(close(a) == 0);
}

/* ---- epoll: the set and what it watches ---- */

static void watch(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

	MUST(epoll_ctl(a, EPOLL_CTL_ADD, fd, &ev) == 0);
}

static void make_set(void)
{
	a = epoll_create1(0);
	b = eventfd(0, 0);
	MUST(a >= 0 && b >= 0);
	watch(b);
}

/* The other end of what is watched is closed, which wakes the set, while the set is closed. */
static void make_set_on_pipe(void)
{
	int fd[2];

	MUST(pipe(fd) == 0);
	a = epoll_create1(0);
	b = fd[1];
	c = fd[0];
	watch(c);
}

static void make_set_of_sets(void)
{
	a = epoll_create1(0);
	b = epoll_create1(0);
	c = eventfd(0, 0);
	watch(b);
	struct epoll_event ev = {.events = EPOLLIN};

	MUST(epoll_ctl(b, EPOLL_CTL_ADD, c, &ev) == 0 && eventfd_write(c, 1) == 0);
}

static void wait_a(uint32_t random)
{
	struct epoll_event ev;

	MUST(epoll_wait(a, &ev, 1, 1) >= 0);
	MUST(close(a) == 0);
}

static void forget_b(uint32_t random)
{
	struct epoll_event ev;

	MUST(epoll_ctl(a, EPOLL_CTL_DEL, b, &ev) == 0 || errno == ENOENT || errno == EBADF);
}

static void finish_set(void) { MUST(close(a) == 0); }

/* ---- timers: armed by two at once, closed while they fire ---- */

static void make_timer(void)
{
	a = timerfd_create(CLOCK_MONOTONIC, 0);
	MUST(a >= 0);
}

static void arm(uint32_t random)
{
	for (int i = 0; i < 8; i++) {
		struct itimerspec it = {{0, 50000}, {0, 1 + (long)((random >> i) % 100000)}};

		MUST(timerfd_settime(a, 0, &it, NULL) == 0);
	}
}

static void finish_timer(void)
{
	uint64_t n;

	MUST(read(a, &n, sizeof(n)) == sizeof(n) && n > 0); /* it still runs */
	MUST(close(a) == 0);				     /* and is closed running */
}

/* ---- a descriptor on its way: received by one, closed by the other before he knows its number ---- */

static void make_letter(void)
{
	char space[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	int fd;

	make_pair();
	MUST(read(b, space, 6) == 6);
	fd = eventfd(5, 0);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	MUST(sendmsg(a, &m, 0) == 1);
	c = fd; /* the number that the receiver gets */
	close(fd);
}

static void receive(uint32_t random)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};

	MUST(recvmsg(b, &m, 0) == 1);
	MUST(CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS);
}

static void snatch(uint32_t random)
{
	while (close(c) != 0)
		sched_yield();
}

static void finish_letter(void) { MUST(close(a) == 0 && close(b) == 0); }

/* ---- flock: taken by one while the other lets go, on the same open file ---- */

static void open_file(void)
{
	a = open(path, O_RDWR | O_CREAT, 0600);
	MUST(a >= 0);
}

static void lock(uint32_t random)
{
	MUST(flock(a, LOCK_EX) == 0);
}

static void unlock(uint32_t random)
{
	MUST(flock(a, LOCK_EX) == 0 && flock(a, LOCK_UN) == 0);
}

static void finish_file(void)
{
	int again;

	MUST(close(a) == 0); /* and the lock is gone with it, whoever had it */
	again = open(path, O_RDWR);
	MUST(again >= 0 && flock(again, LOCK_EX | LOCK_NB) == 0 && close(again) == 0);
}

/* ---- a FIFO whose writer comes and goes while the reader is still opening it ---- */

static char fifo[] = "/tmp/close_storm.XXXXXX/fifo";

static void make_fifo(void)
{
	MUST(mkfifo(fifo, 0600) == 0);
}

static void open_reading(uint32_t random)
{
	char byte = 0;
	int fd = open(fifo, O_RDONLY);

	MUST(fd >= 0 && read(fd, &byte, 1) >= 0 && close(fd) == 0);
}

static void open_writing(uint32_t random)
{
	int fd = open(fifo, O_WRONLY);

	MUST(fd >= 0 && close(fd) == 0);
}

static void remove_fifo(void) { MUST(unlink(fifo) == 0); }

int main(void)
{
	char *slash = strrchr(fifo, '/');

	pthread_barrier_init(&barrier, NULL, 2);
	fight("both ends of a pipe", &(struct duel){make_pipe, {close_a, close_b}, NULL});
	fight("one end, the other read", &(struct duel){make_pipe, {read_a, close_b}, NULL});
	fight("one end, the other polled", &(struct duel){make_pipe, {poll_a, close_b}, NULL});
	fight("both sockets", &(struct duel){make_pair, {close_a, close_b}, NULL});
	fight("both datagram sockets", &(struct duel){make_dgram_pair, {close_a, close_b}, NULL});
	fight("a socket polled", &(struct duel){make_pair, {poll_a, shut_b}, NULL});
	fight("a set and its file", &(struct duel){make_set, {close_a, close_b}, NULL});
	fight("a set waited for", &(struct duel){make_set, {wait_a, close_b}, NULL});
	fight("a set and its file's peer", &(struct duel){make_set_on_pipe, {close_a, close_b}, close_c});
	fight("a set and its set", &(struct duel){make_set_of_sets, {close_a, close_b}, close_c});
	fight("a file and its leaving the set", &(struct duel){make_set, {forget_b, close_b}, finish_set});
	fight("a timer", &(struct duel){make_timer, {arm, arm}, finish_timer});
	fight("a descriptor received", &(struct duel){make_letter, {receive, snatch}, finish_letter});
	fight("a lock", &(struct duel){open_file, {lock, unlock}, finish_file});
	MUST(unlink(path) == 0);
	*slash = '\0';
	MUST(mkdtemp(fifo));
	*slash = '/';
	fight("a fifo", &(struct duel){make_fifo, {open_reading, open_writing}, remove_fifo});
	*slash = '\0';
	MUST(rmdir(fifo) == 0);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * System calls of many shapes, made directly, between two markers: what the tracer has to say about them stands in
 * traced.expected, and strace says the same of the same program on Linux.  No address, time or pid that is not masked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static char page[4096] __attribute__((aligned(4096)));

static void handler(int sig) { (void)sig; }

static void files(void)
{
	static const char longer[] = "a string of more bytes than the tracer shows of one";
	struct iovec iov[2] = {{"ab", 2}, {"c\n", 2}};
	struct flock lock = {.l_type = F_WRLCK};
	struct stat st;
	char buf[64];
	int fd;

	CALL(openat, AT_FDCWD, "/no/such\nfile", O_RDONLY | O_CLOEXEC, 0);
	fd = (int)CALL(openat, AT_FDCWD, "file", O_RDWR | O_CREAT | O_TRUNC, 0640);
	CALL(write, fd, longer, sizeof(longer) - 1);
	CALL(write, fd, "a\0b\n\377\"1\0002", 9);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(read, fd, buf, 8);
	CALL(pread64, fd, buf, 4, 4);
	CALL(writev, fd, iov, 2);
	CALL(fstat, fd, &st);
	CALL(newfstatat, AT_FDCWD, "/dev/null", &st, AT_SYMLINK_NOFOLLOW);
	CALL(fcntl, fd, F_GETFL);
	CALL(fcntl, fd, F_SETFD, FD_CLOEXEC);
	CALL(fcntl, fd, F_SETLK, &lock);
	CALL(access, "file", R_OK | W_OK);
	CALL(mkdirat, AT_FDCWD, "dir", 0750);
	CALL(unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR);
	CALL(ftruncate, fd, 5);
	CALL(read, fd, (void *)8, 5);
	CALL(read, -1, buf, 5);
	CALL(close, fd);
	CALL(unlink, "file");
	CALL(umask, 022);
}

static void memory(void)
{
	CALL(mmap, NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CALL(mmap, NULL, 0, PROT_NONE, MAP_SHARED, -1, 0);
	CALL(mprotect, page, 4096, PROT_READ);
	CALL(mprotect, page, 4096, PROT_READ | PROT_WRITE);
	CALL(madvise, page, 4096, MADV_WILLNEED);
	CALL(munmap, (void *)1, 4096);
	CALL(futex, page, FUTEX_WAKE_PRIVATE, 1);
	CALL(futex, page, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void signals(void)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigset_t set;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR1);
	sigaction(SIGUSR2, &sa, NULL);
	sigfillset(&set);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	sigemptyset(&set);
	CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	kill(getpid(), SIGUSR2);
}

static void waiting(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x123456789ull}, got[4];
	struct itimerval it = {{0, 0}, {100, 5}};
	struct timespec ts = {0, 1000};
	struct pollfd fds[2];
	fd_set set;
	int p[2], e;

	CALL(pipe2, p, O_CLOEXEC | O_NONBLOCK);
	fds[0] = (struct pollfd){p[0], POLLIN, 0};
	fds[1] = (struct pollfd){p[1], POLLOUT, 0};
	CALL(poll, fds, 2, 0);
	CALL(poll, fds, 1, 1);
	CALL(read, p[0], &ev, 1);
	e = (int)CALL(epoll_create1, EPOLL_CLOEXEC);
	CALL(epoll_ctl, e, EPOLL_CTL_ADD, p[0], &ev);
	CALL(write, p[1], "x", 1);
	CALL(epoll_wait, e, got, 4, 0);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	CALL(select, p[0] + 1, &set, NULL, NULL, NULL);
	CALL(ioctl, p[0], FIONREAD, &e);
	CALL(nanosleep, &ts, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	CALL(setitimer, ITIMER_REAL, &it, NULL);
	CALL(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static void sockets(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	struct {
		struct cmsghdr h;
		int fd;
	} c = {{CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS}, 1};
	struct iovec io = {"hello", 5};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	int s = (int)CALL(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), two[2], v = 1;
	socklen_t len = sizeof(a);
	char buf[16];

	CALL(connect, s, &a, sizeof(a));
	CALL(getsockname, s, &a, &len);
	CALL(setsockopt, s, SOL_SOCKET, SO_REUSEADDR, &v, 4);
	CALL(socketpair, AF_UNIX, SOCK_DGRAM, 0, two);
	CALL(sendmsg, two[0], &m, 0);
	CALL(recvfrom, two[1], buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL);
	CALL(shutdown, two[0], SHUT_RDWR);
}

static void process(void)
{
	struct rlimit limit = {1 << 20, RLIM_INFINITY};

	CALL(prlimit64, 0, RLIMIT_FSIZE, &limit, NULL);
	CALL(prctl, PR_SET_NAME, "named");
	CALL(wait4, -1, NULL, WNOHANG, NULL);
	CALL(sched_setscheduler, 0, 99, NULL);
	CALL(getrandom, NULL, 0, GRND_NONBLOCK);
	CALL(dup3, 1, 1, O_CLOEXEC);
}

int main(void)
{
	CALL(chdir, "/begin");
	files();
	memory();
	signals();
	waiting();
	sockets();
	process();
	CALL(exit_group, 7);
}

/* SPDX-License-Identifier: MIT */
/* dup, dup2, dup3, fcntl, ioctl, close: the table of descriptors. */
#include "abi.h"
#include <sys/ioctl.h>
#include <sys/resource.h>

int main(void)
{
	char c;
	int fd, n, fds[2];

	abi_put("f", "0123456789");
	fd = T(open("f", O_RDWR));
	T(dup(fd));
	T(dup(99));
	T(dup(-1));
	T(dup2(fd, 10));
	T(dup2(fd, 10));
	T(dup2(fd, fd));
	T(dup2(99, 10));
	T(dup2(99, 99));
	T(dup2(fd, -1));
	T(dup2(fd, 1 << 24));
	T(read(10, &c, 1));
	T(lseek(fd, 0, SEEK_CUR));
	T(dup3(fd, 11, O_CLOEXEC));
	T(fcntl(11, F_GETFD));
	T(fcntl(10, F_GETFD));
	T(dup3(fd, fd, 0));
	T(dup3(fd, 12, O_APPEND));
	T(dup3(99, 12, 0));

	T(fcntl(fd, F_DUPFD, 20));
	T(fcntl(fd, F_DUPFD, 20));
	T(fcntl(fd, F_DUPFD_CLOEXEC, 20));
	T(fcntl(22, F_GETFD));
	T(fcntl(fd, F_DUPFD, -1));
	T(fcntl(fd, F_DUPFD, 1 << 24));
	T(fcntl(fd, F_SETFD, FD_CLOEXEC));
	T(fcntl(fd, F_GETFD));
	T(fcntl(4, F_GETFD));
	T(fcntl(fd, F_SETFD, 0));
	T(fcntl(fd, F_GETFD));
	T(fcntl(99, F_GETFD));
	T(fcntl(99, F_GETFL));
	T(fcntl(fd, 9999));

	/* status flags belong to the open file, not to the descriptor */
	T(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	T(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	IS((fcntl(10, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
	T(fcntl(fd, F_SETFL, O_WRONLY));
	T(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));

	T(close(fd));
	T(close(fd));
	T(close(-1));
	T(close(99));
	T(read(10, &c, 1));
	T(close(10));

	T(pipe(fds));
	T(ioctl(fds[0], FIONREAD, &n));
	T(n);
	T(write(fds[1], "abc", 3));
	T(ioctl(fds[0], FIONREAD, &n));
	T(n);
	n = 1;
	T(ioctl(fds[0], FIONBIO, &n));
	IS(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	n = 0;
	T(ioctl(fds[0], FIONBIO, &n));
	IS(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	T(ioctl(fds[0], FIOCLEX));
	T(fcntl(fds[0], F_GETFD));
	T(ioctl(fds[0], FIONCLEX));
	T(fcntl(fds[0], F_GETFD));
	T(ioctl(fds[0], TCGETS, &n));
	T(ioctl(fds[0], 0xdead, &n));
	T(ioctl(99, FIONREAD, &n));
	T(ioctl(fds[0], FIONREAD, BAD));
	T(isatty(fds[0]));

	/* the limit: how many there may be, and that all of them work */
	struct rlimit lim = {64, 64};
	int count = 0;

	T(getrlimit(RLIMIT_NOFILE, &lim));
	lim.rlim_cur = 64;
	T(setrlimit(RLIMIT_NOFILE, &lim));
	while ((n = dup(0)) >= 0)
		count += n < 64;
	SAY("until %s, highest allowed only: %s\n", strerrorname_np(errno), fcntl(63, F_GETFD) == 0 ? "yes" : "no");
	IS(count > 40);
	T(pipe(fds));
	T(dup2(0, 64));
	T(fcntl(0, F_DUPFD, 64));
	T((int)syscall(SYS_close_range, 3, ~0u, 0));
	T(dup(0));
	return 0;
}

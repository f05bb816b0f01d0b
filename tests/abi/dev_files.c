/* SPDX-License-Identifier: MIT */
/* /dev/null, zero, full, stdin and its kin, fd: reads, writes, errors. */
#include "abi.h"

int main(void)
{
	char buf[16];
	int fd;

	fd = T(open("/dev/null", O_RDWR));
	T(write(fd, "gone", 4));
	T(read(fd, buf, 4));
	T(lseek(fd, 10, SEEK_SET));
	T(ftruncate(fd, 0));
	T(fcntl(fd, F_GETFL) & O_ACCMODE);
	T(isatty(fd));
	T(close(fd));
	fd = T(open("/dev/zero", O_RDWR));
	memset(buf, 1, sizeof(buf));
	T(read(fd, buf, 8));
	abi_bytes("zero", buf, 9);
	T(write(fd, "x", 1));
	T(read(fd, BAD, 8));
	T(close(fd));
	fd = T(open("/dev/full", O_RDWR));
	T(read(fd, buf, 8));
	T(write(fd, "x", 1));
	T(close(fd));
	T(open("/dev/missing", O_RDONLY));
	T(open("/dev/null/x", O_RDONLY));
	T(open("/dev/null", O_RDONLY | O_DIRECTORY));
	fd = T(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666));
	T(close(fd));

	abi_put("f", "through the descriptor");
	fd = T(open("f", O_RDONLY));
	T(read(fd, buf, 8));
	snprintf(buf, sizeof(buf), "/dev/fd/%d", fd);
	T(access(buf, F_OK));
	T(access("/dev/stdout", F_OK));
	T(close(fd));
	T(access(buf, F_OK));
	return 0;
}

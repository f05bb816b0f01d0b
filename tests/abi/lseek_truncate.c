/* SPDX-License-Identifier: MIT */
/* lseek, ftruncate, truncate, fsync: positions, sizes, errors. */
#include "abi.h"

static long size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? -1 : (long)st.st_size;
}

int main(void)
{
	int fd, ro, fds[2], dir;
	char buf[16];

	abi_put("f", "0123456789");
	fd = T(open("f", O_RDWR));
	T(lseek(fd, 4, SEEK_SET));
	T(lseek(fd, 3, SEEK_CUR));
	T(lseek(fd, -2, SEEK_END));
	T(lseek(fd, -100, SEEK_CUR));
	T(lseek(fd, -1, SEEK_SET));
	T(lseek(fd, 0, SEEK_CUR));
	T(lseek(fd, 0, 77));
	T(lseek(fd, 100, SEEK_SET));
	T(read(fd, buf, 1));
	T(size_of("f"));
	T(write(fd, "x", 1));
	T(size_of("f"));
	T(lseek(99, 0, SEEK_SET));

	T(ftruncate(fd, 5));
	T(size_of("f"));
	T(lseek(fd, 0, SEEK_CUR));
	T(ftruncate(fd, 8));
	abi_show("f");
	T(ftruncate(fd, -1));
	T(ftruncate(99, 0));
	T(ftruncate(fd, 0));
	abi_show("f");

	/* cut inside a page and grown again: what was cut must not come back */
	T(pwrite(fd, "abcdefghijkl", 12, 4090));
	T(ftruncate(fd, 4093));
	T(ftruncate(fd, 4102));
	T(pread(fd, buf, 12, 4090));
	abi_bytes("cut and grown", buf, 12);

	ro = T(open("f", O_RDONLY));
	T(ftruncate(ro, 0));
	T(fsync(fd));
	T(fdatasync(fd));
	T(fsync(ro));
	T(fsync(99));
	T(close(ro));

	T(truncate("f", 3));
	T(size_of("f"));
	T(truncate("f", -1));
	T(truncate("missing", 0));
	T(mkdir("d", 0755));
	T(truncate("d", 0));
	T(truncate("f/x", 0));
	T(truncate(BAD, 0));
	dir = T(open("d", O_RDONLY));
	T(ftruncate(dir, 0));
	T(close(dir));

	T(pipe(fds));
	T(lseek(fds[0], 0, SEEK_CUR));
	T(pread(fds[0], buf, 1, 0));
	T(pwrite(fds[1], buf, 1, 0));
	T(ftruncate(fds[1], 0));
	T(fsync(fds[1]));

	/* two descriptors of one open file share the position, two opens do not */
	abi_put("g", "abcdefgh");
	fd = open("g", O_RDONLY);
	dir = dup(fd);
	ro = open("g", O_RDONLY);
	T(read(fd, buf, 2));
	T(lseek(dir, 0, SEEK_CUR));
	T(lseek(ro, 0, SEEK_CUR));
	return 0;
}

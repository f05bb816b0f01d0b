/* SPDX-License-Identifier: MIT */
/* read, write and their vector and positioned forms: data, offsets, errors. */
#include "abi.h"
#include <sys/uio.h>

static char big[300000], back[300000];
static volatile int minus = -1;

static void vectors(int fd)
{
	char a[3] = "", b[5] = "", c[4] = "";
	struct iovec out[3] = {{(char *)"one,", 4}, {(char *)"", 0}, {(char *)"two", 3}};
	struct iovec in[3] = {{a, 3}, {b, 5}, {c, 4}};
	struct iovec bad[2] = {{(char *)"ok", 2}, {BAD, 4}};
	struct iovec huge[2] = {{a, SSIZE_MAX}, {b, SSIZE_MAX}};
	static struct iovec many[IOV_MAX + 1];

	T(lseek(fd, 0, SEEK_SET));
	T(ftruncate(fd, 0));
	T(writev(fd, out, 3));
	T(lseek(fd, 0, SEEK_SET));
	T(readv(fd, in, 3));
	abi_bytes("a", a, 3);
	abi_bytes("b", b, 5);
	T(readv(fd, in, 3));
	T(writev(fd, out, 0));
	T(writev(fd, out, minus));
	T(writev(fd, many, IOV_MAX + 1));
	T(writev(fd, many, IOV_MAX));
	T(writev(fd, huge, 2));
	T(writev(fd, BAD, 1));
	T(writev(99, out, 3));
	T(lseek(fd, 0, SEEK_SET));
	T(readv(fd, &bad[1], 1));
	T(preadv(fd, in, 1, 4));
	abi_bytes("a", a, 3);
	T(pwritev(fd, out, 1, 10));
	T(lseek(fd, 0, SEEK_END));
}

static void errors(int fd)
{
	char c;

	T(read(-1, &c, 1));
	T(read(99, &c, 1));
	T(write(99, &c, 1));
	T(lseek(fd, 0, SEEK_SET));
	T(read(fd, BAD, 1));
	T(write(fd, BAD, 1));
	T(read(fd, BAD, 0));
	T(write(fd, BAD, 0));
	T(read(fd, (void *)-4096L, 16));
	T(write(fd, (void *)-4096L, 16));
	T(read(fd, (void *)(1ul << 47), 16));
	T(pread(fd, &c, 1, -1));
	T(pwrite(fd, &c, 1, -1));
	T(pread(99, &c, 1, 0));
	T(pread(fd, &c, 0, 0));
	T(pread(fd, &c, 1, 1l << 40));
	T(lseek(fd, 0, SEEK_CUR));
}

int main(void)
{
	int fd = T(open("data", O_RDWR | O_CREAT, 0644));
	char buf[32];
	unsigned x = 1;

	T(write(fd, "hello, world\n", 13));
	T(read(fd, buf, 10));
	T(lseek(fd, 7, SEEK_SET));
	T(read(fd, buf, sizeof(buf)));
	abi_bytes("tail", buf, 6);
	T(read(fd, buf, sizeof(buf)));
	T(pread(fd, buf, 5, 0));
	abi_bytes("pread", buf, 5);
	T(pwrite(fd, "HE", 2, 0));
	T(lseek(fd, 0, SEEK_CUR));
	T(pread(fd, buf, 20, 10));
	T(pread(fd, buf, 20, 13));
	abi_show("data");

	/* a hole reads as zeros */
	T(pwrite(fd, "end", 3, 20));
	abi_show("data");
	T(write(fd, "", 0));
	errors(fd);
	vectors(fd);

	/* much at once, over many pages and messages, from odd addresses */
	for (size_t i = 0; i < sizeof(big); i++) {
		x = x * 1103515245 + 12345;
		big[i] = (char)(x >> 16);
	}
	T(ftruncate(fd, 0));
	T(pwrite(fd, big + 1, 299999, 3));
	T(lseek(fd, 0, SEEK_END));
	T(pread(fd, back + 1, 299999, 3));
	IS(memcmp(big + 1, back + 1, 299999) == 0);
	memset(back, 0, sizeof(back));
	T(lseek(fd, 3, SEEK_SET));
	for (size_t n = 0, step = 1; n < 299999; step = step * 7 % 8191 + 1) {
		ssize_t r = read(fd, back + 1 + n, step < 299999 - n ? step : 299999 - n);
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	IS(memcmp(big + 1, back + 1, 299999) == 0);
	T(close(fd));
	T(read(fd, buf, 1));
	T(close(fd));
	return 0;
}

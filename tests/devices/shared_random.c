/* SPDX-License-Identifier: MIT */
/*
 * Reads, writes, cuts and mappings of one file by several descriptors, at random, beside a copy in memory: whatever
 * is kept of the file, each of them sees the same bytes.
 */
#include "../abi/abi.h"
#include <sys/mman.h>

#define SIZE_MAX_ (700 * 1000)
#define PAGE	  4096

static unsigned char model[SIZE_MAX_ + PAGE], buf[SIZE_MAX_ + PAGE];
static size_t size;
static unsigned long state = 88172645463325252ul;
static int bad;

static unsigned long below(unsigned long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void differs(const char *what, size_t at)
{
	if (++bad <= 10)
		printf("%s at %zu of %zu differs\n", what, at, size);
}

static size_t some(void)
{
	switch (below(4)) {
	case 0:
		return 1 + below(100);
	case 1:
		return PAGE * (1 + below(4));
	case 2:
		return 1 + below(100000);
	default:
		return 1 + below(SIZE_MAX_);
	}
}

static void check_read(int fd)
{
	size_t at = below(SIZE_MAX_), n = some(), want = at < size ? (n < size - at ? n : size - at) : 0;
	ssize_t got = pread(fd, buf, n, (off_t)at);

	if (got != (ssize_t)want || memcmp(buf, model + at, want))
		differs("read", at);
}

static void check_write(int fd, int append)
{
	size_t at = append ? size : below(SIZE_MAX_), n = some();

	if (at + n > SIZE_MAX_)
		n = SIZE_MAX_ - at;
	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)below(256);
	if (append ? write(fd, buf, n) != (ssize_t)n : pwrite(fd, buf, n, (off_t)at) != (ssize_t)n)
		differs("write", at);
	if (at > size)
		memset(model + size, 0, at - size);
	memcpy(model + at, buf, n);
	if (at + n > size)
		size = at + n;
}

static void check_cut(int fd)
{
	size_t to = below(SIZE_MAX_);

	if (ftruncate(fd, (off_t)to))
		differs("cut", to);
	if (to > size)
		memset(model + size, 0, to - size);
	size = to;
}

static void check_map(int fd, int shared)
{
	size_t at = below(SIZE_MAX_) / PAGE * PAGE, n = PAGE * (1 + below(20)), in;
	unsigned char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, fd, (off_t)at);

	if (p == MAP_FAILED) {
		differs("map", at);
		return;
	}
	if (at < size) {
		n = n < size - at ? n : size - at;
		if (memcmp(p, model + at, n))
			differs(shared ? "shared mapping" : "private mapping", at);
		in = below(n);
		p[in] = (unsigned char)below(256);
		if (shared)
			model[at + in] = p[in];
		if (pread(fd, buf, n, (off_t)at) != (ssize_t)n || memcmp(buf, model + at, n))
			differs("read beside a mapping", at);
	}
	munmap(p, PAGE * 20);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 400, fds[3];
	struct stat st;

	fds[0] = open("random", O_RDWR | O_CREAT | O_TRUNC, 0644);
	fds[1] = open("random", O_RDWR);
	fds[2] = open("random", O_RDWR | O_APPEND);
	for (int i = 0; i < rounds; i++) {
		int fd = fds[below(2)];

		switch (below(12)) {
		case 0:
		case 1:
			check_write(fd, 0);
			break;
		case 2:
			check_write(fds[2], 1);
			if (size > SIZE_MAX_ / 2)
				check_cut(fd);
			break;
		case 3:
			if (below(3) == 0)
				check_cut(fd);
			break;
		case 4:
		case 5:
			check_map(fd, below(2) != 0);
			break;
		case 6:
			close(fds[1]);
			fds[1] = open("random", O_RDWR);
			break;
		case 7:
			if (fstat(fd, &st) || st.st_size != (off_t)size)
				differs("size", (size_t)st.st_size);
			break;
		default:
			check_read(fds[below(3)]);
		}
	}
	printf("%d rounds, %d differences, %zu bytes\n", rounds, bad, size);
	return bad != 0;
}

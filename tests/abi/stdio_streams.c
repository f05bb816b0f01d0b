/* SPDX-License-Identifier: MIT */
/* What a program finds at descriptors 0, 1 and 2: kinds, end of input, order, odd bytes. */
#include "abi.h"
#include <poll.h>

int main(int argc, char **argv)
{
	static unsigned char buf[1 << 16];
	unsigned long sum = 0;
	size_t total = 0;
	ssize_t n;
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st))
			fprintf(stderr, "%d: %s\n", fd, strerrorname_np(errno));
		else
			fprintf(stderr, "%d: type %o size %ld tty %d\n", fd, st.st_mode & S_IFMT, fd ? 0L : (long)st.st_size,
				isatty(fd));
	}
	while ((n = read(0, buf, argc > 1 ? (size_t)atoi(argv[1]) : sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
		total += (size_t)n;
		if (argc > 2)
			fwrite(buf, 1, (size_t)n, stdout);
	}
	SAY("read %zu bytes, sum %lx, last %zd\n", total, sum, n);
	T(read(0, buf, 1));
	fflush(stdout);
	fprintf(stderr, "to the error stream\n");
	for (int i = 0; i < 256; i++)
		putchar(i);
	fflush(stdout);
	return 3;
}

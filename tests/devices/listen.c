/* SPDX-License-Identifier: MIT */
/* listen LINES: reads that many lines of stdin, a byte at a time as a shell does, and echoes them; 0: all, in blocks. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buf[65536];
	long lines = atol(argv[1]);
	ssize_t n;
	char c;

	while (lines > 0 && (n = read(0, &c, 1)) == 1) {
		if (write(1, &c, 1) != 1)
			return 1;
		lines -= c == '\n';
	}
	if (atol(argv[1]) == 0) {
		struct pollfd p = {.fd = 0, .events = POLLIN};

		while (poll(&p, 1, -1) == 1 && (n = read(0, buf, sizeof(buf))) > 0)
			if (write(1, buf, (size_t)n) != n)
				return 1;
	}
	return 0;
}

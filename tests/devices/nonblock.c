/* SPDX-License-Identifier: MIT */
/* For each name among its arguments: waits until that file is there, then reads and polls stdin without blocking. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};
	char buf[100];

	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	for (int i = 1; i < argc; i++) {
		ssize_t n;
		int r;

		while (access(argv[i], F_OK))
			usleep(1000);
		r = poll(&p, 1, 0);
		printf("%s: poll %d %x ", argv[i], r, r ? p.revents : 0);
		n = read(0, buf, sizeof(buf));
		if (n < 0)
			printf("%s\n", strerrorname_np(errno));
		else
			printf("%zd %.*s\n", n, (int)n, buf);
		fflush(stdout);
	}
	return 0;
}

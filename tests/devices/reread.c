/* SPDX-License-Identifier: MIT */
/*
 * Opens and reads "config" over and over while the host replaces it by renames: each time it is one whole version,
 * never a mixture, never missing.  The version "stop" ends it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	static char buf[70000];
	unsigned long rounds = 0;

	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = open("config", O_RDONLY);
		struct stat st;
		ssize_t n;

		if (fd < 0) {
			perror("open");
			return 1;
		}
		n = read(fd, buf, sizeof(buf));
		if (n < 0 || fstat(fd, &st)) {
			perror("read or fstat");
			return 1;
		}
		if (n == 4 && !memcmp(buf, "stop", 4))
			break;
		for (ssize_t i = 1; i < n; i++)
			if (buf[i] != buf[0]) {
				printf("a mixture of %c and %c\n", buf[0], buf[i]);
				return 1;
			}
		if (n != 1000 * (buf[0] - 'a' + 1)) {
			printf("%zd bytes of version %c\n", n, buf[0]);
			return 1;
		}
		close(fd);
		rounds++;
	}
	puts(rounds > 50 ? "many rounds" : "few rounds");
	return 0;
}

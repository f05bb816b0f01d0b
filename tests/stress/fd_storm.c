/* SPDX-License-Identifier: MIT */
/*
 * Threads open, duplicate and close descriptors while others use the same
 * numbers: a call meets the file or EBADF, and a file that a call is in stays
 * until it is out.
 */
#include "stress.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#define THREADS 6
#define ROUNDS	600
#define LOW	100
#define HIGH	116

static void *work(void *arg)
{
	uint32_t rng = 31u + (uint32_t)(intptr_t)arg;
	struct stat st;
	char c;

	for (int i = 0; i < ROUNDS; i++) {
		int n = LOW + (int)(stress_random(&rng) % (HIGH - LOW)), fd, fds[2];
		struct pollfd p = {n, POLLIN, 0};

		switch (stress_random(&rng) % 6) {
		case 0:
			fd = open("/dev/null", O_RDWR);
			MUST(fd >= 0 && dup2(fd, n) == n);
			MUST(close(fd) == 0);
			break;
		case 1:
			MUST(pipe(fds) == 0 && write(fds[1], "y", 1) == 1);
			MUST(dup2(fds[0], n) == n);
			close(fds[0]);
			close(fds[1]);
			break;
		case 2:
			MUST(close(n) == 0 || errno == EBADF);
			break;
		case 3:
			MUST(fstat(n, &st) == 0 || errno == EBADF);
			break;
		case 4:
			MUST(poll(&p, 1, 0) >= 0);
			break;
		default:
			fd = fcntl(n, F_DUPFD_CLOEXEC, 200);
			MUST(fd >= 200 || errno == EBADF);
			if (fd >= 0) {
				ssize_t r = read(fd, &c, 1);

				MUST(r >= 0 && (r == 0 || c == 'y'));
				MUST(close(fd) == 0);
			}
		}
	}
	return NULL;
}

static void many(void)
{
	static int fds[900];
	int n = 0;

	for (; n < 900; n++) {
		fds[n] = n % 2 ? eventfd((unsigned)n, EFD_NONBLOCK) : open("/dev/zero", O_RDONLY);
		MUST(fds[n] >= 0);
	}
	for (int i = 1; i < n; i += 2) {
		uint64_t v;

		MUST(read(fds[i], &v, 8) == 8 && v == (uint64_t)i);
	}
	for (int i = 0; i < n; i++)
		MUST(close(fds[i]) == 0);
	printf("%d descriptors\n", n);
}

int main(void)
{
	int probe;

	stress_threads(THREADS, work);
	for (int i = LOW; i < HIGH; i++)
		close(i);
	probe = open("/dev/null", O_RDONLY);
	MUST(probe >= 0 && probe < 10); /* none was lost on the way */
	close(probe);
	many();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Threads write over each other's bytes and read meanwhile: whichever write was the last, small reads (which may be
 * answered from memory) and large ones (which are not) agree on it afterwards.
 */
#include "../abi/abi.h"
#include <pthread.h>

#define SIZE	(512 * 1024)
#define THREADS 4

static char large[SIZE], small[SIZE];
static int rounds = 60;

static void *writer(void *arg)
{
	unsigned state = 1 + (unsigned)(uintptr_t)arg;
	int fd = open("overlaps", O_RDWR);
	static __thread char buf[20000];

	for (int i = 0; i < rounds; i++) {
		unsigned at = rand_r(&state) % (SIZE / 8), n = 1 + rand_r(&state) % sizeof(buf);

		memset(buf, (int)(rand_r(&state) % 256), n);
		if (pwrite(fd, buf, n, at) != (ssize_t)n)
			perror("write");
		for (int k = 0; k < 3; k++)
			if (pread(fd, buf, 100, rand_r(&state) % (SIZE / 8)) != 100)
				perror("read");
	}
	close(fd);
	return NULL;
}

int main(void)
{
	int fd = open("overlaps", O_RDWR | O_CREAT | O_TRUNC, 0644), bad = 0;
	pthread_t t[THREADS];

	T(ftruncate(fd, SIZE));
	for (int again = 0; again < 8; again++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			pthread_create(&t[i], NULL, writer, (void *)(i + again * 10));
		for (int i = 0; i < THREADS; i++)
			pthread_join(t[i], NULL);
		for (int at = 0; at < SIZE; at += 8192)
			if (pread(fd, small + at, 8192, at) != 8192)
				perror("read");
		if (pread(fd, large, SIZE, 0) != SIZE)
			perror("read");
		bad += memcmp(small, large, SIZE) != 0;
	}
	T(unlink("overlaps")); /* which differs from run to run */
	printf("%d times different\n", bad);
	return bad != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a program meets when memory is used up: ENOMEM from the calls, and after
 * it has given some back all is well.  "touch": it wrote to memory it was only
 * promised (MAP_NORESERVE), so it must be ended, with a report.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK (256ul << 10)
#define ROUNDS 3

static char *first;

static void *nothing(void *arg)
{
	return arg;
}

static void *anonymous(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Chunks in a list through their own first word, each written from end to end. */
static size_t use_up(void)
{
	size_t n = 0;

	for (;;) {
		char *p = anonymous(CHUNK);

		if (p == MAP_FAILED)
			return n;
		memset(p, (int)n, CHUNK);
		memcpy(p, &first, sizeof(first));
		first = p;
		n++;
	}
}

static void give_back(void)
{
	while (first) {
		char *p = first;

		memcpy(&first, p, sizeof(first));
		munmap(p, CHUNK);
	}
}

static int promised(void)
{
	size_t size = 4ul << 30;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 98;
	printf("touching\n");
	fflush(stdout);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	printf("more than there is\n");
	return 97;
}

int main(int argc, char **argv)
{
	size_t n[ROUNDS];
	pthread_t t;
	int fds[2];

	if (argc > 1 && strcmp(argv[1], "touch") == 0)
		return promised();
	for (int i = 0; i < ROUNDS; i++) {
		int e;

		n[i] = use_up();
		e = errno;
		printf("mmap: %s\n", strerrorname_np(e));
		printf("much at once: %s\n", anonymous(8 << 20) == MAP_FAILED ? strerrorname_np(errno) : "given");
		give_back();
		printf("a thread afterwards: %s\n", pthread_create(&t, NULL, nothing, NULL) ? "no" : "yes");
		pthread_join(t, NULL);
		printf("a pipe afterwards: %s\n", pipe(fds) ? "no" : "yes");
		close(fds[0]);
		close(fds[1]);
	}
	/* Nothing is lost on the way: the third round gets as much as the second, but for a chunk or two. */
	printf("as much again: %s\n", n[2] + 2 >= n[1] && n[1] > 4 ? "yes" : "no");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Many requests to the host at once: threads read and write parts of one file and files of their own, open and
 * close, walk and list, with sizes around a page, a message and the largest message.
 */
#include "../stress/stress.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define THREADS 8 /* or fewer, by argument */
#define PART	(1 << 20)

static int shared;

static unsigned next(unsigned *seed) { return (*seed = *seed * 1664525 + 1013904223) >> 8; }

static void fill(unsigned char *p, size_t n, unsigned self, long at)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(self * 31 + (unsigned long)(at + (long)i) * 7 + (unsigned long)(at + (long)i) / 253);
}

static void *worker(void *arg)
{
	static const size_t sizes[] = {1, 2036, 2037, 2038, 4096, 5000, 65536, 262144, 300000, 700001};
	unsigned self = (unsigned)(long)arg, seed = self;
	unsigned char *want = malloc(PART), *got = malloc(PART);
	long base = (long)self * PART;
	char name[32];
	struct stat st;

	MUST(want && got);
	snprintf(name, sizeof(name), "own-%u", self);
	for (int round = 0; round < 20; round++) {
		size_t n = sizes[next(&seed) % (sizeof(sizes) / sizeof(sizes[0]))];
		long at = base + (long)(next(&seed) % (PART - n + 1));
		int fd;

		fill(want, n, self, at);
		MUST(pwrite(shared, want, n, at) == (ssize_t)n);
		MUST(pread(shared, got, n, at) == (ssize_t)n);
		MUST(memcmp(want, got, n) == 0);

		fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
		MUST(fd >= 0);
		MUST(write(fd, want, n) == (ssize_t)n);
		MUST(fstat(fd, &st) == 0 && st.st_size == (long)n);
		memset(got, 0, n);
		MUST(pread(fd, got, n + 1, 0) == (ssize_t)n);
		MUST(memcmp(want, got, n) == 0);
		MUST(close(fd) == 0);
		MUST(stat("no-such-name", &st) < 0 && errno == ENOENT);
		if (round % 5 == 0) {
			DIR *d = opendir(".");
			int entries = 0;

			MUST(d);
			while (readdir(d))
				entries++;
			closedir(d);
			MUST(entries >= 3);
		}
	}
	fill(want, PART, self, base);
	MUST(pwrite(shared, want, PART, base) == PART);
	free(want);
	free(got);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : THREADS;
	pthread_t t[THREADS];

	shared = open("shared", O_RDWR | O_CREAT, 0644);
	MUST(shared >= 0);
	for (long i = 0; i < threads; i++)
		MUST(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
	for (int i = 0; i < threads; i++)
		MUST(pthread_join(t[i], NULL) == 0);
	puts("done");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What files of the working directory cost: "WHAT NANOSECONDS" lines.
 *
 *   files MIB COUNT     writes and reads a file of MIB, 1 MiB a call; then makes, asks for and removes COUNT files
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)

static char piece[PIECE];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void check(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void told(const char *what, uint64_t since)
{
	printf("%s %llu\n", what, (unsigned long long)(now() - since));
	fflush(stdout);
}

static void large(int mib)
{
	uint64_t start = now();
	int fd = open("large", O_RDWR | O_CREAT | O_TRUNC, 0644);

	check(fd >= 0, "open");
	for (int i = 0; i < mib; i++) {
		piece[0] = (char)i;
		check(write(fd, piece, PIECE) == PIECE, "write");
	}
	told("write", start);
	check(lseek(fd, 0, SEEK_SET) == 0, "lseek");
	start = now();
	for (int i = 0; i < mib; i++) {
		check(read(fd, piece, PIECE) == PIECE, "read");
		check(piece[0] == (char)i && piece[PIECE - 1] == 'x', "what was read");
	}
	told("read", start);
	close(fd);
	check(unlink("large") == 0, "unlink");
}

static void small(int count)
{
	uint64_t start = now();
	struct stat st;
	char name[32];

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(name, sizeof(name), "f%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		check(fd >= 0 && close(fd) == 0, "create");
	}
	told("create", start);
	start = now();
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		check(stat(name, &st) == 0 && S_ISREG(st.st_mode), "stat");
	}
	told("stat", start);
	start = now();
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		check(unlink(name) == 0, "unlink");
	}
	told("unlink", start);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "files MIB COUNT\n");
		return 2;
	}
	memset(piece, 'x', sizeof(piece));
	large(atoi(argv[1]));
	small(atoi(argv[2]));
	return 0;
}

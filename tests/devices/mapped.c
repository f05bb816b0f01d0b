/* SPDX-License-Identifier: MIT */
/* Shared mappings of files in the shared directory: cut, unlinked, by two descriptors, and left to the end. */
#include "../abi/abi.h"
#include <sys/mman.h>

#define PAGE 4096

static char *map(int fd, size_t n) { return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); }

static int file_of(const char *name, size_t n)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	if (ftruncate(fd, (off_t)n))
		printf("%s: %s\n", name, strerrorname_np(errno));
	return fd;
}

int main(void)
{
	char buf[32] = "", *p, *q;
	struct stat st;
	int a, b;

	a = file_of("two", 3 * PAGE + 100);
	b = open("two", O_RDWR);
	p = map(a, 4 * PAGE);
	q = map(b, 4 * PAGE);
	T(close(a));
	strcpy(p + 2 * PAGE - 3, "over the edge");
	T(strcmp(q + 2 * PAGE - 3, "over the edge"));
	T(pread(b, buf, 13, 2 * PAGE - 3));
	puts(buf);
	T(pwrite(b, "BY WRITE", 8, 2 * PAGE - 3));
	puts(p + 2 * PAGE - 3);
	T(munmap(p, 4 * PAGE));
	strcpy(q + 10, "after the first is gone");
	T(ftruncate(b, PAGE + 20));
	T(fstat(b, &st));
	printf("size %ld\n", (long)st.st_size);
	T(ftruncate(b, 3 * PAGE));
	T(pread(b, buf, 13, 2 * PAGE - 3));
	T(buf[0]);
	puts(q + 10);
	T(fsync(b));
	T(munmap(q, 4 * PAGE));
	T(close(b));

	a = file_of("gone", PAGE);
	T(unlink("gone"));
	p = map(a, PAGE);
	strcpy(p, "nameless");
	T(pread(a, buf, 9, 0));
	puts(buf);
	T(munmap(p, PAGE));
	T(pread(a, buf, 9, 0));
	T(close(a));

	a = open("two", O_RDWR | O_APPEND);
	p = map(a, PAGE);
	memcpy(p, "first", 5);
	T(write(a, "appended", 8));
	T(pread(a, buf, 5, 0));

	/* What stands in these when the program ends is in the files. */
	p = map(file_of("left", 2 * PAGE), 2 * PAGE);
	strcpy(p + PAGE + 5, "left to the end");
	q = map(file_of("left too", 100), PAGE);
	memset(q, 'z', PAGE);
	return 0;
}

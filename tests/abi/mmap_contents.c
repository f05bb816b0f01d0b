/* SPDX-License-Identifier: MIT */
/* What memory holds: fresh, mapped from files, private and shared, moved, given back. */
#include "abi.h"
#include <sys/mman.h>

#define PAGE 4096ul

static bool all(const char *p, size_t n, char c)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != c)
			return false;
	return true;
}

static char *anon(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void anonymous(void)
{
	char *p = anon(5 << 20), *q;

	IS(all(p, 5 << 20, 0));
	memset(p, 'a', 5 << 20);
	T(madvise(p + PAGE, 3 << 20, MADV_DONTNEED));
	IS(all(p, PAGE, 'a'));
	IS(all(p + PAGE, 3 << 20, 0));
	IS(all(p + PAGE + (3 << 20), (2 << 20) - PAGE, 'a'));
	memset(p + PAGE, 'b', 3 << 20);
	T(munmap(p + (2 << 20), 1 << 20));
	IS(all(p + PAGE, (2 << 20) - PAGE, 'b'));
	IS(all(p + (3 << 20), PAGE, 'b'));
	q = mmap(p + (2 << 20), 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	IS(all(q, 1 << 20, 0)); /* what was there must not show */
	T(munmap(p, 5 << 20));

	/* reading first, then writing a part */
	p = anon(64 * PAGE);
	IS(all(p, 64 * PAGE, 0));
	p[17 * PAGE + 5] = 1;
	IS(all(p, 17 * PAGE + 5, 0) && p[17 * PAGE + 5] == 1 && all(p + 17 * PAGE + 6, 46 * PAGE, 0));
	T(munmap(p, 64 * PAGE));
}

static void moved(void)
{
	char *p = anon(16 * PAGE), *q;

	for (size_t i = 0; i < 16; i++)
		memset(p + i * PAGE, (int)('a' + i), PAGE);
	q = mremap(p, 16 * PAGE, 6 * PAGE, 0);
	IS(q == p);
	q = mremap(q, 6 * PAGE, 2000 * PAGE, MREMAP_MAYMOVE);
	IS(q != MAP_FAILED);
	for (size_t i = 0; i < 6; i++)
		if (!all(q + i * PAGE, PAGE, (char)('a' + i)))
			SAY("page %zu is wrong after the move\n", i);
	IS(all(q + 6 * PAGE, 1994 * PAGE, 0));
	p = anon(4 * PAGE);
	memset(p, 'z', 4 * PAGE);
	char *r = mremap(q, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	IS(r == p && all(p, PAGE, 'a') && all(p + 3 * PAGE, PAGE, 'd'));
	IS(all(q + 4 * PAGE, PAGE, 'e'));
}

static void files(void)
{
	char *p, *q, *s;
	int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char buf[8];

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2048; k++)
			if (write(fd, &"xyz"[i], 1) != 1 || write(fd, "-", 1) != 1)
				SAY("write failed\n");
	if (write(fd, "tail", 4) != 4)
		SAY("write failed\n");

	p = OK(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	abi_bytes("page 0", p, 4);
	abi_bytes("page 2", p + 2 * PAGE, 4);
	abi_bytes("end", p + 3 * PAGE, 6);
	IS(all(p + 3 * PAGE + 4, PAGE - 4, 0)); /* zeros up to the end of the page */
	q = OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE));
	abi_bytes("at an offset", q, 4);
	memcpy(p, "PRIV", 4);
	T(pread(fd, buf, 4, 0));
	abi_bytes("the file keeps", buf, 4);
	T(pwrite(fd, "new", 3, 3 * PAGE));
	T(close(fd)); /* the mapping stays */
	abi_bytes("private", p, 4);
	abi_bytes("page 1", p + PAGE, 4);
	T(munmap(p, 4 * PAGE));
	T(munmap(q, PAGE));

	s = OK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	IS(s != MAP_FAILED && all(s, PAGE, 0));
	strcpy(s, "shared");
	SAY("%s\n", s);
}

static void heap(void)
{
	char *start = sbrk(0), *p;

	p = sbrk(10000);
	IS(p == start && all(p, 10000, 0));
	memset(p, 'h', 10000);
	T(brk(start + 5000));
	IS((char *)sbrk(0) == start + 5000);
	T(brk(start + 20000));
	IS(all(start, 5000, 'h'));
	IS(all(start + 8192, 20000 - 8192, 0)); /* whole pages that went come back as zeros */
	IS((char *)syscall(SYS_brk, 0l) == start + 20000);
	IS((char *)syscall(SYS_brk, 1l) == start + 20000);
	IS((char *)syscall(SYS_brk, -1l) == start + 20000);
	T(brk((void *)(1ul << 46)));
	T(brk(start));
	IS((char *)sbrk(0) == start);
}

int main(void)
{
	anonymous();
	moved();
	files();
	heap();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* mmap, munmap, mprotect, mremap, madvise, msync, mincore: errors and the bounds of each. */
#include "abi.h"
#include <sys/mman.h>

#define PAGE 4096ul

static void *anon(size_t pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
	char *p, *q;
	int fd, ro, wo, fds[2];
	unsigned char vec[8];

	T(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	T(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
	T(mmap(NULL, (size_t)-1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	T(mmap(NULL, 1ul << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	T(mmap((void *)123, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	T(mmap((void *)(1ul << 47), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	T(mmap((void *)-PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	p = mmap((void *)(1ul << 47), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* a hint is only that */
	IS(p != MAP_FAILED);

	abi_put("f", "file contents");
	fd = T(open("f", O_RDWR));
	ro = T(open("f", O_RDONLY));
	wo = T(open("f", O_WRONLY));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1));
	T(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
	T(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	OK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0));
	T(pipe(fds));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0));
	p = OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	abi_bytes("mapped", p, 13);
	OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));

	p = OK(anon(8));
	T(munmap(p, 0));
	T(munmap(p + 1, PAGE));
	T(munmap((void *)(1ul << 47), PAGE));
	T(munmap(p, (size_t)-1));
	T(munmap(p + 2 * PAGE, PAGE));
	T(munmap(p + 2 * PAGE, PAGE)); /* a hole: no error */
	T(munmap(p + 7 * PAGE, 1));    /* rounded up */
	T(mprotect(p, 2 * PAGE, PROT_READ));
	T(mprotect(p, 4 * PAGE, PROT_READ));
	T(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	T(mprotect(p + 1, PAGE, PROT_READ));
	T(mprotect(p, 0, PROT_READ));
	T(mprotect(p, PAGE, 0x7777));
	T(mprotect((void *)-PAGE, PAGE, PROT_READ));

	p = OK(anon(8));
	T(madvise(p, PAGE, 9999));
	T(madvise(p + 1, PAGE, MADV_DONTNEED));
	T(madvise(p, 0, MADV_DONTNEED));
	T(madvise(p, 8 * PAGE, MADV_DONTNEED));
	T(madvise(p, 8 * PAGE, MADV_WILLNEED));
	T(madvise(p, 8 * PAGE, MADV_NORMAL));
	T(munmap(p + 4 * PAGE, PAGE));
	T(madvise(p, 8 * PAGE, MADV_DONTNEED));
	T(madvise(p, (size_t)-PAGE, MADV_DONTNEED));

	p = OK(anon(4));
	T(mremap(p + 1, PAGE, PAGE, 0));
	T(mremap(p, PAGE, 0, 0));
	T(mremap(p, PAGE, PAGE, 0x99));
	T(mremap(p, PAGE, PAGE, MREMAP_FIXED, p));
	T(munmap(p + PAGE, PAGE));
	T(mremap(p + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	T(mremap(p, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));

	p = OK(anon(4));
	T(msync(p, 4 * PAGE, MS_SYNC));
	T(msync(p + 1, PAGE, MS_SYNC));
	T(msync(p, PAGE, 0x99));
	T(msync(p, PAGE, MS_SYNC | MS_ASYNC));
	T(munmap(p + PAGE, PAGE));
	T(msync(p, 4 * PAGE, MS_SYNC));

	p = OK(anon(4));
	p[0] = 1;
	T(mincore(p, 4 * PAGE, vec));
	T(vec[0] & 1);
	T(mincore(p + 1, PAGE, vec));
	T(mincore(p, PAGE, BAD));
	T(munmap(p + PAGE, PAGE));
	T(mincore(p, 4 * PAGE, vec));

	/* MAP_FIXED takes the place, MAP_FIXED_NOREPLACE refuses */
	p = OK(anon(3));
	memset(p, 'x', 3 * PAGE);
	T(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	q = OK(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	IS(q == p + PAGE);
	SAY("%d %d %d\n", p[0], p[PAGE], p[2 * PAGE]);
	T(munmap(p + PAGE, PAGE));
	q = OK(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	IS(q == p + PAGE);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A shared mapping of a file: what is written to it is in the file, and the other way round. */
#include "abi.h"
#include <sys/mman.h>

int main(void)
{
	char buf[16];
	int fd;
	char *p, *q;

	abi_put("f", "0123456789");
	fd = T(open("f", O_RDWR));
	T(ftruncate(fd, 8192));
	p = OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	if (p == MAP_FAILED)
		return 1;
	q = OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	abi_bytes("mapped", p, 10);
	memcpy(p + 2, "AB", 2);
	memcpy(p + 5000, "far", 3);
	abi_bytes("seen by the other mapping", q, 10);
	T(pread(fd, buf, 10, 0));
	abi_bytes("seen by read", buf, 10);
	T(pwrite(fd, "wr", 2, 6));
	abi_bytes("written", p, 10);
	T(msync(p, 8192, MS_SYNC));
	T(munmap(p, 8192));
	T(munmap(q, 8192));
	T(close(fd));
	fd = T(open("f", O_RDONLY));
	T(pread(fd, buf, 10, 0));
	abi_bytes("after all", buf, 10);
	T(pread(fd, buf, 3, 5000));
	abi_bytes("far", buf, 3);
	return 0;
}

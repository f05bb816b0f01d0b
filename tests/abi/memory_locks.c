/* SPDX-License-Identifier: MIT */
/* mlockall, membarrier, protection keys as on a CPU without them, remap_file_pages, pieces of mlock. */
#include "abi.h"
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/mman.h>

static long membarrier(int cmd, unsigned flags) { return syscall(SYS_membarrier, cmd, flags, 0); }

static void locking(void)
{
	unsigned char there[4];
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	T(mlockall(0));
	T(mlockall(8));
	T(mlockall(MCL_ONFAULT));
	T(mlockall(MCL_CURRENT));
	T(mincore(p, 16384, there));
	SAY("%d %d %d %d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
	T(munmap(p, 16384));
	T(mlockall(MCL_FUTURE));
	p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	T(mincore(p, 16384, there));
	SAY("%d %d %d %d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
	T(munmap(p, 16384));
	T(munlockall());
	T(mlock(NULL, 4096));
	T(munlock(NULL, 4096));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	T(mlock(p + 1, 4096));
	T(mincore(p, 8192, there));
	SAY("%d %d\n", there[0] & 1, there[1] & 1);
	T(munlock(p, 8192));
	T(munmap(p + 4096, 4096));
	T(mlock(p, 8192));
	T(munlock(p, 8192));
	T(syscall(SYS_mlock2, p, 4096, 2));
	T(syscall(SYS_mlock2, p, 4096, 1));
	T(munmap(p, 4096));
}

/* Two threads, each of which writes its flag and reads the other's: with a barrier between, one sees the other. */
static int volatile flag[2], seen[2];
static pthread_barrier_t start;

static void *light(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_barrier_wait(&start);
		flag[0] = 1;
		__asm__ volatile("" ::: "memory"); /* the other's membarrier makes it a fence */
		seen[0] = flag[1];
		pthread_barrier_wait(&start);
	}
	return NULL;
}

static void fences(void)
{
	int missed = 0;
	pthread_t t;

	pthread_barrier_init(&start, NULL, 2);
	pthread_create(&t, NULL, light, NULL);
	for (int i = 0; i < 200; i++) {
		flag[0] = flag[1] = 0;
		pthread_barrier_wait(&start);
		flag[1] = 1;
		if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0))
			missed = -1000;
		seen[1] = flag[0];
		pthread_barrier_wait(&start);
		missed += !seen[0] && !seen[1];
	}
	pthread_join(t, NULL);
	T(missed);
}

static void barriers(void)
{
	long all = membarrier(MEMBARRIER_CMD_QUERY, 0);

	T(all & 0x27f);
	T(membarrier(MEMBARRIER_CMD_QUERY, 1));
	T(membarrier(MEMBARRIER_CMD_GLOBAL, 0));
	T(membarrier(MEMBARRIER_CMD_GLOBAL, 1));
	T(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
	T(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0));
	T(membarrier(0x200, 0));
	T(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
	T(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
	T(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1));
	T(membarrier(0x200, 0));
	T(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0));
	T(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0));
	T(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
	T(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0));
	T(membarrier(0x200, 0));
	T(membarrier(3, 0));
	T(membarrier(0x400, 0));
	T(membarrier(-1, 0));
	fences();
}

static void keys(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	syscall(SYS_pkey_alloc, 0, 0); /* the first time Linux has another error */
	T(syscall(SYS_pkey_alloc, 0, 0));
	T(syscall(SYS_pkey_alloc, 1, 0));
	T(syscall(SYS_pkey_alloc, 0, 4));
	T(syscall(SYS_pkey_free, 1));
	T(syscall(SYS_pkey_free, -1));
	T(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ, -1));
	T(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ, 1));
	T(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ, 16));
	T(syscall(SYS_pkey_mprotect, p + 1, 4096, PROT_READ, -1));
	T(syscall(SYS_pkey_mprotect, NULL, 4096, PROT_READ, -1));
	munmap(p, 4096);
}

static void remapping(void)
{
	int fd = memfd_create("pages", 0);
	char page[4096], *p, *private;

	for (int i = 0; i < 4; i++) {
		memset(page, 'a' + i, sizeof(page));
		if (write(fd, page, sizeof(page)) != sizeof(page))
			SAY("cannot write\n");
	}
	p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	SAY("%c%c%c%c\n", p[0], p[4096], p[8192], p[12288]);
	T(remap_file_pages(p, 4096, 0, 3, 0));
	T(remap_file_pages(p + 4096, 8192, 0, 0, 0));
	SAY("%c%c%c%c\n", p[0], p[4096], p[8192], p[12288]);
	p[0] = 'X';
	SAY("%c\n", p[12288]);
	T(remap_file_pages(p + 4096, 8192, 0, 1, 0));
	T(remap_file_pages(p, 4096, PROT_READ, 0, 0));
	T(remap_file_pages(p, 0, 0, 0, 0));
	T(remap_file_pages(private, 4096, 0, 1, 0));
	T(remap_file_pages((void *)4096, 4096, 0, 1, 0));
	T(remap_file_pages(p, 4096, 0, (size_t)-1, 0));
	T(munmap(p + 12288, 4096));
	T(remap_file_pages(p + 8192, 8192, 0, 0, 0));
	munmap(p, 12288);
	munmap(private, 4096);
	close(fd);
}

int main(void)
{
	locking();
	barriers();
	keys();
	remapping();
	return 0;
}

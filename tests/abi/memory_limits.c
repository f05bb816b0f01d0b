/* SPDX-License-Identifier: MIT */
/* RLIMIT_AS and RLIMIT_DATA: what would pass them is ENOMEM, whoever asks. */
#include "abi.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

#define MiB (1ul << 20)

static unsigned long mapped(void)
{
	char text[256] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	read(fd, text, sizeof(text) - 1);
	close(fd);
	return strtoul(text, NULL, 10) * 4096;
}

static void limit(int which, rlim_t size)
{
	struct rlimit r = {size, RLIM_INFINITY};

	T(setrlimit(which, &r));
}

static char *map(unsigned long len, int prot, int flags)
{
	return mmap(NULL, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void *nothing(void *arg) { return arg; }

static void grow_heap(unsigned long by)
{
	char *was = sbrk(0);

	IS(sbrk((long)by) != (void *)-1);
	IS(sbrk(0) == was + by);
	brk(was);
}

int main(int argc, char **argv)
{
	int id = OK(shmget(IPC_PRIVATE, 4 * MiB, 0600));
	static char buf[1 << 16];
	pthread_t thread;
	char *p, *q;
	void *at;

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	p = map(4 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	grow_heap(64 << 10);

	/* All of the address space: 2 MiB more than there is now. */
	limit(RLIMIT_AS, mapped() + 2 * MiB + 100);
	OK(map(3 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	OK(map(3 * MiB, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE));
	OK(map(3 * MiB, PROT_READ, MAP_SHARED));
	OK(map(1ul << 46, PROT_READ, MAP_PRIVATE));
	q = OK(map(2 * MiB, PROT_NONE, MAP_PRIVATE));
	OK(map(4096, PROT_READ, MAP_PRIVATE));
	OK(mprotect(q, 2 * MiB, PROT_READ | PROT_WRITE));
	OK(mremap(q, 2 * MiB, 2 * MiB + 4096, MREMAP_MAYMOVE));
	OK(mremap(q, 2 * MiB, MiB, 0));
	OK(mremap(q, MiB, MiB + 8192, MREMAP_MAYMOVE));
	grow_heap(8 * MiB);
	at = OK(shmat(id, NULL, 0));
	IS(pthread_create(&thread, NULL, nothing, NULL) == EAGAIN);
	IS(malloc(16 * MiB) == NULL && errno == ENOMEM);
	/* In the place of what is there, no more. */
	OK(mmap(p, 4 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	OK(mmap(p + 2 * MiB, MiB, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	OK(mmap(p, MiB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	OK(munmap(p, 4 * MiB));
	at = OK(shmat(id, NULL, 0));
	OK(shmdt(at));
	OK(map(3 * MiB, PROT_READ, MAP_PRIVATE));
	/* Less than there is already: nothing more, but what is there stays. */
	limit(RLIMIT_AS, 4096);
	OK(map(4096, PROT_READ, MAP_PRIVATE));
	grow_heap(0);
	at = sbrk(-4096);
	IS(at != (void *)-1);
	limit(RLIMIT_AS, RLIM_INFINITY);

	/* Data alone: private memory that can be written. */
	limit(RLIMIT_DATA, 4096);
	OK(map(MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	OK(map(MiB, PROT_READ | PROT_WRITE, MAP_SHARED));
	q = OK(map(MiB, PROT_READ, MAP_PRIVATE));
	OK(mprotect(q, 4096, PROT_READ | PROT_WRITE));
	q = OK(map(MiB, PROT_NONE, MAP_PRIVATE));
	OK(mprotect(q, MiB, PROT_READ));
	OK(mprotect(q, MiB, PROT_READ | PROT_WRITE));
	q = OK(map(MiB, PROT_READ, MAP_SHARED));
	OK(mprotect(q, MiB, PROT_READ | PROT_WRITE));
	grow_heap(MiB);
	at = OK(shmat(id, NULL, 0));
	IS(malloc(16 * MiB) == NULL && errno == ENOMEM);
	limit(RLIMIT_DATA, RLIM_INFINITY);
	q = OK(map(MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	limit(RLIMIT_DATA, 4096);
	OK(mprotect(q, MiB, PROT_READ | PROT_WRITE));
	OK(mremap(q, MiB, 2 * MiB, MREMAP_MAYMOVE));
	OK(mremap(q, MiB, MiB / 2, MREMAP_MAYMOVE));
	limit(RLIMIT_DATA, RLIM_INFINITY);
	grow_heap(MiB);
	IS(pthread_create(&thread, NULL, nothing, NULL) == 0);
	pthread_join(thread, NULL);
	OK(shmctl(id, IPC_RMID, NULL));
	return 0;
}

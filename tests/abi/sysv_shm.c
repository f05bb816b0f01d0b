/* SPDX-License-Identifier: MIT */
/* System V shared memory: keys, attachments and how they are counted, what IPC_RMID leaves, each error. */
#include "abi.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <time.h>

#define PAGE 4096

static key_t a_key(void)
{
	return (key_t)(0x48000000 + (getpid() & 0xffff) * 16 + (int)(time(NULL) & 15));
}

static void stat_of(int id)
{
	struct shmid_ds d;

	memset(&d, 0x55, sizeof(d));
	if (T(shmctl(id, IPC_STAT, &d)))
		return;
	printf(" size %zu attached %lu mode %o creator %d last %d times %d%d%d owner %d\n", d.shm_segsz,
	       (unsigned long)d.shm_nattch, d.shm_perm.mode, d.shm_cpid == getpid(),
	       d.shm_lpid == getpid() ? 1 : d.shm_lpid ? -1 : 0, d.shm_atime != 0, d.shm_dtime != 0, d.shm_ctime != 0,
	       d.shm_perm.uid == geteuid() && d.shm_perm.cuid == geteuid());
}

static void getting(void)
{
	key_t key = a_key();
	int id;

	SAY("-- shmget\n");
	T(shmget(key, PAGE, 0));
	T(shmget(key, 0, IPC_CREAT | 0600));
	id = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0640);
	IS(id >= 0);
	T(shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600));
	IS(shmget(key, 0, 0) == id);
	IS(shmget(key, 5000, IPC_CREAT) == id);
	IS(shmget(key, 4999, 0600) == id);
	T(shmget(key, 5001, 0));
	T(shmget(IPC_PRIVATE, 0, 0600));
	T(shmget(IPC_PRIVATE, (size_t)-1, 0600));
	stat_of(id);
	T(shmctl(id, IPC_RMID, NULL));
	T(shmctl(id, IPC_RMID, NULL));
	T(shmctl(id, IPC_STAT, BAD));
	T(shmget(key, 0, 0));
	T((long)shmat(id, NULL, 0));
}

static void attaching(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE - 10, 0600);
	char *a, *b, *c;

	SAY("-- shmat\n");
	stat_of(id);
	a = shmat(id, NULL, 0);
	b = shmat(id, NULL, SHM_RDONLY);
	IS(a != (void *)-1 && b != (void *)-1 && a != b);
	strcpy(a + PAGE, "seen by both");
	puts(b + PAGE);
	IS(a[3 * PAGE - 1] == 0);
	a[3 * PAGE - 1] = 'x';
	IS(b[3 * PAGE - 1] == 'x');
	stat_of(id);
	T(mprotect(b, PAGE, PROT_READ | PROT_WRITE));
	T(mprotect(a, PAGE, PROT_READ));
	stat_of(id); /* two pieces count as two */
	T((long)shmat(id, a + 1, 0));
	T((long)shmat(id, a, 0));
	T((long)shmat(id, a, SHM_RND));
	T((long)shmat(id, NULL, SHM_REMAP));
	T((long)shmat(id, (void *)16, SHM_REMAP | SHM_RND));
	T((long)shmat(-1, NULL, 0));
	T((long)shmat(id + 1000000, NULL, 0));
	c = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(c, "private");
	T((long)shmat(id, c, 0));
	IS(shmat(id, c + 100, SHM_REMAP | SHM_RND) == c);
	puts(c + PAGE);
	stat_of(id);
	T(shmdt(c + 1));
	T(shmdt(c + PAGE));
	T(shmdt(c));
	T(shmdt(c));
	stat_of(id);
	T(munmap(a, 3 * PAGE)); /* counts as detaching */
	stat_of(id);
	T(munmap(b, PAGE));
	stat_of(id);
	T(shmdt(b)); /* the rest, although its first page is gone */
	T(shmdt(b));
	stat_of(id);
	IS(mincore(b + PAGE, PAGE, (unsigned char *)&id + 3) == -1 && errno == ENOMEM);
	T(shmdt(NULL));
	T(shmdt((void *)-4096L));
	T(shmctl(id, IPC_RMID, NULL));
}

static void removing(void)
{
	key_t key = a_key() ^ 0x1000000;
	int id = shmget(key, PAGE, IPC_CREAT | 0600), again;
	char *a = shmat(id, NULL, 0), *b;

	SAY("-- IPC_RMID while attached\n");
	strcpy(a, "still here");
	T(shmctl(id, IPC_RMID, NULL));
	stat_of(id);
	T(shmget(key, 0, 0));
	again = shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	IS(again >= 0 && again != id);
	b = shmat(id, NULL, 0);
	IS(b != (void *)-1);
	puts(b);
	T(shmdt(a));
	stat_of(id);
	puts(b);
	T(shmdt(b));
	T(shmctl(id, IPC_STAT, BAD));
	T(shmctl(again, IPC_RMID, NULL));
	IS(shmget(IPC_PRIVATE, PAGE, 0600) != id);
}

static void controlling(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	struct shmid_ds d;
	struct shminfo limits;
	struct shm_info info;

	SAY("-- shmctl\n");
	T(shmctl(-1, IPC_STAT, &d));
	T(shmctl(id, -1, &d));
	T(shmctl(id, 99, &d));
	T(shmctl(id, 7, &d));
	T(shmctl(id, IPC_STAT, BAD));
	T(shmctl(id, IPC_SET, BAD));
	T(shmctl(id, IPC_STAT, &d));
	d.shm_perm.mode = 07444;
	T(shmctl(id, IPC_SET, &d));
	stat_of(id);
	T(shmctl(id, SHM_LOCK, NULL));
	stat_of(id);
	T(shmctl(id, SHM_UNLOCK, NULL));
	stat_of(id);
	IS(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) >= 0);
	IS(limits.shmmin == 1 && limits.shmmni == 4096 && limits.shmmax > 1ul << 40 && limits.shmseg == limits.shmmni);
	T(shmctl(0, IPC_INFO, BAD));
	memset((char *)shmat(id, NULL, 0), 1, 10);
	IS(shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0);
	IS(info.used_ids >= 1 && info.shm_tot >= 1 && info.shm_rss >= 1);
	T(shmctl(0, SHM_INFO, BAD));
	IS(shmctl(id & 32767, SHM_STAT, &d) == id);
	IS(d.shm_nattch == 1);
	IS(shmctl(id & 32767, 15, &d) == id); /* SHM_STAT_ANY */
	T(shmctl(32767, SHM_STAT, &d));
	T(shmctl(id, IPC_RMID, NULL));
}

int main(void)
{
	getting();
	attaching();
	removing();
	controlling();
	return 0;
}

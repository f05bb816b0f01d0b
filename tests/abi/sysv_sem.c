/* SPDX-License-Identifier: MIT */
/* System V semaphores: operations all or none, threads that wait and what ends it, undoing, each error. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>

static int set;

static void values(int id)
{
	unsigned short v[8] = {0};

	if (T(semctl(id, 0, GETALL, v)) == 0)
		printf(" values %d %d %d\n", v[0], v[1], v[2]);
}

static int op(int id, int num, int n, int flags)
{
	struct sembuf b = {(unsigned short)num, (short)n, (short)flags};

	return semop(id, &b, 1);
}

static void wait_until(int what, int num, int n)
{
	while (semctl(set, num, what) != n)
		sched_yield();
}

static void getting(void)
{
	key_t key = (key_t)(0x49000000 + (getpid() & 0xffff) * 16 + (int)(time(NULL) & 15));
	int id;

	SAY("-- semget\n");
	T(semget(key, 1, 0));
	T(semget(key, 0, IPC_CREAT | 0600));
	T(semget(key, -1, IPC_CREAT | 0600));
	T(semget(key, 32001, IPC_CREAT | 0600));
	id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
	IS(id >= 0);
	T(semget(key, 3, IPC_CREAT | IPC_EXCL));
	IS(semget(key, 0, 0) == id && semget(key, 3, 0600) == id);
	T(semget(key, 4, 0));
	values(id);
	T(semctl(id, 0, IPC_RMID));
	T(semctl(id, 0, IPC_RMID));
	T(semget(key, 0, 0));
	T(semctl(id, 0, GETVAL));
	T(op(id, 0, 1, 0));
}

static void controlling(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	unsigned short v[3] = {5, 6, 7}, high[3] = {1, 2, 32768};
	struct semid_ds d;
	struct seminfo info;

	SAY("-- semctl\n");
	T(semctl(id, 0, SETALL, v));
	values(id);
	T(semctl(id, 0, SETALL, high));
	values(id);
	T(semctl(id, 1, SETVAL, 32767));
	T(semctl(id, 1, SETVAL, 32768));
	T(semctl(id, 1, SETVAL, -1));
	T(semctl(id, 3, SETVAL, 1));
	T(semctl(id, -1, SETVAL, 1));
	T(semctl(id, 1, GETVAL));
	T(semctl(id, 3, GETVAL));
	T(semctl(id, -1, GETVAL));
	T(semctl(id, 0, GETNCNT));
	T(semctl(id, 0, GETZCNT));
	IS(semctl(id, 1, GETPID) == getpid());
	T(semctl(id, 9, GETPID));
	T(semctl(id, 0, GETALL, BAD));
	T(semctl(id, 0, SETALL, BAD));
	T(semctl(id, 0, IPC_STAT, BAD));
	T(semctl(id, 0, IPC_SET, BAD));
	T(semctl(id, 0, 99));
	T(semctl(id, 0, 5));
	T(semctl(-1, 0, GETVAL));
	T(semctl(id, 0, IPC_STAT, &d));
	printf(" %lu semaphores, mode %o, otime %d, ctime %d\n", (unsigned long)d.sem_nsems, d.sem_perm.mode, d.sem_otime != 0,
	       d.sem_ctime != 0);
	d.sem_perm.mode = 0444;
	T(semctl(id, 0, IPC_SET, &d));
	T(op(id, 0, 1, 0));
	T(semctl(id, 0, IPC_STAT, &d));
	printf(" mode %o, otime %d\n", d.sem_perm.mode, d.sem_otime != 0);
	IS(semctl(0, 0, IPC_INFO, &info) >= 0);
	IS(info.semvmx == 32767 && info.semmsl == 32000 && info.semopm == 500 && info.semmni == 32000);
	IS(semctl(0, 0, SEM_INFO, &info) >= 0 && info.semusz >= 1 && info.semaem >= 3);
	T(semctl(0, 0, IPC_INFO, BAD));
	IS(semctl(id & 32767, 0, SEM_STAT, &d) == id && d.sem_nsems == 3);
	T(semctl(32767, 0, SEM_STAT, &d));
	T(semctl(id, 0, IPC_RMID));
}

static void operating(void)
{
	struct sembuf two[2] = {{0, -2, IPC_NOWAIT}, {1, -1, IPC_NOWAIT}}, many[501], same[3] = {{0, 5, 0}, {0, -5, 0}, {0, 0, 0}};
	struct timespec t = {0, 1000000}, wrong = {0, 1000000000}, negative = {-1, 0};

	SAY("-- semop\n");
	set = semget(IPC_PRIVATE, 3, 0600);
	memset(many, 0, sizeof(many));
	T(op(set, 0, 3, 0));
	values(set);
	T(semop(set, two, 2)); /* the second cannot be done: nor is the first */
	values(set);
	T(op(set, 1, 1, 0));
	T(semop(set, two, 2));
	values(set);
	T(op(set, 0, 0, IPC_NOWAIT));
	T(op(set, 0, -1, 0));
	T(op(set, 0, 0, 0));
	T(semop(set, same, 3)); /* one after the other */
	T(op(set, 0, 32767, 0));
	T(op(set, 0, 1, 0));
	T(op(set, 0, -32767, 0));
	T(op(set, 3, 1, 0));
	T(semop(set, two, 0));
	T(semop(set, many, 501));
	T(semop(set, many, 500));
	T(semop(set, BAD, 1));
	T(op(-1, 0, 1, 0));
	T(semtimedop(set, two, 1, &t));
	two[0].sem_flg = 0;
	T(semtimedop(set, two, 1, &t));
	T(semtimedop(set, two, 1, &wrong));
	T(semtimedop(set, two, 1, &negative));
	T(semtimedop(set, two, 1, BAD));
	T(op(set, 0, -1, IPC_NOWAIT | SEM_UNDO));
	T(op(set, 0, 32767, SEM_UNDO));
	T(op(set, 0, -32767, 0));
	T(op(set, 0, 2, SEM_UNDO)); /* more than can be undone */
	T(semctl(set, 0, SETVAL, 0));
	values(set);
	T(semctl(set, 0, IPC_RMID));
}

static void on_signal(int sig) {}

static void *waits(void *arg)
{
	struct sembuf *b = arg;
	int r = semop(set, b, b[1].sem_num);

	return (void *)(long)(r ? errno : 0);
}

static const char *ended(pthread_t t)
{
	void *r;

	pthread_join(t, &r);
	return r ? strerrorname_np((int)(long)r) : "0";
}

static void waiting(void)
{
	struct sembuf down[2] = {{0, -1, 0}, {1, 0, 0}}, zero[2] = {{1, 0, 0}, {1, 0, 0}}, big[2] = {{0, -3, 0}, {1, 0, 0}};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pthread_t a, b, c;

	SAY("-- threads that wait\n");
	set = semget(IPC_PRIVATE, 3, 0600);
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&a, NULL, waits, down);
	wait_until(GETNCNT, 0, 1);
	T(semctl(set, 0, GETZCNT));
	T(op(set, 0, 1, 0));
	T(semctl(set, 0, GETVAL)); /* it has been taken already */
	SAY("woken: %s\n", ended(a));

	T(semctl(set, 1, SETVAL, 2));
	pthread_create(&a, NULL, waits, zero);
	wait_until(GETZCNT, 1, 1);
	T(semctl(set, 1, GETNCNT));
	T(op(set, 1, -1, 0));
	T(semctl(set, 1, GETZCNT));
	T(op(set, 1, -1, 0));
	SAY("zero: %s\n", ended(a));

	pthread_create(&a, NULL, waits, big); /* a later one that can be served is served */
	wait_until(GETNCNT, 0, 1);
	pthread_create(&b, NULL, waits, down);
	wait_until(GETNCNT, 0, 2);
	T(op(set, 0, 1, 0));
	SAY("small: %s\n", ended(b));
	T(semctl(set, 0, GETNCNT));
	T(semctl(set, 0, SETVAL, 3));
	SAY("big: %s\n", ended(a));
	values(set);

	pthread_create(&a, NULL, waits, down);
	wait_until(GETNCNT, 0, 1);
	pthread_kill(a, SIGUSR1);
	SAY("signal, SA_RESTART: %s\n", ended(a));
	T(semctl(set, 0, GETNCNT));

	pthread_create(&a, NULL, waits, down);
	pthread_create(&b, NULL, waits, big);
	wait_until(GETNCNT, 0, 2);
	T(semctl(set, 1, SETVAL, 1));
	pthread_create(&c, NULL, waits, zero);
	wait_until(GETZCNT, 1, 1);
	T(semctl(set, 0, IPC_RMID));
	SAY("removed: %s", ended(a));
	SAY(" %s", ended(b));
	SAY(" %s\n", ended(c));
}

static void *does_and_ends(void *arg)
{
	op(set, 0, -2, SEM_UNDO);
	op(set, 1, 3, SEM_UNDO);
	return NULL;
}

static void *alone(void *arg)
{
	/* Its own list of what to undo, as a thread made without CLONE_SYSVSEM has. */
	if (unshare(CLONE_SYSVSEM))
		printf("unshare: %s\n", strerrorname_np(errno));
	op(set, 0, -2, SEM_UNDO);
	op(set, 1, 3, SEM_UNDO);
	op(set, 1, -1, 0);
	return NULL;
}

static void undoing(void)
{
	pthread_t t;

	SAY("-- SEM_UNDO\n");
	set = semget(IPC_PRIVATE, 3, 0600);
	T(op(set, 0, 5, 0));
	pthread_create(&t, NULL, does_and_ends, NULL);
	pthread_join(t, NULL);
	values(set); /* the process lives: nothing is undone */
	pthread_create(&t, NULL, alone, NULL);
	pthread_join(t, NULL);
	while (semctl(set, 0, GETVAL) != 3) /* joined is not yet gone */
		sched_yield();
	values(set);
	T(semctl(set, 0, IPC_RMID));
}

#define ROUNDS 2000

static void *ping(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < ROUNDS; i++)
		if (op(set, me, -1, 0) || op(set, !me, 1, 0))
			return (void *)1;
	return NULL;
}

static void ping_pong(void)
{
	void *r[4];
	pthread_t t[4];

	SAY("-- four threads, two semaphores\n");
	set = semget(IPC_PRIVATE, 2, 0600);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, ping, (void *)(i & 1));
	T(op(set, 0, 1, 0));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], &r[i]);
	IS(!r[0] && !r[1] && !r[2] && !r[3]);
	T(semctl(set, 0, GETVAL));
	T(semctl(set, 1, GETVAL));
	T(semctl(set, 0, IPC_RMID));
}

int main(void)
{
	getting();
	controlling();
	operating();
	waiting();
	undoing();
	ping_pong();
	return 0;
}

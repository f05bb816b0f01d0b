/* SPDX-License-Identifier: MIT */
/* System V message queues: types, full and empty queues, threads that wait and what ends it, each error. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>

struct message {
	long type;
	char text[8192];
};

static int queue;

static int put(int id, long type, const char *text, int flags)
{
	struct message m = {.type = type};

	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), flags);
}

#define GET(id, kind, room, flags)                                                                    \
	({                                                                                            \
		struct message got = {0};                                                             \
		long n = T(msgrcv(id, &got, room, kind, flags));                                      \
		if (n >= 0)                                                                           \
			printf(" type %ld: %.*s\n", got.type, (int)n, got.text);                      \
		n;                                                                                    \
	})

static void stat_of(int id)
{
	struct msqid_ds d;

	if (T(msgctl(id, IPC_STAT, &d)))
		return;
	printf(" %lu messages, %lu bytes of %lu, mode %o, last %d %d, times %d %d %d\n", (unsigned long)d.msg_qnum,
	       (unsigned long)d.__msg_cbytes, (unsigned long)d.msg_qbytes, d.msg_perm.mode, d.msg_lspid == getpid(),
	       d.msg_lrpid == getpid(), d.msg_stime != 0, d.msg_rtime != 0, d.msg_ctime != 0);
}

static void getting(void)
{
	key_t key = (key_t)(0x4a000000 + (getpid() & 0xffff) * 16 + (int)(time(NULL) & 15));
	int id;

	SAY("-- msgget, msgctl\n");
	T(msgget(key, 0));
	id = msgget(key, IPC_CREAT | IPC_EXCL | 0620);
	IS(id >= 0);
	T(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
	IS(msgget(key, 0) == id);
	stat_of(id);
	T(msgctl(id, IPC_STAT, BAD));
	T(msgctl(id, IPC_SET, BAD));
	T(msgctl(id, 99, NULL));
	T(msgctl(id, -1, NULL));
	T(msgctl(-1, IPC_STAT, BAD));
	T(msgctl(id, IPC_RMID, NULL));
	T(msgctl(id, IPC_RMID, NULL));
	T(put(id, 1, "x", 0));
	T(msgrcv(id, BAD, 10, 0, 0));
}

static void types(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	SAY("-- types\n");
	T(put(id, 3, "three", 0));
	T(put(id, 1, "one", 0));
	T(put(id, 2, "two", 0));
	T(put(id, 1, "one again", 0));
	T(put(id, 5, "", 0));
	stat_of(id);
	GET(id, 2, 100, MSG_COPY | IPC_NOWAIT);
	GET(id, 9, 100, MSG_COPY | IPC_NOWAIT);
	GET(id, 0, 2, MSG_COPY | IPC_NOWAIT);
	GET(id, 0, 2, MSG_COPY | IPC_NOWAIT | MSG_NOERROR);
	GET(id, 0, 100, MSG_COPY);
	GET(id, 0, 100, MSG_COPY | IPC_NOWAIT | MSG_EXCEPT);
	stat_of(id);
	GET(id, 2, 100, 0);
	GET(id, -2, 2, 0);
	GET(id, -2, 2, MSG_NOERROR);
	GET(id, 3, 100, MSG_EXCEPT);
	GET(id, 7, 100, IPC_NOWAIT);
	GET(id, -2, 100, IPC_NOWAIT);
	GET(id, 0, 100, 0);
	GET(id, 0, 0, 0);
	GET(id, 0, 100, IPC_NOWAIT);
	stat_of(id);
	T(msgctl(id, IPC_RMID, NULL));
}

static void errors(void)
{
	int id = msgget(IPC_PRIVATE, 0600), n = 0;
	struct message m = {.type = 1};
	struct msqid_ds d;
	struct msginfo info;

	SAY("-- errors, limits\n");
	T(put(id, 0, "x", 0));
	T(put(id, -1, "x", 0));
	T(msgsnd(id, BAD, 1, 0));
	T(msgsnd(id, &m, 8193, 0));
	T(msgsnd(id, &m, (size_t)-1, 0));
	T(msgsnd(-1, &m, 1, 0));
	T(msgrcv(id, &m, (size_t)-1, 0, 0));
	T(msgrcv(-1, &m, 1, 0, 0));
	T(put(id, 1, "lost", 0));
	T(msgrcv(id, BAD, 10, 0, 0));
	stat_of(id);
	m.type = 1;
	while (msgsnd(id, &m, 1000, IPC_NOWAIT) == 0)
		n++;
	printf("%d of 1000 bytes: %s\n", n, strerrorname_np(errno));
	T(put(id, 1, "a small one", IPC_NOWAIT));
	T(msgctl(id, IPC_STAT, &d));
	d.msg_qbytes = 16016;
	d.msg_perm.mode = 0640;
	T(msgctl(id, IPC_SET, &d));
	T(put(id, 1, "12345", IPC_NOWAIT));
	T(put(id, 1, "1", IPC_NOWAIT));
	stat_of(id);
	IS(msgctl(0, IPC_INFO, (struct msqid_ds *)&info) >= 0);
	IS(info.msgmax == 8192 && info.msgmnb == 16384);
	IS(msgctl(0, MSG_INFO, (struct msqid_ds *)&info) >= 0 && info.msgpool >= 1 && info.msgmap >= 17 && info.msgtql >= 16016);
	T(msgctl(0, IPC_INFO, BAD));
	IS(msgctl(id & 32767, MSG_STAT, &d) == id && d.msg_qnum == 18);
	T(msgctl(32767, MSG_STAT, &d));
	T(msgctl(id, IPC_RMID, NULL));
}

static struct message took;
static volatile int sleeper;

static void *receives(void *arg)
{
	long n;

	sleeper = gettid();
	took.type = 0;
	n = msgrcv(queue, &took, 20, (long)arg, (long)arg > 100 ? MSG_EXCEPT : 0);
	return (void *)(n < 0 ? -(long)errno : n);
}

static void *sends(void *arg)
{
	sleeper = gettid();
	return (void *)(long)(put(queue, 1, arg, 0) ? -errno : 0);
}

static void ended(const char *what, pthread_t t)
{
	void *r;
	long n;

	pthread_join(t, &r);
	n = (long)r;
	if (n < 0)
		printf("%s: %s\n", what, strerrorname_np((int)-n));
	else
		printf("%s: %ld\n", what, n);
}

static void on_signal(int sig) {}

static void waiting(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct message big = {.type = 1};
	pthread_t a, b;

	SAY("-- threads that wait\n");
	sigaction(SIGUSR1, &sa, NULL);
	queue = msgget(IPC_PRIVATE, 0600);
	pthread_create(&a, NULL, receives, (void *)7);
	abi_let_sleep(&sleeper);
	T(put(queue, 6, "not this", 0));
	T(put(queue, 7, "this", 0));
	ended("type 7", a);
	printf(" %ld %s\n", took.type, took.text);
	stat_of(queue);
	pthread_create(&a, NULL, receives, (void *)-5);
	abi_let_sleep(&sleeper);
	T(put(queue, 5, "five, and longer than there is room", 0)); /* stays there, and the reader hears of it */
	ended("too long", a);
	GET(queue, 5, 100, IPC_NOWAIT);
	pthread_create(&a, NULL, receives, (void *)6);
	ended("type 6", a);
	sleeper = 0;
	pthread_create(&a, NULL, receives, (void *)1);
	abi_let_sleep(&sleeper);
	pthread_kill(a, SIGUSR1);
	ended("signal, SA_RESTART", a);

	T(msgsnd(queue, &big, 8192, 0));
	T(msgsnd(queue, &big, 8192, 0));
	pthread_create(&a, NULL, sends, "waited for room");
	abi_let_sleep(&sleeper);
	stat_of(queue);
	T(msgrcv(queue, &big, 8192, 0, 0));
	ended("sender", a);
	T(msgsnd(queue, &big, 8192 - 15, 0));
	pthread_create(&a, NULL, sends, "again");
	abi_let_sleep(&sleeper);
	pthread_kill(a, SIGUSR1);
	ended("sender, signal", a);
	pthread_create(&a, NULL, sends, "again");
	abi_let_sleep(&sleeper);
	pthread_create(&b, NULL, receives, (void *)9);
	abi_let_sleep(&sleeper);
	T(msgctl(queue, IPC_RMID, NULL));
	ended("sender, removed", a);
	ended("receiver, removed", b);
}

#define MANY 3000
static long sum;

static void *many_in(void *arg)
{
	for (int i = 1; i <= MANY; i++) {
		struct message m = {.type = 1 + (i & 3)};

		memcpy(m.text, &i, sizeof(i));
		if (msgsnd(queue, &m, 100, 0))
			return (void *)1;
	}
	return NULL;
}

static void *many_out(void *arg)
{
	for (int i = 0; i < MANY; i++) {
		struct message m;
		int v;

		if (msgrcv(queue, &m, 100, 0, 0) != 100)
			return (void *)1;
		memcpy(&v, m.text, sizeof(v));
		__atomic_fetch_add(&sum, v, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void many(void)
{
	pthread_t t[4];
	void *r[4];

	SAY("-- two senders, two receivers\n");
	queue = msgget(IPC_PRIVATE, 0600);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, i & 1 ? many_in : many_out, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], &r[i]);
	IS(!r[0] && !r[1] && !r[2] && !r[3]);
	IS(sum == (long)MANY * (MANY + 1));
	T(msgctl(queue, IPC_RMID, NULL));
}

int main(void)
{
	getting();
	types();
	errors();
	waiting();
	many();
	return 0;
}

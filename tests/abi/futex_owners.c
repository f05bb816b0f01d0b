/* SPDX-License-Identifier: MIT */
/* Locks whose holder is known: robust lists, and the operations with an owner in the word. */
#include "abi.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

static long futex(void *p, int op, int val, const void *ts, void *p2, unsigned val3)
{
	return syscall(SYS_futex, p, op, val, ts, p2, val3);
}

static pthread_mutex_t robust, robust_pi, inherit;
static int word;

static void *dies_with(void *m)
{
	pthread_mutex_lock(m);
	return NULL;
}

static int held, waiting;

static void *waits_for(void *m)
{
	long r;

	__atomic_store_n(&waiting, 1, __ATOMIC_SEQ_CST);
	r = pthread_mutex_lock(m);

	if (r == EOWNERDEAD)
		pthread_mutex_consistent(m);
	pthread_mutex_unlock(m);
	return (void *)r;
}

static void *dies_late_with(void *m)
{
	struct timespec ts = {0, 50000000};

	pthread_mutex_lock(m);
	__atomic_store_n(&held, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&waiting, __ATOMIC_SEQ_CST))
		sched_yield();
	nanosleep(&ts, NULL);
	return NULL;
}

static void owner_dies(const char *what, pthread_mutex_t *m, int protocol)
{
	pthread_mutexattr_t a;
	pthread_t holder, waiter;
	void *r;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutex_init(m, &a);
	printf("%s\n", what);
	pthread_create(&holder, NULL, dies_with, m);
	pthread_join(holder, NULL);
	printf("  found dead: %s\n", strerrorname_np(pthread_mutex_lock(m)));
	printf("  consistent: %d\n", pthread_mutex_consistent(m));
	printf("  unlock: %d\n", pthread_mutex_unlock(m));
	held = waiting = 0;
	pthread_create(&holder, NULL, dies_late_with, m);
	while (!__atomic_load_n(&held, __ATOMIC_SEQ_CST))
		sched_yield();
	pthread_create(&waiter, NULL, waits_for, m);
	pthread_join(holder, NULL);
	pthread_join(waiter, &r);
	printf("  while waiting: %s\n", strerrorname_np((int)(long)r));
	printf("  lock again: %d\n", pthread_mutex_lock(m));
	pthread_mutex_unlock(m);
	/* Not made consistent: it can never be used again. */
	pthread_create(&holder, NULL, dies_with, m);
	pthread_join(holder, NULL);
	printf("  dead: %s\n", strerrorname_np(pthread_mutex_lock(m)));
	pthread_mutex_unlock(m);
	printf("  unusable: %s\n", strerrorname_np(pthread_mutex_lock(m)));
}

static long counter;

static void *counts(void *m)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(m);
		counter++;
		pthread_mutex_unlock(m);
	}
	return NULL;
}

static void inheritance(void)
{
	struct timespec now;
	pthread_mutexattr_t a;
	pthread_t t[4];

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inherit, &a);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, counts, &inherit);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("counted to %ld\n", counter);
	held = waiting = 0;
	pthread_create(&t[0], NULL, dies_late_with, &inherit);
	while (!__atomic_load_n(&held, __ATOMIC_SEQ_CST))
		sched_yield();
	printf("held: %s\n", strerrorname_np(pthread_mutex_trylock(&inherit)));
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += 30000000;
	if (now.tv_nsec >= 1000000000)
		now.tv_sec++, now.tv_nsec -= 1000000000;
	printf("timed: %s\n", strerrorname_np(pthread_mutex_timedlock(&inherit, &now)));
	waiting = 1;
	pthread_join(t[0], NULL);
}

static void *hold(void *arg)
{
	struct timespec ts = {0, 60000000};

	T(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n((int *)arg, __ATOMIC_SEQ_CST) == 1)
		sched_yield();
	nanosleep(&ts, NULL);
	IS(word == (int)(syscall(SYS_gettid) | FUTEX_WAITERS));
	T(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	return NULL;
}

static void raw(void)
{
	int me = (int)syscall(SYS_gettid), ready = 0;
	struct timespec past = {1, 0};
	pthread_t t;

	T(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	IS(word == me);
	T(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	IS(word == 0);
	T(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	word = 0x3ffffff; /* nobody has that id */
	T(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	word = 0;
	T(futex(BAD, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex((char *)&word + 1, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	pthread_create(&t, NULL, hold, &ready);
	while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
		sched_yield();
	T(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &past, NULL, 0));
	__atomic_store_n(&ready, 2, __ATOMIC_SEQ_CST);
	/* Said after the holder has said its part. */
	long locked = futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);

	pthread_join(t, NULL);
	IS(locked == 0);
	IS((word & FUTEX_TID_MASK) == me);
	T(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	IS(word == 0);
}

static void lists(void)
{
	unsigned long head[3] = {0}, *got;
	size_t len;

	T(syscall(SYS_set_robust_list, head, 23));
	T(syscall(SYS_set_robust_list, BAD, 24)); /* believed until the thread ends */
	T(syscall(SYS_get_robust_list, 0, &got, &len));
	IS(got == abi_bad && len == 24);
	T(syscall(SYS_get_robust_list, 0x7ffffff, &got, &len));
	T(syscall(SYS_get_robust_list, 0, BAD, &len));
}

/* A list that is rubbish, or a ring, must not keep a thread from ending. */
static void *ring(void *arg)
{
	static unsigned long a[3], b[3];

	a[0] = (unsigned long)b, b[0] = (unsigned long)b, a[1] = 16;
	syscall(SYS_set_robust_list, a, 24);
	return NULL;
}

static void *rubbish(void *arg)
{
	static unsigned long a[3] = {0xdeadbeefdeadbee8, 0xffffffffffff, 0x6666666666666660};

	syscall(SYS_set_robust_list, a, 24);
	return NULL;
}

int main(void)
{
	pthread_t t;

	owner_dies("robust", &robust, PTHREAD_PRIO_NONE);
	owner_dies("robust and inheriting", &robust_pi, PTHREAD_PRIO_INHERIT);
	inheritance();
	raw();
	pthread_create(&t, NULL, ring, NULL);
	pthread_join(t, NULL);
	pthread_create(&t, NULL, rubbish, NULL);
	pthread_join(t, NULL);
	SAY("ended\n");
	lists();
	return 0;
}

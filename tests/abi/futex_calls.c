/* SPDX-License-Identifier: MIT */
/* futex(2): results and errors of each operation. */
#include "abi.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

static int word, word2;

static long futex(void *p, int op, int val, const void *ts, void *p2, unsigned val3)
{
	return syscall(SYS_futex, p, op, val, ts, p2, val3);
}

struct waiter {
	pthread_t thread;
	int *p, op, id;
	unsigned bits;
	long result;
};

static int woken_order[16], woken_count, started;

static void *wait_on(void *arg)
{
	struct waiter *w = arg;

	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	w->result = futex(w->p, w->op, 0, NULL, NULL, w->bits);
	woken_order[__atomic_fetch_add(&woken_count, 1, __ATOMIC_SEQ_CST)] = w->id;
	return NULL;
}

static void pause_ms(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

/* One after the other, so that the queue's order is known. */
static void start(struct waiter *w, int n, int *p, int op, unsigned bits)
{
	woken_count = started = 0;
	for (int i = 0; i < n; i++) {
		w[i] = (struct waiter){.p = p, .op = op, .id = i, .bits = bits ? bits << i : 0};
		pthread_create(&w[i].thread, NULL, wait_on, &w[i]);
		while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) != i + 1)
			pause_ms(1);
		pause_ms(30);
	}
}

static void finish(const char *what, struct waiter *w, int n)
{
	printf("%s woke", what);
	for (int i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	for (int i = 0; i < n; i++)
		printf(" %d", woken_order[i]);
	printf("\n");
}

static void settle(int count)
{
	for (int i = 0; i < 2000 && __atomic_load_n(&woken_count, __ATOMIC_SEQ_CST) < count; i++)
		pause_ms(1);
	printf("awake: %d\n", __atomic_load_n(&woken_count, __ATOMIC_SEQ_CST));
}

static void errors(void)
{
	struct timespec none = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0}, soon = {0, 10000000};
	char *odd = (char *)&word + 1;

	T(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAIT, 0, &none, NULL, 0));
	T(futex(&word, FUTEX_WAIT, 0, &soon, NULL, 0));
	T(futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0));
	T(futex(&word, FUTEX_WAIT, 0, &negative, NULL, 0));
	T(futex(&word, FUTEX_WAIT, 0, BAD, NULL, 0));
	T(futex(odd, FUTEX_WAIT, 0, NULL, NULL, 0));
	T(futex(BAD, FUTEX_WAIT, 0, NULL, NULL, 0));
	T(futex(BAD, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	T(futex(BAD, FUTEX_WAKE, 1, NULL, NULL, 0));
	T(futex(BAD, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	T(futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAKE, -1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAIT_BITSET, 0, &none, NULL, 0));
	T(futex(&word, FUTEX_WAIT_BITSET, 0, &none, NULL, 1));
	T(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	T(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &none, NULL, 1));
	T(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, &none, NULL, 1));
	T(futex(&word, FUTEX_FD, 0, NULL, NULL, 0));
	T(futex(&word, 77, 0, NULL, NULL, 0));
	T(futex(&word, FUTEX_REQUEUE, -1, (void *)1, &word2, 0));
	T(futex(&word, FUTEX_REQUEUE, 1, (void *)-1, &word2, 0));
	T(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word2, 5));
	T(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word2, 0));
	T(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, BAD, 0));
	T(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, (char *)&word2 + 2, 0));
}

static void wakes(void)
{
	struct waiter w[4];

	start(w, 4, &word, FUTEX_WAIT_PRIVATE, 0);
	T(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0)); /* shared: another futex */
	T(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	settle(1);
	T(futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	settle(2);
	T(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	settle(3);
	T(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	finish("WAKE", w, 4);
	for (int i = 0; i < 4; i++)
		printf(" %ld", w[i].result);
	printf("\n");
	start(w, 3, &word, FUTEX_WAIT_BITSET_PRIVATE, 1);
	T(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 8));
	T(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 4));
	settle(1);
	T(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 2));
	settle(2);
	T(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 0xffffffff));
	finish("BITSET", w, 3);
}

static void requeues(void)
{
	struct waiter w[4];

	start(w, 4, &word, FUTEX_WAIT_PRIVATE, 0);
	T(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &word2, 1));
	T(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &word2, 0));
	settle(1);
	T(futex(&word2, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	settle(2);
	T(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	settle(3);
	T(futex(&word2, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	finish("REQUEUE", w, 4);
	start(w, 2, &word, FUTEX_WAIT_PRIVATE, 0);
	T(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)9, &word, 0));
	T(futex(&word, FUTEX_REQUEUE_PRIVATE, 1, (void *)9, &word, 0));
	settle(1);
	T(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	finish("to itself", w, 2);
}

#define OP(op, arg, cmp, cmparg) ((unsigned)(op) << 28 | (unsigned)(cmp) << 24 | ((arg)&0xfff) << 12 | ((cmparg)&0xfff))

static void wake_ops(void)
{
	static const struct {
		const char *name;
		unsigned op;
		int before;
	} ops[] = {
		{"set 7, ==", OP(0, 7, 0, 3), 3},	 {"set 7, == not", OP(0, 7, 0, 4), 3},
		{"add -1, <", OP(1, -1, 2, 4), 3},	 {"or 8, !=", OP(2, 8, 1, 4), 3},
		{"andn 1, >=", OP(3, 1, 3, 3), 3},	 {"xor 5, <=", OP(4, 5, 4, 3), 3},
		{"add 1, > -1", OP(1, 1, 5, -1), 3},	 {"set 1<<4", OP(8, 4, 0, 0), 3},
		{"bad operation", OP(5, 1, 0, 0), 3},	 {"bad comparison", OP(0, 1, 6, 0), 3},
	};
	struct waiter w[2], w2[2];

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		long r;

		word2 = ops[i].before;
		errno = 0;
		r = futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &word2, ops[i].op);
		printf("%s: %ld %s, %d -> %d\n", ops[i].name, r, strerrorname_np(errno), ops[i].before, word2);
	}
	word2 = 0;
	start(w, 2, &word, FUTEX_WAIT_PRIVATE, 0);
	woken_count = started = 0;
	start(w2, 2, &word2, FUTEX_WAIT_PRIVATE, 0);
	T(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &word2, OP(0, 5, 1, 0)));
	settle(1);
	T(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)2, &word2, OP(0, 6, 0, 5)));
	for (int i = 0; i < 2; i++) {
		pthread_join(w[i].thread, NULL);
		pthread_join(w2[i].thread, NULL);
	}
	settle(4);
	IS(word2 == 6);
	T(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, BAD, OP(0, 5, 1, 0)));
	word2 = 0;
}

/* Two mappings of one file's page are one futex for shared operations, not for private ones. */
static void shared(void)
{
	char path[] = "/tmp/futex.XXXXXX";
	int fd = mkstemp(path), *a, *b;
	struct waiter w;

	unlink(path);
	if (ftruncate(fd, 4096))
		exit(97);
	a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(a != b);
	a[3] = 0;
	start(&w, 1, a + 3, FUTEX_WAIT, 0);
	T(futex(b + 3, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	T(futex(b + 4, FUTEX_WAKE, 9, NULL, NULL, 0));
	T(futex(b + 3, FUTEX_WAKE, 9, NULL, NULL, 0));
	finish("through another mapping", &w, 1);
}

int main(void)
{
	errors();
	wakes();
	requeues();
	wake_ops();
	shared();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * exit_group while every other thread is somewhere else: computing, in a wait,
 * in a fault, in a write, starting or ending.  argv[1]: who ends it and how.
 */
#include "stress.h"
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#define THREADS 12

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static int fds[2], busy;

static void *nothing(void *arg)
{
	return arg;
}

static void *somewhere(void *arg)
{
	char c;
	pthread_t t;

	__atomic_fetch_add(&busy, 1, __ATOMIC_SEQ_CST);
	switch ((intptr_t)arg % 6) {
	case 0:
		for (volatile long i = 0;; i++)
			;
	case 1:
		MUST(read(fds[0], &c, 1) == 12345);
		break;
	case 2:
		pthread_mutex_lock(&held);
		break;
	case 3:
		for (;;) {
			char *p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			for (int i = 0; i < 1 << 16; i += 4096)
				p[i] = 1;
			munmap(p, 1 << 16);
		}
	case 4:
		for (;;)
			if (pthread_create(&t, NULL, nothing, NULL) == 0)
				pthread_join(t, NULL);
	default:
		for (;;)
			usleep(50);
	}
	return NULL;
}

static void *leave(void *arg)
{
	_exit((int)(intptr_t)arg);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "main";
	pthread_t t;

	MUST(pipe(fds) == 0);
	pthread_mutex_lock(&held);
	for (intptr_t i = 0; i < THREADS; i++)
		MUST(pthread_create(&t, NULL, somewhere, (void *)i) == 0);
	while (__atomic_load_n(&busy, __ATOMIC_SEQ_CST) < THREADS)
		usleep(100);
	printf("%d threads are busy\n", THREADS);
	fflush(stdout);
	if (strcmp(how, "main") == 0)
		_exit(21);
	if (strcmp(how, "two") == 0) {
		/* Two at once: one of them wins, with the same status. */
		pthread_create(&t, NULL, leave, (void *)22);
		_exit(22);
	}
	if (strcmp(how, "thread") == 0) {
		pthread_create(&t, NULL, leave, (void *)23);
		pthread_exit(NULL);
	}
	if (strcmp(how, "signal") == 0)
		pthread_kill(t, SIGTERM);
	for (;;)
		pause();
}

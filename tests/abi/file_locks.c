/* SPDX-License-Identifier: MIT */
/* flock and record locks, inside one process. */
#include "abi.h"
#include <pthread.h>
#include <sys/file.h>

static int a, b;

static void *waits(void *arg)
{
	T(flock(b, LOCK_EX));
	return NULL;
}

static void *opens_gate(void *arg)
{
	usleep(30000);
	T(flock(a, LOCK_UN));
	return NULL;
}

int main(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
	pthread_t t[2];
	int c;

	abi_put("f", "0123456789");
	a = open("f", O_RDWR);
	b = open("f", O_RDONLY);
	c = dup(a);
	T(flock(a, LOCK_SH));
	T(flock(b, LOCK_SH | LOCK_NB));
	T(flock(b, LOCK_EX | LOCK_NB));
	T(flock(a, LOCK_EX | LOCK_NB));
	T(flock(b, LOCK_SH | LOCK_NB));
	T(flock(a, LOCK_UN));
	T(flock(a, LOCK_UN));
	T(flock(b, LOCK_EX));
	T(flock(c, LOCK_SH | LOCK_NB));
	T(close(b));
	T(flock(c, LOCK_EX | LOCK_NB)); /* a's as well: one open file */
	b = open("f", O_RDONLY);
	T(flock(b, LOCK_SH | LOCK_NB));
	T(close(c));
	T(flock(b, LOCK_SH | LOCK_NB));
	T(flock(99, LOCK_SH));
	T(flock(a, 77));
	pthread_create(&t[0], NULL, opens_gate, NULL);
	pthread_join(t[0], NULL);
	T(flock(a, LOCK_EX));
	T(flock(b, LOCK_EX | LOCK_NB));
	pthread_create(&t[0], NULL, opens_gate, NULL);
	usleep(60000);
	pthread_create(&t[1], NULL, waits, NULL);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	T(flock(b, LOCK_UN));

	T(fcntl(a, F_SETLK, &l));
	T(fcntl(a, F_GETLK, &l));
	T(l.l_type == F_UNLCK);
	l.l_type = F_WRLCK;
	T(fcntl(b, F_SETLK, &l));
	l.l_type = 9;
	T(fcntl(a, F_SETLK, &l));
	T(fcntl(a, F_SETLK, BAD));
	l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = -1, .l_len = 5};
	T(fcntl(a, F_SETLK, &l));
	l.l_whence = 9;
	T(fcntl(a, F_SETLK, &l));
	l = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_END, .l_start = -10, .l_len = 0};
	T(fcntl(a, F_SETLKW, &l));
	T(fcntl(99, F_SETLK, &l));
	return 0;
}

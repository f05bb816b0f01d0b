/* SPDX-License-Identifier: MIT */
/* Locks on ranges: an open file's (OFD) against others' and the process's; cutting, joining, waiting, closing. */
#include "abi.h"
#include <pthread.h>
#include <signal.h>

static int a, b, c;

static struct flock range(int type, off_t start, off_t len)
{
	return (struct flock){.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static long set(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = range(type, start, len);

	return fcntl(fd, cmd, &l);
}

/* All locks that stand in fd's way, one after the other. */
static void look(const char *what, int fd)
{
	off_t at = 0;

	SAY("%s:", what);
	for (;;) {
		struct flock l = range(F_WRLCK, at, 0);

		if (fcntl(fd, F_OFD_GETLK, &l)) {
			SAY(" %s\n", strerrorname_np(errno));
			return;
		}
		if (l.l_type == F_UNLCK)
			break;
		SAY(" %s%s[%ld,+%ld]", l.l_type == F_RDLCK ? "read" : "write", l.l_pid == -1 ? "" : " of a process",
		    (long)l.l_start, (long)l.l_len);
		at = l.l_start + l.l_len;
		if (!l.l_len)
			break;
	}
	SAY("\n");
}

static void conflicts(void)
{
	T(set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	T(set(b, F_OFD_SETLK, F_WRLCK, 5, 10));
	T(set(b, F_OFD_SETLK, F_RDLCK, 9, 1));
	T(set(b, F_OFD_SETLK, F_WRLCK, 10, 10));
	T(set(a, F_OFD_SETLK, F_RDLCK, 0, 10));
	T(set(b, F_OFD_SETLK, F_RDLCK, 0, 10));
	T(set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	look("of a", b);
	look("of b", a);
	look("of both", c);
	T(set(c, F_SETLK, F_WRLCK, 0, 5)); /* the process */
	T(set(c, F_SETLK, F_RDLCK, 0, 5));
	T(set(b, F_OFD_SETLK, F_UNLCK, 0, 0));
	look("of b no more", a);
	T(set(c, F_SETLK, F_UNLCK, 0, 0));
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	look("nothing", c);
}

static void pieces(void)
{
	T(set(a, F_OFD_SETLK, F_WRLCK, 0, 100));
	T(set(a, F_OFD_SETLK, F_UNLCK, 40, 20));
	look("cut in two", b);
	T(set(a, F_OFD_SETLK, F_RDLCK, 30, 40));
	look("another kind between", b);
	T(set(a, F_OFD_SETLK, F_RDLCK, 70, 30));
	look("joined", b);
	T(set(a, F_OFD_SETLK, F_WRLCK, 20, 60));
	look("over both", b);
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 10));
	T(set(a, F_OFD_SETLK, F_UNLCK, 90, 0));
	look("shorter on both ends", b);
	T(set(a, F_OFD_SETLK, F_WRLCK, 500, 0));
	look("to the end", b);
	T(set(a, F_OFD_SETLK, F_UNLCK, 600, 100));
	look("a hole in it", b);
	T(set(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	look("all", b);
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	look("none", b);
}

static void errors(void)
{
	struct flock l = range(F_WRLCK, 0, 10);
	int ro = open("f", O_RDONLY), wo = open("f", O_WRONLY), path = open("f", O_PATH);

	l.l_pid = 1;
	T(fcntl(a, F_OFD_SETLK, &l));
	T(fcntl(a, F_OFD_GETLK, &l));
	T(set(a, F_OFD_SETLK, 7, 0, 10));
	l = range(F_WRLCK, 0, 10);
	l.l_whence = 5;
	T(fcntl(a, F_OFD_SETLK, &l));
	T(set(a, F_OFD_SETLK, F_WRLCK, -1, 10));
	T(set(a, F_OFD_SETLK, F_WRLCK, 5, -6));
	T(set(a, F_OFD_SETLK, F_WRLCK, 5, -5));
	look("backwards", b);
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	T(set(a, F_OFD_SETLK, F_WRLCK, INT64_MAX, 2));
	l = range(F_WRLCK, INT64_MAX, 1);
	l.l_whence = SEEK_END;
	T(fcntl(a, F_SETLK, &l));
	l = range(F_WRLCK, -4, 2);
	l.l_whence = SEEK_END;
	T(fcntl(a, F_OFD_SETLK, &l));
	look("from the end", b);
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	T(set(ro, F_OFD_SETLK, F_WRLCK, 0, 1));
	T(set(wo, F_OFD_SETLK, F_RDLCK, 0, 1));
	T(set(ro, F_SETLK, F_WRLCK, 0, 1));
	T(set(path, F_OFD_SETLK, F_RDLCK, 0, 1));
	T(set(99, F_OFD_SETLK, F_RDLCK, 0, 1));
	T(fcntl(a, F_OFD_SETLK, BAD));
	T(fcntl(a, F_OFD_GETLK, BAD));
	T(set(a, F_GETLK, F_UNLCK, 0, 0));
	close(ro);
	close(wo);
	close(path);
}

static void closing(void)
{
	int d = open("f", O_RDWR), e;

	T(set(d, F_OFD_SETLK, F_WRLCK, 0, 10));
	e = dup(d);
	close(d);
	look("the other descriptor keeps it", a);
	close(e);
	look("gone", a);
	d = open("f", O_RDWR);
	T(set(a, F_SETLK, F_WRLCK, 0, 10));
	look("the process's", b);
	close(d); /* any descriptor of the file */
	look("lost by closing another", b);
}

static void *unlocks(void *arg)
{
	usleep(50000);
	T(set(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	return NULL;
}

static void nothing(int sig) {}

static void *interrupts(void *arg)
{
	usleep(50000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void waiting(void)
{
	struct sigaction sa = {.sa_handler = nothing};
	pthread_t t, self = pthread_self();

	sigaction(SIGUSR1, &sa, NULL);
	T(set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	pthread_create(&t, NULL, interrupts, &self);
	T(set(b, F_OFD_SETLKW, F_RDLCK, 5, 1));
	pthread_join(t, NULL);
	pthread_create(&t, NULL, unlocks, NULL);
	errno = 0;
	long r = set(b, F_OFD_SETLKW, F_WRLCK, 5, 1);
	pthread_join(t, NULL);
	abi_result("waited", r, errno);
	look("b's", a);
}

int main(void)
{
	abi_put("f", "0123456789");
	a = open("f", O_RDWR);
	b = open("f", O_RDWR);
	c = open("f", O_RDWR);
	conflicts();
	pieces();
	errors();
	closing();
	waiting();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* signalfd: what is read, who hears of it (poll, epoll, threads asleep in read), each error. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

static int fd;

static void block(int how, int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	sigaddset(&s, b);
	sigprocmask(how, &s, NULL);
}

static int make(int old, int a, int b, int flags)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	sigaddset(&s, b);
	return signalfd(old, &s, flags);
}

static void show(const struct signalfd_siginfo *i)
{
	printf(" signal %u code %d mine %d %d int %d ptr %lu overrun %u\n", i->ssi_signo, i->ssi_code, i->ssi_pid == (unsigned)getpid(),
	       i->ssi_code == SI_TIMER || i->ssi_uid == getuid(), i->ssi_int, (unsigned long)i->ssi_ptr, i->ssi_overrun);
}

static void take(size_t size)
{
	struct signalfd_siginfo i[4];
	ssize_t n;

	memset(i, 0x55, sizeof(i));
	n = T(read(fd, i, size));
	for (ssize_t k = 0; k < n / (ssize_t)sizeof(i[0]); k++)
		show(&i[k]);
}

static void errors(void)
{
	sigset_t s;

	SAY("-- errors\n");
	sigfillset(&s);
	T(syscall(SYS_signalfd4, -1, &s, 4, 0));
	T(syscall(SYS_signalfd4, -1, &s, 16, 0));
	T(syscall(SYS_signalfd4, -1, BAD, 8, 0));
	T(syscall(SYS_signalfd4, -1, &s, 8, 1));
	T(syscall(SYS_signalfd4, 99, &s, 8, 0));
	T(syscall(SYS_signalfd4, 1, &s, 8, 0));
	T(syscall(SYS_signalfd4, -2, &s, 8, 0));
	T(write(fd, &s, 8));
	take(127);
	T(read(fd, BAD, 128));
	T(fcntl(fd, F_GETFD));
	T(fcntl(fd, F_GETFL));
}

static void reading(void)
{
	union sigval v = {.sival_int = 42};

	SAY("-- what is read\n");
	take(128);
	kill(getpid(), SIGUSR1);
	take(128);
	raise(SIGUSR2);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1); /* one of two */
	take(sizeof(struct signalfd_siginfo) * 4);
	take(128);
	sigqueue(getpid(), SIGUSR2, v);
	take(200);
	kill(getpid(), SIGUSR1);
	T(read(fd, BAD, 128)); /* it is lost */
	take(128);
	T(make(fd, SIGUSR2, SIGRTMIN + 1, 0) == fd);
	kill(getpid(), SIGUSR1);
	take(128);
	block(SIG_BLOCK, SIGRTMIN + 1, SIGRTMIN + 1);
	for (v.sival_int = 1; v.sival_int < 4; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN + 1, v);
	take(sizeof(struct signalfd_siginfo) * 4);
	T(make(fd, SIGUSR1, SIGUSR2, 0) == fd);
	take(128);
}

static void *later(void *arg)
{
	usleep(30000);
	kill(getpid(), (int)(long)arg);
	return NULL;
}

static void *reads(void *arg)
{
	struct signalfd_siginfo i;
	ssize_t n = read(fd, &i, sizeof(i));

	return (void *)(n < 0 ? -(long)errno : (long)i.ssi_signo);
}

static void on_signal(int sig) {}

static void waiting(void)
{
	struct pollfd p = {.events = POLLIN | POLLOUT};
	struct epoll_event e = {.events = EPOLLIN};
	struct sigaction sa = {.sa_handler = on_signal};
	int ep = epoll_create1(0);
	pthread_t t;
	void *r;

	SAY("-- waiting\n");
	fd = make(-1, SIGUSR1, SIGUSR2, SFD_CLOEXEC);
	T(fcntl(fd, F_GETFD));
	p.fd = fd;
	T(poll(&p, 1, 0));
	pthread_create(&t, NULL, later, (void *)SIGUSR1);
	T(poll(&p, 1, 5000));
	printf(" events %x\n", p.revents);
	pthread_join(t, NULL);
	take(128);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	T(epoll_wait(ep, &e, 1, 0));
	pthread_create(&t, NULL, later, (void *)SIGUSR2);
	T(epoll_wait(ep, &e, 1, 5000));
	pthread_join(t, NULL);
	take(128);
	pthread_create(&t, NULL, later, (void *)SIGUSR1);
	take(128); /* asleep in read */
	pthread_join(t, NULL);
	/* One for a thread alone is not seen by others. */
	pthread_create(&t, NULL, reads, NULL);
	usleep(20000);
	pthread_kill(pthread_self(), SIGUSR2);
	usleep(20000);
	pthread_kill(t, SIGUSR1);
	pthread_join(t, &r);
	printf("the other thread read %ld\n", (long)r);
	take(128);
	/* A signal that is not in the set interrupts. */
	sigaction(SIGALRM, &sa, NULL);
	pthread_create(&t, NULL, reads, NULL);
	usleep(20000);
	pthread_kill(t, SIGALRM);
	pthread_join(t, &r);
	printf("interrupted: %s\n", strerrorname_np((int)-(long)r));
}

static void timers(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
	struct itimerspec its = {{0, 0}, {0, 1000000}};
	timer_t id;

	SAY("-- a timer's signal\n");
	timer_create(CLOCK_MONOTONIC, &ev, &id);
	timer_settime(id, 0, &its, NULL);
	take(128);
	timer_delete(id);
}

int main(void)
{
	block(SIG_BLOCK, SIGUSR1, SIGUSR2);
	fd = make(-1, SIGUSR1, SIGUSR2, SFD_NONBLOCK);
	IS(fd >= 0);
	errors();
	reading();
	close(fd);
	waiting();
	timers();
	return 0;
}

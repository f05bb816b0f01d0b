/* SPDX-License-Identifier: MIT */
/* A program that becomes itself again and again, each time with threads, handlers and descriptors to be rid of. */
#include "../abi/abi.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define STEPS 20

static pthread_barrier_t all_run;

static void *thread(void *arg)
{
	volatile unsigned long n = 0;
	int fds[2];
	char c;

	pthread_barrier_wait(&all_run);
	switch ((long)arg) {
	case 0: /* runs */
		for (;;)
			n++;
	case 1: /* sleeps in the kernel for ever */
		if (!pipe(fds))
			(void)!read(fds[0], &c, 1);
		return NULL;
	default: /* is always about to make a call */
		for (;;)
			getppid();
	}
}

static void handler(int sig) { (void)sig; }

static void look(int step)
{
	struct sigaction usr1, usr2;
	struct itimerspec left;
	stack_t alt;
	sigset_t blocked, pending;
	struct itimerval real;

	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	sigaltstack(NULL, &alt);
	getitimer(ITIMER_REAL, &real);
	SAY("step %d: leader %d, usr1 %s, usr2 %s, hup blocked %d pending %d, altstack %d, alarm %d, timer %d\n", step,
	    getpid() == gettid(), usr1.sa_handler == SIG_DFL ? "default" : "kept", usr2.sa_handler == SIG_IGN ? "ignored" : "lost",
	    sigismember(&blocked, SIGHUP), sigismember(&pending, SIGHUP), !(alt.ss_flags & SS_DISABLE),
	    real.it_value.tv_sec > 0, timer_gettime((timer_t)0, &left) == 0);
	SAY("descriptors: 20 %s, 21 %s\n", fcntl(20, F_GETFD) < 0 ? "closed" : "open", fcntl(21, F_GETFD) < 0 ? "closed" : "open");
}

static void burden(void)
{
	static char stack[65536];
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	struct itimerval hour = {.it_value.tv_sec = 3600};
	sigset_t hup;
	timer_t t;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	raise(SIGHUP);
	sigaltstack(&alt, NULL);
	setitimer(ITIMER_REAL, &hour, NULL);
	timer_create(CLOCK_MONOTONIC, &none, &t);
	dup3(1, 20, O_CLOEXEC);
	dup3(1, 21, 0);
}

static char *next_args[4];

static void *become(void *path)
{
	execv(path, next_args);
	if (errno != EAGAIN) { /* another thread was quicker: this one is about to end */
		SAY("execv: %s\n", strerrorname_np(errno));
		exit(1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int step = argc > 1 ? atoi(argv[1]) : 0;
	char number[12], *path = "/proc/self/exe";
	pthread_t t;

	look(step);
	if (step == STEPS) {
		IS(!strcmp(getenv("CHAIN"), "kept"));
		return 7;
	}
	setenv("CHAIN", "kept", 1);
	burden();
	pthread_barrier_init(&all_run, NULL, 4);
	for (long i = 0; i < 3; i++)
		pthread_create(&t, NULL, thread, (void *)i);
	pthread_barrier_wait(&all_run);
	snprintf(number, sizeof(number), "%d", step + 1);
	next_args[0] = argv[0];
	next_args[1] = number;
	fflush(stdout);
	if (step % 4 == 1) /* a thread that is not the first: it becomes it */
		pthread_create(&t, NULL, become, path);
	else if (step % 4 == 3) /* several want it: one of them does it, the others end with this program */
		for (int i = 0; i < 5; i++)
			pthread_create(&t, NULL, become, path);
	else
		become(path);
	for (;;)
		pause();
}

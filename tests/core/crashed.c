/* SPDX-License-Identifier: MIT */
/*
 * Ends by a signal while its other threads are where a debugger wants to see them: asleep in a system call that has
 * been made often, and busy.  crashed SIGNAL
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int pipes[2];
static volatile int ready;
volatile int marker = 4711;

__attribute__((noinline)) static void wait_in_read(void)
{
	char c;

	for (int i = 0; i < 20; i++) { /* the call site is a patched one by then */
		if (write(pipes[1], "x", 1) != 1 || read(pipes[0], &c, 1) != 1)
			exit(2);
	}
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	if (read(pipes[0], &c, 1) != 1)
		exit(2);
}

static void *sleeper(void *arg)
{
	wait_in_read();
	return arg;
}

__attribute__((noinline)) static void spin_for_ever(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("");
}

static void *spinner(void *arg)
{
	spin_for_ever();
	return arg;
}

__attribute__((noinline)) static void innermost(int sig)
{
	if (sig == SIGSEGV)
		*(volatile int *)16 = marker;
	raise(sig);
}

__attribute__((noinline)) static void outer(int sig)
{
	innermost(sig);
	marker = 0;
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc != 2 || pipe(pipes) || pthread_create(&t, NULL, sleeper, NULL) || pthread_create(&t, NULL, spinner, NULL))
		return 2;
	while (ready < 2)
		usleep(1000);
	usleep(10000);
	outer(atoi(argv[1]));
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A fault that nobody handles: the isle's report names the signal, the address and every caller. */
#include "abi.h"
#include <pthread.h>
#include <signal.h>

static void *volatile bad_pointer = (void *)16;
static volatile int zero, sink;

__attribute__((noinline)) static void crash_writing(void) { *(volatile int *)bad_pointer = 1; }

__attribute__((noinline)) static void crash_dividing(void) { sink = 1000 / zero; }

__attribute__((noinline)) static int in_between(void (*fn)(void))
{
	fn();
	return sink + 1;
}

static void from_handler(int sig) { sink = in_between(crash_writing); }

static void *in_thread(void *arg)
{
	sink = in_between(crash_dividing);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t t;

	SAY("before\n");
	if (!strcmp(how, "write"))
		sink = in_between(crash_writing);
	if (!strcmp(how, "call"))
		sink = in_between((void (*)(void))bad_pointer);
	if (!strcmp(how, "thread") && !pthread_create(&t, NULL, in_thread, NULL))
		pthread_join(t, NULL);
	if (!strcmp(how, "handler")) {
		signal(SIGUSR1, from_handler);
		raise(SIGUSR1);
	}
	SAY("after\n");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* How a program may end: exit's low bits, abort, signals, from main and from a thread.  argv[1] says how. */
#include "abi.h"
#include <pthread.h>
#include <signal.h>

static void *leaver(void *arg)
{
	exit(atoi(arg));
}

static void at_exit(void)
{
	SAY("at exit\n");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	pthread_t t;

	atexit(at_exit);
	SAY("%s\n", how);
	if (!strcmp(how, "return"))
		return argc > 2 ? atoi(argv[2]) : 0;
	if (!strcmp(how, "exit"))
		exit(atoi(argv[2]));
	if (!strcmp(how, "_exit"))
		_exit(atoi(argv[2]));
	if (!strcmp(how, "thread")) {
		pthread_create(&t, NULL, leaver, argv[2]);
		pause();
	}
	if (!strcmp(how, "main-gone")) {
		/* the first thread ends, another decides */
		pthread_create(&t, NULL, leaver, argv[2]);
		pthread_exit(NULL);
	}
	if (!strcmp(how, "raise"))
		raise(atoi(argv[2]));
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "closed")) {
		close(1);
		close(2);
		return 7;
	}
	return 99;
}

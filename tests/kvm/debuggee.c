/* SPDX-License-Identifier: MIT */
/*
 * What gdb-test debugs: functions and values to stop at, a second thread, and an int3 that is the program's own.
 * With an argument it waits to be found.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

volatile int counter;
volatile int seen = 17;
volatile double half = 0.5;
volatile int go;
static volatile sig_atomic_t trapped;

__attribute__((noinline)) void tick(int by) { counter += by; }

__attribute__((noinline)) double halve(double x)
{
	double y = x * half;

	return y;
}

__attribute__((noinline)) void in_thread(const char *word) { counter += (int)strlen(word); }

/* Until a debugger has set `go`; the last word is in a vector register, which it may change. */
__attribute__((noinline)) double spin(double word)
{
	register double kept __asm__("xmm15") = word;

	while (!go)
		__asm__ volatile("pause" : "+x"(kept));
	return kept;
}

static void *thread(void *arg)
{
	in_thread(arg);
	return arg;
}

static void on_trap(int sig) { trapped = sig; }

__attribute__((noinline)) void last(void) { __asm__ volatile(""); }

int main(int argc, char **argv)
{
	double d, word = 1.25;
	pthread_t t;

	if (argc > 1) {
		puts("waiting");
		fflush(stdout);
		word = spin(word);
	}

	for (int i = 0; i < 3; i++)
		tick(5);
	d = halve(3);
	counter += seen;
	pthread_create(&t, NULL, thread, (void *)"seven");
	pthread_join(t, NULL);
	signal(SIGTRAP, on_trap);
	__asm__ volatile("int3");
	last();
	printf("counter %d, half of it %g, trapped %d, word %g\n", counter, d, trapped, word);
	return 0;
}

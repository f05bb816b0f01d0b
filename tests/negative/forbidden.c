/* SPDX-License-Identifier: MIT */
/* One forbidden thing for each name: the program must be ended by the signal Linux gives, at that place. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef void code(void);

#define RET 0xc3

static int argument_count;
static const char *argument;
static const int constant = 1;
static unsigned char data[16] = { RET };

/* Keeps the compiler from knowing where a pointer points. */
static void *hide(const volatile void *p)
{
	void *q = (void *)(uintptr_t)p;

	__asm__ volatile("" : "+r"(q));
	return q;
}

static void victim(void)
{
}

static void write_text(void)
{
	*(volatile char *)hide((void *)(uintptr_t)victim) = (char)RET;
}

static void write_constant(void)
{
	*(volatile int *)hide(&constant) = 2;
}

/* argv[2] is an address of the kernel's. */
static void write_there(void)
{
	*(volatile char *)(uintptr_t)strtoull(argument, NULL, 16) = (char)RET;
}

static void execute_there(void)
{
	((code *)(uintptr_t)strtoull(argument, NULL, 16))();
}

static void execute_stack(void)
{
	volatile unsigned char here[16] = { RET };

	((code *)hide(here))();
}

static void execute_heap(void)
{
	unsigned char *p = malloc(16);

	*(volatile unsigned char *)p = RET;
	((code *)hide(p))();
}

static void execute_mapping(void)
{
	unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile unsigned char *)p = RET;
	((code *)hide(p))();
}

static void execute_data(void)
{
	((code *)hide(data))();
}

static int descend(int depth)
{
	volatile char frame[4000];

	frame[0] = (char)depth;
	return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

static void stack_overflow(void)
{
	descend(argument_count);
}

static void *thread_descend(void *arg)
{
	descend(1);
	return arg;
}

/* A small stack with a guard below, and something mapped below the guard to fall into if there is none. */
static void thread_stack_overflow(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 65536);
	pthread_create(&t, &a, thread_descend, NULL);
	pthread_join(t, NULL);
}

static void *touch_guard(void *arg)
{
	pthread_attr_t a;
	size_t size, guard;
	void *low;

	pthread_getattr_np(pthread_self(), &a);
	pthread_attr_getstack(&a, &low, &size);
	pthread_attr_getguardsize(&a, &guard);
	if (guard < 4096)
		return arg;
	*(volatile char *)((char *)low - 1) = 1;
	return arg;
}

static void thread_guard(void)
{
	pthread_t t;

	pthread_create(&t, NULL, touch_guard, NULL);
	pthread_join(t, NULL);
}

static void null_read(void)
{
	volatile char c = *(volatile char *)hide(NULL);

	(void)c;
}

static void null_write(void)
{
	*(volatile char *)hide((void *)16) = 1;
}

static void null_call(void)
{
	((code *)hide(NULL))();
}

static __attribute__((noinline)) void smash(size_t n)
{
	char small[16];

	memset(hide(small), 'x', n);
	__asm__ volatile("" ::"r"(small) : "memory");
}

static void canary(void)
{
	smash(64);
}

/* Written above the vDSO's own protection: its text may be read and run only. */
static void write_vdso(void)
{
	char line[256], prot[5];
	unsigned long lo = 0, hi;
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx %4s", &lo, &hi, prot) == 3)
			break;
	if (!lo)
		exit(98);
	*(volatile char *)lo = 1;
}

static const struct {
	const char *name;
	code *run;
} deeds[] = {
	{ "write-text", write_text },
	{ "write-constant", write_constant },
	{ "write-there", write_there },
	{ "execute-there", execute_there },
	{ "execute-stack", execute_stack },
	{ "execute-heap", execute_heap },
	{ "execute-mapping", execute_mapping },
	{ "execute-data", execute_data },
	{ "stack-overflow", stack_overflow },
	{ "thread-stack-overflow", thread_stack_overflow },
	{ "thread-guard", thread_guard },
	{ "null-read", null_read },
	{ "null-write", null_write },
	{ "null-call", null_call },
	{ "canary", canary },
	{ "write-vdso", write_vdso },
};

int main(int argc, char **argv)
{
	argument_count = argc;
	argument = argc > 2 ? argv[2] : "0";
	for (size_t i = 0; argc > 1 && i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(argv[1], deeds[i].name) == 0) {
			printf("%s\n", argv[1]);
			fflush(stdout);
			deeds[i].run();
			printf("was allowed\n");
			return 1;
		}
	}
	return 99;
}

/* SPDX-License-Identifier: MIT */
/* clone(2), clone3(2): errors, what a thread inherits, ids, and how threads end. */
#include "abi.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static void errors(void)
{
	struct clone_args a = {0};
	char big[200] = {0};

	T(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	T(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
	T(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
	T(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0));
	T(syscall(SYS_clone3, &a, 8));
	T(syscall(SYS_clone3, BAD, sizeof(a)));
	T(syscall(SYS_clone3, &a, 5000));
	big[150] = 1;
	T(syscall(SYS_clone3, big, 200));
	a.flags = THREAD;
	a.exit_signal = SIGCHLD;
	T(syscall(SYS_clone3, &a, sizeof(a)));
	a.exit_signal = 0;
	a.stack_size = 4096;
	T(syscall(SYS_clone3, &a, sizeof(a)));
	a.stack_size = 0;
	a.stack = 4096;
	T(syscall(SYS_clone3, &a, sizeof(a)));
	a.stack = 0;
	a.flags = THREAD | 17;
	T(syscall(SYS_clone3, &a, sizeof(a)));
}

static volatile int ran, shared_word;
static int parent_tid, child_tid = -1;

static void *look(void *arg)
{
	stack_t ss;
	sigset_t mask, pending;
	char name[16];

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	sigaltstack(NULL, &ss);
	prctl(PR_GET_NAME, name);
	printf("thread: USR1 blocked %d pending %d altstack flags %d name %s\n", sigismember(&mask, SIGUSR1),
	       sigismember(&pending, SIGUSR1), ss.ss_flags, name);
	IS(getpid() == (pid_t)(long)arg);
	IS(syscall(SYS_gettid) != getpid());
	T(prctl(PR_SET_NAME, "a name that is too long"));
	T(prctl(PR_GET_NAME, name));
	printf("name %s\n", name);
	return (void *)77;
}

static void inherits(void)
{
	char stack[8192 * 4];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	sigset_t usr;
	pthread_t t;
	void *r;
	char name[16];

	prctl(PR_SET_NAME, "parent");
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr, NULL);
	raise(SIGUSR1); /* the thread's own, not the process's */
	sigaltstack(&ss, NULL);
	pthread_create(&t, NULL, look, (void *)(long)getpid());
	pthread_join(t, &r);
	printf("joined: %ld\n", (long)r);
	prctl(PR_GET_NAME, name);
	printf("my name %s\n", name);
	T(prctl(PR_SET_NAME, BAD));
	T(prctl(PR_GET_NAME, BAD));
	T(prctl(9999, 0, 0, 0, 0));
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	signal(SIGUSR1, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &usr, NULL);
}

/* The bare call: both ids are written, the child's is cleared and woken at its end, the registers are the parent's. */
static void raw(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long flags = THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, r, kept = 0;
	register int *ctid __asm__("r10") = &child_tid;

	__asm__ volatile("movq $0x5eed, %%r12; movq $0x0f, %%r14; syscall; testq %%rax, %%rax; jnz 1f;"
			 "addq %%r14, %%r12; movl %%r12d, %2; movl %3, %%eax; xorl %%edi, %%edi; syscall; hlt;"
			 "1:"
			 : "=a"(r), "+r"(ctid), "=m"(shared_word)
			 : "i"(SYS_exit), "0"(SYS_clone), "D"(flags), "S"(stack + 65536), "d"(&parent_tid)
			 : "rcx", "r11", "r12", "r14", "memory");
	(void)kept;
	while (__atomic_load_n(&child_tid, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &child_tid, 0, parent_tid, NULL, NULL, 0);
	printf("clone: result is the tid %d, the child saw %x\n", r == parent_tid, shared_word);
}

static void *quick(void *arg)
{
	__atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void many(void)
{
	pthread_t t[50];
	int bad = 0;

	for (int round = 0; round < 20; round++) {
		for (long i = 0; i < 50; i++)
			bad |= pthread_create(&t[i], NULL, quick, (void *)i);
		for (long i = 0; i < 50; i++) {
			void *r;

			bad |= pthread_join(t[i], &r) || (long)r != i;
		}
	}
	printf("many: %d ran, bad %d\n", ran, bad);
}

static void limits(void)
{
	struct rlimit old, none = {0, 0};
	pthread_t t;

	getrlimit(RLIMIT_NPROC, &old);
	none.rlim_max = old.rlim_max;
	if (geteuid() != 0) /* root may pass it on Linux */
		setrlimit(RLIMIT_NPROC, &none);
	setrlimit(RLIMIT_NPROC, &old);
	T(pthread_create(&t, NULL, quick, NULL));
	pthread_join(t, NULL);
	T(syscall(SYS_getrlimit, 99, &old));
	T(syscall(SYS_setrlimit, RLIMIT_NPROC, BAD));
	none = (struct rlimit){5, 4};
	T(setrlimit(RLIMIT_NOFILE, &none));
	T(syscall(SYS_prlimit64, 0x7ffffff, RLIMIT_NPROC, NULL, &old));
}

static void *leaver(void *arg)
{
	struct timespec ts = {0, 50000000};

	nanosleep(&ts, NULL);
	printf("the last thread ends the program\n");
	return NULL;
}

int main(void)
{
	pthread_t t;

	errors();
	inherits();
	raw();
	many();
	limits();
	pthread_create(&t, NULL, leaver, NULL);
	pthread_exit(NULL); /* the first thread is gone, the program is not */
}

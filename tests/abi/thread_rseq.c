/* SPDX-License-Identifier: MIT */
/* Restartable sequences: registration, what the area says, and what cuts a sequence short. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/rseq.h>
#include <time.h>
#include <ucontext.h>

#define REGISTER	0x100
#define BARRIER_RSEQ	0x80
#define BARRIER_ONE_CPU 1

struct sequence {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct rseq *area(void) { return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset); }
static long sys_rseq(void *a, unsigned len, int flags, unsigned sig) { return syscall(SYS_rseq, a, len, flags, sig); }

static void let_go(void)
{
	if (sys_rseq(area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) && __rseq_size)
		SAY("unregistering: %s\n", strerrorname_np(errno));
}

static void registering(void)
{
	static struct rseq mine __attribute__((aligned(32))), other __attribute__((aligned(32)));

	SAY("the C library's area: %u bytes\n", __rseq_size);
	IS(area()->cpu_id == area()->cpu_id_start && (int)area()->cpu_id >= 0);
	T(sys_rseq(area(), 32, 0, RSEQ_SIG));
	T(sys_rseq(area(), 32, 0, 1));
	T(sys_rseq(area(), 64, 0, RSEQ_SIG));
	T(sys_rseq(&mine, 32, 0, RSEQ_SIG));
	T(sys_rseq(area(), 32, 2, RSEQ_SIG));
	T(sys_rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	T(sys_rseq(area(), 32, RSEQ_FLAG_UNREGISTER, 1));
	T(sys_rseq(area(), 33, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	T(sys_rseq(area(), 32, RSEQ_FLAG_UNREGISTER | 2, RSEQ_SIG));
	T(sys_rseq(area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	SAY("%d %d\n", (int)area()->cpu_id_start, (int)area()->cpu_id);
	T(sys_rseq(area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	T(sys_rseq(&mine, 31, 0, 7));
	T(sys_rseq((char *)&mine + 16, 32, 0, 7));
	T(sys_rseq((void *)0xffff800000000000, 32, 0, 7));
	mine.cpu_id = mine.cpu_id_start = 77777;
	T(sys_rseq(&mine, 32, 0, 7));
	IS((int)mine.cpu_id == sched_getcpu() && mine.cpu_id_start == mine.cpu_id);
	T(sys_rseq(&other, 32, 0, 7));
	T(sys_rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, 7));
	T(sys_rseq(area(), 32, 0, RSEQ_SIG)); /* as it was */
}

/* In a sequence that stores 1 to *in and spins until it is cut short, or while *go_on: 1 if it was. */
static __attribute__((noinline)) int spin(struct rseq *r, volatile int *in, volatile int *go_on)
{
	int result;

	__asm__ volatile(".pushsection .data.rseq, \"aw\"\n"
			 ".balign 32\n"
			 "9: .long 0, 0\n"
			 ".quad 1f, 2f - 1f, 4f\n"
			 ".popsection\n"
			 "leaq 9b(%%rip), %%rax\n"
			 "movq %%rax, %c[cs](%[r])\n"
			 "1: movl $1, (%[in])\n"
			 "5: pause\n"
			 "cmpl $0, (%[go])\n"
			 "jne 5b\n"
			 "2: xorl %%eax, %%eax\n"
			 "jmp 3f\n"
			 ".byte 0x0f, 0xb9, 0x3d\n" /* ud1 with the signature: RSEQ_SIG */
			 ".long 0x53053053\n"
			 "4: movl $1, %%eax\n"
			 "3:\n"
			 : "=&a"(result)
			 : [r] "r"(r), [in] "r"(in), [go] "r"(go_on), [cs] "i"(offsetof(struct rseq, rseq_cs))
			 : "memory", "cc");
	return result;
}

static volatile int inside, forever = 1;
static pthread_t main_thread;
static volatile uint64_t handler_pc;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	handler_pc = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

static void *signaller(void *arg)
{
	while (!inside)
		sched_yield();
	pthread_kill(main_thread, SIGUSR1);
	return NULL;
}

static void by_signal(void)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	bool cut = true, at_abort = false;
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	main_thread = pthread_self();
	/* On a busy machine a preemption may come before the signal does. */
	for (int i = 0; i < 100 && !at_abort; i++) {
		handler_pc = 0;
		inside = 0;
		pthread_create(&t, NULL, signaller, NULL);
		cut &= spin(area(), &inside, &forever);
		pthread_join(t, NULL);
		while (!handler_pc)
			sched_yield();
		at_abort = *(uint32_t *)(handler_pc - 4) == RSEQ_SIG;
	}
	IS(cut);
	IS(at_abort); /* the handler has seen the abort handler's address */
	SAY("the sequence is over: %d\n", (int)(uint64_t)area()->rseq_cs);
	/* Outside of a sequence nothing happens but that its name goes. */
	area()->rseq_cs = 0;
	T(raise(SIGUSR1));
}

static volatile int busy;

static void *competitor(void *arg)
{
	while (busy)
		;
	return NULL;
}

static void by_preemption(void)
{
	cpu_set_t one, all;
	pthread_t t;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one); /* the new thread's as well */
	busy = 1;
	pthread_create(&t, NULL, competitor, NULL);
	SAY("a competitor: %d\n", spin(area(), &inside, &forever));
	busy = 0;
	pthread_join(t, NULL);
	sched_setaffinity(0, sizeof(all), &all);
}

static void *barrier(void *arg)
{
	long r;

	while (!inside)
		sched_yield();
	r = syscall(SYS_membarrier, BARRIER_RSEQ, (int)(intptr_t)arg >= 0 ? BARRIER_ONE_CPU : 0, (int)(intptr_t)arg);
	return (void *)r;
}

static void by_barrier(void)
{
	pthread_t t;
	void *r;

	T(syscall(SYS_membarrier, BARRIER_RSEQ, 0, 0));
	T(syscall(SYS_membarrier, REGISTER, 1, 0));
	T(syscall(SYS_membarrier, REGISTER, 0, 0));
	T(syscall(SYS_membarrier, BARRIER_RSEQ, 2, 0));
	T(syscall(SYS_membarrier, 8, BARRIER_ONE_CPU, 0));
	T(syscall(SYS_membarrier, BARRIER_RSEQ, BARRIER_ONE_CPU, 4000));
	T(syscall(SYS_membarrier, 0, 0, 0) >> 7 & 3);
	inside = 0;
	pthread_create(&t, NULL, barrier, (void *)-1);
	SAY("a barrier: %d\n", spin(area(), &inside, &forever));
	pthread_join(t, &r);
	SAY("its result %ld\n", (long)r);
	inside = 0;
	pthread_create(&t, NULL, barrier, (void *)(intptr_t)sched_getcpu());
	SAY("a barrier on this CPU: %d\n", spin(area(), &inside, &forever));
	pthread_join(t, &r);
	SAY("its result %ld\n", (long)r);
}

static void which_cpu(void)
{
	cpu_set_t one, all;
	bool right = true;

	sched_getaffinity(0, sizeof(all), &all);
	for (int round = 0; round < 3; round++)
		for (int cpu = 0; cpu < 64; cpu++) {
			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			right &= (int)area()->cpu_id == cpu && (int)area()->cpu_id_start == cpu;
		}
	sched_setaffinity(0, sizeof(all), &all);
	IS(right);
}

/* What sequences are for: counters of each CPU, without a lock. */
#define ROUNDS 20000
static struct {
	long n;
	long pad[15];
} counters[1024];

static __attribute__((noinline)) int add_here(struct rseq *r, uint32_t cpu)
{
	int result;

	__asm__ volatile(".pushsection .data.rseq, \"aw\"\n"
			 ".balign 32\n"
			 "9: .long 0, 0\n"
			 ".quad 1f, 2f - 1f, 4f\n"
			 ".popsection\n"
			 "leaq 9b(%%rip), %%rax\n"
			 "movq %%rax, %c[cs](%[r])\n"
			 "1: cmpl %[cpu], %c[id](%[r])\n"
			 "jne 4f\n"
			 "movq (%[n]), %%rax\n"
			 "incq %%rax\n"
			 "nop; nop; nop; nop; nop; nop; nop; nop\n"
			 "movq %%rax, (%[n])\n" /* the commit */
			 "2: movl $1, %%eax\n"
			 "jmp 3f\n"
			 ".byte 0x0f, 0xb9, 0x3d\n"
			 ".long 0x53053053\n"
			 "4: xorl %%eax, %%eax\n"
			 "3:\n"
			 : "=&a"(result)
			 : [r] "r"(r), [cpu] "r"(cpu), [n] "r"(&counters[cpu].n), [cs] "i"(offsetof(struct rseq, rseq_cs)),
			   [id] "i"(offsetof(struct rseq, cpu_id))
			 : "memory", "cc");
	return result;
}

static void *counter(void *arg)
{
	struct rseq *r = area();

	for (int i = 0; i < ROUNDS; i++) {
		while (!add_here(r, *(volatile uint32_t *)&r->cpu_id_start))
			;
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void counting(void)
{
	pthread_t t[6];
	long sum = 0;

	for (int i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, counter, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 1024; i++)
		sum += counters[i].n;
	SAY("counted %ld\n", sum);
}

static char alt[65536];

static void on_bad(int sig)
{
	_exit(write(1, "a sequence that cannot be: SIGSEGV\n", 35) == 35 ? 0 : 98);
}

static void bad_sequence(void)
{
	static struct sequence bad = {.start = 4096, .length = 100, .abort = 4150}; /* its handler lies inside */
	struct sigaction sa = {.sa_handler = on_bad, .sa_flags = SA_ONSTACK};
	stack_t st = {.ss_sp = alt, .ss_size = sizeof(alt)};

	sigaltstack(&st, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	area()->rseq_cs = (uint64_t)(uintptr_t)&bad;
	raise(SIGUSR1);
	SAY("not noticed\n");
}

int main(void)
{
	registering();
	by_signal();
	by_preemption();
	by_barrier();
	which_cpu();
	counting();
	let_go();
	sys_rseq(area(), 32, 0, RSEQ_SIG);
	bad_sequence();
	return 0;
}

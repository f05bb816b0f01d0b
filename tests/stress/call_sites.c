/* SPDX-License-Identifier: MIT */
/*
 * Sites of `syscall` that the kernel rewrites while they are in use: entered at every instruction where a program may
 * enter, by several threads at once, with signals at any moment, with a thread blocked in them.  Nothing of a program
 * may change by it but rax, rcx and r11.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include "stress.h"

#define ROUNDS 12 /* more than the kernel waits for */
#define MANY   256

/* long NAME(long nr, long a, long b, long c): raw results. */
extern long site_known(long), site_known_middle(long), site_apart(long, long, long, long);
extern long site_after(long), site_return(long), site_flags(void), site_red_zone(void), site_registers(long *);
extern long site_unmovable(long);
extern unsigned char apart_call[], unmovable_call[];
extern char many_known[], many_known_end[], many_apart[], many_apart_end[];

__asm__(".text\n"
	/* mov $nr, %eax; syscall: from the top, and (rdi = nr) at the syscall itself. */
	"site_known: jmp known_top\n"
	"site_known_middle: mov %edi, %eax\n jmp known_call\n"
	".globl apart_call, unmovable_call\n"
	"known_top: mov $39, %eax\n"
	"known_call: syscall\n cmp $-4095, %rax\n ret\n"
	/* The number comes from elsewhere; entered at the syscall. */
	"site_apart: mov %edi, %eax\n mov %rsi, %rdi\n mov %rdx, %rsi\n mov %rcx, %rdx\n"
	"apart_call: syscall\n cmp $-4095, %rax\n ret\n"
	/* Jumps to the instruction behind the syscall: rax is what it brought. */
	"site_after: mov %rdi, %rax\n jmp after_cmp\n"
	"1: syscall\n"
	"after_cmp: cmp $0x7fffffff, %rax\n je 2f\n ret\n"
	"2: mov $39, %eax\n jmp 1b\n"
	"site_return: mov $39, %eax\n syscall\n ret\n"
	/* A jump behind it: nothing that could be moved. */
	"site_unmovable: mov %edi, %eax\n nop\n unmovable_call: syscall\n jmp 1f\n nop\n nop\n nop\n 1: ret\n"
	/* Carry, zero, sign, parity and overflow: all set, then all clear; 0 if they stay. */
	"site_flags: pushq $0x8d5\n popfq\n"
	"mov $39, %eax\n syscall\n nop\n"
	"pushfq\n pop %r8\n and $0x8d5, %r8d\n xor $0x8d5, %r8d\n"
	"pushq $2\n popfq\n"
	"mov $39, %edx\n mov %edx, %eax\n syscall\n lea 1(%rax), %rdx\n"
	"pushfq\n pop %rax\n and $0x8d5, %eax\n or %r8, %rax\n ret\n"
	/* 2 KiB below rsp keep what is there; 0 if so. */
	"site_red_zone: lea -2048(%rsp), %rdi\n mov $256, %ecx\n movabs $0x5a5aa5a5deadbeef, %rax\n mov %rax, %r8\n"
	"cld\n rep stosq\n"
	"mov $39, %eax\n syscall\n cmp $0, %rax\n"
	"mov $110, %r9d\n mov %r9d, %eax\n syscall\n cmp $0, %rax\n"
	"lea -2048(%rsp), %rdi\n mov $256, %ecx\n mov %r8, %rax\n repe scasq\n setne %al\n movzbl %al, %eax\n ret\n"
	/* All registers that a system call keeps: the sum of differences to rdi[]. */
	"site_registers: push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rdi\n"
	"mov $0x101, %ebx\n mov $0x102, %ebp\n mov $0x103, %r12d\n mov $0x104, %r13d\n mov $0x105, %r14d\n mov $0x106, %r15d\n"
	"mov $0x107, %esi\n mov $0x108, %edx\n mov $0x109, %r8d\n mov $0x10a, %r9d\n mov $0x10b, %r10d\n mov $0x10c, %edi\n"
	"mov $39, %eax\n syscall\n"
	"mov (%rsp), %rax\n mov %rbx, (%rax)\n mov %rbp, 8(%rax)\n mov %r12, 16(%rax)\n mov %r13, 24(%rax)\n"
	"mov %r14, 32(%rax)\n mov %r15, 40(%rax)\n mov %rsi, 48(%rax)\n mov %rdx, 56(%rax)\n mov %r8, 64(%rax)\n"
	"mov %r9, 72(%rax)\n mov %r10, 80(%rax)\n mov %rdi, 88(%rax)\n"
	"pop %rdi\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n xor %eax, %eax\n ret\n"
	/* Functions of 16 bytes each: as many sites, some of them across pages and cache lines. */
	".balign 16\n many_known:\n .rept 256\n mov $39, %eax\n syscall\n ret\n .balign 16, 0x90\n .endr\n many_known_end:\n"
	".balign 16\n many_apart:\n .rept 256\n mov %edi, %eax\n syscall\n cmp $-4095, %rax\n ret\n .balign 16, 0x90\n .endr\n"
	"many_apart_end:\n");

extern char __executable_start[], etext[];

static atomic_int wrong;

static void expect(const char *what, long is, long want)
{
	if (is != want) {
		printf("%s: %ld instead of %ld\n", what, is, want);
		wrong++;
	}
}

static long pid;

static void every_entry(void)
{
	long kept[12];

	for (int i = 0; i < ROUNDS; i++) {
		expect("known", site_known(0), pid);
		expect("known, at the syscall", site_known_middle(SYS_getuid), getuid());
		expect("apart", site_apart(SYS_getpid, 0, 0, 0), pid);
		expect("apart, an error", site_apart(SYS_close, -1, 0, 0), -EBADF);
		expect("apart, no such call", site_apart(600, 0, 0, 0), -ENOSYS);
		expect("behind, with a result", site_after(5), 5);
		expect("behind, then through", site_after(0x7fffffff), pid);
		expect("return", site_return(0), pid);
		expect("unmovable", site_unmovable(SYS_getpid), pid);
		expect("flags", site_flags(), 0);
		expect("red zone", site_red_zone(), 0);
		expect("registers", site_registers(kept), 0);
		for (int k = 0; k < 12; k++)
			expect("register", kept[k], 0x101 + k);
	}
}

/* ---- several threads ---- */

static pthread_barrier_t barrier;

static void *through_all(void *arg)
{
	long (*call)(long);

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		if (i % 16 == 0)
			pthread_barrier_wait(&barrier);
		for (int round = 0; round < ROUNDS; round++) {
			call = (long (*)(long))(uintptr_t)(many_known + 16 * i);
			expect("many known", call(0), pid);
			call = (long (*)(long))(uintptr_t)(many_apart + 16 * i);
			expect("many apart", call(SYS_getpid), pid);
		}
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t t[4];

	expect("size", many_known_end - many_known, 16 * MANY);
	expect("size", many_apart_end - many_apart, 16 * MANY);
	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 4; i++)
		MUST(!pthread_create(&t[i], NULL, through_all, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

/* ---- a thread that waits in a site while it is rewritten ---- */

static int fds[2];
static atomic_int waiting;

static void *wait_there(void *arg)
{
	char c = 0;

	(void)arg;
	waiting = 1;
	expect("read that waited", site_apart(SYS_read, fds[0], (long)&c, 1), 1);
	expect("what it read", c, 'x');
	return NULL;
}

static void blocked_thread(void)
{
	pthread_t t;
	char c;

	MUST(!pipe(fds));
	for (int i = 0; i < 3; i++) {
		waiting = 0;
		MUST(!pthread_create(&t, NULL, wait_there, NULL));
		while (!waiting)
			sched_yield();
		usleep(2000);
		for (int k = 0; k < ROUNDS; k++)
			expect("others meanwhile", site_apart(SYS_getpid, 0, 0, 0), pid);
		MUST(write(fds[1], "x", 1) == 1);
		pthread_join(t, NULL);
	}
	MUST(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0 && read(fds[0], &c, 1) == -1);
	MUST(fcntl(fds[0], F_SETFL, 0) == 0);
}

/* ---- signals ---- */

static volatile sig_atomic_t signals, outside;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig, (void)info;
	signals++;
	/* Static: all code of the program lies here; beside it there is only the vDSO, which is not called below. */
	if (rip < (uintptr_t)__executable_start || rip > (uintptr_t)etext)
		outside++;
}

static void signal_storm(void)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerval every = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 200000 && signals < 100; i++) {
		expect("known, with signals", site_known(0), pid);
		expect("apart, with signals", site_apart(SYS_getpid, 0, 0, 0), pid);
		expect("behind, with signals", site_after(0x7fffffff), pid);
		expect("flags, with signals", site_flags(), 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	expect("signals came", signals > 0, 1);
	expect("signals outside the program", outside, 0);
}

/* A signal to a thread that waits in a rewritten site: done again, or EINTR; the handler sees the program's rip. */
static void *signaller(void *arg)
{
	pthread_t to = *(pthread_t *)arg;

	for (int i = 0; i < 4; i++) {
		usleep(3000);
		pthread_kill(to, SIGUSR1);
	}
	MUST(write(fds[1], "y", 1) == 1);
	return NULL;
}

static void restart(int flags, long want)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
	pthread_t self = pthread_self(), t;
	char c;

	sigaction(SIGUSR1, &sa, NULL);
	signals = outside = 0;
	MUST(!pthread_create(&t, NULL, signaller, &self));
	expect(flags ? "read, restarted" : "read, interrupted", site_apart(SYS_read, fds[0], (long)&c, 1), want);
	pthread_join(t, NULL);
	if (want < 0)
		expect("what is left", site_apart(SYS_read, fds[0], (long)&c, 1), 1);
	expect("handlers ran", signals > 0, 1);
	expect("handlers saw foreign code", outside, 0);
}

/* ---- the file keeps its text, and code that has been replaced is not taken for a site ---- */

static void own_text(void)
{
	static const unsigned char getuid_code[] = {0xb8, SYS_getuid, 0, 0, 0, 0x0f, 0x05, 0xc3};
	static const unsigned char known_code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
	int fd = open("/proc/self/exe", O_RDONLY);
	unsigned char *file = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE, fd, 0), *code;
	long found = 0;

	MUST(fd >= 0 && file != MAP_FAILED);
	for (int i = 0; i + 16 < 1 << 16; i++)
		found += !memcmp(file + i, known_code, sizeof(known_code));
	expect("the file's sites", found >= MANY, 1);
	munmap(file, 1 << 16);
	close(fd);

	fd = memfd_create("code", 0);
	MUST(fd >= 0 || errno == ENOSYS);
	if (fd < 0)
		return;
	MUST(!ftruncate(fd, 8192) && pwrite(fd, known_code, 8, 16) == 8 && pwrite(fd, getuid_code, 8, 4096 + 16) == 8);
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	for (int i = 0; i < ROUNDS; i++)
		expect("mapped code", ((long (*)(void))(uintptr_t)(code + 16))(), pid);
	MUST(mmap(code, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 4096) == (void *)code);
	for (int i = 0; i < ROUNDS; i++)
		expect("other code there", ((long (*)(void))(uintptr_t)(code + 16))(), getuid());
	MUST(!mprotect(code, 4096, PROT_READ | PROT_WRITE));
	memcpy(code + 16, known_code, sizeof(known_code));
	MUST(!mprotect(code, 4096, PROT_READ | PROT_EXEC));
	for (int i = 0; i < ROUNDS; i++)
		expect("written code", ((long (*)(void))(uintptr_t)(code + 16))(), pid);
	munmap(code, 4096);
	close(fd);
}

int main(int argc, char **argv)
{
	pid = syscall(SYS_getpid);
	blocked_thread(); /* first: in it the site is rewritten */
	every_entry();
	if (argc > 1 && !strcmp(argv[1], "rewritten")) { /* what has become of them: tests/isle */
		for (int i = 0; i < ROUNDS; i++)
			((long (*)(void))(uintptr_t)many_known)();
		printf("known %d, return %d, apart %d, unmovable %d\n", *(unsigned char *)many_known == 0xe9,
		       *(unsigned char *)site_return == 0xe9, *apart_call == 0xe9, *unmovable_call == 0xe9);
		return 0;
	}
	many_threads();
	signal_storm();
	restart(SA_RESTART, 1);
	restart(0, -EINTR);
	own_text();
	printf("call_sites: %d wrong\n", wrong);
	return wrong != 0;
}

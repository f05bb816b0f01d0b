/* SPDX-License-Identifier: MIT */
/* Faults as signals: which, si_code, si_addr, and going on elsewhere by changing the saved registers. */
#include "abi.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf back;
static volatile char *expected;

static void report(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	greg_t *g = uc->uc_mcontext.gregs;

	printf("  %s code %d addr %s trapno %lld err %llx cr2 %s\n", sigabbrev_np(sig), si->si_code,
	       si->si_addr == expected			       ? "as expected"
	       : si->si_addr == (void *)g[REG_RIP] ? "rip"
	       : si->si_addr == NULL			       ? "0"
							       : "other",
	       g[REG_TRAPNO], g[REG_TRAPNO] == 14 || g[REG_TRAPNO] == 13 ? g[REG_ERR] : 0,
	       g[REG_TRAPNO] == 14 && (void *)g[REG_CR2] == si->si_addr ? "addr" : "-");
	printf("  cs %llx flags %llx\n", g[REG_CSGSFS] & 0xffff, g[REG_EFL] & 0x202);
	siglongjmp(back, 1);
}

#define FAULT(what, addr, stmt)             \
	do {                                \
		printf("%s\n", what);       \
		expected = (void *)(addr);  \
		if (!sigsetjmp(back, 1)) {  \
			stmt;               \
			printf("  no fault\n"); \
		}                           \
	} while (0)

static void *volatile hidden;
static volatile int zero, sink;
static char *readonly;

typedef void call_t(void);

static void step(int sig, siginfo_t *si, void *ucv)
{
	((ucontext_t *)ucv)->uc_mcontext.gregs[REG_EFL] &= ~0x100ll;
	printf("  step code %d\n", si->si_code);
}

static long resumed;

/* As Go's run time makes a panic of a nil dereference: the handler sends the thread elsewhere. */
static void go_elsewhere(int sig, siginfo_t *si, void *ucv)
{
	greg_t *g = ((ucontext_t *)ucv)->uc_mcontext.gregs;

	g[REG_RIP] += 7; /* movq $1, (%rax) */
	g[REG_RBX] = 0x1234567887654321;
	g[REG_R12] = 12, g[REG_R15] = 15, g[REG_RCX] = 3, g[REG_R11] = 11;
}

static void changed_registers(void)
{
	struct sigaction sa = {.sa_sigaction = go_elsewhere, .sa_flags = SA_SIGINFO};
	long rbx, r12, r15, rcx, r11;

	sigaction(SIGSEGV, &sa, NULL);
	__asm__ volatile("xorl %%eax, %%eax; .byte 0x48, 0xc7, 0x00, 1, 0, 0, 0; movq %%rbx, %0; movq %%r12, %1;"
			 "movq %%r15, %2; movq %%rcx, %3; movq %%r11, %4"
			 : "=m"(rbx), "=m"(r12), "=m"(r15), "=m"(rcx), "=m"(r11)
			 :
			 : "rax", "rbx", "rcx", "r11", "r12", "r15", "memory");
	resumed++;
	printf("went on: %lx %ld %ld %ld %ld\n", rbx, r12, r15, rcx, r11);
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};
	char path[] = "fault.XXXXXX", *page, *exec_page;
	int fd = mkstemp(path);

	unlink(path);
	for (int s = 1; s < 32; s++)
		if (s == SIGSEGV || s == SIGBUS || s == SIGFPE || s == SIGILL || s == SIGTRAP)
			sigaction(s, &sa, NULL);
	readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	exec_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	exec_page[0] = (char)0xc3;

	FAULT("null read", NULL, sink = *(volatile int *)hidden);
	FAULT("null write", NULL, *(volatile int *)hidden = 1);
	FAULT("null call", NULL, ((call_t *)hidden)());
	FAULT("read-only page", readonly + 100, *(volatile char *)(readonly + 100) = 1);
	FAULT("no access", page + 4095, sink = *(volatile char *)(page + 4095));
	FAULT("no execution", exec_page, ((call_t *)exec_page)());
	FAULT("non-canonical", NULL, sink = *(volatile char *)0x8000000000000000ul);
	munmap(page, 4096);
	FAULT("unmapped", page, sink = *page);
	FAULT("division", NULL, sink = 1000 / zero);
	FAULT("division overflow", NULL, sink = (int)0x80000000 / (zero - 1));
	FAULT("ud2", NULL, __asm__ volatile("ud2"));
	FAULT("int3", NULL, __asm__ volatile("int3"));
	FAULT("sse alignment", NULL, __asm__ volatile("movaps (%0), %%xmm0" ::"r"(exec_page + 1)));
	if (ftruncate(fd, 4096) == 0) {
		char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

		sink = m[0];
		FAULT("behind the file's end", m + 5000, sink = *(volatile char *)(m + 5000));
	}
	printf("x87 division by zero\n");
	if (!sigsetjmp(back, 1)) {
		unsigned short cw = 0x37b;

		__asm__ volatile("fldcw %0; fldz; fld1; fdivp; fwait" ::"m"(cw));
		printf("  no fault\n");
	}
	__asm__ volatile("fninit");
	sa.sa_sigaction = step;
	sigaction(SIGTRAP, &sa, NULL);
	printf("single step\n");
	__asm__ volatile("subq $128, %%rsp; pushfq; orl $0x100, (%%rsp); popfq; nop; addq $128, %%rsp" ::: "memory", "cc");
	changed_registers();
	IS(resumed == 1);
	return 0;
}

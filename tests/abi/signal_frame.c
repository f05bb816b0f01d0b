/* SPDX-License-Identifier: MIT */
/* The signal frame: its layout, the red zone, alternate stacks, vector state in and out, bad frames. */
#include "abi.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <ucontext.h>

static char *alt;
static size_t alt_size = 65536;
static ucontext_t seen;
static siginfo_t seen_info;
static unsigned long handler_rsp, frame_at;
static unsigned sw[4];
static unsigned entry_mxcsr;
static unsigned short entry_cw;
static unsigned char entry_xmm[16];

static void look(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	char *fp = (char *)uc->uc_mcontext.fpregs;

	seen = *uc;
	seen_info = *si;
	handler_rsp = (unsigned long)__builtin_frame_address(0);
	frame_at = (unsigned long)ucv - 8;
	memcpy(sw, fp + 464, sizeof(sw));
	printf("  fpstate aligned %d above the frame %d siginfo behind ucontext %d\n", ((unsigned long)fp & 63) == 0,
	       fp > (char *)ucv, (char *)si == (char *)ucv + 304);
	printf("  uc_flags %lx link %d\n", uc->uc_flags, uc->uc_link != NULL);
	if (sw[0] == 0x46505853) {
		unsigned size, magic2;

		memcpy(&size, fp + 480, 4);
		memcpy(&magic2, fp + size, 4);
		printf("  extended %d magic2 %d\n", sw[1] == size + 4, magic2 == 0x46505845);
	}
}

static void install(int sig, void *fn, int flags)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO | flags};

	sa.sa_sigaction = (void (*)(int, siginfo_t *, void *))fn;
	sigaction(sig, &sa, NULL);
}

static void layout(void)
{
	install(SIGUSR1, look, 0);
	raise(SIGUSR1);
	printf("aligned %ld\n", (frame_at + 8) & 15);
	printf("cs %llx ss %llx\n", seen.uc_mcontext.gregs[REG_CSGSFS] & 0xffff,
	       (unsigned long long)seen.uc_mcontext.gregs[REG_CSGSFS] >> 48);
	printf("stack flags %d size %zu\n", seen.uc_stack.ss_flags, seen.uc_stack.ss_size);
	printf("mask %lx rax %lld\n", seen.uc_sigmask.__val[0], (long long)seen.uc_mcontext.gregs[REG_RAX]);
}

/* A leaf may keep data in the 128 bytes below its stack pointer. */
static void red_zone(void)
{
	long sum = 0;

	for (int i = 0; i < 50; i++) {
		long pid = getpid(), got;

		__asm__ volatile("movq $0x1122334455667788, %%r8; movq %%r8, -8(%%rsp); movq %%r8, -128(%%rsp);"
				 "movl %2, %%eax; movl %1, %%edi; movl $10, %%esi; syscall;"
				 "movq -8(%%rsp), %0; addq -128(%%rsp), %0"
				 : "=r"(got)
				 : "r"((int)pid), "i"(SYS_kill)
				 : "rax", "rdi", "rsi", "rcx", "r8", "r11", "memory");
		sum += got == 2 * 0x1122334455667788;
	}
	printf("red zone kept %ld times\n", sum);
}

static void clobber(int sig, siginfo_t *si, void *uc)
{
	__asm__ volatile("stmxcsr %0; fnstcw %1; movups %%xmm7, %2"
			 : "=m"(entry_mxcsr), "=m"(entry_cw), "=m"(*(unsigned char(*)[16])entry_xmm));
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm7; movaps %%xmm0, %%xmm15; fninit; fldpi" ::
				 : "xmm0", "xmm7", "xmm15");
}

/* The interrupted state comes back, and the handler begins with a clean one. */
static void vectors(void)
{
	unsigned char in[16] = "fifteen letters", out[16], out15[16];
	unsigned csr = 0x7f80, csr_after;
	unsigned short cw = 0x27f, cw_after;
	long pid = getpid();

	install(SIGUSR1, clobber, 0);
	__asm__ volatile("ldmxcsr %5; fldcw %6; movups %4, %%xmm7; movups %4, %%xmm15;"
			 "movl %8, %%eax; movl %7, %%edi; movl $10, %%esi; syscall;"
			 "movups %%xmm7, %0; movups %%xmm15, %1; stmxcsr %2; fnstcw %3"
			 : "=m"(out), "=m"(out15), "=m"(csr_after), "=m"(cw_after)
			 : "m"(in), "m"(csr), "m"(cw), "r"((int)pid), "i"(SYS_kill)
			 : "rax", "rdi", "rsi", "rcx", "r11", "xmm7", "xmm15", "memory");
	printf("kept %d %d mxcsr %x cw %x\n", !memcmp(in, out, 16), !memcmp(in, out15, 16), csr_after, cw_after);
	printf("handler began with mxcsr %x cw %x xmm7 zero %d\n", entry_mxcsr, entry_cw,
	       !memcmp(entry_xmm, (char[16]){0}, 16));
	csr = 0x1f80;
	cw = 0x37f;
	__asm__ volatile("ldmxcsr %0; fldcw %1" ::"m"(csr), "m"(cw));
}

static int how;

/* What the handler does to the frame takes effect. */
static void change(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	char *fp = (char *)uc->uc_mcontext.fpregs;
	unsigned long bv;

	switch (how) {
	case 0: /* another xmm7 */
		memcpy(fp + 160 + 7 * 16, "changed by hand", 16);
		break;
	case 1: /* no state at all: the initial one */
		uc->uc_mcontext.fpregs = NULL;
		break;
	case 2: /* only x87 and SSE are believed without the magic */
		memset(fp + 464, 0, 48);
		break;
	case 3: /* SSE in its initial state */
		memcpy(&bv, fp + 512, 8);
		bv &= ~2ul;
		memcpy(fp + 512, &bv, 8);
		break;
	}
}

static void changed_vectors(void)
{
	install(SIGUSR1, change, 0);
	for (how = 0; how < 4; how++) {
		unsigned char in[16] = "fifteen letters", out[16];
		long pid = getpid();

		__asm__ volatile("movups %1, %%xmm7; movl %3, %%eax; movl %2, %%edi; movl $10, %%esi; syscall;"
				 "movups %%xmm7, %0"
				 : "=m"(out)
				 : "m"(in), "r"((int)pid), "i"(SYS_kill)
				 : "rax", "rdi", "rsi", "rcx", "r11", "xmm7", "memory");
		abi_bytes("xmm7", out, 16);
	}
}

static sigjmp_buf back;
static void dead_end(int sig, siginfo_t *si, void *uc)
{
	printf("  SIGSEGV code %d addr %s\n", si->si_code, si->si_addr ? "some" : "0");
	siglongjmp(back, 1);
}

static void spoil(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	char *fp = (char *)uc->uc_mcontext.fpregs;

	switch (how) {
	case 0: /* reserved bits of MXCSR */
		memset(fp + 24, 0xff, 4);
		break;
	case 1: /* a component that does not exist */
		fp[512 + 7] = 0x40;
		break;
	case 2: /* the reserved rest of the header */
		fp[512 + 40] = 1;
		break;
	case 3: /* no place to go to: 0x6b6b... is not canonical */
		uc->uc_mcontext.gregs[REG_RIP] = 0x6b6b6b6b6b6b6b6b;
		break;
	case 4: /* state at an address that is not there */
		uc->uc_mcontext.fpregs = abi_bad;
		break;
	}
}

static void bad_frames(void)
{
	install(SIGUSR1, spoil, 0);
	install(SIGSEGV, dead_end, SA_ONSTACK);
	for (how = 0; how < 5; how++) {
		printf("spoilt %d\n", how);
		if (!sigsetjmp(back, 1)) {
			raise(SIGUSR1);
			printf("  went on\n");
		}
	}
}

static void where(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	char here;
	stack_t ss;

	sigaltstack(NULL, &ss);
	printf("  on the alternate stack %d flags %x saved flags %x size %zu\n", &here >= alt && &here < alt + alt_size,
	       ss.ss_flags, uc->uc_stack.ss_flags, uc->uc_stack.ss_size);
	T(sigaltstack(&ss, NULL));
	if (si->si_code == SI_QUEUE && si->si_value.sival_int == 1) {
		union sigval v = {.sival_int = 0};

		sigqueue(getpid(), sig == SIGRTMIN ? SIGRTMIN + 1 : SIGRTMIN, v);
	}
}

static void stacks(void)
{
	stack_t ss = {.ss_sp = alt, .ss_size = alt_size}, old;
	union sigval nest = {.sival_int = 1};

	T(sigaltstack(NULL, &old));
	printf("flags at first %x\n", old.ss_flags);
	T(sigaltstack(BAD, NULL));
	ss.ss_size = 1024;
	T(sigaltstack(&ss, NULL));
	ss.ss_size = alt_size;
	ss.ss_flags = 4;
	T(sigaltstack(&ss, NULL));
	ss.ss_flags = SS_ONSTACK;
	T(sigaltstack(&ss, NULL));
	T(sigaltstack(NULL, &old));
	printf("set: flags %x size %d sp %d\n", old.ss_flags, old.ss_size == alt_size, old.ss_sp == alt);
	install(SIGRTMIN, where, SA_ONSTACK);
	install(SIGRTMIN + 1, where, SA_ONSTACK);
	printf("SA_ONSTACK, then nested\n");
	raise(SIGRTMIN);
	sigqueue(getpid(), SIGRTMIN, nest);
	install(SIGRTMIN, where, 0);
	printf("without SA_ONSTACK\n");
	raise(SIGRTMIN);
	install(SIGRTMIN, where, SA_ONSTACK);
	ss.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
	T(sigaltstack(&ss, NULL));
	printf("SS_AUTODISARM\n");
	raise(SIGRTMIN);
	sigaltstack(NULL, &old);
	printf("back: flags %x\n", old.ss_flags);
	ss.ss_flags = SS_DISABLE;
	T(sigaltstack(&ss, NULL));
	printf("disabled\n");
	raise(SIGRTMIN);
}

/* A stack that overflows can be handled on another one. */
static volatile int endless = 1;

__attribute__((noinline)) static int deeper(volatile char *p)
{
	volatile char page[4096];

	page[0] = *p;
	return endless ? deeper(page) + page[0] : 0;
}

static void overflow_report(int sig, siginfo_t *si, void *uc)
{
	printf("stack overflow: code %d, below the frame %d\n", si->si_code,
	       (char *)si->si_addr < (char *)((ucontext_t *)uc)->uc_mcontext.gregs[REG_RSP] + 8192);
	_exit(0);
}

static void overflow(void)
{
	stack_t ss = {.ss_sp = alt, .ss_size = alt_size};
	char c = 0;

	sigaltstack(&ss, NULL);
	install(SIGSEGV, overflow_report, SA_ONSTACK);
	printf("%d\n", deeper(&c));
}

int main(void)
{
	alt = mmap(NULL, alt_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	layout();
	red_zone();
	vectors();
	changed_vectors();
	bad_frames();
	stacks();
	overflow();
	return 0;
}

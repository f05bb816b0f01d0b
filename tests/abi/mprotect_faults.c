/* SPDX-License-Identifier: MIT */
/* Memory is as protected as the program asked, at once and page by page: each access, allowed or fault. */
#include "abi.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGE 4096ul

static sigjmp_buf back;
static volatile int code, sig_seen;
static void *volatile where;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
	sig_seen = sig;
	code = si->si_code;
	where = si->si_addr;
	siglongjmp(back, 1);
}

static const char *outcome(int jumped, const char *addr)
{
	static char buf[64];

	if (!jumped)
		return "works";
	snprintf(buf, sizeof(buf), "%s code %d%s", sig_seen == SIGSEGV ? "SIGSEGV" : sig_seen == SIGBUS ? "SIGBUS" : "?",
		 code, where == addr ? "" : ", at another address");
	return buf;
}

static void try_all(const char *what, char *p)
{
	volatile char c;

	if (!sigsetjmp(back, 1)) {
		c = *(volatile char *)p;
		(void)c;
		SAY("%s: read works", what);
	} else {
		SAY("%s: read %s", what, outcome(1, p));
	}
	if (!sigsetjmp(back, 1)) {
		*(volatile char *)p = (char)0xc3;
		SAY(", write works");
	} else {
		SAY(", write %s", outcome(1, p));
	}
	if (!sigsetjmp(back, 1)) {
		((void (*)(void))p)();
		SAY(", call works\n");
	} else {
		SAY(", call %s\n", outcome(1, p));
	}
}

static void nothing(void)
{
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	static const struct {
		const char *name;
		int prot;
	} modes[] = {
		{"none", PROT_NONE},
		{"read", PROT_READ},
		{"write", PROT_READ | PROT_WRITE},
		{"exec", PROT_READ | PROT_EXEC},
		{"all", PROT_READ | PROT_WRITE | PROT_EXEC},
	};
	char *p, *big;
	int fd;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 0xc3, 3 * PAGE);
	for (int i = 0; i < 5; i++) {
		SAY("-- %s\n", modes[i].name);
		T(mprotect(p + PAGE, PAGE, modes[i].prot));
		try_all("before", p + PAGE - 1);
		try_all("first byte", p + PAGE);
		try_all("last byte", p + 2 * PAGE - 1);
		try_all("behind", p + 2 * PAGE);
	}
	T(munmap(p + PAGE, PAGE));
	try_all("unmapped", p + PAGE);
	try_all("null", (char *)NULL);
	try_all("null page", (char *)4095);

	/* a page out of the middle of a large one */
	big = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(big, 0xc3, 8 << 20);
	T(mprotect(big + (4 << 20) + 5 * PAGE, PAGE, PROT_READ));
	try_all("large, before", big + (4 << 20) + 5 * PAGE - 1);
	try_all("large, within", big + (4 << 20) + 5 * PAGE + 9);
	try_all("large, behind", big + (4 << 20) + 6 * PAGE);
	IS((unsigned char)big[(4 << 20) + 7 * PAGE] == 0xc3);

	/* beyond the end of a file: SIGBUS */
	abi_put("short", "\xc3\xc3\xc3");
	fd = open("short", O_RDONLY);
	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	try_all("file, first page", p + 1);
	try_all("file, behind its end", p + PAGE);
	try_all("file, further", p + 2 * PAGE + 1);

	/* a program's own text and constants */
	try_all("text", (char *)(uintptr_t)nothing);
	try_all("constant", (char *)(uintptr_t)"\xc3");
	return 0;
}

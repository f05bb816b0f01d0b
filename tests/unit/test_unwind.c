/* SPDX-License-Identifier: MIT */
/* Unwinds this very program, and says what the C library's own unwinder says; then with a damaged table. */
#define _GNU_SOURCE
#include <elf.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>
#include "unit.h"
#include "proc/unwind.h"
#undef ENOENT
#undef EINVAL
#include "lib/errno.h"

#define DEPTH 40

static struct unwind_table table;
static u64 stack_low;
static u8 stack[64 * 1024]; /* as it was at the trap */
static size_t stack_size;

/* Only the stack may be read: a damaged table asks for anything. */
static bool read_word(void *arg, u64 addr, u64 *value)
{
	if (addr < stack_low || addr - stack_low > stack_size - 8)
		return false;
	memcpy(value, stack + (addr - stack_low), 8);
	return true;
}

static bool read_all(int fd, void *buf, size_t n, off_t at) { return pread(fd, buf, n, at) == (ssize_t)n; }

static int load(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	Elf64_Ehdr eh;
	Elf64_Shdr names, sh;
	char name[16];

	if (fd < 0 || !read_all(fd, &eh, sizeof(eh), 0) ||
	    !read_all(fd, &names, sizeof(names), (off_t)(eh.e_shoff + eh.e_shstrndx * sizeof(sh))))
		return -1;
	for (unsigned i = 0; i < eh.e_shnum; i++) {
		if (!read_all(fd, &sh, sizeof(sh), (off_t)(eh.e_shoff + i * sizeof(sh))) ||
		    pread(fd, name, sizeof(name), (off_t)(names.sh_offset + sh.sh_name)) < 10 ||
		    memcmp(name, ".eh_frame", 10))
			continue;
		u8 *data = malloc(sh.sh_size);

		if (!data || !read_all(fd, data, sh.sh_size, (off_t)sh.sh_offset))
			return -1;
		table = (struct unwind_table){data, sh.sh_size, sh.sh_addr, getauxval(AT_ENTRY) - eh.e_entry};
	}
	close(fd);
	return table.data ? 0 : -1;
}

static int unload(void **state)
{
	free((void *)table.data);
	return 0;
}

static struct unwind_scratch scratch;
static u64 mine[DEPTH];
static void *theirs[DEPTH];
static unsigned my_depth;
static int their_depth;
static struct unwind_regs start;

static unsigned walk(const struct unwind_table *t, struct unwind_regs r, u64 *pcs)
{
	unsigned n = 0;

	while (n < DEPTH) {
		pcs[n++] = r.r[UNWIND_PC];
		if (unwind_step(t, &r, &scratch, read_word, NULL))
			break;
	}
	return n;
}

static void from_context(const ucontext_t *uc)
{
	static const int order[UNWIND_REGS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					       REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
					       REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

	for (unsigned i = 0; i < UNWIND_REGS; i++)
		start.r[i] = (u64)uc->uc_mcontext.gregs[order[i]];
	int fd = open("/proc/self/mem", O_RDONLY);

	start.exact = true;
	stack_low = start.r[UNWIND_RSP] - 256;
	ssize_t n = pread(fd, stack, sizeof(stack), (off_t)stack_low); /* short where the stack ends */
	stack_size = n < 8 ? 8 : (size_t)n;
	close(fd);
}

static void on_trap(int sig, siginfo_t *si, void *uc)
{
	from_context(uc);
	my_depth = walk(&table, start, mine);
	their_depth = backtrace(theirs, DEPTH);
}

__attribute__((noinline)) static int leaf(volatile int *p)
{
	__asm__ volatile("int3");
	return *p;
}

__attribute__((noinline)) static int with_alloca(int n)
{
	volatile int *room = __builtin_alloca((size_t)n * sizeof(int));

	room[0] = n;
	return leaf(room) + room[0];
}

__attribute__((noinline)) static int recursive(int n)
{
	return n ? recursive(n - 1) + 1 : with_alloca(100);
}

static int compare(const void *a, const void *b)
{
	static bool done;

	if (!done) {
		done = true;
		recursive(5);
	}
	return *(const int *)a - *(const int *)b;
}

/* From the fault up to where this program ends: the C library's table is not this one. */
static void test_same_as_libc(void **state)
{
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, old;
	int v[2] = {2, 1}, first = -1;
	unsigned same = 0;

	sigaction(SIGTRAP, &sa, &old);
	compare(&v[0], &v[1]);
	sigaction(SIGTRAP, &old, NULL);
	assert_int_not_equal(my_depth, 0);
	for (int i = 0; i < their_depth && first < 0; i++)
		if ((u64)theirs[i] == mine[0])
			first = i;
	assert_true(first >= 0);
	while (same < my_depth && first + (int)same < their_depth && (u64)theirs[first + (int)same] == mine[same])
		same++;
	/* leaf, with_alloca, six of recursive, compare, this test: all callers of ours, to the first of the library's. */
	assert_true(same >= 10);
	assert_int_equal(same, my_depth);
}

/* No damage to the table may lead astray further than to a wrong answer. */
static void test_damaged(void **state)
{
	u8 *copy = malloc(table.size);
	struct unwind_table t = table;
	u64 pcs[DEPTH], seed = 88172645463325252ull;

	t.data = copy;
	for (int round = 0; round < 3000; round++) {
		memcpy(copy, table.data, table.size);
		for (int i = 0; i < 40; i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			copy[seed % table.size] = (u8)(seed >> 40);
		}
		walk(&t, start, pcs);
	}
	for (size_t size = 0; size < 4000 && size < table.size; size++) {
		u8 *cut = malloc(size ? size : 1); /* so that ASan sees the end */

		memcpy(cut, table.data, size);
		t.data = cut;
		t.size = size;
		walk(&t, start, pcs);
		free(cut);
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_libc),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, load, unload);
}

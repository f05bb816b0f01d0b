/* SPDX-License-Identifier: MIT */
/* The dispatch table, made of table.def. */
#include <arch/syscall.h>
#include "lib/log.h"
#include "proc/clock.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "syscall/syscall.h"

long syscall_bad_number(u64 nr);

/* ---- a wrapper for each handler: registers to its types ---- */
/* clang-format off */
#define SYSCALL0(nr, name, kind) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name(); } \
	STUB_##kind(name)
#define SYSCALL1(nr, name, kind, d1, t1, a1) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1); } \
	STUB_##kind(name)
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1, (t2)r2); } \
	STUB_##kind(name)
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1, (t2)r2, (t3)r3); } \
	STUB_##kind(name)
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4); } \
	STUB_##kind(name)
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4, (t5)r5); } \
	STUB_##kind(name)
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6); \
	long call_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6) { return sys_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4, (t5)r5, (t6)r6); } \
	STUB_##kind(name)
#define STUB_OK(name)
#define STUB_PART(name)
#define STUB_NOOP(name)
#define STUB_FULL(name) \
	extern long full_##name(u64, u64, u64, u64, u64, u64); \
	ARCH_FULL_STUB(name);
#include "syscall/table.def"

/* ---- numbers are unique, or this switch does not compile ---- */
#define SYSCALL0(nr, name, kind) case nr:
#define SYSCALL1(nr, name, kind, d1, t1, a1) case nr:
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) case nr:
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) case nr:
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) case nr:
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) case nr:
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) case nr:
static inline __attribute__((unused)) bool number_known(unsigned nr)
{
	switch (nr) {
#include "syscall/table.def"
		return true;
	default:
		return false;
	}
}

/* ---- names, also of what is missing ---- */
const char *syscall_name(unsigned nr)
{
	switch (nr) {
#define SYSCALL_NAME(n, name) \
	case n:               \
		return #name;
#include "syscall/names.def"
#undef SYSCALL_NAME
	default:
		return "?";
	}
}

long syscall_bad_number(u64 nr)
{
	static u64 told[SYSCALL_MAX / 64 + 1];
	u64 bit, *word;

	if (nr > SYSCALL_MAX)
		nr = SYSCALL_MAX;
	bit = 1ull << (nr % 64);
	word = &told[nr / 64];
	if (!(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
		log_warn("system call %lu (%s) is not implemented: ENOSYS", nr, syscall_name(nr));
	return -ENOSYS;
}

static long missing(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 r6)
{
	return syscall_bad_number(frame_syscall_nr(current->frame));
}

/* ---- the table ---- */
#define ENTRY_OK(name)	 call_##name
#define ENTRY_PART(name) call_##name
#define ENTRY_NOOP(name) call_##name
#define ENTRY_FULL(name) full_##name
#define SYSCALL0(nr, name, kind) [nr] = ENTRY_##kind(name),
#define SYSCALL1(nr, name, kind, d1, t1, a1) [nr] = ENTRY_##kind(name),
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) [nr] = ENTRY_##kind(name),
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) [nr] = ENTRY_##kind(name),
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) [nr] = ENTRY_##kind(name),
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) [nr] = ENTRY_##kind(name),
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) [nr] = ENTRY_##kind(name),
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
syscall_fn *const syscall_table[SYSCALL_MAX] = {
	[0 ... SYSCALL_MAX - 1] = missing,
#include "syscall/table.def"
};
#pragma GCC diagnostic pop
/* clang-format on */

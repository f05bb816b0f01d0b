/* SPDX-License-Identifier: MIT */
#include "proc/fault.h"
#include "fs/console.h"
#include "fs/fd.h"
#include "fs/file.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "proc/symbols.h"
#include "proc/thread.h"

#define DEPTH_MAX 32
#define AT_ENTRY  9

/* Faults raised by the CPU; one of these sent by kill(2) or abort(3) is the program's own wish. */
#define FAULT_SIGNALS                                                                                        \
	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGFPE) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP))

bool fault_is_reported(const struct siginfo *info)
{
	return (SIGMASK(info->si_signo) & FAULT_SIGNALS) && info->si_code > 0;
}

/* To descriptor 2, whatever it is by now; if it is closed, to the console. */
static void put(const char *s, size_t n)
{
	struct file *f = fd_get_file(2);
	struct uio u;
	u64 off;
	ssize_t r = -EBADF;

	if (f && f->ops->write && (f->kind & FILE_WRITE)) {
		uio_init_kernel(&u, s, n);
		off = f->pos;
		r = f->ops->write(f, &u, &off);
		if (r > 0 && !(f->kind & FILE_STREAM))
			f->pos = off + (u64)r;
	}
	if (f)
		file_unref(f);
	if (r < 0)
		console_write_kernel(CONSOLE_ERR, s, n);
}

void fault_print(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_vstring(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(line, MIN((size_t)n, sizeof(line) - 1));
}

static const char *what_is_there(u64 addr, bool *guard)
{
	struct space *s = current->process->space;
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find(&s->areas, addr), *above = area_find_above(&s->areas, addr);
	const char *name = a ? a->name ? a->name : a->file ? "a file's mapping" : "memory" : NULL;

	*guard = !a && above && (above->flags & (AREA_STACK | AREA_GROWSDOWN)) &&
		 above->start - addr <= 64 * KiB;
	spin_unlock(&s->lock, ev);
	return name;
}

static void print_cause(const struct trap_frame *f, const struct siginfo *info)
{
	const char *access = arch_fault_access(f), *name;
	u64 addr = info->fault.addr;
	bool guard;

	switch (info->si_signo) {
	case SIGSEGV:
		if (info->si_code == SI_KERNEL) {
			fault_print("general protection: a non-canonical address, a misaligned vector access "
				    "or an "
				    "instruction that is not allowed\n");
			return;
		}
		name = what_is_there(addr, &guard);
		fault_print("%s at address 0x%016lx: ", access ? access : "access", addr);
		if (guard)
			fault_print("just below the stack (stack overflow?)\n");
		else if (addr < PAGE_SIZE)
			fault_print("a null pointer\n");
		else if (name)
			fault_print("%s does not allow that\n", name);
		else
			fault_print("nothing is mapped there\n");
		return;
	case SIGBUS:
		fault_print("%s at address 0x%016lx: %s\n", access ? access : "access", addr,
			    info->si_code == BUS_ADRALN ? "misaligned" : "the file has nothing there");
		return;
	case SIGFPE:
		fault_print("%s\n", info->si_code == FPE_INTDIV	  ? "integer division by zero or overflow"
				    : info->si_code == FPE_FLTDIV ? "floating-point division by zero"
				    : info->si_code == FPE_FLTOVF ? "floating-point overflow"
				    : info->si_code == FPE_FLTUND ? "floating-point underflow"
				    : info->si_code == FPE_FLTRES ? "inexact floating-point result"
								  : "invalid floating-point operation");
		return;
	case SIGILL:
		fault_print("illegal instruction\n");
		return;
	default:
		fault_print("breakpoint or trap\n");
	}
}

/* How far the program was moved when it was loaded: AT_ENTRY less the file's e_entry. */
static u64 load_bias(struct file *exe)
{
	const struct process *p = current->process;
	u64 entry;

	if (file_kernel_read(exe, &entry, sizeof(entry), 24) != sizeof(entry))
		return 0;
	for (unsigned i = 0; i + 1 < ARRAY_SIZE(p->auxv) && p->auxv[i]; i += 2)
		if (p->auxv[i] == AT_ENTRY)
			return p->auxv[i + 1] - entry;
	return 0;
}

struct trace {
	u64 pcs[DEPTH_MAX];
	struct symbol names[DEPTH_MAX];
};

/* Fills in the callers, and their names where the executable has them.  How many there are. */
static unsigned find_callers(const struct trap_frame *f, struct trace *t, u64 *bias)
{
	struct unwind_table frames = {.data = NULL};
	struct file *exe = NULL;
	unsigned n;

	*bias = 0;
	if (current->process->exe && !file_kernel_open(current->process->exe, O_RDONLY, &exe)) {
		*bias = load_bias(exe);
		if (symbols_read_frames(exe, &frames))
			frames.data = NULL;
		frames.bias = *bias;
	}
	n = arch_backtrace(f, frames.data ? &frames : NULL, t->pcs, DEPTH_MAX);
	kfree((void *)frames.data);
	if (!exe)
		return n;
	/* A return address may lie behind the caller's end, after a call that never returns; so may a system
	 * call's. */
	for (unsigned i = 0; i < n; i++)
		t->names[i].addr = t->pcs[i] - *bias - (i || frame_is_syscall(f) ? 1 : 0);
	symbols_find(exe, t->names, n);
	file_unref(exe);
	return n;
}

static void print_backtrace(const struct trap_frame *f)
{
	struct trace *t = kzalloc(sizeof(*t));
	unsigned n;
	u64 bias;

	if (!t)
		return;
	n = find_callers(f, t, &bias);
	fault_print("backtrace:\n");
	for (unsigned i = 0; i < n; i++) {
		if (t->names[i].name[0])
			fault_print("  #%-2u 0x%016lx %s+0x%lx\n", i, t->pcs[i], t->names[i].name,
				    t->pcs[i] - bias - t->names[i].start);
		else
			fault_print("  #%-2u 0x%016lx\n", i, t->pcs[i]);
	}
	kfree(t);
}

void fault_report(const struct trap_frame *f, const struct siginfo *info)
{
	fault_print("hermit: %s in thread %d (%s): ", signal_name(info->si_signo), current->tid,
		    current->name);
	print_cause(f, info);
	arch_fault_registers(f);
	print_backtrace(f);
}

void signal_out_of_memory(struct trap_frame *f, u64 addr)
{
	fault_print("hermit: out of memory: thread %d (%s) touched 0x%016lx and no page is left (more "
		    "memory: -m or "
		    "HERMIT_MEM)\n",
		    current->tid, current->name, addr);
	process_exit(current->process, 0, SIGKILL);
}

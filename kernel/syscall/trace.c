/* SPDX-License-Identifier: MIT */
/*
 * The tracer's lines.  As strace does it, a line is begun when its call enters and ended when it returns; if
 * another thread has something to say in between, the line goes out as <unfinished ...>.  Lines are made outside
 * the mutex, which only keeps their order: at most one line is begun and not shown (`pending`).
 */
#include "syscall/trace.h"
#include <arch/switch.h>
#include "fs/console.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"
#include "proc/thread.h"
#include "proc/trace.h"
#include "syscall/syscall.h"

#define RESULT_COLUMN 40 /* of the "=", as strace aligns it */
#define NR_SIGRETURN  15
#define NR_EXIT	      60
#define NR_EXIT_GROUP 231

void trace_enter(const struct trap_frame *f);
void trace_leave(const struct trap_frame *f);

const struct trace_hooks *trace_hooks;
static struct mutex trace_mutex;
static struct thread *pending; /* under the mutex: whose line is begun and not shown */

void trace_put(struct trace_line *l, const char *s, size_t n)
{
	size_t room = (l->open ? TRACE_ARGS : TRACE_LINE - 2) - MIN(l->n, l->open ? TRACE_ARGS : TRACE_LINE - 2);

	n = MIN(n, room);
	memcpy(l->text + l->n, s, n);
	l->n += (u32)n;
}

void trace_add(struct trace_line *l, const char *fmt, ...)
{
	char piece[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_vstring(piece, sizeof(piece), fmt, ap);
	va_end(ap);
	trace_put(l, piece, MIN((size_t)n, sizeof(piece) - 1));
}

void trace_address(struct trace_line *l, u64 v)
{
	if (v)
		trace_add(l, "%#lx", v);
	else
		trace_add(l, "NULL");
}

/*
 * To the user's stderr, also where the program's descriptor 2 is something else by now.  Where stdout is the same
 * file as stderr, by the port of stdout: then the lines stand where they belong.
 */
static void emit(const char *s, size_t n)
{
	(void)console_write_kernel(boot_info.stdio.err_is_out ? CONSOLE_OUT : CONSOLE_ERR, s, n);
}

static void add_name(struct trace_line *l)
{
	const char *name = syscall_name(l->nr);

	if (name[0] != '?')
		trace_add(l, "%s", name);
	else
		trace_add(l, "syscall_%#x", l->nr);
}

static void line_begin(struct trace_line *l)
{
	l->n = 0;
	l->shown = false;
	if (READ_ONCE(current->process->thread_count) > 1)
		trace_add(l, "[pid %5d] ", current->tid);
}

static void line_emit(struct trace_line *l)
{
	l->text[l->n++] = '\n';
	emit(l->text, l->n);
}

/* Under the mutex: what another thread has begun goes out. */
static void show_pending(void)
{
	struct trace_line *l;
	size_t n;

	if (!pending || pending == current)
		return;
	l = pending->trace;
	pending = NULL;
	if (!l || !l->open)
		return;
	n = l->n;
	trace_put(l, " <unfinished ...>\n", 18);
	emit(l->text, l->n);
	l->n = (u32)n;
	l->shown = true;
}

/* A line of its own that is no system call's. */
static void say(struct trace_line *l)
{
	mutex_lock(&trace_mutex);
	show_pending();
	line_emit(l);
	mutex_unlock(&trace_mutex);
}

static void pad(struct trace_line *l)
{
	trace_put(l, ") ", 2);
	while (l->n < RESULT_COLUMN)
		trace_put(l, " ", 1);
}

static struct trace_line *line_of_current(void)
{
	if (!current->trace) {
		current->trace = kmalloc(sizeof(*current->trace));
		if (current->trace)
			current->trace->open = false;
	}
	return current->trace;
}

/* exit(2), exit_group(2) and rt_sigreturn(2) never come back; nor does a call that execve(2) has taken the ground from. */
static void line_end_unreturned(struct trace_line *l)
{
	l->open = false;
	if (l->shown) {
		line_begin(l);
		trace_add(l, "<... ");
		add_name(l);
		trace_add(l, " resumed>");
	}
	pad(l);
	trace_add(l, "= ?");
	mutex_lock(&trace_mutex);
	if (pending == current)
		pending = NULL;
	show_pending();
	line_emit(l);
	mutex_unlock(&trace_mutex);
}

/* From syscall.S: a system call begins.  Its arguments are in f, and untouched afterwards. */
void trace_enter(const struct trap_frame *f)
{
	struct trace_line *l = line_of_current();

	if (!l) {
		emit("<no memory to trace a call>\n", 28);
		return;
	}
	if (l->open)
		line_end_unreturned(l);
	l->nr = (u32)frame_syscall_nr(f);
	for (unsigned i = 0; i < 6; i++)
		l->args[i] = frame_syscall_arg(f, i);
	l->next = 0;
	l->separated = false;
	line_begin(l);
	add_name(l);
	trace_add(l, "(");
	l->open = true;
	trace_arguments(l, false, 0);
	if (l->nr == NR_SIGRETURN || l->nr == NR_EXIT || l->nr == NR_EXIT_GROUP) {
		line_end_unreturned(l);
		return;
	}
	mutex_lock(&trace_mutex);
	show_pending();
	pending = current;
	mutex_unlock(&trace_mutex);
}

/* It has returned, with the result in f. */
void trace_leave(const struct trap_frame *f)
{
	struct trace_line *l = current->trace;
	long result = (long)frame_result(f);

	if (!l || !l->open)
		return;
	mutex_lock(&trace_mutex);
	if (pending == current)
		pending = NULL; /* from here on nobody else looks at the line */
	mutex_unlock(&trace_mutex);
	if (l->shown) {
		line_begin(l);
		trace_add(l, "<... ");
		add_name(l);
		trace_add(l, " resumed>");
	}
	trace_arguments(l, true, result);
	l->open = false;
	pad(l);
	trace_result(l, result);
	say(l);
}

/* ---- what is no system call ---- */

static void hook_signal(const struct siginfo *info)
{
	struct trace_line *l = kmalloc(sizeof(*l));

	if (!l)
		return;
	l->open = false;
	line_begin(l);
	trace_add(l, "--- ");
	trace_signal_number(l, (u64)info->si_signo);
	trace_add(l, " ");
	trace_siginfo(l, info);
	trace_add(l, " ---");
	say(l);
	kfree(l);
}

static void hook_exec(void)
{
	struct trap_frame f = *current->frame;

	frame_set_result(&f, 0);
	trace_leave(&f);
}

static void add_end(struct trace_line *l, int status, int signal, bool dumped)
{
	trace_add(l, "+++ ");
	if (signal) {
		trace_add(l, "killed by ");
		trace_signal_number(l, (u64)signal);
		trace_add(l, dumped ? " (core dumped)" : "");
	} else {
		trace_add(l, "exited with %d", status & 0xff);
	}
	trace_add(l, " +++");
}

static void say_end(int status, int signal, bool dumped, bool one_of_many)
{
	struct trace_line *l = line_of_current();

	if (!l)
		return;
	if (l->open) /* what it sat in when the end came */
		line_end_unreturned(l);
	l->n = 0;
	if (one_of_many)
		trace_add(l, "[pid %5d] ", current->tid);
	add_end(l, status, signal, dumped);
	say(l);
}

/* The thread's own memory of the trace ends here: nobody else looks at it, as it is not pending. */
static void hook_thread_exit(int status)
{
	const struct process *p = current->process;

	if (READ_ONCE(p->exiting))
		say_end(p->exit_status, p->exit_signal, false, true);
	else
		say_end(status, 0, false, true);
	kfree(current->trace);
	current->trace = NULL;
}

static void hook_process_exit(const struct process *p, bool dumped)
{
	say_end(p->exit_status, p->exit_signal, dumped, false);
}

/* Called when the boot record has been read. */
void trace_start(void)
{
	static const struct trace_hooks hooks = {hook_signal, hook_exec, hook_thread_exit, hook_process_exit};

	mutex_init(&trace_mutex);
	trace_hooks = &hooks;
	arch_trace_syscalls();
}

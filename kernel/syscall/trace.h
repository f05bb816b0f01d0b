/* SPDX-License-Identifier: MIT */
/*
 * The tracer (HERMIT_STRACE=1): system calls as text, in strace(1)'s format.  trace.c has the lines and when they
 * are written, trace_decode.c turns arguments into text, trace_names.c has the names of flags and numbers;
 * table.def says what each argument is, trace.def says it better where that is not enough.
 *
 * A line belongs to its thread.  trace.c's mutex keeps lines whole and in order; program memory is read outside
 * of it.  Nothing here runs unless the boot record asks for it: the entry code is another one then.
 */
#ifndef SYSCALL_TRACE_H
#define SYSCALL_TRACE_H

#include "lib/types.h"
#include "proc/signal.h"

#define TRACE_LINE 4096u /* what the console sends in one piece */
#define TRACE_ARGS 3500u /* the rest is for the result */
#define TRACE_STR  32u	 /* bytes of a buffer that are shown, as strace -s has it */

struct trace_line {
	u32 n;
	u32 nr;
	u64 args[6];
	s32 length; /* of the room for a socket's address */
	u8 next;   /* the first argument that is not in the text yet */
	bool separated; /* the text ends in ", " already */
	bool open; /* the call has not returned */
	bool shown; /* as unfinished */
	char text[TRACE_LINE];
};

struct trace_names;

/* What a decoder may look at besides the argument itself. */
struct trace_call {
	const u64 *args;
	unsigned i;   /* which argument */
	long result;  /* when it has returned */
	bool leaving; /* it has */
	const struct trace_names *names;
};
typedef void trace_decode(struct trace_line *l, u64 v, const struct trace_call *c);

void trace_add(struct trace_line *l, const char *fmt, ...) __printf(2, 3);
void trace_put(struct trace_line *l, const char *s, size_t n);
void trace_address(struct trace_line *l, u64 v); /* NULL, or hexadecimal */

/* --- trace_names.c --- */
struct trace_names {
	const char *text;  /* the comment behind what has no name, "PROT_???"; then the names, each with its NUL */
	const u32 *values; /* of the names */
	u32 count;
};
#define NAMES(set, unknown, ...) extern const struct trace_names trace_##set;
#include "syscall/trace_names.def"
/* All bits that v has, or the name of 0. */
void trace_flags(struct trace_line *l, u64 v, const struct trace_names *names);
/* The one name that v is. */
void trace_choice(struct trace_line *l, u64 v, const struct trace_names *names);
const char *trace_name_of(u64 v, const struct trace_names *names); /* or NULL */
void trace_signal_number(struct trace_line *l, u64 sig);
void trace_signal_code(struct trace_line *l, int sig, int code);
/* "ENOENT (No such file or directory)", for a result from -1 to -4095. */
void trace_errno(struct trace_line *l, long result);

/* --- trace_decode.c --- */
/* Formats the arguments from l->next on; before the call has returned, up to the first one that it fills in. */
void trace_arguments(struct trace_line *l, bool leaving, long result);
/* Behind the "=": the result, also of a call that failed. */
void trace_result(struct trace_line *l, long result);
void trace_siginfo(struct trace_line *l, const struct siginfo *info);

#endif

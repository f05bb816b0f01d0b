/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: lines for the serial port, kept in a ring buffer too (for
 * /dev/kmsg-like uses and panics).  Shown only when the boot record says
 * verbose.  May be called from anywhere, also with locks held and in handlers.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/types.h"

extern bool log_verbose;

void log_printf(const char *fmt, ...) __printf(1, 2); /* one line, without "\n" */

/*
 * Copies the last lines, oldest first, each with its "\n", and returns their bytes: whole lines only, at most `size`.
 * The ring keeps the last LOG_RING_SIZE bytes.
 */
#define LOG_RING_SIZE 8192u
size_t log_read(char *buf, size_t size);
/* Shows what the ring has: once, when log_verbose is found to be wanted. */
void log_show_past(void);

#define log_info(...)  log_printf(__VA_ARGS__)
#define log_warn(...)  log_printf("warning: " __VA_ARGS__)
#define log_error(...) log_printf("error: " __VA_ARGS__)

/* The kernel cannot go on: says why with a backtrace, always shown, and ends the machine with failure. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn __cold;

#define ASSERT(x)                                                                                            \
	do {                                                                                                 \
		if (unlikely(!(x)))                                                                          \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #x);                        \
	} while (0)

#endif

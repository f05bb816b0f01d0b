/* SPDX-License-Identifier: MIT */
/* printf's formatting: %d %i %u %x %X %o %c %s %p %% with flags "-0+ #", width, precision (also *), hh h l ll z t. */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include "lib/types.h"

/* As snprintf(3): returns the length that the whole text has; writes at most `size` bytes, ended if size > 0. */
int format_string(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int format_vstring(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

#endif

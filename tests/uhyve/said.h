/* SPDX-License-Identifier: MIT */
/* msg.h for tests: what was said last, and how often. */
#ifndef TESTS_UHYVE_SAID_H
#define TESTS_UHYVE_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern char said[512];
extern unsigned int said_count;

#endif

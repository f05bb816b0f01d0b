/* SPDX-License-Identifier: MIT */
/* The stack protector's guard: a global, since %fs is the program's. */
#include "lib/log.h"
#include "lib/types.h"

extern u64 __stack_chk_guard;
void __stack_chk_fail(void) __noreturn;

u64 __stack_chk_guard = 0x2b7e151628aed2a6;

void __stack_chk_fail(void) { panic("a kernel stack's canary was overwritten"); }

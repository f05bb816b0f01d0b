/* SPDX-License-Identifier: MIT */
/* What the calls about memory share: syscall/memory.c. */
#ifndef SYSCALL_MEMORY_H
#define SYSCALL_MEMORY_H

#include "lib/types.h"

/* addr must be a page's, the length is rounded up; neither may wrap: -EINVAL.  Linux's order of checks. */
int check_range(u64 addr, u64 *len);
/* What lies in [addr, addr + len): -ENOMEM if there is a hole; *anonymous: nothing of it is a file's or shared. */
int range_is(u64 addr, u64 len, bool *anonymous);

#endif

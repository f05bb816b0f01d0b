/* SPDX-License-Identifier: MIT */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include "lib/types.h"

/* The paragraph of /proc/cpuinfo about one CPU (they are alike), as snprintf(3).  khz: 0: unknown. */
int arch_cpuinfo(char *buf, size_t size, unsigned cpu, unsigned count, u64 khz);

#endif

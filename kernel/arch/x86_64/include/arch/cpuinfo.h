/* SPDX-License-Identifier: MIT */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include "lib/types.h"

/* The paragraph of /proc/cpuinfo about one CPU (they are alike), as snprintf(3).  khz: 0: unknown. */
int arch_cpuinfo(char *buf, size_t size, unsigned cpu, unsigned count, u64 khz);

struct arch_cache {
	const char *type; /* "Data", "Instruction", "Unified" */
	unsigned level, line, ways, sets, partitions; /* line: bytes */
	unsigned shared; /* CPUs that may share it, at most */
};

/* The index-th cache of a CPU (they are alike); false: there is none. */
bool arch_cache(unsigned index, struct arch_cache *out);

#endif

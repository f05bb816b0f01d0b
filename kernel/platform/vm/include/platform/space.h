/* SPDX-License-Identifier: MIT */
#ifndef PLATFORM_SPACE_H
#define PLATFORM_SPACE_H

#include "lib/types.h"

struct platform_space {
	paddr_t root; /* of the page tables: CR3 */
	u64 cpus;     /* cpumask_t of CPUs that have it loaded and are not idle */
	u32 flushes;  /* a sequence count, odd while `cpus` is looked at; under space.lock */
};

#endif

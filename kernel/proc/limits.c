/* SPDX-License-Identifier: MIT */
#include "proc/limits.h"
#include "platform/platform.h"
#include "proc/thread.h"

void limits_init(struct process *p)
{
	/* Threads and queued signals: as many as an eighth of the memory can hold at 16 KiB each. */
	u64 n = MAX(platform_memory_total() / (8 * 16 * KiB), 256ul);

	for (unsigned i = 0; i < RLIMIT_COUNT; i++)
		p->limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
	p->limits[RLIMIT_STACK].cur = 8 * MiB;
	p->limits[RLIMIT_CORE].cur = 0;
	p->limits[RLIMIT_NPROC] = (struct rlimit64){n, n};
	p->limits[RLIMIT_NOFILE] = (struct rlimit64){1024, 1048576};
	p->limits[RLIMIT_MEMLOCK] = (struct rlimit64){8 * MiB, 8 * MiB};
	p->limits[RLIMIT_SIGPENDING] = (struct rlimit64){n, n};
	p->limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
	p->limits[RLIMIT_NICE] = (struct rlimit64){0, 0};
	p->limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
}

/* SPDX-License-Identifier: MIT */
/* /proc/sys tells the limits of message queues, semaphores and shared memory: Linux's defaults. */
#include "abi.h"

int main(void)
{
	static const char *const names[] = {
		"fs/mqueue/msg_default", "fs/mqueue/msg_max", "fs/mqueue/msgsize_default", "fs/mqueue/msgsize_max",
		"fs/mqueue/queues_max", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmmni",
		"kernel/shmmax", "kernel/shmall",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/sys/%s", names[i]);
		abi_show(path);
	}
	return 0;
}

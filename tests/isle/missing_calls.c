/* SPDX-License-Identifier: MIT */
/* Calls that are not there say ENOSYS, whatever their arguments, as often as they are called. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int wrong;

static void *call(void *arg)
{
	for (int i = 0; i < 100; i++) {
		errno = 0;
		if (syscall(SYS_perf_event_open, -1, -1, -1, -1, -1, -1) != -1 || errno != ENOSYS)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

int main(void)
{
	static const long missing[] = {SYS_quotactl, SYS_kexec_load, SYS_init_module, SYS_bpf, SYS_userfaultfd, 334, 400, 511,
				       512, 100000, -1};
	pthread_t t[4];

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		errno = 0;
		if (syscall(missing[i], 0, 0, 0, 0, 0, 0) != -1 || (errno != ENOSYS && missing[i] != 334))
			printf("%ld: errno %d\n", missing[i], errno);
	}
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, call, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%d wrong\n", wrong);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* sched_*: affinity, policies, yield, getcpu. */
#include "abi.h"
#include <sched.h>
#include <sys/sysinfo.h>

int main(void)
{
	cpu_set_t set, one, none, far;
	struct sched_param sp = {0}, high = {50}, bad = {1000};
	struct timespec ts;
	unsigned cpu, node;

	T(sched_yield());
	CPU_ZERO(&set);
	T(sched_getaffinity(0, sizeof(set), &set));
	IS(CPU_COUNT(&set) == get_nprocs());
	IS(syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) >= 8);
	T(syscall(SYS_sched_getaffinity, 0, 0, &set));
	T(syscall(SYS_sched_getaffinity, 0, 9, &set));
	T(syscall(SYS_sched_getaffinity, 4000000, sizeof(set), &set));
	T(syscall(SYS_sched_getaffinity, 0, sizeof(set), BAD));
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (CPU_ISSET(0, &set)) {
		T(sched_setaffinity(0, sizeof(one), &one));
		T(sched_getaffinity(0, sizeof(set), &set));
		T(CPU_COUNT(&set));
		T(sched_getcpu());
		T(syscall(SYS_getcpu, &cpu, &node, NULL));
		T(cpu);
		T(node);
	}
	CPU_ZERO(&none);
	T(sched_setaffinity(0, sizeof(none), &none));
	CPU_ZERO(&far);
	CPU_SET(1000, &far);
	T(sched_setaffinity(0, sizeof(far), &far));
	T(sched_setaffinity(4000000, sizeof(one), &one));
	T(syscall(SYS_sched_setaffinity, 0, sizeof(one), BAD));

	T(sched_getscheduler(0));
	T(sched_getscheduler(4000000));
	T(sched_getscheduler(-1));
	T(sched_getparam(0, &sp));
	T(sp.sched_priority);
	T(sched_getparam(0, BAD));
	T(sched_setscheduler(0, SCHED_BATCH, &sp));
	T(sched_getscheduler(0));
	T(sched_setscheduler(0, SCHED_OTHER, &sp));
	T(sched_setscheduler(0, SCHED_OTHER, &high));
	T(sched_setscheduler(0, 99, &sp));
	T(sched_setscheduler(0, SCHED_FIFO, &bad));
	T(sched_setscheduler(0, SCHED_FIFO, &sp));
	T(sched_get_priority_max(SCHED_FIFO));
	T(sched_get_priority_min(SCHED_FIFO));
	T(sched_get_priority_max(SCHED_OTHER));
	T(sched_get_priority_max(99));
	T(sched_rr_get_interval(0, &ts));
	T(sched_rr_get_interval(4000000, &ts));
	return 0;
}

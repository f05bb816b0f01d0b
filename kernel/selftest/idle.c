/* SPDX-License-Identifier: MIT */
/* An event that finds the CPU on its way to sleep, where only a hypervisor's fault lets it in (platform/vm/idle.S). */
#include "platform/platform.h"
#include "platform/vm/machine.h"
#include "proc/cpu.h"
#include "selftest/selftest.h"

/*
 * The kick is taken behind sti's next instruction, which is not the hlt here but a jump to it.  A CPU that sleeps
 * after all sleeps for ever: there is no other event.
 */
static void before_hlt(void)
{
	unsigned long ev = events_save();

	platform_kick(this_cpu()->id);
	__asm__ volatile("call 1f\n"
			 "jmp 2f\n"
			 "1: sti\n"
			 "jmp idle_hlt\n"
			 "2:" ::: "memory", "cc");
	events_restore(ev);
}

const struct selftest selftests_idle[] = {
	{"idle-before-hlt", before_hlt, true},
	{NULL, NULL, true},
};

/* SPDX-License-Identifier: MIT */
/* Interrupts that come where no CPU gives them, as faulty hypervisors do (docs/testing.md, "The lab"). */
#include "arch/x86_64/trap.h"
#include "lib/log.h"
#include "platform/platform.h"
#include "platform/vm/apic.h"
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

/* Enters the stub of VECTOR_KICK with a frame that says: from rip, with events masked. */
static void enter_masked(const void *rip)
{
	unsigned long ev = events_save();
	u64 entry = (u64)trap_stubs + VECTOR_KICK * TRAP_STUB_SIZE;

	__asm__ volatile("movq %%rsp, %%rdx\n"
			 "movl %%ss, %%ecx\n"
			 "pushq %%rcx\n"
			 "pushq %%rdx\n"
			 "pushfq\n"
			 "movl %%cs, %%ecx\n"
			 "pushq %%rcx\n"
			 "testq %[rip], %[rip]\n"
			 "jnz 1f\n"
			 "leaq 2f(%%rip), %[rip]\n"
			 "1: pushq %[rip]\n"
			 "jmp *%[entry]\n"
			 "2:"
			 : [rip] "+r"(rip)
			 : [entry] "r"(entry)
			 : "rcx", "rdx", "memory", "cc");
	events_restore(ev);
}

static void while_masked(void)
{
	u64 before = this_cpu()->interrupts;

	enter_masked(NULL);
	if (this_cpu()->interrupts != before)
		panic("an interrupt was served while they were masked");
}

static void twice(void) { enter_masked(trap_stubs + VECTOR_KICK * TRAP_STUB_SIZE); }

const struct selftest selftests_hypervisor[] = {
	{"idle-before-hlt", before_hlt, true},
	{"interrupt-while-masked", while_masked, true},
	{"interrupt-twice", twice, false},
	{NULL, NULL, true},
};

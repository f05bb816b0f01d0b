/* SPDX-License-Identifier: MIT */
/* Starts the other CPUs, one after the other: each needs a stack and its struct cpu before it can do anything. */
#include <arch/cpu.h>
#include <arch/vector.h>
#include "arch/x86_64/trap.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "platform/vm/apic.h"
#include "platform/vm/boot.h"
#include "platform/vm/machine.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define START_TIMEOUT (2 * NSEC_PER_SEC)

struct cpu *ap_boot_cpu; /* for start.S */
extern const char trampoline[], trampoline_end[];
void vm_start_ap(struct cpu *c) __noreturn;

void vm_start_ap(struct cpu *c)
{
	cpu_init_control();
	trap_init_cpu(c);
	vector_init_cpu();
	apic_init_cpu();
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	sched_idle_loop();
}

static bool start_one(u32 id)
{
	struct cpu *c = kzalloc(sizeof(*c));
	struct thread *idle = thread_create(NULL);
	nsec_t until;

	if (!c || !idle)
		return false;
	c->self = c;
	c->id = cpu_count;
	c->hw_id = id;
	c->running = c->idle = idle;
	c->kstack_top = idle->arch.kstack_top;
	c->kstack_low = idle->arch.kstack_low;
	c->kstack_frame = idle->frame;
	idle->cpu = c->id;
	idle->on_cpu = true;
	sched_init_cpu(c);
	cpus[c->id] = c;
	ap_boot_cpu = c;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	apic_start_cpu(id, TRAMPOLINE);
	until = platform_clock() + START_TIMEOUT;
	while (!__atomic_load_n(&c->online, __ATOMIC_ACQUIRE)) {
		platform_spin_wait();
		if (platform_clock() > until) {
			log_warn("CPU with APIC id %u does not start", id);
			cpus[c->id] = NULL;
			return false;
		}
	}
	__atomic_store_n(&cpu_count, cpu_count + 1, __ATOMIC_RELEASE);
	return true;
}

void platform_start_cpus(void)
{
	if (machine.cpu_count > 1) {
		memcpy(phys_to_virt(TRAMPOLINE), trampoline, trampoline_end - trampoline);
		for (unsigned i = 0; i < machine.cpu_count; i++)
			if (machine.apic_ids[i] != cpus[0]->hw_id)
				start_one(machine.apic_ids[i]);
	}
	/* The identity map has done its service: from here on a null pointer faults. */
	kernel_root[0] = 0;
	tlb_flush(~0ull >> (64 - cpu_count), 0, ~0ull);
}

void platform_kick(unsigned cpu)
{
	struct cpu *c = cpus[cpu];

	if (c && c->online)
		apic_send_ipi(c->hw_id, VECTOR_KICK);
}

void platform_idle(void)
{
	u32 seen = tlb_idle_enter();

	idle_wait();
	tlb_idle_leave(seen);
}

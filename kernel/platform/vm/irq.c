/* SPDX-License-Identifier: MIT */
/* Which interrupt goes to which handler: I/O APIC lines and messages.  All are handled by CPU 0. */
#include "arch/x86_64/trap.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "platform/vm/apic.h"
#include "platform/vm/machine.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"
#include "proc/cpu.h"
#include "proc/sched.h"
#include "proc/timer.h"

#define IRQ_MAX 64

static struct irq {
	irq_handler *fn;
	void *arg;
	int gsi; /* -1: a message */
	u8 vector;
} irqs[IRQ_MAX];
static unsigned irq_count;
static unsigned next_vector = VECTOR_DEVICE;
static struct spinlock irq_lock;

static volatile u8 *ioapic;
static paddr_t ioapic_addr = 0xfec00000; /* unless the tables say otherwise */
static unsigned ioapic_gsi_base;

void ioapic_init(paddr_t addr, unsigned gsi_base)
{
	ioapic_addr = addr;
	ioapic_gsi_base = gsi_base;
}

static void ioapic_write(u32 reg, u32 v)
{
	mmio_write32(ioapic, reg);
	mmio_write32(ioapic + 0x10, v);
}

/* -ENOSPC, or the index of a new entry, seen by irq_dispatch once irq_count is raised. */
static int add_irq(irq_handler *fn, void *arg, int gsi, u8 vector)
{
	if (irq_count == IRQ_MAX || vector >= VECTOR_DEVICE_END)
		return -ENOSPC;
	irqs[irq_count] = (struct irq){fn, arg, gsi, vector};
	__atomic_store_n(&irq_count, irq_count + 1, __ATOMIC_RELEASE);
	return 0;
}

bool irq_line_is_edge(unsigned gsi)
{
	unsigned pin = gsi - ioapic_gsi_base;

	return pin < 32 && machine.edge_pins & 1u << pin;
}

int irq_register_line(unsigned gsi, bool level, irq_handler *fn, void *arg)
{
	unsigned long ev = spin_lock(&irq_lock);
	u8 vector = 0;
	int err;

	for (unsigned i = 0; i < irq_count; i++)
		if (irqs[i].gsi == (int)gsi)
			vector = irqs[i].vector;
	if (!ioapic)
		ioapic = mmio_map(ioapic_addr, PAGE_SIZE);
	err = ioapic ? add_irq(fn, arg, gsi, vector ? vector : next_vector) : -ENOMEM;
	if (!err && !vector) {
		unsigned pin = gsi - ioapic_gsi_base;
		bool edge = !level || irq_line_is_edge(gsi);

		trap_enable_vector(next_vector);
		ioapic_write(0x10 + 2 * pin + 1, cpus[0]->hw_id << 24);
		ioapic_write(0x10 + 2 * pin, next_vector | (edge ? 0 : 1u << 15)); /* active high */
		next_vector++;
	}
	spin_unlock(&irq_lock, ev);
	return err;
}

int irq_register_msi(irq_handler *fn, void *arg, u64 *msg_addr, u32 *msg_data)
{
	unsigned long ev = spin_lock(&irq_lock);
	int err = add_irq(fn, arg, -1, next_vector);

	if (!err) {
		trap_enable_vector(next_vector);
		*msg_addr = 0xfee00000 | (u64)cpus[0]->hw_id << 12; /* SDM 3A, 10.11 */
		*msg_data = next_vector++;
	}
	spin_unlock(&irq_lock, ev);
	return err;
}

void irq_dispatch(unsigned vector)
{
	unsigned n = __atomic_load_n(&irq_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++)
		if (irqs[i].vector == vector)
			irqs[i].fn(irqs[i].arg);
}

void platform_interrupt(unsigned vector, u64 *rip)
{
	if (*rip == (u64)idle_hlt)
		*rip = (u64)idle_woken;
	switch (vector) {
	case 2: /* NMI: the panicking CPU stops the others by it */
		for (;;)
			__asm__ volatile("cli; hlt");
	case VECTOR_SPURIOUS:
		return;
	case VECTOR_TIMER:
		apic_eoi();
		sched_tick(); /* first, so that a slice that has ended is not armed again */
		timer_run();
		return;
	case VECTOR_KICK:
		apic_eoi();
		sched_kicked();
		return;
	case VECTOR_TLB:
		apic_eoi();
		tlb_serve();
		return;
	default:
		irq_dispatch(vector);
		apic_eoi();
	}
}

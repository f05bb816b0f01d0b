/* SPDX-License-Identifier: MIT */
/* Local APIC (SDM 3A, chapter 10), by MSR where there is x2APIC. */
#include "platform/vm/apic.h"
#include <arch/cpu.h>
#include "arch/x86_64/trap.h"
#include "lib/log.h"
#include "platform/vm/vm.h"
#include "proc/cpu.h"

#define REG_ID	      0x02
#define REG_EOI	      0x0b
#define REG_SPURIOUS  0x0f
#define REG_ICR	      0x30
#define REG_ICR_HIGH  0x31
#define REG_LVT_TIMER 0x32
#define REG_LVT_LINT0 0x35
#define REG_LVT_LINT1 0x36
#define REG_INITIAL   0x38
#define REG_CURRENT   0x39
#define REG_DIVIDE    0x3e

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

#define LVT_MASKED   (1u << 16)
#define LVT_DEADLINE (2u << 17)
#define ICR_PENDING  (1u << 12)
#define ICR_ASSERT   (1u << 14)

static volatile u8 *regs; /* NULL: x2APIC */

static u32 reg_read(unsigned r) { return regs ? mmio_read32(regs + r * 16) : (u32)msr_read(0x800 + r); }

static void reg_write(unsigned r, u32 v)
{
	if (regs)
		mmio_write32(regs + r * 16, v);
	else
		msr_write(0x800 + r, v);
}

void apic_init_cpu(void)
{
	static const u8 vectors[] = {VECTOR_TIMER, VECTOR_KICK, VECTOR_TLB, VECTOR_SPURIOUS};
	u64 base = msr_read(MSR_APIC_BASE);

	if (!this_cpu()->id) {
		for (unsigned i = 0; i < sizeof(vectors); i++)
			trap_enable_vector(vectors[i]);
		/*
		 * The 8259s are not used.  They let go of what they hold pending while LINT0 still takes it: QEMU
		 * would else deliver it as an interrupt without a vector.
		 */
		port_out8(PIC1_MASK, 0xff);
		port_out8(PIC2_MASK, 0xff);
	}
	if (cpu_has(CPU_FEATURE_X2APIC))
		msr_write(MSR_APIC_BASE, base | 0xc00); /* enabled, x2APIC */
	else if (!regs) {
		regs = mmio_map(base & 0xffffff000, PAGE_SIZE);
		if (!regs)
			panic("no memory for the APIC's registers");
	}
	reg_write(REG_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
	reg_write(REG_LVT_LINT0, LVT_MASKED);
	reg_write(REG_LVT_LINT1, LVT_MASKED);
	reg_write(REG_DIVIDE, 0xb); /* by 1 */
	apic_timer_interrupts(true);
}

u32 apic_id(void) { return regs ? reg_read(REG_ID) >> 24 : reg_read(REG_ID); }

void apic_eoi(void) { reg_write(REG_EOI, 0); }

static void send(u32 dest, u32 command)
{
	unsigned long ev = events_save();

	if (!regs) {
		msr_write(0x830, (u64)dest << 32 | command);
	} else {
		while (reg_read(REG_ICR) & ICR_PENDING)
			cpu_relax();
		reg_write(REG_ICR_HIGH, dest << 24);
		reg_write(REG_ICR, command);
	}
	events_restore(ev);
}

void apic_send_ipi(u32 dest, unsigned vector) { send(dest, ICR_ASSERT | vector); }

void apic_send_ipi_mask(u64 mask, unsigned vector)
{
	for (; mask; mask &= mask - 1) {
		struct cpu *c = cpus[__builtin_ctzll(mask)];

		if (c)
			apic_send_ipi(c->hw_id, vector);
	}
}

void apic_start_cpu(u32 dest, paddr_t entry)
{
	send(dest, ICR_ASSERT | 5 << 8); /* INIT */
	send(dest, ICR_ASSERT | 6 << 8 | (u32)(entry >> 12)); /* start-up */
}

void apic_timer_interrupts(bool on)
{
	reg_write(REG_LVT_TIMER, VECTOR_TIMER | (on ? 0 : LVT_MASKED) |
					 (on && cpu_has(CPU_FEATURE_TSC_DEADLINE) ? LVT_DEADLINE : 0));
	/* The mode must be seen before the deadline is written: SDM 3A, 10.5.4.1. */
	__asm__ volatile("mfence" ::: "memory");
}

void apic_timer_start(u32 count) { reg_write(REG_INITIAL, count); }
u32 apic_timer_left(void) { return reg_read(REG_CURRENT); }
void apic_timer_deadline(u64 tsc) { msr_write(MSR_TSC_DEADLINE, tsc); }

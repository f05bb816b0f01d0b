/* SPDX-License-Identifier: MIT */
/* Local APIC and I/O APIC: interrupts between CPUs, from devices, and the timer.  For platform/vm/ only. */
#ifndef PLATFORM_VM_APIC_H
#define PLATFORM_VM_APIC_H

#include "lib/types.h"

/* Vectors: devices get 0x40 and up. */
#define VECTOR_TIMER	0x20
#define VECTOR_KICK	0x21 /* look at the run queue and the thread's work */
#define VECTOR_TLB	0x22
#define VECTOR_DEVICE	0x40
#define VECTOR_DEVICE_END 0xf0
#define VECTOR_SPURIOUS 0xff

void apic_init_cpu(void); /* this CPU's; maps the registers on the first call */
u32 apic_id(void);
void apic_eoi(void);
void apic_send_ipi(u32 apic_id, unsigned vector);
void apic_send_ipi_mask(u64 cpus, unsigned vector); /* cpumask_t */
void apic_start_cpu(u32 apic_id, paddr_t entry);    /* INIT, then start-up at entry, below 1 MiB */
/* The timer counts down from `count` at APIC_TIMER_HZ, once; 0 stops it. */
#define APIC_TIMER_HZ 1000000000ull /* QEMU's and KVM's bus clock, with the divider at 1 */
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
void apic_timer_deadline(u64 tsc); /* only with CPU_FEATURE_TSC_DEADLINE; 0 stops it */
void apic_timer_interrupts(bool on); /* off: it counts without interrupting (calibration) */

void ioapic_init(paddr_t addr, unsigned gsi_base);

/* irq.c */
void irq_dispatch(unsigned vector);

#endif

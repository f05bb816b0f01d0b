/* SPDX-License-Identifier: MIT */
/* What the machine's tables say: CPUs, I/O APIC, power-off.  For platform/vm/ only. */
#ifndef PLATFORM_VM_MACHINE_H
#define PLATFORM_VM_MACHINE_H

#include "lib/types.h"
#include "proc/cpu.h"

struct machine {
	u32 apic_ids[CPU_MAX];
	unsigned cpu_count;
	u16 pm1a_control; /* 0: unknown; writing SLP_EN | SLP_TYP there powers off */
	u16 sleep_type;
	u32 edge_pins; /* of the I/O APIC: edge-triggered, whatever the device's driver takes them for */
};
extern struct machine machine;

/* Fills `machine` from ACPI (rsdp != 0), else from the MP table. */
void machine_probe(paddr_t rsdp);

void smp_start(void); /* platform_start_cpus */

/* --- idle.S --- */
void idle_wait(void);
extern const u8 idle_hlt[], idle_woken[]; /* in it: the instruction that sleeps, the one behind it */

#endif

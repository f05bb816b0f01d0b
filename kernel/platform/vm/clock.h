/* SPDX-License-Identifier: MIT */
/* Start-up of the clock, in two steps.  For platform/vm/boot.c. */
#ifndef PLATFORM_VM_CLOCK_H
#define PLATFORM_VM_CLOCK_H

void clock_init(void);	/* early: begins to compare TSC and APIC timer */
void clock_ready(void); /* when the boot record is read: from now on platform_clock() goes */

#endif

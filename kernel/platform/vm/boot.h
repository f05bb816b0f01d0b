/* SPDX-License-Identifier: MIT */
/* Steps of the start that boot.c and smp.c share.  For platform/vm/ only. */
#ifndef PLATFORM_VM_BOOT_H
#define PLATFORM_VM_BOOT_H

#include "lib/types.h"

#define TRAMPOLINE 0x8000 /* page below 1 MiB where other CPUs start: reserved */

/* Features the kernel uses, in this CPU's control registers. */
void cpu_init_control(void);

#endif

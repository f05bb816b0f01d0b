/* SPDX-License-Identifier: MIT */
/* What the auxiliary vector tells programs of the CPU. */
#ifndef ARCH_HWCAP_H
#define ARCH_HWCAP_H

#include <arch/cpu.h>
#include "lib/types.h"

#define ARCH_PLATFORM "x86_64"

static inline u64 arch_hwcap(void) { return cpu_cpuid(1, 0).edx; }
/* Bit 1: wrfsbase and its kin may be used (Linux's HWCAP2_FSGSBASE). */
static inline u64 arch_hwcap2(void) { return cpu_has(CPU_FEATURE_FSGSBASE) ? 2 : 0; }

#endif

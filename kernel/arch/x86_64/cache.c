/* SPDX-License-Identifier: MIT */
/* The CPU's caches, as CPUID tells of them (SDM 2A, CPUID leaf 4; AMD's leaf 0x8000001d has the same form). */
#include <arch/cpu.h>
#include <arch/cpuinfo.h>

/* AMD's older leaves (APM 3, CPUID Fn8000_0005 and _0006), which know four caches.  QEMU's CPUs have only these. */
static bool older_cache(unsigned index, struct arch_cache *out)
{
	static const u8 ways_of[16] = {0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128, 0};
	u32 l1, kib;

	if (index > 3 || cpu_cpuid(0x80000000, 0).eax < 0x80000006)
		return false;
	if (index < 2) {
		l1 = index ? cpu_cpuid(0x80000005, 0).edx : cpu_cpuid(0x80000005, 0).ecx;
		kib = l1 >> 24;
		out->ways = l1 >> 16 & 255;
	} else {
		l1 = index == 2 ? cpu_cpuid(0x80000006, 0).ecx : cpu_cpuid(0x80000006, 0).edx;
		kib = index == 2 ? l1 >> 16 : (l1 >> 18) * 512;
		out->ways = ways_of[l1 >> 12 & 15];
	}
	out->type = index == 0 ? "Data" : index == 1 ? "Instruction" : "Unified";
	out->level = index < 2 ? 1 : index;
	out->line = l1 & 255;
	out->partitions = out->shared = 1;
	if (!kib || !out->line)
		return false;
	if (!out->ways || out->ways == 255) /* fully associative, or not said: one set */
		out->ways = kib * 1024 / out->line;
	out->sets = kib * 1024 / (out->line * out->ways);
	return true;
}

bool arch_cache(unsigned index, struct arch_cache *out)
{
	u32 leaf = 4;
	struct cpuid c;

	if (cpu_cpuid(0, 0).eax < 4 || !(cpu_cpuid(4, 0).eax & 31)) {
		leaf = 0x8000001d;
		if (cpu_cpuid(0x80000000, 0).eax < leaf || !(cpu_cpuid(leaf, 0).eax & 31))
			return older_cache(index, out);
	}
	for (u32 i = 0; i <= index; i++) { /* they may not be looked at after the last one */
		c = cpu_cpuid(leaf, i);
		if (!(c.eax & 31))
			return false;
	}
	out->type = (c.eax & 31) == 1 ? "Data" : (c.eax & 31) == 2 ? "Instruction" : "Unified";
	out->level = c.eax >> 5 & 7;
	out->shared = (c.eax >> 14 & 0xfff) + 1;
	out->line = (c.ebx & 0xfff) + 1;
	out->partitions = (c.ebx >> 12 & 0x3ff) + 1;
	out->ways = (c.ebx >> 22) + 1;
	out->sets = c.ecx + 1;
	return true;
}

/* SPDX-License-Identifier: MIT */
/* The CPU's registers and features.  For arch/ and platform/ only. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"

static inline u64 cpu_read_cr2(void)
{
	u64 v;
	__asm__ volatile("movq %%cr2, %0" : "=r"(v));
	return v;
}
static inline u64 cpu_read_cr3(void)
{
	u64 v;
	__asm__ volatile("movq %%cr3, %0" : "=r"(v));
	return v;
}
static inline void cpu_write_cr3(u64 v) { __asm__ volatile("movq %0, %%cr3" ::"r"(v) : "memory"); }
static inline u64 cpu_read_cr4(void)
{
	u64 v;
	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}
static inline void cpu_write_cr4(u64 v) { __asm__ volatile("movq %0, %%cr4" ::"r"(v)); }
static inline void cpu_invlpg(vaddr_t va) { __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory"); }

static inline u64 msr_read(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}
static inline void msr_write(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

struct cpuid {
	u32 eax, ebx, ecx, edx;
};
static inline struct cpuid cpu_cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;
	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
	return r;
}

static inline u64 cpu_rdtsc(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

enum cpu_feature {
	CPU_FEATURE_PDPE1GB,
	CPU_FEATURE_X2APIC,
	CPU_FEATURE_TSC_DEADLINE,
	CPU_FEATURE_XSAVE,
	CPU_FEATURE_FSGSBASE,
	CPU_FEATURE_RDRAND,
	CPU_FEATURE_HYPERVISOR,
};
extern u32 cpu_features; /* bit n: enum cpu_feature n; the same on all CPUs */
static inline bool cpu_has(enum cpu_feature f) { return cpu_features >> f & 1; }

#define MSR_APIC_BASE	 0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER	 0xc0000080
#define MSR_STAR	 0xc0000081
#define MSR_LSTAR	 0xc0000082
#define MSR_FMASK	 0xc0000084
#define MSR_FS_BASE	 0xc0000100
#define MSR_GS_BASE	 0xc0000101

/* The program's thread pointer. */
static inline u64 cpu_read_fs_base(void)
{
	u64 v;

	if (!cpu_has(CPU_FEATURE_FSGSBASE))
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}
static inline void cpu_write_fs_base(u64 v)
{
	if (cpu_has(CPU_FEATURE_FSGSBASE))
		__asm__ volatile("wrfsbase %0" ::"r"(v));
	else
		msr_write(MSR_FS_BASE, v);
}

#endif

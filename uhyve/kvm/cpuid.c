/* SPDX-License-Identifier: MIT */
/*
 * What the guest's CPUs say of themselves: what KVM can give of the host's, but
 * for the rows below.  One socket of cpu_count cores.
 */
#include "kvm/cpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define CPUID_MAX 256

enum { EAX, EBX, ECX, EDX };

#define KVM_LEAVES	0x40000000u
#define KVM_TSC_LEAF	0x40000010u /* eax: TSC in kHz, ebx: the APIC timer's */
#define APIC_TIMER_KHZ	1000000u

/* A leaf's bits that the guest does not see, or sees always. */
static const struct {
	uint32_t leaf, index;
	int reg;
	uint32_t clear, set;
} rows[] = {
	/* MONITOR, VMX, SMX, EST, TM2, PDCM: not for a guest that runs one program */
	{ 1, 0, ECX, 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 15, 1u << 31 /* a hypervisor */ },
	{ 1, 0, EDX, 1u << 21 | 1u << 22 | 1u << 29, 0 }, /* DS, ACPI, TM */
	{ 6, 0, EAX, ~0u, 0 }, /* thermal, power */
	{ 6, 0, EBX, ~0u, 0 },
	{ 6, 0, ECX, ~0u, 0 },
	{ 7, 0, EBX, 1u << 2 | 1u << 4 | 1u << 11, 0 }, /* SGX, HLE, RTM */
	{ 0xa, 0, EAX, ~0u, 0 }, /* performance counters: msr.c has none */
	{ 0xa, 0, EBX, ~0u, 0 },
	{ 0xa, 0, EDX, ~0u, 0 },
	{ 0x15, 0, EAX, ~0u, 0 }, /* the host's crystal is not the guest's */
	{ 0x15, 0, EBX, ~0u, 0 },
	{ 0x16, 0, EAX, ~0u, 0 },
	{ 0x80000001, 0, ECX, 1u << 2 | 1u << 23 | 1u << 24 | 1u << 28, 0 }, /* SVM, counters */
	{ 0x8000000a, 0, EAX, ~0u, 0 }, /* SVM's own leaf */
	{ 0x8000000a, 0, EBX, ~0u, 0 },
	{ 0x8000000a, 0, EDX, ~0u, 0 },
};

static uint32_t *entry_register(struct kvm_cpuid_entry2 *e, int reg)
{
	return reg == EAX ? &e->eax : reg == EBX ? &e->ebx : reg == ECX ? &e->ecx : &e->edx;
}

static void entry_rows(struct kvm_cpuid_entry2 *e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].leaf == e->function && rows[i].index == e->index) {
			uint32_t *r = entry_register(e, rows[i].reg);

			*r = (*r & ~rows[i].clear) | rows[i].set;
		}
}

static unsigned int log2_up(unsigned int n)
{
	return n <= 1 ? 0 : 32 - (unsigned int)__builtin_clz(n - 1);
}

/* Where a CPU finds its id and how many there are: SDM vol. 2, CPUID; APM vol. 3, appendix E. */
static void entry_topology(const struct vcpu *c, struct kvm_cpuid_entry2 *e)
{
	unsigned int n = c->vm->cpu_count, shift = log2_up(n);

	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | (n < 255 ? n : 255) << 16 | c->id << 24;
		e->edx = n > 1 ? e->edx | 1u << 28 : e->edx & ~(1u << 28);
		break;
	case 4: /* caches: the highest level is shared by all, the others are a core's own */
		if (e->eax & 0x1f) {
			unsigned int level = e->eax >> 5 & 7;
			unsigned int sharers = level >= 3 ? 1u << shift : 1;

			e->eax = (e->eax & 0x3fff) | (sharers - 1) << 14 | ((1u << (shift < 6 ? shift : 6)) - 1) << 26;
		}
		break;
	case 0xb:
	case 0x1f:
		e->edx = c->id;
		e->ecx = e->index & 0xff;
		e->eax = e->ebx = 0;
		if (e->index == 0) {
			e->ebx = 1;
			e->ecx |= 1 << 8; /* threads */
		} else if (e->index == 1) {
			e->eax = shift;
			e->ebx = n;
			e->ecx |= 2 << 8; /* cores */
		}
		break;
	case 0x80000008:
		e->ecx = (e->ecx & ~0xf0ffu) | (n - 1 < 255 ? n - 1 : 255) | shift << 12;
		break;
	case 0x8000001e:
		e->eax = c->id;
		e->ebx = (e->ebx & ~0xffffu) | (c->id & 0xff);
		e->ecx &= ~0x7ffu;
		break;
	}
}

/* KVM's leaves, with the one after VMware's example that tells the TSC's frequency. */
static int cpuid_tsc(struct vm *vm)
{
	struct kvm_cpuid2 *c = vm->cpuid;

	if (c->nent == CPUID_MAX) {
		errno = E2BIG;
		return -1;
	}
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == KVM_LEAVES && c->entries[i].eax < KVM_TSC_LEAF)
			c->entries[i].eax = KVM_TSC_LEAF;
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = KVM_TSC_LEAF,
		.eax = vm->tsc_khz,
		.ebx = APIC_TIMER_KHZ,
	};
	return 0;
}

int cpuid_make(struct vm *vm, const struct vcpu *first)
{
	bool deadline = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	int khz = ioctl(first->fd, KVM_GET_TSC_KHZ, 0);
	struct kvm_cpuid2 *c;

	if (khz < 0)
		return -1;
	vm->tsc_khz = (uint32_t)khz;
	c = calloc(1, sizeof(*c) + CPUID_MAX * sizeof(c->entries[0]));
	if (!c)
		return -1;
	vm->cpuid = c;
	c->nent = CPUID_MAX;
	if (ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, c))
		return -1;
	for (uint32_t i = 0; i < c->nent; i++) {
		entry_rows(&c->entries[i]);
		/* KVM has it wherever its irqchip is, but does not list it: Documentation/virt/kvm/api.rst. */
		if (c->entries[i].function == 1 && deadline)
			c->entries[i].ecx |= 1u << 24;
	}
	return khz ? cpuid_tsc(vm) : 0;
}

int cpuid_set(struct vcpu *c)
{
	struct kvm_cpuid2 *id = c->vm->cpuid;

	for (uint32_t i = 0; i < id->nent; i++)
		entry_topology(c, &id->entries[i]);
	return ioctl(c->fd, KVM_SET_CPUID2, id);
}

/* SPDX-License-Identifier: MIT */
/*
 * The one list of model-specific registers that the guest may touch; the rest
 * fault there (#GP), whatever KVM knows of them.  x2APIC's are the irqchip's and
 * KVM does not filter them.
 */
#include "kvm/cpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

struct msr_range {
	uint32_t first, count;
};

static const struct msr_range msrs[] = {
	{ 0x10, 1 }, /* TSC */
	{ 0x1b, 1 }, /* APIC_BASE */
	{ 0x48, 2 }, /* SPEC_CTRL, PRED_CMD */
	{ 0x8b, 1 }, /* microcode revision */
	{ 0x10a, 2 }, /* ARCH_CAPABILITIES, FLUSH_CMD */
	{ 0x174, 3 }, /* SYSENTER_CS, _ESP, _EIP */
	{ 0x1a0, 1 }, /* MISC_ENABLE */
	{ 0x277, 1 }, /* PAT */
	{ 0x6e0, 1 }, /* TSC_DEADLINE */
	{ 0xda0, 1 }, /* XSS */
	{ 0x4b564d00, 8 }, /* KVM's own: kvmclock and its like */
	{ 0xc0000080, 5 }, /* EFER, STAR, LSTAR, CSTAR, FMASK */
	{ 0xc0000100, 4 }, /* FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX */
};

#define MSR_RANGES (sizeof(msrs) / sizeof(msrs[0]))

_Static_assert(MSR_RANGES <= KVM_MSR_FILTER_MAX_RANGES, "KVM takes no more");

int msr_filter(struct vm *vm)
{
	static unsigned char all[] = { 0xff };
	struct kvm_msr_filter f = { .flags = KVM_MSR_FILTER_DEFAULT_DENY };

	for (size_t i = 0; i < MSR_RANGES; i++)
		f.ranges[i] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.base = msrs[i].first,
			.nmsrs = msrs[i].count,
			.bitmap = all,
		};
	return ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f);
}

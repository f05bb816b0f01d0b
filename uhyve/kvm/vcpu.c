/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm/cpu.h"
#include "kvm/debug.h"
#include "kvm/stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int vcpu_boot_state(struct vcpu *c)
{
	struct kvm_segment code = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .db = 1, .g = 1 };
	struct kvm_segment data = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };
	struct kvm_segment task = { .limit = 0x67, .type = 11, .present = 1 };
	struct kvm_regs regs = { .rip = c->vm->entry, .rbx = c->vm->start_info, .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(c->fd, KVM_GET_SREGS, &s))
		return -1;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.tr = task;
	s.ldt.unusable = 1;
	s.gdt.base = s.idt.base = 0;
	s.gdt.limit = s.idt.limit = 0;
	s.cr0 = 0x11; /* PE, ET */
	s.cr3 = s.cr4 = s.efer = 0;
	return ioctl(c->fd, KVM_SET_SREGS, &s) || ioctl(c->fd, KVM_SET_REGS, &regs) ? -1 : 0;
}

static void vcpu_mmio(struct vcpu *c)
{
	const struct vm_window *w = &c->vm->window;
	struct kvm_run *run = c->run;
	uint64_t at = run->mmio.phys_addr;
	unsigned int len = run->mmio.len <= sizeof(run->mmio.data) ? run->mmio.len : sizeof(run->mmio.data);
	bool inside = at >= w->base && at - w->base < w->size && len <= w->size - (at - w->base);

	if (!run->mmio.is_write)
		memset(run->mmio.data, inside ? 0 : 0xff, sizeof(run->mmio.data));
	if (inside && run->mmio.is_write)
		w->write(w->arg, at - w->base, run->mmio.data, len);
	else if (inside)
		w->read(w->arg, at - w->base, run->mmio.data, len);
}

static void vcpu_io(struct vcpu *c)
{
	struct kvm_run *run = c->run;

	ports_access(c->vm, run->io.port, run->io.direction == KVM_EXIT_IO_OUT, run->io.size, run->io.count,
		     (unsigned char *)run + run->io.data_offset);
}

static void __attribute__((format(printf, 2, 3))) vcpu_crash(struct vcpu *c, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	/* One CPU's fall may take others with it: the first tells, then ends the machine. */
	if (__atomic_exchange_n(&c->vm->reported, 1, __ATOMIC_SEQ_CST))
		return;
	vcpu_report(c, why);
	vm_end(c->vm, VM_CRASHED);
}

static enum hermit_stats_exit exit_kind(uint32_t reason)
{
	switch (reason) {
	case KVM_EXIT_MMIO:
		return HERMIT_EXIT_MMIO;
	case KVM_EXIT_IO:
		return HERMIT_EXIT_PORT;
	case KVM_EXIT_DEBUG:
		return HERMIT_EXIT_DEBUG;
	default:
		return HERMIT_EXIT_OTHER;
	}
}

static void vcpu_exit(struct vcpu *c)
{
	struct kvm_run *run = c->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		vcpu_mmio(c);
		break;
	case KVM_EXIT_IO:
		vcpu_io(c);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_DEBUG:
		debug_exit(c);
		break;
	case KVM_EXIT_SHUTDOWN:
		vcpu_crash(c, "triple fault");
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		vcpu_crash(c, "system event %u", run->system_event.type);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		vcpu_crash(c, "KVM cannot enter the guest: hardware reason %#llx",
			   (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
			vcpu_crash(c, "KVM cannot emulate an instruction");
		else
			vcpu_crash(c, "KVM's internal error %u", run->internal.suberror);
		break;
	default:
		vcpu_crash(c, "KVM's exit reason %u is not known", run->exit_reason);
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *c = arg;
	char name[16];

	snprintf(name, sizeof(name), "cpu%u", c->id);
	pthread_setname_np(pthread_self(), name);
	if (c->vm->cpu_begin)
		c->vm->cpu_begin();
	stats_stage(HERMIT_STAGE_GUEST);
	while (__atomic_load_n(&c->vm->end, __ATOMIC_RELAXED) == VM_RUNS &&
	       !__atomic_load_n(&c->vm->reported, __ATOMIC_RELAXED)) {
		bool again = c->vm->debug && debug_gate(c);

		if (again || ioctl(c->fd, KVM_RUN, 0) == 0) {
			if (c->run->exit_reason != KVM_EXIT_SHUTDOWN)
				*c->last = c->run->s.regs.regs;
			stats_exit(exit_kind(c->run->exit_reason));
			vcpu_exit(c);
		} else if (errno != EINTR && errno != EAGAIN) {
			vcpu_crash(c, "KVM_RUN: %s", strerror(errno));
		} else {
			stats_exit(HERMIT_EXIT_SIGNAL);
		}
	}
	/* The I/O thread ends the process; until then nothing of the guest runs. */
	for (;;)
		pause();
	return NULL;
}

int vcpu_start(struct vcpu *c)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int r;

	pthread_attr_init(&attr);
	if (c->host_cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((unsigned int)c->host_cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	r = pthread_create(&c->thread, &attr, vcpu_thread, c);
	pthread_attr_destroy(&attr);
	return -r;
}

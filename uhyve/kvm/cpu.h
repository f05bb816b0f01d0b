/* SPDX-License-Identifier: MIT */
/* The parts of a CPU, for vm.c.  All give 0 or -1 with errno unless they say else. */
#ifndef UHYVE_CPU_H
#define UHYVE_CPU_H

#include "kvm/vm.h"

/* What the CPUs are: the host's own, but for what cpuid.c lists.  Needs one to ask for the TSC. */
int cpuid_make(struct vm *vm, const struct vcpu *first);
int cpuid_set(struct vcpu *c);

/* Model-specific registers that are not in msr.c's list fault. */
int msr_filter(struct vm *vm);

/* PVH (Xen's docs/misc/pvh.pandoc): 32-bit protected mode, flat segments, no paging, ebx. */
int vcpu_boot_state(struct vcpu *c);
int vcpu_start(struct vcpu *c); /* 0 or a negative error */

/* Says on the log and on stderr what the CPU was at when it stopped for `why`. */
void vcpu_report(struct vcpu *c, const char *why);

/* COM1 and the exit port.  `data` holds `count` accesses of `size` bytes each. */
void ports_access(struct vm *vm, uint16_t port, bool out, unsigned int size, unsigned int count,
		  unsigned char *data);
/* Bytes for the user about the machine: through the log, whole lines. */
void log_write(struct vm *vm, const char *s, size_t n);
void log_flush(struct vm *vm);

#endif

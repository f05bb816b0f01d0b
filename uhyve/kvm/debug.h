/* SPDX-License-Identifier: MIT */
/*
 * Stopping the CPUs, looking into them, and letting them go on: what a debugger
 * needs of the VM.  All-stop: when one CPU stops for a reason, all do.
 *
 * debug.lock guards all of it.  A CPU's thread calls debug_gate() before it
 * enters the guest and debug_exit() after KVM_EXIT_DEBUG, and may sleep in
 * both; everything else is for the one thread of the debugger, and what touches
 * a CPU's state only while the CPUs are stopped.
 */
#ifndef UHYVE_DEBUG_H
#define UHYVE_DEBUG_H

#include "kvm/vm.h"

#include <stdbool.h>
#include <stdint.h>

enum debug_go { DEBUG_HALT, DEBUG_CONT, DEBUG_STEP };

enum debug_kind { DEBUG_EXEC = 0, DEBUG_WRITE = 1, DEBUG_READ = 2, DEBUG_ACCESS = 3 };

enum debug_why {
	DEBUG_ASKED, /* debug_stop(), or before the first instruction */
	DEBUG_STEPPED,
	DEBUG_SOFT, /* an int3 that debug_soft() has put there */
	DEBUG_HARD, /* a debug register: `kind`, `addr` */
};

struct debug_stop {
	unsigned int cpu;
	enum debug_why why;
	enum debug_kind kind;
	uint64_t addr;
};

struct kvm_regs;
struct kvm_sregs;
struct kvm_xsave;
struct debug;

/* The CPUs, not started yet, will stop before their first instruction.  0 or a negative error. */
int debug_make(struct vm *vm);
/* Readable (an eventfd) each time the CPUs have all stopped; debug_stopped() takes it. */
int debug_event(const struct vm *vm);
/* Whether they have stopped, and why. */
bool debug_stopped(struct vm *vm, struct debug_stop *stop);

void debug_stop(struct vm *vm); /* asks them to */
void debug_go(struct vm *vm, const enum debug_go *go); /* each CPU does as go[cpu] says */

/* An int3 at a linear address of `cpu`; -EFAULT: no memory is there (yet); -ENOSPC. */
int debug_soft(struct vm *vm, unsigned int cpu, uint64_t addr);
/* A debug register, the same on all CPUs.  len: 1, 2, 4 or 8, and addr a multiple; else -EINVAL.  -ENOSPC: none is left. */
int debug_hard(struct vm *vm, enum debug_kind kind, uint64_t addr, unsigned int len);
/* Takes one away again.  -ENOENT. */
int debug_soft_off(struct vm *vm, unsigned int cpu, uint64_t addr);
int debug_hard_off(struct vm *vm, enum debug_kind kind, uint64_t addr, unsigned int len);
void debug_all_off(struct vm *vm, unsigned int cpu);

/* By linear addresses of `cpu`, all or nothing.  -EFAULT. */
int debug_read(struct vm *vm, unsigned int cpu, uint64_t addr, void *buf, size_t n);
int debug_write(struct vm *vm, unsigned int cpu, uint64_t addr, const void *buf, size_t n);

/* For vcpu.c.  gate: true if there is an exit to handle before the guest may be entered. */
bool debug_gate(struct vcpu *c);
void debug_exit(struct vcpu *c);

#endif

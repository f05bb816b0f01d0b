/* SPDX-License-Identifier: MIT */
/*
 * The machine on KVM: memory, irqchip, CPUs, and the hooks by which devices are
 * reached.  Made by main.c in the order of the functions below; constant once
 * the CPUs run, but for what says so.
 */
#ifndef UHYVE_VM_H
#define UHYVE_VM_H

#include "kvm/memory.h"

#include <pthread.h>
#include <sys/types.h>

#define VM_CPUS_MAX 255
#define VM_PINS	    24 /* of KVM's IOAPIC */

struct kvm_run;
struct kvm_cpuid2;
struct kvm_regs;

/* Devices in the hole: called on the thread of the CPU that accesses them, with 1 to 8 bytes. */
struct vm_window {
	uint64_t base, size; /* guest physical */
	void *arg;
	void (*read)(void *arg, uint64_t offset, void *data, unsigned int len); /* *data is zeros */
	void (*write)(void *arg, uint64_t offset, const void *data, unsigned int len);
};

struct vcpu {
	struct vm *vm;
	unsigned int id; /* also its APIC id */
	int host_cpu; /* it runs on this one alone; -1: on any */
	int fd;
	struct kvm_run *run;
	struct kvm_regs *last; /* at its last exit: AMD's KVM forgets them at a triple fault */
	pthread_t thread;
};

/* Why the machine has ended. */
enum vm_end {
	VM_RUNS,
	VM_POWERED_OFF, /* the guest wrote 0 to the exit port: all is said */
	VM_GUEST_FAILED, /* it wrote something else there: a panic, which the kernel has told */
	VM_CRASHED, /* triple fault, or KVM's internal error: vm_report() has told */
};

struct vm {
	int kvm, fd;
	size_t run_size; /* of a vCPU's struct kvm_run, mapped */
	struct memory memory;
	unsigned int cpu_count;
	struct vcpu *cpus;
	struct kvm_cpuid2 *cpuid; /* what the CPUs are, but for their ids */
	uint32_t tsc_khz;
	uint32_t entry, start_info; /* where CPU 0 begins, and what it finds in ebx */
	uint64_t code_start, code_end; /* of the kernel, virtual: what a return address looks like */
	uint64_t code_phys; /* of code_start */
	struct vm_window window;
	void (*cpu_begin)(void); /* called on each CPU's thread before the guest runs there; may be NULL */
	int log; /* takes what COM1 says; -1: nobody */
	int end_event; /* eventfd: readable once `end` says why */
	int end; /* enum vm_end; atomic, set once */
	int reported; /* atomic: a CPU has told of its fall */
	struct debug *debug; /* NULL: nobody debugs it (debug.h) */
};

/*
 * The parts of the VM, in order.  0 or a negative error after a message, as all
 * below where nothing else is said.
 */
int vm_open(struct vm *vm); /* /dev/kvm and what it must be able to do */
int vm_cpus(struct vm *vm, unsigned int cpus); /* how many there will be */
/*
 * KVM_CREATE_VM waits for a grace period of RCU, which is most of the whole start: what needs no VM, such as the
 * memory and what lies in it, is done by another thread meanwhile.  Silent: vm_created(), once that other thread
 * is done, says what went wrong, and makes all of the VM but its CPUs.
 */
void vm_create(struct vm *vm);
int vm_memory(struct vm *vm, const struct memory_wish *w);
int vm_created(struct vm *vm);
int vm_make_cpus(struct vm *vm); /* after boot.c has said where they begin */
int vm_start(struct vm *vm); /* a thread for each CPU */
/* Before vm_start(): CPU i runs on list[i % n] of the host.  Silent: -EINVAL: there is no such CPU for us. */
int vm_affinity(struct vm *vm, const unsigned int *list, unsigned int n);

/* An eventfd that a write to `addr` of any width raises; one that raises the IOAPIC's pin.  Silent errors. */
int vm_ioeventfd(struct vm *vm, uint64_t addr, int fd);
int vm_irqfd(struct vm *vm, unsigned int pin, int fd);

/* Ends the machine for a reason; the first one counts.  Any thread. */
void vm_end(struct vm *vm, enum vm_end why);

#endif

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm/vm.h"
#include "kvm/cpu.h"
#include "kvm_probe.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pages that Intel's KVM wants for real mode, above the devices and below the firmware's place. */
#define IDENTITY_ADDR 0xfffbc000ull
#define TSS_ADDR      0xfffbd000ull

#define OTHER_ISLE "HERMIT_ISLE=qemu needs no KVM"

static const struct {
	int cap;
	const char *name;
} needed[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_IRQFD, "KVM_CAP_IRQFD" },
	{ KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, "KVM_CAP_IOEVENTFD_ANY_LENGTH" },
	{ KVM_CAP_GET_TSC_KHZ, "KVM_CAP_GET_TSC_KHZ" },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER" },
};

static int vm_lacks(const char *what)
{
	msg_error(what, "use a Linux of 5.10 or later; " OTHER_ISLE, "this host's KVM does not have it");
	return -ENOSYS;
}

int vm_open(struct vm *vm)
{
	struct kvm_answer answer;
	int size;

	vm->kvm = kvm_open(&answer);
	if (vm->kvm < 0) {
		msg_error("/dev/kvm", answer.mend, "%s", answer.why);
		return vm->kvm;
	}
	if (ioctl(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return vm_lacks("API version 12");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return vm_lacks(needed[i].name);
	size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return vm_lacks("KVM_GET_VCPU_MMAP_SIZE");
	vm->run_size = (size_t)size;
	return 0;
}

static int vm_failed(const char *what, const char *mend)
{
	int r = -errno;

	msg_error(what, mend, "%s", strerror(-r));
	return r;
}

int vm_memory(struct vm *vm, const struct memory_wish *w)
{
	int r = memory_make(&vm->memory, w);

	if (r)
		msg_error("guest memory", "give less", "%llu MiB: %s", (unsigned long long)(w->size >> 20), strerror(-r));
	return r;
}

static int vm_map_memory(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->memory.pieces; i++) {
		const struct memory_piece *p = &vm->memory.piece[i];
		struct kvm_userspace_memory_region region = {
			.slot = i,
			.guest_phys_addr = p->base,
			.memory_size = p->size,
			.userspace_addr = (uintptr_t)p->host,
		};

		if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
			return vm_failed("KVM_SET_USER_MEMORY_REGION", "give less memory");
	}
	return 0;
}

static int vm_cpu_limit(struct vm *vm, unsigned int cpus)
{
	int most = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (most > 0 && cpus <= (unsigned int)most)
		return 0;
	msg_error("CPUs", "give fewer", "%u are more than this host's KVM can do: %d", cpus, most);
	return -ERANGE;
}

int vm_cpus(struct vm *vm, unsigned int cpus)
{
	int r = vm_cpu_limit(vm, cpus);

	if (r)
		return r;
	vm->end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->end_event < 0)
		return vm_failed("eventfd", "raise ulimit -n");
	vm->cpus = calloc(cpus, sizeof(*vm->cpus));
	if (!vm->cpus)
		return vm_failed("CPUs", NULL);
	vm->cpu_count = cpus;
	return 0;
}

void vm_create(struct vm *vm)
{
	do {
		vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	} while (vm->fd < 0 && errno == EINTR);
	if (vm->fd < 0)
		vm->fd = -errno;
}

int vm_created(struct vm *vm)
{
	uint64_t identity = IDENTITY_ADDR;
	int r;

	if (vm->fd < 0) {
		errno = -vm->fd;
		return vm_failed("KVM_CREATE_VM", OTHER_ISLE);
	}
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) || ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDR))
		return vm_failed("KVM_SET_TSS_ADDR", OTHER_ISLE);
	r = vm_map_memory(vm);
	if (r)
		return r;
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return vm_failed("KVM_CREATE_IRQCHIP", OTHER_ISLE);
	if (msr_filter(vm))
		return vm_failed("KVM_X86_SET_MSR_FILTER", OTHER_ISLE);
	return 0;
}

int vm_make_cpus(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->cpu_count; i++) {
		struct vcpu *c = &vm->cpus[i];

		c->vm = vm;
		c->id = i;
		c->host_cpu = -1;
		c->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)i);
		if (c->fd < 0)
			return vm_failed("KVM_CREATE_VCPU", "give fewer CPUs");
		c->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
		if (c->run == MAP_FAILED)
			return vm_failed("KVM_CREATE_VCPU", "give fewer CPUs");
		c->last = calloc(1, sizeof(*c->last));
		if (!c->last)
			return vm_failed("CPUs", NULL);
		if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) & KVM_SYNC_X86_REGS)
			c->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
		if (i == 0 && cpuid_make(vm, c))
			return vm_failed("KVM_GET_SUPPORTED_CPUID", OTHER_ISLE);
		if (cpuid_set(c))
			return vm_failed("KVM_SET_CPUID2", OTHER_ISLE);
		if (i == 0 && vcpu_boot_state(c))
			return vm_failed("KVM_SET_SREGS", OTHER_ISLE);
	}
	return 0;
}

int vm_affinity(struct vm *vm, const unsigned int *list, unsigned int n)
{
	cpu_set_t may;

	if (sched_getaffinity(0, sizeof(may), &may))
		return -errno;
	for (unsigned int i = 0; i < n; i++)
		if (list[i] >= CPU_SETSIZE || !CPU_ISSET(list[i], &may))
			return -EINVAL;
	for (unsigned int i = 0; n && i < vm->cpu_count; i++)
		vm->cpus[i].host_cpu = (int)list[i % n];
	return 0;
}

int vm_start(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->cpu_count; i++) {
		int r = vcpu_start(&vm->cpus[i]);

		if (r) {
			msg_error("CPUs", "raise ulimit -u", "no thread for CPU %u: %s", i, strerror(-r));
			return r;
		}
	}
	return 0;
}

int vm_ioeventfd(struct vm *vm, uint64_t addr, int fd)
{
	/* Length 0 matches every width, and lets Intel's KVM do without decoding the instruction. */
	struct kvm_ioeventfd e = { .addr = addr, .len = 0, .fd = fd };

	return ioctl(vm->fd, KVM_IOEVENTFD, &e) ? -errno : 0;
}

int vm_irqfd(struct vm *vm, unsigned int pin, int fd)
{
	struct kvm_irqfd e = { .fd = (uint32_t)fd, .gsi = pin };

	return ioctl(vm->fd, KVM_IRQFD, &e) ? -errno : 0;
}

void vm_end(struct vm *vm, enum vm_end why)
{
	int runs = VM_RUNS;
	uint64_t one = 1;

	if (__atomic_compare_exchange_n(&vm->end, &runs, why, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    write(vm->end_event, &one, sizeof(one)) < 0)
		abort(); /* an eventfd that was never raised takes one */
}

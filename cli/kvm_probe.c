/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm_probe.h"
#include "kvm_guest.h"
#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define PROBE_MS  3000 /* for a guest that needs microseconds, on a host that may be busy and a machine itself */
#define CPUID_MAX 256
#define TSS_ADDR  0xfffbd000 /* three pages that Intel's KVM wants; nothing else lies there */

#define STEP_GOOD 6 /* one more than the guest's last: it also said so */

#define PTE_P  1ull
#define PTE_W  2ull
#define PTE_NC 0x18ull /* PWT, PCD: device memory */
#define PTE_PS 0x80ull

struct probe {
	int kvm, vm, vcpu;
	char *mem;
	struct kvm_run *run;
	size_t run_size;
};

/* --- the guest's memory --- */

static uint64_t *guest_u64(struct probe *p, size_t at)
{
	return (uint64_t *)(void *)(p->mem + at);
}

static void guest_gate(struct probe *p, unsigned int vector, uint32_t handler)
{
	uint64_t at = GUEST_CODE + handler;
	uint64_t *gate = guest_u64(p, GUEST_IDT + 16 * vector);

	/* Present, ring 0, 64-bit interrupt gate: SDM vol. 3, 6.14.1. */
	gate[0] = (at & 0xffff) | (uint64_t)GUEST_CS << 16 | 0x8eull << 40 | (at >> 16 & 0xffff) << 48;
	gate[1] = at >> 32;
}

static void guest_fill(struct probe *p)
{
	*guest_u64(p, GUEST_PML4) = GUEST_PDPT | PTE_P | PTE_W;
	*guest_u64(p, GUEST_PDPT) = GUEST_PD0 | PTE_P | PTE_W;
	*guest_u64(p, GUEST_PDPT + 8 * 3) = GUEST_PD3 | PTE_P | PTE_W;
	*guest_u64(p, GUEST_PD0) = GUEST_PT | PTE_P | PTE_W;
	*guest_u64(p, GUEST_PD3 + 8 * 503) = 0xfee00000ull | PTE_P | PTE_W | PTE_NC | PTE_PS;
	for (uint64_t page = 0; page < GUEST_SIZE >> 12; page++)
		*guest_u64(p, GUEST_PT + 8 * page) =
			page << 12 | PTE_W | (page << 12 == GUEST_HOLE ? 0 : PTE_P);
	*guest_u64(p, GUEST_GDT + GUEST_CS) = 0x00af9b000000ffffull;
	*guest_u64(p, GUEST_GDT + GUEST_DS) = 0x00cf93000000ffffull;
	guest_gate(p, 14, kvm_guest_layout.fault);
	guest_gate(p, GUEST_TIMER_VECTOR, kvm_guest_layout.timer);
	memcpy(p->mem + GUEST_CODE, kvm_guest_start, kvm_guest_layout.size);
}

static int guest_registers(struct probe *p)
{
	struct kvm_segment code = { .limit = ~0u, .selector = GUEST_CS, .type = 11, .present = 1, .s = 1,
				    .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = ~0u, .selector = GUEST_DS, .type = 3, .present = 1, .s = 1,
				    .db = 1, .g = 1 };
	struct kvm_regs regs = { .rip = GUEST_CODE, .rsp = GUEST_STACK, .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(p->vcpu, KVM_GET_SREGS, &s))
		return -errno;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.gdt.base = GUEST_GDT;
	s.gdt.limit = 3 * 8 - 1;
	s.idt.base = GUEST_IDT;
	s.idt.limit = (GUEST_TIMER_VECTOR + 1) * 16 - 1;
	s.cr0 = 0x80010033; /* PG WP NE ET MP PE */
	s.cr3 = GUEST_PML4;
	s.cr4 = 0x620; /* OSXMMEXCPT OSFXSR PAE */
	s.efer = 0x501; /* LMA LME SCE */
	if (ioctl(p->vcpu, KVM_SET_SREGS, &s) || ioctl(p->vcpu, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

/* The guest sees the CPU that the host has; without this it would have no long mode at all. */
static int guest_cpuid(struct probe *p)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + CPUID_MAX * sizeof(c->entries[0]));
	int r = 0;

	if (!c)
		return -ENOMEM;
	c->nent = CPUID_MAX;
	if (ioctl(p->kvm, KVM_GET_SUPPORTED_CPUID, c) || ioctl(p->vcpu, KVM_SET_CPUID2, c))
		r = -errno;
	free(c);
	return r;
}

/* --- the machine --- */

static int probe_machine(struct probe *p)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_SIZE };
	int size;

	if (ioctl(p->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return -ENOSYS;
	p->vm = ioctl(p->kvm, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return -errno;
	if (ioctl(p->vm, KVM_SET_TSS_ADDR, TSS_ADDR) || ioctl(p->vm, KVM_CREATE_IRQCHIP, 0))
		return -errno;
	p->mem = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->mem == MAP_FAILED)
		return -errno;
	guest_fill(p);
	region.userspace_addr = (uintptr_t)p->mem;
	if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(p->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (p->vcpu < 0 || size < (int)sizeof(*p->run))
		return p->vcpu < 0 ? -errno : -ENOSYS;
	p->run_size = (size_t)size;
	p->run = mmap(NULL, p->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu, 0);
	if (p->run == MAP_FAILED)
		return -errno;
	size = guest_cpuid(p);
	return size ? size : guest_registers(p);
}

static void probe_free(struct probe *p)
{
	if (p->run != MAP_FAILED)
		munmap(p->run, p->run_size);
	if (p->vcpu >= 0)
		close(p->vcpu);
	if (p->vm >= 0)
		close(p->vm);
	if (p->mem != MAP_FAILED)
		munmap(p->mem, GUEST_SIZE);
}

static volatile sig_atomic_t probe_late;

static void probe_alarm(int sig)
{
	probe_late = 1;
}

/* Runs the guest to its end or the end of its time. */
static bool probe_run(struct probe *p)
{
	/* It goes on ringing, so that one that comes just before the ioctl does no harm. */
	struct itimerval on = { .it_value = { .tv_usec = PROBE_MS * 1000 },
				.it_interval = { .tv_usec = 10000 } };
	struct itimerval off = { .it_value = { 0 } };
	struct sigaction sa = { .sa_handler = probe_alarm }, old;
	bool good = false;

	probe_late = 0;
	sigaction(SIGALRM, &sa, &old);
	setitimer(ITIMER_REAL, &on, NULL);
	while (!probe_late) {
		if (ioctl(p->vcpu, KVM_RUN, 0)) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			break;
		}
		good = p->run->exit_reason == KVM_EXIT_IO && p->run->io.direction == KVM_EXIT_IO_OUT &&
		       p->run->io.port == GUEST_PORT && p->run->io.data_offset < p->run_size &&
		       *((unsigned char *)p->run + p->run->io.data_offset) == GUEST_GOOD;
		break;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &old, NULL);
	return good;
}

/* How far a guest came that did not finish. */
static int probe_step(const struct probe *p)
{
	uint32_t step;

	memcpy(&step, p->mem + GUEST_STEP, sizeof(step));
	return step < STEP_GOOD ? (int)step : 0;
}

/* --- the answer's memory --- */

#define CACHE "kvm"

/* The line that an answer of this boot begins with.  false: /proc does not tell. */
static bool cache_boot(char boot[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, boot, 63);
	close(fd);
	if (n < 36)
		return false;
	boot[36] = 0;
	return true;
}

/* Gives the remembered step (STEP_GOOD: works), or -1. */
static int cache_read(void)
{
	char boot[64], line[64] = "";
	int dir = state_dir_open(false), fd = -1;
	ssize_t n = 0;

	if (dir < 0)
		return -1;
	if (cache_boot(boot))
		fd = openat(dir, CACHE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	close(dir);
	if (fd < 0)
		return -1;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n != 39 || memcmp(line, boot, 36) || line[36] != ' ' || line[37] < '0' || line[37] > '6')
		return -1;
	return line[37] - '0';
}

/* Nowhere to keep it: then the next run tries anew. */
static void cache_write(int step)
{
	char new[32], boot[64], line[64];
	int dir = state_dir_open(true), fd = -1, n;

	if (dir < 0)
		return;
	snprintf(new, sizeof(new), CACHE ".%d", (int)getpid());
	if (cache_boot(boot))
		fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		n = snprintf(line, sizeof(line), "%s %d\n", boot, step);
		/* Whole or not at all: others may be reading. */
		if (write(fd, line, (size_t)n) != n || renameat(dir, new, dir, CACHE))
			unlinkat(dir, new, 0);
		close(fd);
	}
	close(dir);
}

/* --- the answer --- */

static const char *const steps[] = {
	"64-bit code", "SSE instructions", "a page fault", "a system call", "a timer interrupt", "its last report",
};

static void answer_step(struct kvm_answer *a, int step)
{
	a->works = step == STEP_GOOD;
	if (a->works)
		return;
	snprintf(a->why, sizeof(a->why), "/dev/kvm opens, but its guest fails at %s", steps[step]);
	snprintf(a->mend, sizeof(a->mend), "it is a software one or broken: HERMIT_ISLE=qemu with HERMIT_KVM unset, or 0, works");
}

static void answer_open(struct kvm_answer *a, int error)
{
	if (error == EACCES || error == EPERM) {
		snprintf(a->why, sizeof(a->why), "no permission on /dev/kvm");
		snprintf(a->mend, sizeof(a->mend),
			 "join its group: sudo usermod -aG kvm $USER, then log in again; HERMIT_ISLE=qemu works without");
	} else if (error == ENOENT || error == ENODEV || error == ENXIO) {
		snprintf(a->why, sizeof(a->why), "this machine has no /dev/kvm");
		snprintf(a->mend, sizeof(a->mend),
			 "switch virtualization on in the firmware or the outer machine and load kvm_intel or kvm_amd; HERMIT_ISLE=qemu works without");
	} else {
		snprintf(a->why, sizeof(a->why), "/dev/kvm: %s", strerror(error));
		snprintf(a->mend, sizeof(a->mend), "HERMIT_ISLE=qemu with HERMIT_KVM=0 works");
	}
}

static void answer_machine(struct kvm_answer *a, int error)
{
	snprintf(a->why, sizeof(a->why), "/dev/kvm opens, but makes no machine: %s", strerror(error));
	snprintf(a->mend, sizeof(a->mend), "HERMIT_ISLE=qemu with HERMIT_KVM=0 works");
}

int kvm_open(struct kvm_answer *a)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), r = -errno;

	*a = (struct kvm_answer){ .works = false };
	if (fd >= 0)
		return fd;
	answer_open(a, -r);
	return r;
}

static void probe_ask(struct kvm_answer *a)
{
	struct probe p = { .vm = -1, .vcpu = -1, .mem = MAP_FAILED, .run = MAP_FAILED };
	int step, r;

	p.kvm = kvm_open(a);
	if (p.kvm < 0)
		return;
	step = cache_read();
	if (step < 0) {
		r = probe_machine(&p);
		if (r) {
			answer_machine(a, -r);
		} else {
			step = probe_run(&p) ? STEP_GOOD : probe_step(&p);
			cache_write(step);
		}
		probe_free(&p);
	}
	if (step >= 0)
		answer_step(a, step);
	close(p.kvm);
}

void kvm_probe(struct kvm_answer *a)
{
	static struct kvm_answer answer;
	static bool asked; /* several parts of one run want to know */

	if (!asked)
		probe_ask(&answer);
	asked = true;
	*a = answer;
}

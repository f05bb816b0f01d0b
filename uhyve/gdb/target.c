/* SPDX-License-Identifier: MIT */
/* What gdb asks for, done to KVM's CPUs.  The register formats are those of FXSAVE and XSAVE (SDM 1, 10.5
 * and 13.4). */
#include "gdb/target.h"
#include "kvm/debug.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* One machine in a process. */
static struct vm *machine;

/* ---- registers ---- */

/* Offsets in the legacy region and behind it. */
enum {
	FCW = 0,
	FSW = 2,
	FTW = 4,
	FOP = 6,
	FIP = 8,
	FIP_SEG = 12,
	FDP = 16,
	FDP_SEG = 20,
	MXCSR = 24,
	ST = 32,
	XMM = 160
};
enum { XSTATE_BV = 512, YMMH = 576 };
#define XSTATE_ALL 7ull /* x87, SSE, AVX */

static uint32_t get(const uint8_t *image, unsigned int at, unsigned int size)
{
	uint32_t v = 0;

	memcpy(&v, image + at, size);
	return v;
}

static void set(uint8_t *image, unsigned int at, unsigned int size, uint32_t v)
{
	memcpy(image + at, &v, size);
}

/* The tag word, of which the image only says whether a register is empty: 0 valid, 1 zero, 2 special, 3
 * empty. */
static uint32_t tags_of(const uint8_t *image)
{
	uint32_t top = get(image, FSW, 2) >> 11 & 7, tags = 0;

	for (unsigned int i = 0; i < 8; i++) {
		const uint8_t *st = image + ST + 16 * ((i - top) & 7);
		uint32_t exponent = get(st, 8, 2) & 0x7fff, tag = 0;
		uint64_t mantissa;

		memcpy(&mantissa, st, sizeof(mantissa));
		if (!(image[FTW] & 1u << i))
			tag = 3;
		else if (!exponent && !mantissa)
			tag = 1;
		else if (exponent == 0x7fff || !(mantissa >> 63))
			tag = 2;
		tags |= tag << 2 * i;
	}
	return tags;
}

static void vector_get(const uint8_t *image, struct gdb_regs *r, bool avx)
{
	for (unsigned int i = 0; i < 8; i++)
		memcpy(r->st[i], image + ST + 16 * i, sizeof(r->st[i]));
	r->fctrl = get(image, FCW, 2);
	r->fstat = get(image, FSW, 2);
	r->ftag = tags_of(image);
	r->fiseg = get(image, FIP_SEG, 2);
	r->fioff = get(image, FIP, 4);
	r->foseg = get(image, FDP_SEG, 2);
	r->fooff = get(image, FDP, 4);
	r->fop = get(image, FOP, 2);
	r->mxcsr = get(image, MXCSR, 4);
	memcpy(r->xmm, image + XMM, sizeof(r->xmm));
	if (avx)
		memcpy(r->ymmh, image + YMMH, sizeof(r->ymmh));
}

static void vector_put(uint8_t *image, const struct gdb_regs *r, bool avx)
{
	uint64_t present;

	for (unsigned int i = 0; i < 8; i++) {
		memcpy(image + ST + 16 * i, r->st[i], sizeof(r->st[i]));
		image[FTW] = (uint8_t)((image[FTW] & ~(1u << i)) | ((r->ftag >> 2 * i & 3) != 3) << i);
	}
	set(image, FCW, 2, r->fctrl);
	set(image, FSW, 2, r->fstat);
	set(image, FIP_SEG, 2, r->fiseg);
	set(image, FIP, 4, r->fioff);
	set(image, FDP_SEG, 2, r->foseg);
	set(image, FDP, 4, r->fooff);
	set(image, FOP, 2, r->fop);
	set(image, MXCSR, 4,
	    r->mxcsr & get(image, MXCSR + 4, 4)); /* a bit outside its mask would be refused */
	memcpy(image + XMM, r->xmm, sizeof(r->xmm));
	if (avx)
		memcpy(image + YMMH, r->ymmh, sizeof(r->ymmh));
	memcpy(&present, image + XSTATE_BV, sizeof(present));
	present |= avx ? XSTATE_ALL : XSTATE_ALL >> 1;
	memcpy(image + XSTATE_BV, &present, sizeof(present));
}

static int t_read_regs(struct gdb_target *t, unsigned int cpu, struct gdb_regs *r)
{
	int fd = machine->cpus[cpu].fd;
	struct kvm_xsave x;
	struct kvm_sregs s;
	struct kvm_regs k;

	if (ioctl(fd, KVM_GET_REGS, &k) || ioctl(fd, KVM_GET_SREGS, &s) || ioctl(fd, KVM_GET_XSAVE, &x))
		return -errno;
	*r = (struct gdb_regs){
		.gpr = {k.rax, k.rbx, k.rcx, k.rdx, k.rsi, k.rdi, k.rbp, k.rsp, k.r8, k.r9, k.r10, k.r11,
			k.r12, k.r13, k.r14, k.r15},
		.rip = k.rip,
		.eflags = (uint32_t)k.rflags,
		.seg = {s.cs.selector, s.ss.selector, s.ds.selector, s.es.selector, s.fs.selector,
			s.gs.selector},
		.fs_base = s.fs.base,
		.gs_base = s.gs.base,
	};
	vector_get((const uint8_t *)x.region, r, t->avx);
	return 0;
}

/* The selectors stay: a number without its descriptor would be a CPU that cannot be. */
static int t_write_regs(struct gdb_target *t, unsigned int cpu, const struct gdb_regs *r)
{
	const uint64_t *g = r->gpr;
	struct kvm_regs k = {
		.rax = g[0],
		.rbx = g[1],
		.rcx = g[2],
		.rdx = g[3],
		.rsi = g[4],
		.rdi = g[5],
		.rbp = g[6],
		.rsp = g[7],
		.r8 = g[8],
		.r9 = g[9],
		.r10 = g[10],
		.r11 = g[11],
		.r12 = g[12],
		.r13 = g[13],
		.r14 = g[14],
		.r15 = g[15],
		.rip = r->rip,
		.rflags = r->eflags,
	};
	int fd = machine->cpus[cpu].fd;
	struct kvm_xsave x;
	struct kvm_sregs s;

	if (ioctl(fd, KVM_GET_SREGS, &s) || ioctl(fd, KVM_GET_XSAVE, &x))
		return -errno;
	s.fs.base = r->fs_base;
	s.gs.base = r->gs_base;
	vector_put((uint8_t *)x.region, r, t->avx);
	return ioctl(fd, KVM_SET_REGS, &k) || ioctl(fd, KVM_SET_SREGS, &s) || ioctl(fd, KVM_SET_XSAVE, &x)
		       ? -errno
		       : 0;
}

/* ---- memory and points ---- */

static int t_read_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, void *buf, size_t n)
{
	return debug_read(machine, cpu, addr, buf, n);
}

static int t_write_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, const void *buf, size_t n)
{
	return debug_write(machine, cpu, addr, buf, n);
}

static enum debug_kind kind_of(enum gdb_point p)
{
	static const enum debug_kind kinds[] = {
		[GDB_BREAK_HARD] = DEBUG_EXEC,
		[GDB_WATCH_WRITE] = DEBUG_WRITE,
		[GDB_WATCH_READ] = DEBUG_READ,
		[GDB_WATCH_ACCESS] = DEBUG_ACCESS,
	};

	return kinds[p];
}

static int t_insert(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len)
{
	int r;

	if (p != GDB_BREAK_SOFT)
		return debug_hard(machine, kind_of(p), addr, len);
	r = debug_soft(machine, 0, addr);
	/* Before the kernel has made its tables, or the program its page, there is nothing to write an int3
	 * to. */
	return r == -EFAULT ? debug_hard(machine, DEBUG_EXEC, addr, 1) : r;
}

static int t_remove(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len)
{
	int r;

	if (p != GDB_BREAK_SOFT)
		return debug_hard_off(machine, kind_of(p), addr, len);
	r = debug_soft_off(machine, 0, addr);
	return r == -ENOENT ? debug_hard_off(machine, DEBUG_EXEC, addr, 1) : r;
}

/* ---- going on ---- */

static void t_go(struct gdb_target *t, const enum gdb_go *go)
{
	enum debug_go how[GDB_CPUS_MAX];

	for (unsigned int i = 0; i < t->cpus; i++)
		how[i] = go[i] == GDB_STEP ? DEBUG_STEP : go[i] == GDB_CONT ? DEBUG_CONT : DEBUG_HALT;
	debug_go(machine, how);
}

static void t_interrupt(struct gdb_target *t)
{
	debug_stop(machine);
}

static void t_detach(struct gdb_target *t)
{
	enum debug_go go[GDB_CPUS_MAX];

	debug_all_off(machine, 0);
	for (unsigned int i = 0; i < t->cpus; i++)
		go[i] = DEBUG_CONT;
	debug_go(machine, go);
}

static void t_kill(struct gdb_target *t)
{
	vm_end(machine, VM_GUEST_FAILED);
}

static void t_describe(struct gdb_target *t, unsigned int cpu, char *text, size_t size)
{
	static const char *const states[] = {
		[KVM_MP_STATE_RUNNABLE] = "runs",
		[KVM_MP_STATE_UNINITIALIZED] = "not started",
		[KVM_MP_STATE_INIT_RECEIVED] = "not started",
		[KVM_MP_STATE_HALTED] = "idle",
	};
	struct kvm_mp_state s;
	const char *state = NULL;

	if (!ioctl(machine->cpus[cpu].fd, KVM_GET_MP_STATE, &s) &&
	    s.mp_state < sizeof(states) / sizeof(states[0]))
		state = states[s.mp_state];
	snprintf(text, size, "CPU %u, %s", cpu, state ? state : "in a state of its own");
}

void gdb_target_init(struct gdb_target *t, struct vm *vm)
{
	machine = vm;
	*t = (struct gdb_target){
		.cpus = vm->cpu_count,
		.avx = __builtin_cpu_supports("avx"), /* guests see what the host has */
		.read_regs = t_read_regs,
		.write_regs = t_write_regs,
		.read_mem = t_read_mem,
		.write_mem = t_write_mem,
		.insert = t_insert,
		.remove = t_remove,
		.go = t_go,
		.interrupt = t_interrupt,
		.detach = t_detach,
		.kill = t_kill,
		.describe = t_describe,
	};
}

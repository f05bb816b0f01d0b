/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm/debug.h"

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SOFT_MAX   256
#define HARD_MAX   4
#define INT3	   0xcc
#define KICK	   SIGUSR1 /* makes KVM_RUN return; nothing else is done with it */
#define VECTOR_DB  1
#define DR6_STEP   0x4000u
#define DR7_FIXED  0x400u
#define PAGE_BYTES 4096u

struct debug_cpu {
	enum debug_go go;
	bool halted;
	bool inject; /* the exception that it stopped with is the guest's own: it gets it when it goes on */
	bool pending; /* it stopped for `stop` while another's stop was told */
	unsigned int vector; /* with `inject` */
	struct debug_stop stop;
};

struct debug {
	pthread_mutex_t lock;
	pthread_cond_t gate;
	int event;
	bool stopping; /* all are to halt; told once the last one has */
	unsigned int halted;
	struct debug_stop stop;
	uint32_t can; /* KVM_GUESTDBG_* that this host knows */
	struct {
		uint64_t addr;
		uint8_t was;
		bool used;
	} soft[SOFT_MAX];
	struct {
		uint64_t addr;
		enum debug_kind kind;
		unsigned int len; /* 0: not used */
	} hard[HARD_MAX];
	struct debug_cpu cpu[];
};

static void kick_handler(int sig) { }

int debug_make(struct vm *vm)
{
	struct sigaction sa = { .sa_handler = kick_handler };
	struct debug *d = calloc(1, sizeof(*d) + vm->cpu_count * sizeof(d->cpu[0]));
	int can;

	if (!d)
		return -ENOMEM;
	d->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->event < 0 || sigaction(KICK, &sa, NULL)) {
		free(d);
		return -errno;
	}
	can = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2);
	d->can = can > 0 ? (uint32_t)can : KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP |
					   KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->gate, NULL);
	d->stopping = true;
	vm->debug = d;
	return 0;
}

int debug_event(const struct vm *vm) { return vm->debug->event; }

/* ---- stopping and going on ---- */

/* Under the lock.  All CPUs that have not halted are to. */
static void stop_all(struct vm *vm)
{
	struct debug *d = vm->debug;
	uint64_t one = 1;

	d->stopping = true;
	for (unsigned int i = 0; i < vm->cpu_count; i++)
		if (!d->cpu[i].halted) {
			/* A CPU on its way into the guest sees the flag, one that is there the signal. */
			__atomic_store_n(&vm->cpus[i].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
			pthread_kill(vm->cpus[i].thread, KICK);
		}
	/* Not one has woken since it was let go: nobody else will say so. */
	if (d->halted == vm->cpu_count && write(d->event, &one, sizeof(one)) < 0)
		abort(); /* an eventfd that is read at each stop takes one */
}

/*
 * An access that the last exit has answered takes effect when the CPU enters again: without that its registers would
 * be those of before.  Whether that has led to another exit, which is to be handled first.
 */
static bool complete_access(struct vcpu *c)
{
	bool again;

	c->run->immediate_exit = 1;
	again = ioctl(c->fd, KVM_RUN, 0) == 0;
	c->run->immediate_exit = 0;
	return again;
}

bool debug_gate(struct vcpu *c)
{
	struct debug *d = c->vm->debug;
	struct debug_cpu *me = &d->cpu[c->id];
	bool again = false;
	uint64_t one = 1;

	pthread_mutex_lock(&d->lock);
	c->run->immediate_exit = 0;
	if (d->stopping || me->go == DEBUG_HALT)
		again = complete_access(c);
	if (!again && (d->stopping || me->go == DEBUG_HALT)) {
		me->halted = true;
		me->go = DEBUG_HALT;
		if (++d->halted == c->vm->cpu_count && write(d->event, &one, sizeof(one)) < 0)
			abort(); /* an eventfd that is read at each stop takes one */
		/* One that was let go, but finds that another has stopped all meanwhile, has not left. */
		while (me->go == DEBUG_HALT || d->stopping)
			pthread_cond_wait(&d->gate, &d->lock);
		me->halted = false;
		d->halted--;
	}
	pthread_mutex_unlock(&d->lock);
	return again;
}

bool debug_stopped(struct vm *vm, struct debug_stop *stop)
{
	struct debug *d = vm->debug;
	uint64_t count;
	bool all;

	pthread_mutex_lock(&d->lock);
	if (read(d->event, &count, sizeof(count)) < 0)
		count = 0;
	all = d->stopping && d->halted == vm->cpu_count;
	*stop = d->stop;
	pthread_mutex_unlock(&d->lock);
	return all && count;
}

void debug_stop(struct vm *vm)
{
	struct debug *d = vm->debug;

	pthread_mutex_lock(&d->lock);
	if (!d->stopping) {
		d->stop = (struct debug_stop){ .why = DEBUG_ASKED };
		stop_all(vm);
	}
	pthread_mutex_unlock(&d->lock);
}

static uint64_t dr7_of(const struct debug *d)
{
	static const uint64_t lengths[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	uint64_t dr7 = DR7_FIXED;

	for (unsigned int i = 0; i < HARD_MAX; i++) {
		uint64_t kind = d->hard[i].kind == DEBUG_READ ? DEBUG_ACCESS : d->hard[i].kind; /* x86 has no other */

		if (d->hard[i].len)
			dr7 |= 2ull << 2 * i | (kind | lengths[d->hard[i].len] << 2) << (16 + 4 * i);
	}
	return dr7;
}

/* Tells KVM what to watch for on a CPU that is halted. */
static void arm(struct vm *vm, unsigned int cpu, enum debug_go go)
{
	struct debug *d = vm->debug;
	struct debug_cpu *c = &d->cpu[cpu];
	struct kvm_guest_debug g = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP };

	for (unsigned int i = 0; i < HARD_MAX; i++) {
		g.arch.debugreg[i] = d->hard[i].addr;
		if (d->hard[i].len)
			g.control |= KVM_GUESTDBG_USE_HW_BP;
	}
	g.arch.debugreg[7] = dr7_of(d);
	if (go == DEBUG_STEP) /* else a step would end in the handler of whatever interrupt is due */
		g.control |= KVM_GUESTDBG_SINGLESTEP | (d->can & KVM_GUESTDBG_BLOCKIRQ);
	if (c->inject)
		g.control |= c->vector == VECTOR_DB ? KVM_GUESTDBG_INJECT_DB : KVM_GUESTDBG_INJECT_BP;
	c->inject = false;
	ioctl(vm->cpus[cpu].fd, KVM_SET_GUEST_DEBUG, &g);
}

/* A stop that had to wait, of a CPU that is to go on now; one that will come again by itself is forgotten. */
static bool take_pending(struct vm *vm, const enum debug_go *go)
{
	struct debug *d = vm->debug;

	for (unsigned int i = 0; i < vm->cpu_count; i++) {
		struct debug_cpu *c = &d->cpu[i];
		bool told = c->pending && go[i] != DEBUG_HALT && c->stop.why == DEBUG_HARD && c->stop.kind != DEBUG_EXEC;

		if (go[i] != DEBUG_HALT)
			c->pending = false;
		if (told) {
			d->stop = c->stop;
			return true;
		}
	}
	return false;
}

void debug_go(struct vm *vm, const enum debug_go *go)
{
	struct debug *d = vm->debug;
	uint64_t one = 1;

	pthread_mutex_lock(&d->lock);
	if (take_pending(vm, go)) {
		if (write(d->event, &one, sizeof(one)) < 0)
			abort();
	} else {
		d->stopping = false;
		for (unsigned int i = 0; i < vm->cpu_count; i++) {
			if (go[i] != DEBUG_HALT)
				arm(vm, i, go[i]);
			d->cpu[i].go = go[i];
		}
		pthread_cond_broadcast(&d->gate);
	}
	pthread_mutex_unlock(&d->lock);
}

/* ---- points ---- */

static int soft_find(const struct debug *d, uint64_t addr)
{
	for (int i = 0; i < SOFT_MAX; i++)
		if (d->soft[i].used && d->soft[i].addr == addr)
			return i;
	return -1;
}

int debug_soft(struct vm *vm, unsigned int cpu, uint64_t addr)
{
	struct debug *d = vm->debug;
	const uint8_t int3 = INT3;
	int i = 0, r;

	if (soft_find(d, addr) >= 0)
		return 0;
	while (i < SOFT_MAX && d->soft[i].used)
		i++;
	if (i == SOFT_MAX)
		return -ENOSPC;
	r = debug_read(vm, cpu, addr, &d->soft[i].was, 1);
	if (!r)
		r = debug_write(vm, cpu, addr, &int3, 1);
	d->soft[i].addr = addr;
	d->soft[i].used = !r;
	return r;
}

int debug_soft_off(struct vm *vm, unsigned int cpu, uint64_t addr)
{
	struct debug *d = vm->debug;
	int i = soft_find(d, addr);
	uint8_t now;

	if (i < 0)
		return -ENOENT;
	d->soft[i].used = false;
	/* The page may have gone, or another have taken its place: then there is nothing to put back. */
	if (!debug_read(vm, cpu, addr, &now, 1) && now == INT3)
		return debug_write(vm, cpu, addr, &d->soft[i].was, 1);
	return 0;
}

int debug_hard(struct vm *vm, enum debug_kind kind, uint64_t addr, unsigned int len)
{
	struct debug *d = vm->debug;

	if (kind == DEBUG_EXEC)
		len = 1;
	if ((len != 1 && len != 2 && len != 4 && len != 8) || addr % len)
		return -EINVAL;
	for (unsigned int i = 0; i < HARD_MAX; i++)
		if (!d->hard[i].len) {
			d->hard[i].addr = addr;
			d->hard[i].kind = kind;
			d->hard[i].len = len;
			return 0;
		}
	return -ENOSPC;
}

int debug_hard_off(struct vm *vm, enum debug_kind kind, uint64_t addr, unsigned int len)
{
	struct debug *d = vm->debug;

	if (kind == DEBUG_EXEC)
		len = 1;
	for (unsigned int i = 0; i < HARD_MAX; i++)
		if (d->hard[i].len == len && d->hard[i].kind == kind && d->hard[i].addr == addr) {
			d->hard[i].len = 0;
			return 0;
		}
	return -ENOENT;
}

void debug_all_off(struct vm *vm, unsigned int cpu)
{
	struct debug *d = vm->debug;

	for (int i = 0; i < SOFT_MAX; i++)
		if (d->soft[i].used)
			(void)debug_soft_off(vm, cpu, d->soft[i].addr);
	for (unsigned int i = 0; i < HARD_MAX; i++)
		d->hard[i].len = 0;
}

/* ---- KVM_EXIT_DEBUG ---- */

/* What stopped the CPU.  false: an exception that is the guest's own. */
static bool why_stopped(struct vcpu *c, struct debug_stop *stop)
{
	const struct kvm_debug_exit_arch *x = &c->run->debug.arch;
	struct debug *d = c->vm->debug;

	*stop = (struct debug_stop){ .cpu = c->id, .addr = x->pc };
	if (x->exception != VECTOR_DB) {
		stop->why = DEBUG_SOFT;
		return soft_find(d, x->pc) >= 0;
	}
	for (unsigned int i = 0; i < HARD_MAX; i++)
		if (x->dr6 & 1u << i && d->hard[i].len) {
			stop->why = DEBUG_HARD;
			stop->kind = d->hard[i].kind;
			stop->addr = d->hard[i].addr;
			return true;
		}
	stop->why = DEBUG_STEPPED;
	return x->dr6 & DR6_STEP && d->cpu[c->id].go == DEBUG_STEP;
}

void debug_exit(struct vcpu *c)
{
	struct debug *d = c->vm->debug;
	struct debug_cpu *me = &d->cpu[c->id];
	struct debug_stop stop;

	pthread_mutex_lock(&d->lock);
	if (!why_stopped(c, &stop)) {
		me->inject = true;
		me->vector = c->run->debug.arch.exception;
		arm(c->vm, c->id, me->go);
	} else if (d->stopping) {
		me->stop = stop;
		me->pending = true;
	} else {
		d->stop = stop;
		stop_all(c->vm);
	}
	pthread_mutex_unlock(&d->lock);
}

/* ---- memory ---- */

static uint8_t *linear_of(struct vm *vm, unsigned int cpu, uint64_t addr, size_t n)
{
	struct kvm_translation t = { .linear_address = addr };

	if (ioctl(vm->cpus[cpu].fd, KVM_TRANSLATE, &t) || !t.valid)
		return NULL;
	return guest_mem(&vm->memory, t.physical_address, n);
}

/* The guest's memory at a linear address, up to the end of its page.  NULL: none is there. */
static uint8_t *linear(struct vm *vm, unsigned int cpu, uint64_t addr, size_t *n)
{
	size_t left = PAGE_BYTES - addr % PAGE_BYTES;
	uint8_t *p;

	if (*n > left)
		*n = left;
	p = linear_of(vm, cpu, addr, *n);
	/* A CPU that has not run the program yet knows the kernel's half alone; there is one program, so others do. */
	for (unsigned int i = 0; !p && i < vm->cpu_count; i++)
		p = linear_of(vm, i, addr, *n);
	/* The kernel's code is there before its page tables are, and wants breakpoints then. */
	if (!p && addr >= vm->code_start && addr < vm->code_end)
		p = guest_mem(&vm->memory, vm->code_phys + (addr - vm->code_start), *n);
	return p;
}

static int copy(struct vm *vm, unsigned int cpu, uint64_t addr, void *to, const void *from, size_t n)
{
	for (size_t at = 0, piece; at < n; at += piece) {
		uint8_t *p;

		piece = n - at;
		p = linear(vm, cpu, addr + at, &piece);
		if (!p)
			return -EFAULT;
		if (to)
			memcpy((uint8_t *)to + at, p, piece);
		else if (from)
			memcpy(p, (const uint8_t *)from + at, piece);
	}
	return 0;
}

int debug_read(struct vm *vm, unsigned int cpu, uint64_t addr, void *buf, size_t n)
{
	return copy(vm, cpu, addr, buf, NULL, n);
}

int debug_write(struct vm *vm, unsigned int cpu, uint64_t addr, const void *buf, size_t n)
{
	int r = copy(vm, cpu, addr, NULL, NULL, n); /* all or nothing */

	return r ? r : copy(vm, cpu, addr, NULL, buf, n);
}

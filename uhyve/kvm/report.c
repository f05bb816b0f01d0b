/* SPDX-License-Identifier: MIT */
/* The report on a CPU that cannot go on: its registers, and the return addresses on its stack. */
#include "kvm/cpu.h"
#include "msg.h"

#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define STACK_WORDS 512 /* looked at */
#define STACK_SHOWN 24 /* addresses at most */

static void __attribute__((format(printf, 2, 3))) report_line(struct vm *vm, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		log_write(vm, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Where a CPU begins after a reset (SDM vol. 3, 9.1.4). */
#define RESET_BASE 0xffff0000u
#define RESET_RIP  0xfff0u

#define LL(x) ((unsigned long long)(x))

static void report_general(struct vm *vm, const struct kvm_regs *r)
{
	report_line(vm, "  rip %016llx  rsp %016llx  rflags %llx\n", LL(r->rip), LL(r->rsp), LL(r->rflags));
	report_line(vm, "  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n", LL(r->rax), LL(r->rbx), LL(r->rcx),
		    LL(r->rdx));
	report_line(vm, "  rsi %016llx  rdi %016llx  rbp %016llx\n", LL(r->rsi), LL(r->rdi), LL(r->rbp));
	report_line(vm, "  r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx\n", LL(r->r8), LL(r->r9), LL(r->r10),
		    LL(r->r11));
	report_line(vm, "  r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx\n", LL(r->r12), LL(r->r13), LL(r->r14),
		    LL(r->r15));
}

static void report_system(struct vm *vm, const struct kvm_sregs *s)
{
	report_line(vm, "  cs %x  cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n", s->cs.selector, LL(s->cr0),
		    LL(s->cr2), LL(s->cr3), LL(s->cr4), LL(s->efer));
	report_line(vm, "  fs %llx  gs %llx  gdt %llx  idt %llx\n", LL(s->fs.base), LL(s->gs.base), LL(s->gdt.base),
		    LL(s->idt.base));
}

/* A word of the guest's virtual memory, as the CPU would read it now. */
static bool stack_word(const struct vcpu *c, uint64_t at, uint64_t *word)
{
	struct kvm_translation t = { .linear_address = at };
	const void *p;

	if (at % sizeof(*word) || ioctl(c->fd, KVM_TRANSLATE, &t) || !t.valid)
		return false;
	p = guest_mem(&c->vm->memory, t.physical_address, sizeof(*word));
	if (!p)
		return false;
	memcpy(word, p, sizeof(*word));
	return true;
}

/* What lies on the stack and points into the kernel's code: callers, and now and then a leftover. */
static void report_stack(struct vcpu *c, uint64_t rsp)
{
	unsigned int shown = 0;
	uint64_t word;

	rsp &= ~7ull;
	for (unsigned int i = 0; i < STACK_WORDS && shown < STACK_SHOWN && stack_word(c, rsp + 8 * i, &word); i++) {
		if (word <= c->vm->code_start || word >= c->vm->code_end)
			continue;
		report_line(c->vm, shown++ ? " %llx" : "  on its stack: %llx", LL(word));
	}
	if (shown)
		report_line(c->vm, "\n");
}

void vcpu_report(struct vcpu *c, const char *why)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	char what[32];
	bool was_reset;

	snprintf(what, sizeof(what), "CPU %u", c->id);
	if (ioctl(c->fd, KVM_GET_REGS, &r) || ioctl(c->fd, KVM_GET_SREGS, &s)) {
		msg_error(what, NULL, "%s", why);
		return;
	}
	report_line(c->vm, "uhyve: CPU %u: %s\n", c->id, why);
	was_reset = s.cs.base == RESET_BASE && r.rip == RESET_RIP && c->last->rip;
	if (was_reset) {
		report_line(c->vm, "  KVM has reset the CPU. When it last left the guest:\n");
		r = *c->last;
		report_general(c->vm, &r);
	} else {
		report_general(c->vm, &r);
		report_system(c->vm, &s);
		report_stack(c, r.rsp);
	}
	log_flush(c->vm);
	msg_error(what, "a fault of the kernel, or of KVM: hermit doctor looks at that", "%s %s %#llx", why,
		  was_reset ? "after" : "at", LL(r.rip));
}

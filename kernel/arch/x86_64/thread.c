/* SPDX-License-Identifier: MIT */
#include <arch/cpu.h>
#include <arch/switch.h>
#include <arch/vector.h>
#include "lib/errno.h"
#include "lib/string.h"
#include "platform/platform.h"
#include "proc/thread.h"

#define SYSCALL_PAD 8 /* syscall.S keeps its frame 16-byte aligned */

extern void switch_context(u64 *save_ksp, u64 ksp);
extern char thread_first_steps[];

int arch_thread_init(struct thread *t, bool program)
{
	struct arch_thread *a = &t->arch;

	a->kstack = platform_kstack_alloc(&a->kstack_low, &a->kstack_top);
	if (!a->kstack)
		return -ENOMEM;
	t->frame = (struct trap_frame *)(a->kstack_top - SYSCALL_PAD - FRAME_SIZE);
	a->vector = program ? vector_alloc() : NULL;
	if (program && !a->vector) {
		platform_kstack_free(a->kstack);
		a->kstack = NULL;
		return -ENOMEM;
	}
	return 0;
}

void arch_thread_free(struct thread *t)
{
	if (t->arch.vector)
		vector_free(t->arch.vector);
	if (t->arch.kstack)
		platform_kstack_free(t->arch.kstack);
}

/* As if switch_context() had been left: r15, r14, r13, r12, rbp, rbx, return address. */
void arch_thread_set_start(struct thread *t, void (*fn)(void *), void *arg)
{
	u64 *sp = (u64 *)t->frame - 8;

	sp[0] = sp[1] = 0;
	sp[2] = (u64)arg;
	sp[3] = (u64)fn;
	sp[4] = sp[5] = 0;
	sp[6] = (u64)thread_first_steps;
	t->arch.ksp = (u64)sp;
}

static void go_to_program(void *arg) { arch_return_to_program(arg); }

void arch_thread_set_frame(struct thread *t, const struct trap_frame *f, bool copy_vector)
{
	memcpy(t->frame, f, sizeof(*f));
	if (copy_vector)
		vector_save_all(t->arch.vector);
	arch_thread_set_start(t, go_to_program, t->frame);
}

void arch_frame_init(struct trap_frame *f, u64 pc, u64 sp)
{
	memset(f, 0, sizeof(*f));
	f->rip = pc;
	f->rsp = sp;
	f->cs = 0x08;
	f->ss = 0x10;
	f->rflags = 0x202;
}

void arch_switch(struct thread *prev, struct thread *next)
{
	if (prev->arch.vector) {
		vector_save(prev->arch.vector);
		prev->arch.fs_base = cpu_read_fs_base();
	}
	if (next->process) /* also a thread of the kernel that works for a program */
		platform_space_switch(next->process->space);
	if (next->arch.vector) {
		cpu_write_fs_base(next->arch.fs_base);
		vector_restore(next->arch.vector);
	}
	switch_context(&prev->arch.ksp, next->arch.ksp);
}

void arch_set_tls(struct thread *t, u64 tls)
{
	t->arch.fs_base = tls;
	if (t == current)
		cpu_write_fs_base(tls);
}

void arch_thread_exec(struct thread *t, u64 pc, u64 sp)
{
	unsigned long ev = events_save();

	vector_reset();
	cpu_write_fs_base(0);
	events_restore(ev);
	arch_frame_init(t->frame, pc, sp);
	arch_return_to_program(t->frame);
}

u64 arch_get_tls(struct thread *t) { return t == current ? cpu_read_fs_base() : t->arch.fs_base; }

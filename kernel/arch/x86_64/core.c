/* SPDX-License-Identifier: MIT */
/* A thread's registers as a core file has them (Linux's arch/x86/include/asm/elf.h is that order). */
#include "proc/core.h"
#include <arch/patch.h>
#include <arch/switch.h>
#include <arch/vector.h>
#include "lib/string.h"
#include "proc/thread.h"

#define LINUX_CS 0x33
#define LINUX_SS 0x2b

void arch_core_registers(const struct thread *t, u64 regs[CORE_REGS])
{
	const struct trap_frame *f = t->frame;
	u64 fs = arch_get_tls((struct thread *)t);
	const u64 all[CORE_REGS] = {f->r15, f->r14, f->r13, f->r12, f->rbp, f->rbx, f->r11, f->r10, f->r9, f->r8,
		f->rax, f->rcx, f->rdx, f->rsi, f->rdi, frame_is_syscall(f) ? frame_syscall_nr(f) : ~0ull,
		patch_program_pc(f->rip), LINUX_CS, f->rflags, f->rsp, LINUX_SS, fs, 0, 0, 0, 0, 0};

	memcpy(regs, all, sizeof(all));
}

void arch_core_save_vector(void)
{
	if (current->frame->vector)
		memcpy(current->arch.vector, current->frame->vector, vector_size);
	else
		vector_save_all(current->arch.vector);
}

const void *arch_core_vector(struct thread *t, u32 *legacy, u32 *all)
{
	u8 *img = t->arch.vector;

	*legacy = VECTOR_LEGACY;
	*all = vector_mode == VECTOR_FXSAVE ? 0 : vector_size;
	memcpy(img + VECTOR_SW, &vector_features, sizeof(vector_features)); /* gdb looks for XCR0 there */
	return img;
}

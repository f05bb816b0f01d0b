/* SPDX-License-Identifier: MIT */
/*
 * Signal frames as x86-64 Linux lays them out (arch/x86/include/uapi/asm/
 * sigcontext.h and ucontext.h are that ABI), and what rt_sigreturn(2) takes
 * back from them.  The program runs in the kernel's ring, so what it returns
 * is cleaned: of RFLAGS only the bits an unprivileged program could set, the
 * segments not at all, and no image that would make XRSTOR fault.
 */
#include <arch/trap.h>
#include <arch/vector.h>
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "proc/signal.h"
#include "proc/thread.h"

#define NR_RESTART_SYSCALL 219
#define SYSCALL_INSN_LEN   2
#define RED_ZONE	   128

/* What user mode has on Linux; a handler may look. */
#define LINUX_CS 0x33
#define LINUX_SS 0x2b

#define RFLAGS_TF (1ul << 8)
#define RFLAGS_DF (1ul << 10)
#define RFLAGS_RF (1ul << 16)
/* CF PF AF ZF SF TF DF OF RF AC: the ones that rt_sigreturn sets (Linux: FIX_EFLAGS). */
#define RFLAGS_PROGRAM 0x50dd5ul

#define UC_FP_XSTATE	     1
#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4

#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u

#define XFEATURE_FPSSE	3ull
#define TRAP_PAGE_FAULT 14
#define ERROR_USER	4 /* of a page fault: Linux programs fault from user mode */

struct fpx_sw_bytes { /* at VECTOR_SW of the image in the frame */
	u32 magic1, extended_size;
	u64 xfeatures;
	u32 xstate_size, padding[7];
};
_Static_assert(sizeof(struct fpx_sw_bytes) == 48, "_fpx_sw_bytes of the ABI");

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;
	u64 reserved[8];
};
_Static_assert(sizeof(struct sigcontext) == 256, "sigcontext of the ABI");

struct ucontext {
	u64 flags, link;
	struct sigaltstack stack;
	struct sigcontext mc;
	sigset_t sigmask;
};

struct rt_sigframe {
	u64 pretcode;
	struct ucontext uc;
	struct siginfo info;
};
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe of the ABI");

/* Room for all of x87, SSE, AVX and AVX-512 in the standard format: 2696 bytes. */
#define VECTOR_MAX 2752

static u64 fp_size(void)
{
	return vector_size + (vector_mode != VECTOR_FXSAVE ? sizeof(u32) : 0);
}

u64 arch_signal_stack_min(void)
{
	return RED_ZONE + ALIGN_UP(fp_size() + 63, 64) + sizeof(struct rt_sigframe) + 16;
}

u64 arch_syscall_restart_nr(void)
{
	return NR_RESTART_SYSCALL;
}

void arch_syscall_restart(struct trap_frame *f, u64 nr)
{
	f->rax = nr;
	f->rip -= SYSCALL_INSN_LEN;
}

void signal_fault(struct trap_frame *f, int signo, int code, u64 addr)
{
	struct siginfo info = {.si_signo = signo, .si_code = code, .fault.addr = addr};

	current->arch.trap_nr = f->trapno;
	current->arch.trap_error = f->error;
	if (f->trapno == TRAP_PAGE_FAULT) {
		current->arch.trap_error |= ERROR_USER;
		current->arch.trap_cr2 = addr;
	}
	signal_force(&info);
}

/* ---- building ---- */

static void fill_sigcontext(struct sigcontext *mc, const struct trap_frame *f, sigset_t mask)
{
	mc->r8 = f->r8, mc->r9 = f->r9, mc->r10 = f->r10, mc->r11 = f->r11;
	mc->r12 = f->r12, mc->r13 = f->r13, mc->r14 = f->r14, mc->r15 = f->r15;
	mc->rdi = f->rdi, mc->rsi = f->rsi, mc->rbp = f->rbp, mc->rbx = f->rbx;
	mc->rdx = f->rdx, mc->rax = f->rax, mc->rcx = f->rcx, mc->rsp = f->rsp;
	mc->rip = f->rip, mc->eflags = f->rflags;
	mc->cs = LINUX_CS, mc->ss = LINUX_SS;
	mc->err = current->arch.trap_error;
	mc->trapno = current->arch.trap_nr;
	mc->cr2 = current->arch.trap_cr2;
	mc->oldmask = mask;
}

/* The vector state as it was when the program was interrupted, to `to`.  Leaves the registers alone. */
static int put_vector(const struct trap_frame *f, u64 to)
{
	struct fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (u32)fp_size(),
		.xfeatures = vector_features,
		.xstate_size = vector_size,
	};
	u32 magic2 = FP_XSTATE_MAGIC2;
	u8 *img = f->vector;

	if (!img) {
		/*
		 * The thread's own image is free while it runs.  Should the copy sleep, the switch writes the
		 * same state there again.
		 */
		img = current->arch.vector;
		vector_save_all(img);
	}
	if (vector_mode == VECTOR_FXSAVE)
		return copy_to_user((void __user *)to, img, vector_size);
	memcpy(img + VECTOR_SW, &sw, sizeof(sw));
	if (copy_to_user((void __user *)to, img, vector_size))
		return -EFAULT;
	return copy_to_user((void __user *)(to + vector_size), &magic2, sizeof(magic2));
}

/* Where the frame goes: its address, and that of the vector image above it.  0: there is no room. */
static u64 place_frame(const struct trap_frame *f, const struct sigaction *sa, u64 *fp)
{
	const struct sigaltstack *alt = &current->sig.alt;
	bool nested = signal_on_altstack(current, f->rsp), entering = false;
	u64 sp = f->rsp - RED_ZONE, frame;

	if ((sa->flags & SA_ONSTACK) && alt->size && !nested) {
		sp = alt->sp + alt->size;
		entering = true;
	}
	*fp = ALIGN_DOWN(sp - fp_size(), 64);
	/* As if called: at the handler's first instruction rsp + 8 is a multiple of 16. */
	frame = ALIGN_DOWN(*fp - sizeof(struct rt_sigframe), 16) - 8;
	if (nested || entering)
		if (frame <= alt->sp || frame - alt->sp > alt->size)
			return 0;
	return frame;
}

int arch_signal_frame(struct trap_frame *f, const struct sigaction *sa, const struct siginfo *info,
		      sigset_t mask)
{
	struct rt_sigframe fr;
	u64 fp, at = place_frame(f, sa, &fp);

	/* Without a restorer the handler could not return: x86-64 Linux refuses too. */
	if (!at || !(sa->flags & SA_RESTORER))
		return -EFAULT;
	if (!user_range_ok((void __user *)sa->handler, 1))
		return -EFAULT;
	memset(&fr, 0, sizeof(fr));
	fr.pretcode = sa->restorer;
	fr.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (vector_mode != VECTOR_FXSAVE)
		fr.uc.flags |= UC_FP_XSTATE;
	fr.uc.stack = current->sig.alt;
	fill_sigcontext(&fr.uc.mc, f, mask);
	fr.uc.mc.fpstate = fp;
	fr.uc.sigmask = mask;
	fr.info = *info;
	if (put_vector(f, fp) || copy_to_user((void __user *)at, &fr, sizeof(fr)))
		return -EFAULT;
	if ((u32)current->sig.alt.flags & SS_AUTODISARM)
		signal_reset_altstack(current);

	f->rdi = (u64)info->si_signo;
	f->rsi = at + offsetof(struct rt_sigframe, info);
	f->rdx = at + offsetof(struct rt_sigframe, uc);
	f->rax = 0;
	f->rip = sa->handler;
	f->rsp = at;
	f->rflags &= ~(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	if (f->vector)
		vector_image_reset(f->vector);
	else
		vector_reset();
	return 0;
}

/* ---- returning ---- */

/* How much of the image at `from` to believe: its XSAVE size, or only the legacy part. */
static int read_sw_bytes(u64 from, const u8 *img, u32 *size, u64 *features)
{
	struct fpx_sw_bytes sw;
	u32 magic2;

	memcpy(&sw, img + VECTOR_SW, sizeof(sw));
	*size = VECTOR_LEGACY;
	*features = XFEATURE_FPSSE;
	if (vector_mode == VECTOR_FXSAVE || sw.magic1 != FP_XSTATE_MAGIC1 ||
	    sw.xstate_size < VECTOR_LEGACY + VECTOR_HEADER || sw.xstate_size > vector_size ||
	    sw.xstate_size > sw.extended_size)
		return 0;
	if (get_user(magic2, (u32 __user *)(from + sw.xstate_size)))
		return -EFAULT;
	if (magic2 != FP_XSTATE_MAGIC2)
		return 0;
	*size = sw.xstate_size;
	*features = sw.xfeatures;
	return 0;
}

static int get_vector(struct trap_frame *f, u64 from)
{
	/* Not the thread's own image: a page fault during the copy may switch threads, which writes that. */
	u8 img[VECTOR_MAX] __aligned(64);
	u64 features, bv;
	u32 size;

	if (!from) {
		if (f->vector)
			vector_image_reset(f->vector);
		else
			vector_reset();
		return 0;
	}
	if (copy_from_user(img, (void __user *)from, VECTOR_LEGACY) ||
	    read_sw_bytes(from, img, &size, &features))
		return -EFAULT;
	memset(img + VECTOR_LEGACY, 0, sizeof(img) - VECTOR_LEGACY);
	if (size > VECTOR_LEGACY) {
		if (copy_from_user(img + VECTOR_LEGACY, (void __user *)(from + VECTOR_LEGACY),
				   size - VECTOR_LEGACY))
			return -EFAULT;
		memcpy(&bv, img + VECTOR_XSTATE_BV, sizeof(bv));
	} else {
		bv = XFEATURE_FPSSE;
		memcpy(img + VECTOR_XSTATE_BV, &bv, sizeof(bv));
	}
	if (!vector_image_ok(img))
		return -EFAULT;
	bv &= features;
	memcpy(img + VECTOR_XSTATE_BV, &bv, sizeof(bv));
	if (f->vector)
		memcpy(f->vector, img, vector_size);
	else
		vector_restore(img);
	return 0;
}

int arch_signal_return(struct trap_frame *f, sigset_t *mask, struct sigaltstack *alt)
{
	/* The handler's `ret` has taken pretcode off. */
	u64 at = f->rsp - sizeof(u64);
	const struct sigcontext *mc;
	struct ucontext uc;

	if (copy_from_user(&uc, (void __user *)(at + offsetof(struct rt_sigframe, uc)), sizeof(uc)))
		return -EFAULT;
	mc = &uc.mc;
	/* The kernel returns with IRETQ: what it would refuse, or take for a place in the kernel, ends here.
	 */
	if (!user_range_ok((void __user *)mc->rip, 1) || get_vector(f, mc->fpstate))
		return -EFAULT;
	f->r8 = mc->r8, f->r9 = mc->r9, f->r10 = mc->r10, f->r11 = mc->r11;
	f->r12 = mc->r12, f->r13 = mc->r13, f->r14 = mc->r14, f->r15 = mc->r15;
	f->rdi = mc->rdi, f->rsi = mc->rsi, f->rbp = mc->rbp, f->rbx = mc->rbx;
	f->rdx = mc->rdx, f->rax = mc->rax, f->rcx = mc->rcx, f->rsp = mc->rsp;
	f->rip = mc->rip;
	f->rflags = (f->rflags & ~RFLAGS_PROGRAM) | (mc->eflags & RFLAGS_PROGRAM);
	f->trapno = TRAP_SIGRETURN; /* not a system call any more: nothing to restart */
	*mask = uc.sigmask;
	*alt = uc.stack;
	return 0;
}

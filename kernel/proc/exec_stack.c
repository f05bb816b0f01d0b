/* SPDX-License-Identifier: MIT */
/* What a program finds on its stack when it starts. */
#include <arch/hwcap.h>
#include "lib/errno.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/exec.h"
#include "proc/thread.h"

enum { /* <linux/auxvec.h> */
	AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID = 11, AT_EUID,
	AT_GID, AT_EGID, AT_PLATFORM, AT_HWCAP, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2, AT_EXECFN = 31,
	AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};

/* Writes downwards from *sp; the first error stays. */
struct stack_writer {
	u64 sp;
	int err;
};

static u64 push(struct stack_writer *w, const void *p, size_t n)
{
	w->sp -= n;
	if (!w->err && copy_to_user((void __user *)w->sp, p, n))
		w->err = -E2BIG;
	return w->sp;
}

/* The strings of a list, and their addresses into ptr[]. */
static void push_strings(struct stack_writer *w, char *const *v, unsigned n, u64 *ptr)
{
	for (unsigned i = n; i-- > 0;)
		ptr[i] = push(w, v[i], strlen(v[i]) + 1);
	ptr[n] = 0;
}

struct aux {
	u64 *v;
	unsigned n;
};

static void aux_add(struct aux *a, u64 type, u64 value)
{
	a->v[a->n++] = type;
	a->v[a->n++] = value;
}

/* The x86-64 ABI's process stack (psABI 3.4.1): strings on top, then auxv, envp, argv, argc at *sp. */
int exec_build_stack(const struct exec_args *args, const struct exec_layout *l, u64 *sp)
{
	struct process *p = current->process;
	size_t words = 1 + args->argc + 1 + args->envc + 1;
	u64 *table = kmalloc((words + ARRAY_SIZE(p->auxv)) * 8);
	struct stack_writer w = {*sp, 0};
	struct aux aux = {p->auxv, 0};
	u64 execfn, random_at, platform;
	u8 random[16];

	if (!table)
		return -ENOMEM;
	w.sp -= 8; /* the word of zeros that ends it all: a fresh page has it */
	execfn = push(&w, args->name, strlen(args->name) + 1);
	p->env_end = w.sp;
	push_strings(&w, args->envp, args->envc, table + 1 + args->argc + 1);
	p->env_start = p->arg_end = w.sp;
	push_strings(&w, args->argv, args->argc, table + 1);
	p->arg_start = w.sp;
	platform = push(&w, ARCH_PLATFORM, sizeof(ARCH_PLATFORM));
	random_bytes(random, sizeof(random));
	random_at = push(&w, random, sizeof(random));

	aux_add(&aux, AT_SYSINFO_EHDR, l->vdso);
	aux_add(&aux, AT_MINSIGSTKSZ, arch_signal_stack_min());
	aux_add(&aux, AT_HWCAP, arch_hwcap());
	aux_add(&aux, AT_PAGESZ, PAGE_SIZE);
	aux_add(&aux, AT_CLKTCK, 100);
	aux_add(&aux, AT_PHDR, l->phdr);
	aux_add(&aux, AT_PHENT, l->phent);
	aux_add(&aux, AT_PHNUM, l->phnum);
	aux_add(&aux, AT_BASE, l->base);
	aux_add(&aux, AT_FLAGS, 0);
	aux_add(&aux, AT_ENTRY, l->entry);
	aux_add(&aux, AT_UID, p->uid);
	aux_add(&aux, AT_EUID, p->euid);
	aux_add(&aux, AT_GID, p->gid);
	aux_add(&aux, AT_EGID, p->egid);
	aux_add(&aux, AT_SECURE, 0);
	aux_add(&aux, AT_RANDOM, random_at);
	aux_add(&aux, AT_HWCAP2, arch_hwcap2());
	aux_add(&aux, AT_EXECFN, execfn);
	aux_add(&aux, AT_PLATFORM, platform);
	aux_add(&aux, AT_NULL, 0);

	table[0] = args->argc;
	memcpy(table + words, p->auxv, aux.n * 8);
	words += aux.n;
	w.sp = ALIGN_DOWN(w.sp - words * 8, 16);
	if (!w.err && copy_to_user((void __user *)w.sp, table, words * 8))
		w.err = -E2BIG;
	*sp = w.sp;
	kfree(table);
	return w.err;
}

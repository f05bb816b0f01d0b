/* SPDX-License-Identifier: MIT */
#include "proc/exec.h"
#include <arch/elf.h>
#include <arch/hwcap.h>
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/vdso.h"
#include "platform/boot.h"
#include "proc/elf.h"
#include "proc/thread.h"

#define STACK_GAP     (1 * MiB)	 /* below the stack nothing is mapped by choice: its guard */
#define STACK_MAX     (1 * GiB)
#define STACK_RANDOM  (16 * GiB) /* what ASLR moves things by */
#define PIE_BASE      0x555555554000ull
#define PIE_RANDOM    (1024 * GiB)
#define BRK_RANDOM    (32 * MiB)

enum { /* <linux/auxvec.h> */
	AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID = 11, AT_EUID,
	AT_GID, AT_EGID, AT_PLATFORM, AT_HWCAP, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2, AT_EXECFN = 31,
	AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};

/* A multiple of align in [0, range), which has at most 2^32 pages. */
static u64 aslr(u64 range, u64 align)
{
	u32 r;

	if (boot_info.flags & HERMIT_BOOT_F_NO_ASLR)
		return 0;
	random_bytes(&r, sizeof(r));
	return ALIGN_DOWN(r * PAGE_SIZE % range, align);
}

/* The program as elf_parse() reads it: its head, which has all the headers as a rule, is read once. */
struct image {
	struct file *file;
	struct elf_info elf;
	size_t head_len;
	u8 head[1024];
};

static int read_exact(void *arg, u64 off, void *buf, size_t len)
{
	struct image *im = arg;
	ssize_t n;

	if (off <= im->head_len && len <= im->head_len - off) {
		memcpy(buf, im->head + off, len);
		return 0;
	}
	n = file_kernel_read(im->file, buf, len, off);
	return n < 0 ? (int)n : (size_t)n == len ? 0 : -EIO;
}

static int read_image(struct image *im)
{
	ssize_t n = file_kernel_read(im->file, im->head, sizeof(im->head), 0);

	if (n < 0)
		return n;
	im->head_len = n;
	return elf_parse(read_exact, im, file_size(im->file), &im->elf);
}

static u32 area_prot(u32 elf_prot)
{
	return (elf_prot & ELF_READ ? AREA_READ : 0) | (elf_prot & ELF_WRITE ? AREA_WRITE : 0) |
	       (elf_prot & ELF_EXEC ? AREA_EXEC : 0);
}

/* The file's part, the rest of its last page cleared, and whole pages of zeros behind. */
static int map_segment(struct space *s, struct file *f, const struct elf_segment *seg, u64 bias)
{
	vaddr_t start = ALIGN_DOWN(seg->vaddr + bias, PAGE_SIZE);
	vaddr_t file_end = seg->vaddr + bias + seg->filesz, end = seg->vaddr + bias + seg->memsz;
	u32 prot = area_prot(seg->prot);
	s64 r = 0;

	if (seg->filesz) {
		r = space_map(s, start, file_end - start, prot, true, true, f, ALIGN_DOWN(seg->offset, PAGE_SIZE),
			      NULL);
		if (r < 0)
			return r;
		if (end > file_end && !IS_ALIGNED(file_end, PAGE_SIZE)) {
			vaddr_t page_end = ALIGN_UP(file_end, PAGE_SIZE);

			if (!(prot & AREA_WRITE))
				return -ENOEXEC;
			if (clear_user((void __user *)file_end, MIN(end, page_end) - file_end))
				return -ENOMEM;
		}
		start = ALIGN_UP(file_end, PAGE_SIZE);
	}
	if (end > start)
		r = space_map(s, start, end - start, prot, true, true, NULL, 0, NULL);
	return r < 0 ? (int)r : 0;
}

static int map_program(struct space *s, struct file *f, const struct elf_info *elf, u64 *bias)
{
	u64 size = elf->high - elf->low;

	*bias = 0;
	if (elf->pie) {
		u64 align = MAX(elf->align, PAGE_SIZE);

		*bias = ALIGN_UP(PIE_BASE + aslr(PIE_RANDOM, align), align) - ALIGN_DOWN(elf->low, align);
		if (*bias + elf->high > ARCH_ELF_ADDR_END || size > ARCH_ELF_ADDR_END)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < elf->segment_count; i++) {
		int err = map_segment(s, f, &elf->segments[i], *bias);

		if (err)
			return err;
	}
	s->brk_start = s->brk = ALIGN_UP(elf->brk + *bias, PAGE_SIZE) + aslr(BRK_RANDOM, PAGE_SIZE);
	return 0;
}

static int map_stack(struct space *s, const struct elf_info *elf, vaddr_t *top)
{
	u64 size = MIN(current->process->limits[3 /* RLIMIT_STACK */].cur, STACK_MAX);
	u32 flags = AREA_READ | AREA_WRITE | AREA_STACK | AREA_GROWSDOWN | AREA_NORESERVE;
	s64 r;

	*top = ARCH_ELF_ADDR_END - aslr(STACK_RANDOM, PAGE_SIZE);
	if (elf->has_stack_note && elf->stack_exec)
		flags |= AREA_EXEC;
	size = ALIGN_UP(size, PAGE_SIZE);
	r = space_map(s, *top - size, size, flags, true, true, NULL, 0, "[stack]");
	s->high = *top - size - STACK_GAP - aslr(STACK_RANDOM, PAGE_SIZE);
	return r < 0 ? (int)r : 0;
}

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
static int build_stack(const struct exec_args *args, const struct elf_info *elf, u64 bias, vaddr_t vdso, u64 *sp)
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
	execfn = push(&w, args->path, strlen(args->path) + 1);
	p->env_end = w.sp;
	push_strings(&w, args->envp, args->envc, table + 1 + args->argc + 1);
	p->env_start = p->arg_end = w.sp;
	push_strings(&w, args->argv, args->argc, table + 1);
	p->arg_start = w.sp;
	platform = push(&w, ARCH_PLATFORM, sizeof(ARCH_PLATFORM));
	random_bytes(random, sizeof(random));
	random_at = push(&w, random, sizeof(random));

	aux_add(&aux, AT_SYSINFO_EHDR, vdso);
	aux_add(&aux, AT_MINSIGSTKSZ, arch_signal_stack_min());
	aux_add(&aux, AT_HWCAP, arch_hwcap());
	aux_add(&aux, AT_PAGESZ, PAGE_SIZE);
	aux_add(&aux, AT_CLKTCK, 100);
	aux_add(&aux, AT_PHDR, elf->phdr_addr ? elf->phdr_addr + bias : 0);
	aux_add(&aux, AT_PHENT, elf->phent);
	aux_add(&aux, AT_PHNUM, elf->phnum);
	aux_add(&aux, AT_BASE, 0);
	aux_add(&aux, AT_FLAGS, 0);
	aux_add(&aux, AT_ENTRY, elf->entry + bias);
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

int exec_load(const struct exec_args *args, u64 *pc, u64 *sp, const char **why)
{
	struct process *p = current->process;
	struct image *im = kmalloc(sizeof(*im));
	const struct elf_info *elf;
	u64 bias = 0;
	vaddr_t vdso;
	int err;

	*why = NULL;
	if (!im)
		return -ENOMEM;
	elf = &im->elf;
	err = file_kernel_open(args->path, 0, &im->file);
	if (err)
		goto out;
	err = read_image(im);
	if (err) {
		*why = elf->why;
		goto out_file;
	}
	if (elf->has_interp) {
		*why = "it is dynamically linked, which is not supported yet: link it statically";
		err = -ENOEXEC;
		goto out_file;
	}
	err = map_stack(p->space, elf, sp);
	if (!err)
		err = map_program(p->space, im->file, elf, &bias);
	if (!err)
		err = vdso_map(p->space, &vdso);
	if (!err)
		err = build_stack(args, elf, bias, vdso, sp);
	*pc = elf->entry + bias;
out_file:
	file_unref(im->file);
out:
	kfree(im);
	return err;
}

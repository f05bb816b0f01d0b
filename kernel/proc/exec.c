/* SPDX-License-Identifier: MIT */
#include "proc/exec.h"
#include <arch/elf.h>
#include "fs/dentry.h"
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

/* A multiple of align in [0, range), which has at most 2^32 pages. */
static u64 aslr(u64 range, u64 align)
{
	u32 r;

	if (boot_info.flags & HERMIT_BOOT_F_NO_ASLR)
		return 0;
	random_bytes(&r, sizeof(r));
	return ALIGN_DOWN(r * PAGE_SIZE % range, align);
}

/* A file as elf_parse() reads it: its head, which has all the headers as a rule, is read once. */
struct image {
	struct file *file;
	struct elf_info elf;
	size_t head_len;
	u8 head[1024];
};

/* What is about to run: checked, and nothing of it mapped yet. */
struct exec {
	struct exec_args args; /* scripts put their interpreter before it */
	char **made;	       /* an argv of our own, if they have: it and its first made_count strings */
	unsigned made_count;
	struct image prog, interp; /* interp.file is NULL: it has none */
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

static int read_head(struct image *im)
{
	ssize_t n = file_kernel_read(im->file, im->head, sizeof(im->head), 0);

	im->head_len = n < 0 ? 0 : n;
	return n < 0 ? (int)n : 0;
}

/* ---- opening ---- */

int exec_open(struct dentry *at, const char *path, unsigned walk_flags, struct file **out)
{
	struct dentry *d;
	int r = vfs_walk(at, path, walk_flags, &d);

	if (r)
		return r;
	if (S_ISLNK(d->inode->mode))
		r = -ELOOP;
	else if (!S_ISREG(d->inode->mode))
		r = -EACCES;
	else if (current->process && !(walk_flags & WALK_KERNEL))
		r = vfs_permission_bits(d->inode, MAY_EXEC);
	if (!r)
		r = vfs_open_dentry(d, O_RDONLY, out);
	dentry_unref(d);
	return r;
}

/* As exec_open() by an absolute or relative path; before a program's first walk, what lies on a mount is found too. */
static int open_path(const char *path, struct file **out)
{
	int r = vfs_complete ? -ENOENT : exec_open(vfs_root, path, WALK_FOLLOW | WALK_KERNEL, out);

	return r == -ENOENT ? exec_open(NULL, path, WALK_FOLLOW, out) : r;
}

/* ---- scripts ---- */

#define SCRIPT_HEAD   256 /* Linux's BINPRM_BUF_SIZE: what of the first line counts */
#define SCRIPT_LEVELS 5	  /* scripts that are each other's interpreters: one more is ELOOP */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/*
 * "#! INTERPRETER [ARGUMENT]": all that follows the interpreter's name is one argument.  *arg NULL: none.  -ENOEXEC:
 * there is no name, or it does not end within SCRIPT_HEAD.
 */
static int script_split(char line[SCRIPT_HEAD], char **interp, char **arg)
{
	char *end = memchr(line, '\n', SCRIPT_HEAD), *p = line + 2;
	bool cut = !end && memchr(line, 0, SCRIPT_HEAD) == NULL;

	if (!end)
		end = line + strnlen(line, SCRIPT_HEAD - 1);
	while (end > p && is_blank(end[-1]))
		end--;
	while (p < end && is_blank(*p))
		p++;
	if (p == end)
		return -ENOEXEC;
	*end = '\0';
	*interp = p;
	while (*p && !is_blank(*p))
		p++;
	if (cut && !*p) /* the name goes on where nobody reads */
		return -ENOEXEC;
	while (is_blank(*p))
		*p++ = '\0';
	*arg = *p ? p : NULL;
	return 0;
}

/* argv becomes { interpreter, [argument,] path, what came after argv[0] }.  The strings in front are ours. */
static int script_argv(struct exec *e, const char *interp, const char *arg)
{
	const char *front[3] = {interp, arg ? arg : e->args.path, arg ? e->args.path : NULL};
	unsigned n = arg ? 3 : 2, rest = e->args.argc ? e->args.argc - 1 : 0, drop = e->made_count ? 1 : 0;
	unsigned keep = e->made_count - drop;
	char **v = kzalloc((n + rest + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		v[i] = kstrdup(front[i]);
		if (!v[i]) {
			while (i--)
				kfree(v[i]);
			kfree(v);
			return -ENOMEM;
		}
	}
	for (unsigned i = 0; i < rest; i++)
		v[n + i] = e->args.argv[i + 1];
	if (drop)
		kfree(e->made[0]);
	kfree(e->made);
	e->made = v;
	e->made_count = n + keep;
	e->args.argv = v;
	e->args.argc = n + rest;
	e->args.path = v[0];
	return 0;
}

static int script_enter(struct exec *e, const char **why)
{
	char line[SCRIPT_HEAD], *interp, *arg;
	struct file *f;
	int r;

	memset(line, 0, sizeof(line));
	memcpy(line, e->prog.head, MIN(e->prog.head_len, sizeof(line)));
	r = script_split(line, &interp, &arg);
	if (r) {
		*why = "its first line names no interpreter";
		return r;
	}
	if (e->args.unreachable) /* the interpreter could not open it: the descriptor goes */
		return -ENOENT;
	r = script_argv(e, interp, arg);
	if (!r)
		r = open_path(e->args.path, &f);
	if (r) {
		*why = r == -ENOENT ? "the interpreter that its first line names is not there" : NULL;
		return r;
	}
	file_unref(e->prog.file);
	e->prog.file = f;
	return 0;
}

/* ---- checking ---- */

static int open_interp(struct exec *e, const char **why)
{
	int r = open_path(e->prog.elf.interp, &e->interp.file);

	if (r) {
		*why = r == -ENOENT ? "its interpreter is not there: --root DIR takes it from a directory of the host" : NULL;
		return r;
	}
	r = read_head(&e->interp);
	if (!r && e->interp.head_len < 64)
		r = -EIO;
	if (!r)
		r = elf_parse(read_exact, &e->interp, file_size(e->interp.file), &e->interp.elf);
	if (r == -ENOEXEC) { /* Linux's word for an interpreter that is none */
		*why = "its interpreter is no executable for this machine";
		r = -ELIBBAD;
	}
	return r;
}

/* Follows scripts to the ELF file that is to be mapped, and finds its interpreter. */
static int resolve(struct exec *e, const char **why)
{
	int r;

	for (unsigned level = 0;; level++) {
		r = read_head(&e->prog);
		if (r)
			return r;
		if (e->prog.head_len < 2 || e->prog.head[0] != '#' || e->prog.head[1] != '!')
			break;
		if (level == SCRIPT_LEVELS) {
			*why = "scripts are each other's interpreters";
			return -ELOOP;
		}
		r = script_enter(e, why);
		if (r)
			return r;
	}
	r = elf_parse(read_exact, &e->prog, file_size(e->prog.file), &e->prog.elf);
	if (r) {
		*why = e->prog.elf.why;
		return r;
	}
	return e->prog.elf.has_interp ? open_interp(e, why) : 0;
}

int exec_prepare(const struct exec_args *args, struct file *file, struct exec **out, const char **why)
{
	struct exec *e = kzalloc(sizeof(*e));
	int r = e ? 0 : -ENOMEM;

	*why = NULL;
	if (!e) {
		if (file)
			file_unref(file);
		if (args->free)
			args->free(args->free_arg);
		return r;
	}
	e->args = *args;
	e->prog.file = file;
	if (!file)
		r = open_path(args->path, &e->prog.file);
	if (!r)
		r = resolve(e, why);
	if (r) {
		exec_free(e);
		return r;
	}
	*out = e;
	return 0;
}

void exec_free(struct exec *e)
{
	if (e->prog.file)
		file_unref(e->prog.file);
	if (e->interp.file)
		file_unref(e->interp.file);
	for (unsigned i = 0; i < e->made_count; i++)
		kfree(e->made[i]);
	kfree(e->made);
	if (e->args.free)
		e->args.free(e->args.free_arg);
	kfree(e);
}

/* ---- mapping ---- */

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
			/* To the page's end, as Linux does: ld.so takes what is behind its data for its first allocations. */
			if (clear_user((void __user *)file_end, page_end - file_end))
				return -ENOMEM;
		}
		start = ALIGN_UP(file_end, PAGE_SIZE);
	}
	if (end > start)
		r = space_map(s, start, end - start, prot, true, true, NULL, 0, NULL);
	return r < 0 ? (int)r : 0;
}

static int map_segments(struct space *s, struct file *f, const struct elf_info *elf, u64 bias)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		int err = map_segment(s, f, &elf->segments[i], bias);

		if (err)
			return err;
	}
	return 0;
}

static int map_program(struct space *s, struct file *f, const struct elf_info *elf, u64 *bias)
{
	u64 size = elf->high - elf->low;
	int err;

	*bias = 0;
	if (elf->pie) {
		u64 align = MAX(elf->align, PAGE_SIZE);

		*bias = ALIGN_UP(PIE_BASE + aslr(PIE_RANDOM, align), align) - ALIGN_DOWN(elf->low, align);
		if (*bias + elf->high > ARCH_ELF_ADDR_END || size > ARCH_ELF_ADDR_END)
			return -ENOMEM;
	}
	err = map_segments(s, f, elf, *bias);
	s->brk_start = s->brk = ALIGN_UP(elf->brk + *bias, PAGE_SIZE) + aslr(BRK_RANDOM, PAGE_SIZE);
	return err;
}

/* The interpreter lies where mmap(2) would put it.  Nobody else maps anything meanwhile. */
static int map_interp(struct space *s, struct file *f, const struct elf_info *elf, u64 *bias)
{
	u64 align = MAX(elf->align, PAGE_SIZE), size = elf->high - elf->low + align - PAGE_SIZE;
	s64 at;
	int err;

	*bias = 0;
	if (elf->pie) {
		at = space_map(s, 0, size, AREA_NORESERVE | AREA_NOHUGE, false, false, NULL, 0, NULL);
		if (at < 0)
			return (int)at;
		err = space_unmap(s, (vaddr_t)at, size);
		if (err)
			return err;
		*bias = ALIGN_UP((u64)at, align) - ALIGN_DOWN(elf->low, align);
	}
	return map_segments(s, f, elf, *bias);
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

/* ---- the whole ---- */

static int load(struct exec *e, struct space *s, struct exec_layout *l, u64 *pc, u64 *sp)
{
	const struct elf_info *elf = &e->prog.elf;
	u64 bias = 0;
	int err = map_stack(s, elf, sp);

	if (!err)
		err = map_program(s, e->prog.file, elf, &bias);
	*pc = l->entry = elf->entry + bias;
	l->phdr = elf->phdr_addr ? elf->phdr_addr + bias : 0;
	l->phent = elf->phent;
	l->phnum = elf->phnum;
	l->base = 0;
	if (!err && e->interp.file) {
		err = map_interp(s, e->interp.file, &e->interp.elf, &l->base);
		*pc = e->interp.elf.entry + l->base;
	}
	return err ? err : vdso_map(s, &l->vdso);
}

/* What /proc/self/exe shows: the file's own name, links resolved. */
static void set_exe(struct process *p, struct file *f)
{
	char *buf = kmalloc(PATH_MAX), *exe, *old = p->exe;
	int n = buf ? vfs_path(f->dentry, buf, PATH_MAX, false) : -ENOMEM;

	exe = n > 0 ? kstrdup(buf) : NULL;
	if (exe) {
		__atomic_store_n(&p->exe, exe, __ATOMIC_RELEASE);
		kfree(old); /* nobody else is in the process now */
	}
	kfree(buf);
}

/* comm: the last component of the name, cut. */
static void set_name(struct thread *t, const char *name)
{
	const char *slash = strrchr(name, '/');

	string_copy(t->name, slash ? slash + 1 : name, sizeof(t->name));
}

int exec_load(struct exec *e, u64 *pc, u64 *sp)
{
	struct process *p = current->process;
	struct exec_layout l;
	int err = load(e, p->space, &l, pc, sp);

	if (!err)
		err = exec_build_stack(&e->args, &l, sp);
	if (!err) {
		set_exe(p, e->prog.file);
		set_name(current, e->args.by_fd ? e->prog.file->dentry->name : e->args.name);
	}
	return err;
}

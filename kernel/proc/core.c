/* SPDX-License-Identifier: MIT */
/*
 * Writing a core file: ELF header, a PT_NOTE with the threads' registers and what gdb wants to know of the process,
 * and a PT_LOAD for each area.  Pages that nobody has touched are holes in the file.
 */
#include "proc/core.h"
#include <hermit/boot.h>
#include "fs/file.h"
#include "fs/vfs.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "proc/clock.h"
#include "proc/elf_format.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define PARK_WAIT (2 * NSEC_PER_SEC)
#define ET_CORE	  4
#define EM_X86_64 62
#define PT_LOAD	  1
#define PT_NOTE	  4

#define NT_PRSTATUS   1
#define NT_FPREGSET   2
#define NT_PRPSINFO   3
#define NT_AUXV	      6
#define NT_X86_XSTATE 0x202
#define NT_SIGINFO    0x53494749
#define NT_FILE	      0x46494c45

struct core_status { /* struct elf_prstatus */
	s32 signo, code, error;
	s16 cursig;
	u64 pending, held;
	s32 pid, ppid, pgrp, sid;
	u64 times[8];
	u64 regs[CORE_REGS];
	s32 fpvalid;
};
_Static_assert(sizeof(struct core_status) == 336, "elf_prstatus of the ABI");
struct core_psinfo { /* struct elf_prpsinfo */
	char state, sname, zombie, nice;
	u64 flag;
	u32 uid, gid;
	s32 pid, ppid, pgrp, sid;
	char fname[16], args[80];
};
_Static_assert(sizeof(struct core_psinfo) == 136, "elf_prpsinfo of the ABI");

struct core_area {
	vaddr_t start, end;
	u32 flags;
	u64 offset;
	struct file *file; /* a reference */
};

struct core {
	struct file *out;
	int err;
	u8 *notes;
	size_t len, room;
	struct core_area *areas;
	unsigned count;
	u8 page[PAGE_SIZE];
};

/* ---- the file ---- */

static void put_at(struct core *c, const void *data, size_t n, u64 off)
{
	struct uio u;

	uio_init_kernel(&u, data, n);
	while (u.left && !c->err) {
		ssize_t r = c->out->ops->write(c->out, &u, &off);

		if (r > 0)
			off += (u64)r;
		else
			c->err = r ? (int)r : -EIO;
	}
}

static void *note_room(struct core *c, size_t n)
{
	if (c->len + n > c->room) {
		u8 *more = krealloc(c->notes, 2 * c->room + n);

		if (!more) {
			c->err = -ENOMEM;
			return NULL;
		}
		c->notes = more;
		c->room = 2 * c->room + n;
	}
	memset(c->notes + c->len, 0, n);
	c->len += n;
	return c->notes + c->len - n;
}

static void note(struct core *c, u32 type, const void *data, size_t n)
{
	const char *name = type == NT_X86_XSTATE ? "LINUX" : "CORE";
	size_t name_len = strlen(name) + 1;
	u32 head[3] = {(u32)name_len, (u32)n, type};
	u8 *p = note_room(c, sizeof(head) + 8 + ALIGN_UP(n, 4));

	if (!p)
		return;
	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), name, name_len);
	memcpy(p + sizeof(head) + 8, data, n);
}

/* ---- what goes into the notes ---- */

static void note_thread(struct core *c, struct thread *t, const struct siginfo *info)
{
	struct core_status s = {.cursig = (s16)info->si_signo, .pid = t->tid, .fpvalid = 1,
		.pending = t->sig.pending, .held = t->sig.blocked};
	u32 legacy, all;
	const void *image;

	if (t == current) {
		s.signo = info->si_signo;
		s.code = info->si_code;
	}
	arch_core_registers(t, s.regs);
	note(c, NT_PRSTATUS, &s, sizeof(s));
	image = arch_core_vector(t, &legacy, &all);
	note(c, NT_FPREGSET, image, legacy);
	if (all)
		note(c, NT_X86_XSTATE, image, all);
}

static void note_process(struct core *c, const struct siginfo *info)
{
	const struct process *p = current->process;
	struct core_psinfo ps = {.sname = 'R', .uid = p->uid, .gid = p->gid, .pid = p->pid};
	size_t n = MIN((size_t)(p->arg_end - p->arg_start), sizeof(ps.args) - 1), auxv = 0;

	string_copy(ps.fname, current->name, sizeof(ps.fname));
	if (copy_from_user(ps.args, (const void __user *)p->arg_start, n))
		memset(ps.args, 0, sizeof(ps.args));
	for (size_t i = 0; i < n; i++)
		if (!ps.args[i])
			ps.args[i] = i + 1 < n ? ' ' : 0;
	note(c, NT_PRPSINFO, &ps, sizeof(ps));
	note(c, NT_SIGINFO, info, sizeof(*info));
	while (auxv + 2 < ARRAY_SIZE(p->auxv) && p->auxv[auxv])
		auxv += 2;
	note(c, NT_AUXV, p->auxv, (auxv + 2) * sizeof(u64));
}

/* NT_FILE: count, page size; start, end, offset in pages of each; then the names. */
static void note_files(struct core *c)
{
	char *path = kmalloc(PATH_MAX), *names = kmalloc(64 * KiB);
	u64 *words = kmalloc((2 + 3 * (size_t)c->count) * sizeof(u64));
	size_t n = 2, used = 0;
	u8 *all = NULL;

	for (unsigned i = 0; path && names && words && i < c->count; i++) {
		const struct core_area *a = &c->areas[i];
		size_t len;

		if (!a->file || !a->file->dentry || vfs_path(a->file->dentry, path, PATH_MAX, true) <= 0)
			continue;
		len = strlen(path) + 1;
		if (used + len > 64 * KiB)
			break;
		memcpy(names + used, path, len);
		used += len;
		words[n++] = a->start;
		words[n++] = a->end;
		words[n++] = a->offset / PAGE_SIZE;
	}
	if (path && names && words)
		all = kmalloc(n * sizeof(u64) + used);
	if (all) {
		words[0] = (n - 2) / 3;
		words[1] = PAGE_SIZE;
		memcpy(all, words, n * sizeof(u64));
		memcpy(all + n * sizeof(u64), names, used);
		note(c, NT_FILE, all, n * sizeof(u64) + used);
	}
	kfree(all);
	kfree(words);
	kfree(names);
	kfree(path);
}

static void make_notes(struct core *c, const struct siginfo *info)
{
	struct process *p = current->process;

	note_thread(c, current, info);
	note_process(c, info);
	note_files(c);
	/* Parked threads stay on the list and do not move; the others have nothing to show. */
	list_for_each(l, &p->threads) {
		struct thread *t = list_entry(l, struct thread, link);

		if (t != current && READ_ONCE(t->parked))
			note_thread(c, t, info);
	}
}

/* ---- memory ---- */

static int find_areas(struct core *c)
{
	struct space *s = current->process->space;
	unsigned room = READ_ONCE(s->areas.count) + 8;
	unsigned long ev;

	c->areas = kmalloc(room * sizeof(*c->areas));
	if (!c->areas)
		return -ENOMEM;
	ev = spin_lock(&s->lock);
	for (struct area *a = area_find_above(&s->areas, 0); a && c->count < room && c->count < 60000; a = area_next(a))
		c->areas[c->count++] = (struct core_area){a->start, a->end, a->flags, a->offset,
							  a->file ? file_ref(a->file) : NULL};
	spin_unlock(&s->lock, ev);
	return 0;
}

static bool page_there(struct core *c, const struct core_area *a, vaddr_t at)
{
	struct space *s = current->process->space;
	bool there;
	unsigned long ev;

	if (a->file || (a->flags & AREA_KERNEL)) /* gdb takes a hole for zeros: a file's page is fetched */
		return !copy_from_user(c->page, (const void __user *)at, PAGE_SIZE);
	ev = spin_lock(&s->lock);
	there = platform_space_present(s, at);
	spin_unlock(&s->lock, ev);
	return there && !copy_from_user(c->page, (const void __user *)at, PAGE_SIZE);
}

static void put_area(struct core *c, const struct core_area *a, u64 off)
{
	if (!(a->flags & AREA_READ))
		return;
	for (vaddr_t at = a->start; at < a->end && !c->err; at += PAGE_SIZE)
		if (page_there(c, a, at))
			put_at(c, c->page, PAGE_SIZE, off + (at - a->start));
}

static void put_all(struct core *c)
{
	struct ehdr eh = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1}, .type = ET_CORE, .machine = EM_X86_64, .version = 1,
		.phoff = sizeof(eh), .ehsize = sizeof(eh), .phentsize = sizeof(struct phdr),
		.phnum = (u16)(c->count + 1)};
	u64 headers = sizeof(eh) + (c->count + 1) * sizeof(struct phdr), off = ALIGN_UP(headers + c->len, PAGE_SIZE);
	struct phdr ph = {.type = PT_NOTE, .offset = headers, .filesz = c->len, .align = 4};

	put_at(c, &eh, sizeof(eh), 0);
	put_at(c, &ph, sizeof(ph), sizeof(eh));
	put_at(c, c->notes, c->len, headers);
	for (unsigned i = 0; i < c->count; i++) {
		const struct core_area *a = &c->areas[i];
		u64 size = a->flags & AREA_READ ? a->end - a->start : 0;

		ph = (struct phdr){.type = PT_LOAD, .offset = off, .vaddr = a->start, .filesz = size,
			.memsz = a->end - a->start, .align = PAGE_SIZE,
			.flags = (a->flags & AREA_READ ? 4 : 0) | (a->flags & AREA_WRITE ? 2 : 0) |
				 (a->flags & AREA_EXEC ? 1 : 0)};
		put_at(c, &ph, sizeof(ph), sizeof(eh) + (i + 1) * sizeof(ph));
		put_area(c, a, off);
		off += size;
	}
	put_at(c, "", 1, off); /* the file is as long as its last area says */
}

/* ---- stopping the others ---- */

void core_park(void)
{
	struct process *p = current->process;

	if (!READ_ONCE(p->dumping) || current->parked)
		return;
	arch_core_save_vector();
	WRITE_ONCE(current->parked, true);
	(void)WAIT_EVENT(&p->sig.stop_wait, !READ_ONCE(p->dumping), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE);
}

/* Each is told to end; on its way out, where its frame is whole, it parks.  Whether all have. */
static bool not_parked(const struct thread *t) { return !READ_ONCE(t->parked) || READ_ONCE(t->on_cpu); }

static bool stop_others(struct process *p, bool tell) { return !process_others(p, tell, not_parked); }

static bool begin(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock);
	bool first = !p->dumping && !p->exiting;

	if (first)
		p->dumping = true;
	spin_unlock(&p->lock, ev);
	return first;
}

static void core_free(struct core *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->areas[i].file)
			file_unref(c->areas[i].file);
	kfree(c->areas);
	kfree(c->notes);
	kfree(c);
}

static int write_file(const struct siginfo *info)
{
	struct core *c = kzalloc(sizeof(*c));
	char path[96];
	int err;

	if (!c)
		return -ENOMEM;
	format_string(path, sizeof(path), HERMIT_CORE_DIR "/core.%s.%ld", current->name,
		      (long)(clock_realtime() / (s64)NSEC_PER_SEC));
	for (char *s = path + sizeof(HERMIT_CORE_DIR); *s; s++) /* a name may be anything */
		if (*s == '/')
			*s = '_';
	err = find_areas(c);
	if (!err)
		err = file_kernel_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, &c->out);
	if (!err) {
		make_notes(c, info);
		put_all(c);
		err = c->err;
		file_unref(c->out);
	}
	core_free(c);
	return err;
}

bool core_dump(const struct siginfo *info)
{
	struct process *p = current->process;
	nsec_t until;
	int err;

	if (!(boot_info.flags & HERMIT_BOOT_F_CORE) || !(SIGMASK(info->si_signo) & CORE_SIGNALS))
		return false;
	if (!begin(p)) {
		core_park();
		return false;
	}
	arch_core_save_vector();
	until = clock_deadline(PARK_WAIT);
	for (bool tell = true; !stop_others(p, tell) && clock_monotonic() < until; tell = false) {
		sched_yield_cpu();
		cpu_relax();
	}
	err = write_file(info);
	if (err)
		log_error("the core file could not be written: %d", err);
	WRITE_ONCE(p->dumping, false);
	wait_wake_all(&p->sig.stop_wait, 0);
	return !err;
}

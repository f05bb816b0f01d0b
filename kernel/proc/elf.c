/* SPDX-License-Identifier: MIT */
/* System V ABI, "Object Files"; the limits that are not there are Linux's (elf(5), execve(2)). */
#include "proc/elf.h"
#include <arch/elf.h>
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/elf_format.h"

#define PHDRS_MAX 128 /* more than any linker makes; Linux takes what fits into 64 KiB */

enum { ET_EXEC = 2, ET_DYN = 3 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551 };

struct source {
	elf_read_fn *read;
	void *arg;
	u64 size;
};

static int refuse(struct elf_info *info, const char *why)
{
	info->why = why;
	return -ENOEXEC;
}

/* Whether [start, start + len) lies in [0, end) without overflowing. */
static bool within(u64 start, u64 len, u64 end) { return start <= end && len <= end - start; }

static int check_header(const struct source *s, const struct ehdr *h, struct elf_info *info)
{
	if (h->ident[4] != 2)
		return refuse(info, "a 32-bit executable");
	if (h->ident[5] != 1 || h->machine != ARCH_ELF_MACHINE)
		return refuse(info, "an executable for another machine");
	if (h->ident[6] != 1 || h->version != 1)
		return refuse(info, "an ELF version that does not exist");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return refuse(info, "an ELF file, but no executable");
	if (h->phentsize != sizeof(struct phdr) || !h->phnum || h->phnum > PHDRS_MAX)
		return refuse(info, "wrong size or number of program headers");
	if (!within(h->phoff, (u64)h->phnum * sizeof(struct phdr), s->size))
		return refuse(info, "program headers beyond the end of the file");
	info->pie = h->type == ET_DYN;
	info->entry = h->entry;
	info->osabi = h->ident[7];
	info->phnum = h->phnum;
	info->phent = h->phentsize;
	return 0;
}

/* A PT_LOAD.  Segments come in ascending order, as the ABI says. */
static int add_segment(const struct source *s, const struct phdr *p, struct elf_info *info)
{
	struct elf_segment *last = info->segment_count ? &info->segments[info->segment_count - 1] : NULL;
	u64 low = info->pie ? 0 : ARCH_ELF_ADDR_LOW;

	if (p->filesz > p->memsz)
		return refuse(info, "a segment with more in the file than in memory");
	if (!within(p->offset, p->filesz, s->size))
		return refuse(info, "truncated: a segment lies beyond the end of the file");
	if (!p->memsz)
		return 0;
	if (p->vaddr < low || !within(p->vaddr, p->memsz, ARCH_ELF_ADDR_END))
		return refuse(info, "a segment outside of the addresses a program has");
	if (p->align & (p->align - 1))
		return refuse(info, "a segment's alignment is no power of two");
	if (p->filesz && (p->vaddr - p->offset) % PAGE_SIZE)
		return refuse(info, "a segment that cannot be mapped: its address and its place in the file differ "
				    "within a page");
	if (last && p->vaddr < last->vaddr + last->memsz)
		return refuse(info, "segments overlap or are out of order");
	if (info->segment_count == ELF_SEGMENTS_MAX)
		return -E2BIG;
	info->segments[info->segment_count++] = (struct elf_segment){
		.vaddr = p->vaddr,
		.memsz = p->memsz,
		.offset = p->offset,
		.filesz = p->filesz,
		.prot = p->flags & (ELF_READ | ELF_WRITE | ELF_EXEC),
	};
	info->align = MAX(info->align, p->align);
	return 0;
}

static int read_interp(const struct source *s, const struct phdr *p, struct elf_info *info)
{
	int ret;

	if (info->has_interp)
		return refuse(info, "two interpreters");
	if (p->filesz < 2 || p->filesz > ELF_INTERP_MAX || !within(p->offset, p->filesz, s->size))
		return refuse(info, "the interpreter's name is missing or too long");
	ret = s->read(s->arg, p->offset, info->interp, p->filesz);
	if (ret)
		return ret;
	if (info->interp[p->filesz - 1] || !info->interp[0])
		return refuse(info, "the interpreter's name does not end");
	info->has_interp = true;
	return 0;
}

static int add_phdr(const struct source *s, const struct phdr *p, struct elf_info *info)
{
	switch (p->type) {
	case PT_LOAD:
		return add_segment(s, p, info);
	case PT_INTERP:
		return read_interp(s, p, info);
	case PT_GNU_STACK:
		info->has_stack_note = true;
		info->stack_exec = p->flags & ELF_EXEC;
		return 0;
	default:
		return 0;
	}
}

/* What follows from the segments together. */
static int check_layout(const struct ehdr *h, struct elf_info *info)
{
	u64 phdrs_len = (u64)h->phnum * sizeof(struct phdr);
	struct elf_segment *last;
	bool entry_ok = false;

	if (!info->segment_count)
		return refuse(info, "nothing to load");
	last = &info->segments[info->segment_count - 1];
	info->brk = last->vaddr + last->memsz;
	info->low = ALIGN_DOWN(info->segments[0].vaddr, PAGE_SIZE);
	info->high = ALIGN_UP(info->brk, PAGE_SIZE);
	/* Else no place would do: a position-independent file is moved to a multiple of it. */
	if (info->align > ARCH_ELF_ADDR_END / 2 || info->high > ARCH_ELF_ADDR_END)
		return refuse(info, "a segment outside of the addresses a program has");
	for (unsigned i = 0; i < info->segment_count; i++) {
		const struct elf_segment *g = &info->segments[i];

		if ((g->prot & ELF_EXEC) && info->entry - g->vaddr < g->memsz)
			entry_ok = true;
		if (!info->phdr_addr && h->phoff >= g->offset &&
		    within(h->phoff - g->offset, phdrs_len, g->filesz))
			info->phdr_addr = g->vaddr + (h->phoff - g->offset);
	}
	return entry_ok ? 0 : refuse(info, "the entry point lies in no executable segment");
}

int elf_parse(elf_read_fn *read, void *arg, u64 file_size, struct elf_info *info)
{
	const struct source s = {.read = read, .arg = arg, .size = file_size};
	struct ehdr h;
	struct phdr p;
	int ret;

	memset(info, 0, sizeof(*info));
	info->stack_exec = true;
	info->align = PAGE_SIZE;
	if (file_size < 4)
		return refuse(info, "not an ELF executable");
	memset(&h, 0, sizeof(h));
	ret = read(arg, 0, &h, MIN(file_size, sizeof(h)));
	if (ret)
		return ret;
	if (memcmp(h.ident, "\177ELF", 4) != 0)
		return refuse(info, "not an ELF executable");
	if (file_size < sizeof(h))
		return refuse(info, "truncated: not even its header is whole");
	ret = check_header(&s, &h, info);
	for (unsigned i = 0; !ret && i < h.phnum; i++) {
		ret = read(arg, h.phoff + i * sizeof(p), &p, sizeof(p));
		if (!ret)
			ret = add_phdr(&s, &p, info);
	}
	return ret ? ret : check_layout(&h, info);
}

static int read_memory(void *arg, u64 off, void *buf, size_t len)
{
	memcpy(buf, (const u8 *)arg + off, len);
	return 0;
}

int elf_check(const void *image, size_t len, struct elf_info *info)
{
	return elf_parse(read_memory, (void *)image, len, info);
}

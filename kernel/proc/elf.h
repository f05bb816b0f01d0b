/* SPDX-License-Identifier: MIT */
/*
 * Checks an ELF64 executable and says what to map.  Pure: no locks, no
 * allocation; reads the file through a callback.  The file is not trusted:
 * what passes has segments in ascending order that do not overlap, lie within
 * the file and the program's address range, and do not overflow.
 */
#ifndef PROC_ELF_H
#define PROC_ELF_H

#include "lib/types.h"

#define ELF_SEGMENTS_MAX 32
#define ELF_INTERP_MAX	 256

#define ELF_READ  4u /* PF_R */
#define ELF_WRITE 2u
#define ELF_EXEC  1u

struct elf_segment {
	u64 vaddr, memsz;   /* as in the file: not rounded; position-independent ones start near 0 */
	u64 offset, filesz; /* filesz <= memsz: the rest is zeros; (vaddr - offset) % PAGE_SIZE == 0 if filesz > 0 */
	u32 prot;	    /* ELF_READ | ELF_WRITE | ELF_EXEC */
};

struct elf_info {
	bool pie;	  /* ET_DYN: may be loaded at any multiple of `align` */
	u64 entry;	  /* unbiased, like all addresses here; lies in an executable segment */
	u64 phdr_addr;	  /* where the program headers lie in memory (AT_PHDR); 0: in no segment */
	u16 phnum, phent; /* AT_PHNUM, AT_PHENT */
	u8 osabi;	  /* e_ident[EI_OSABI] */
	u64 low, high;	  /* all segments lie in [low, high), page-aligned */
	u64 align;	  /* greatest p_align, at least PAGE_SIZE, a power of two */
	u64 brk;	  /* end of the last segment's memory, not rounded */
	bool has_interp;  /* it wants a dynamic linker: */
	char interp[ELF_INTERP_MAX];
	bool has_stack_note, stack_exec; /* PT_GNU_STACK; without one, Linux makes the stack executable */
	unsigned segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	/* When it is refused: why, in a few words ("segments overlap"), static. */
	const char *why;
};

/* Reads exactly len bytes at off, which lie within the file's size: 0 or -errno. */
typedef int elf_read_fn(void *arg, u64 off, void *buf, size_t len);

/*
 * 0, or: -ENOEXEC it is no ELF executable for this machine, or lies (info->why says what); -E2BIG more than
 * ELF_SEGMENTS_MAX segments; what `read` returned.
 */
int elf_parse(elf_read_fn *read, void *arg, u64 file_size, struct elf_info *info);
/* The same for an image in memory. */
int elf_check(const void *image, size_t len, struct elf_info *info);

#endif

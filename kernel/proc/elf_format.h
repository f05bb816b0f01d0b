/* SPDX-License-Identifier: MIT */
/* ELF64 as it lies in a file (System V ABI, chapters 4 and 5): for who reads programs and who writes core files. */
#ifndef PROC_ELF_FORMAT_H
#define PROC_ELF_FORMAT_H

#include "lib/types.h"

struct ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#endif

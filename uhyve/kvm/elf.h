/* SPDX-License-Identifier: MIT */
/* Loads a kernel: an ELF64 for x86-64 with a PVH note.  The file is not trusted.  For boot.c. */
#ifndef UHYVE_ELF_H
#define UHYVE_ELF_H

#include "kvm/memory.h"

#define BOOT_LOW 0x100000ull /* a kernel lies above this */

struct elf_image {
	uint64_t end; /* guest physical, behind its last byte */
	uint32_t entry; /* guest physical: the note's */
	uint64_t code_start, code_end; /* virtual */
	uint64_t code_phys; /* of code_start: guest physical */
};

/* 0, or a negative error after a message. */
int elf_load(const struct memory *m, int fd, const char *name, struct elf_image *image);

/* All of [at, at + len) of the file.  0 or a negative error, -ENODATA: it is shorter. */
int elf_read_at(int fd, void *buf, uint64_t len, uint64_t at);

#endif

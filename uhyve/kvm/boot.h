/* SPDX-License-Identifier: MIT */
/*
 * Puts kernel, initrd, command line, PVH start info and MP table where the guest
 * finds them (Xen's docs/misc/pvh.pandoc; MultiProcessor Specification 1.4).
 * The files are not trusted.  Before any CPU runs.
 *
 *   0x01000  hvm_start_info, its module and memory map
 *   0x02000  command line, a page
 *   0x9fc00  MP floating pointer; the table itself is at 0xf0000
 *   1 MiB..  the kernel where it is linked, then the initrd on the next page
 */
#ifndef UHYVE_BOOT_H
#define UHYVE_BOOT_H

#include "kvm/memory.h"

#define BOOT_CMDLINE_MAX 4096 /* with its NUL: the kernel takes no more */

struct boot {
	const char *kernel_name, *initrd_name; /* for messages */
	int kernel, initrd; /* open files; initrd -1: none */
	const char *cmdline;
	unsigned int cpus;
	/* filled in */
	uint32_t entry, start_info; /* guest physical: where CPU 0 begins, and its ebx */
	uint64_t code_start, code_end; /* the kernel's code, as it is linked: virtual */
	uint64_t code_phys; /* where code_start lies: guest physical */
};

/* 0, or a negative error after a message. */
int boot_load(const struct memory *m, struct boot *b);

#endif

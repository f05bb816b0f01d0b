/* SPDX-License-Identifier: MIT */
/* What an ELF file for this ISA has in its header, and where its segments may lie. */
#ifndef ARCH_ELF_H
#define ARCH_ELF_H

#define ARCH_ELF_MACHINE 62			/* EM_X86_64 */
#define ARCH_ELF_ADDR_LOW 0x10000ull		/* as Linux's vm.mmap_min_addr */
#define ARCH_ELF_ADDR_END 0x00007ffffffff000ull /* end of the program's half */

#endif

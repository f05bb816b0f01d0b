/* SPDX-License-Identifier: MIT */
/* The kernel's start, in order: platform -> boot_read() -> kernel_main(). */
#ifndef KERNEL_H
#define KERNEL_H

#include "lib/types.h"

/*
 * Fills boot_info from the boot record in the initrd; without one, from the command line: words are the
 * program's arguments, and the initrd is the program itself (a bare ELF) or an archive with one file to run.
 */
void boot_read(const char *cmdline);

/* Memory, clock and CPUs are up: drivers, file system, the program.  The boot thread becomes CPU 0's idle thread. */
void kernel_main(void) __noreturn;

#endif

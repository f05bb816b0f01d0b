/* SPDX-License-Identifier: MIT */
/*
 * Checks an executable before a machine is started for it.  Reads the open
 * file only; trusts nothing in it.
 */
#ifndef CLI_ELF_CHECK_H
#define CLI_ELF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * `fd` is the open file of `size` bytes, `name` what to call it in the message.
 * rooted: the machine has a root tree, where it finds a script's or a dynamic
 * program's interpreter.
 * 0, and the bytes its segments take in memory (whole pages) in *image_size;
 * or -ENOEXEC (-EIO, -ENOMEM) after a message.
 */
int elf_check(int fd, uint64_t size, const char *name, bool rooted, uint64_t *image_size);

#endif

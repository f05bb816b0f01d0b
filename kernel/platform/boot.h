/* SPDX-License-Identifier: MIT */
/* What the boot record (or, without one, the command line) says: filled once, read by everyone. */
#ifndef PLATFORM_BOOT_H
#define PLATFORM_BOOT_H

#include <hermit/boot.h>
#include "lib/types.h"

#define BOOT_MOUNTS_MAX 16

struct boot_mount {
	char tag[32];
	u32 flags;	/* HERMIT_MOUNT_* */
	char *path;
};

struct boot_info {
	const char *program; /* path in the root tree */
	unsigned argc, envc;
	char **argv, **envp; /* NULL-terminated, kernel memory */
	const char *cwd;
	const char *hostname;
	struct boot_mount mounts[BOOT_MOUNTS_MAX];
	unsigned mount_count;
	struct hermit_boot_stdio stdio;
	u64 stdin_size; /* bytes, if it is a file */
	struct hermit_boot_winsize winsize;
	u64 wall_time; /* 0: unknown */
	u64 tsc_khz;   /* 0: unknown */
	struct hermit_boot_ids ids;
	u64 flags;     /* HERMIT_BOOT_F_* */
	u8 random[HERMIT_BOOT_RANDOM_LEN];
	bool has_random;
	const char *host_dirs; /* see HERMIT_BOOT_HOSTS; NULL: unknown */
	size_t host_dirs_len;

	/* The initrd, in the kernel's direct map; page-aligned. */
	const u8 *initrd;
	size_t initrd_len;
};

extern struct boot_info boot_info;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The boot record: what a loader tells the kernel about the run.
 *
 * It is the file HERMIT_BOOT_PATH of the initrd (a cpio archive, format newc):
 * one struct hermit_boot, then records, each a struct hermit_boot_rec followed
 * by `len` bytes of payload and zeros up to the next multiple of 8.  Integers
 * are little-endian.  The kernel wipes the file after reading it.
 *
 * Shared by kernel, VMM and tools: C only, no dependency.  A record type that
 * the reader does not know is skipped; a change that an old reader would
 * misunderstand raises HERMIT_BOOT_VERSION.
 */
#ifndef HERMIT_BOOT_H
#define HERMIT_BOOT_H

#include <stdint.h>

#define HERMIT_BOOT_PATH    ".hermit/boot" /* as named in the archive */
#define HERMIT_BOOT_MAGIC   0x544f4f424d524548ull /* "HERMBOOT" */
#define HERMIT_BOOT_VERSION 1

struct hermit_boot {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of the whole record in bytes, this header included */
};

struct hermit_boot_rec {
	uint32_t type; /* enum hermit_boot_type */
	uint32_t len;  /* of the payload in bytes, without padding */
};

/* Strings have no terminating NUL: `len` is their length. */
enum hermit_boot_type {
	HERMIT_BOOT_PROGRAM = 1, /* string: path of the executable, absolute in the archive; else as execve(2) gets it */
	HERMIT_BOOT_ARG,	 /* string: one per argument, argv[0] first */
	HERMIT_BOOT_ENV,	 /* string: one per variable, NAME=VALUE */
	HERMIT_BOOT_CWD,	 /* string: working directory, absolute */
	HERMIT_BOOT_MOUNT,	 /* struct hermit_boot_mount, then the path: one per shared directory */
	HERMIT_BOOT_STDIO,	 /* struct hermit_boot_stdio */
	HERMIT_BOOT_WINSIZE,	 /* struct hermit_boot_winsize; there if any standard descriptor is a terminal */
	HERMIT_BOOT_WALLTIME,	 /* uint64_t: nanoseconds since 1970 (UTC), read just before the start */
	HERMIT_BOOT_RANDOM,	 /* HERMIT_BOOT_RANDOM_LEN bytes from the host's random source */
	HERMIT_BOOT_TSC_KHZ,	 /* uint64_t: frequency of the guest's TSC where the loader knows it exactly */
	HERMIT_BOOT_IDS,	 /* struct hermit_boot_ids */
	HERMIT_BOOT_FLAGS,	 /* uint64_t: HERMIT_BOOT_F_* */
	HERMIT_BOOT_HOSTNAME,	 /* string: what uname(2) gives as nodename */
	HERMIT_BOOT_HOSTS,	 /* string: a host path that exists but is not shared may be named once; this
				    is a list of such top directories, each ended by NUL */
	HERMIT_BOOT_STDIN_SIZE,	 /* uint64_t: bytes of the file that descriptor 0 is; not there: 0 */
};

#define HERMIT_BOOT_RANDOM_LEN 64

struct hermit_boot_mount {
	char tag[32];	/* 9p mount tag, ended by NUL */
	uint32_t flags; /* HERMIT_MOUNT_* */
	uint32_t pad;
	/* the mount point follows: absolute, not ended */
};
#define HERMIT_MOUNT_RDONLY  (1u << 0)
#define HERMIT_MOUNT_OVERLAY (1u << 1) /* with RDONLY: writes stay in memory */

#define HERMIT_BOOT_MOUNTS_MAX 16 /* mounts in one record; a loader refuses more */

/* What a standard descriptor is on the host: the kernel makes fstat, isatty, lseek answer alike. */
enum hermit_stdio_kind {
	HERMIT_STDIO_CLOSED = 0, /* was not open: the program finds EBADF */
	HERMIT_STDIO_PIPE,
	HERMIT_STDIO_TTY,
	HERMIT_STDIO_FILE,
	HERMIT_STDIO_NULL, /* /dev/null */
	HERMIT_STDIO_SOCKET,
};

struct hermit_boot_stdio {
	uint8_t kind[3];     /* enum hermit_stdio_kind of descriptors 0, 1, 2 */
	uint8_t err_is_out; /* 1: descriptor 2 is the same open file as 1, so write both to hermit.io */
	uint8_t pad[4];
};

struct hermit_boot_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

struct hermit_boot_ids {
	uint32_t uid, euid, gid, egid;
	uint32_t umask;
	uint32_t pad;
};

#define HERMIT_BOOT_F_VERBOSE  (1ull << 0) /* kernel's log goes to the serial port */
#define HERMIT_BOOT_F_STRACE   (1ull << 1)
#define HERMIT_BOOT_F_NO_PATCH (1ull << 2) /* HERMIT_PATCH=0 */
#define HERMIT_BOOT_F_NO_ASLR  (1ull << 3)
#define HERMIT_BOOT_F_CORE     (1ull << 16) /* a fatal signal writes a core file to HERMIT_CORE_DIR, a mount */

#define HERMIT_CORE_DIR "/.hermit/core"

#endif

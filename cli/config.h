/* SPDX-License-Identifier: MIT */
/*
 * What the user asked for: filled by options.c from the command line and the
 * environment, read by everything else.  Strings are borrowed from argv and
 * environ, which live as long as the process.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <hermit/boot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One is kept for the working directory. */
#define CONFIG_SHARES_MAX (HERMIT_BOOT_MOUNTS_MAX - 1)
#define CONFIG_ENV_MAX    256
#define CONFIG_DISKS_MAX  26 /* /dev/vda to /dev/vdz */

struct share {
	const char *host; /* directory on the host, as the user gave it */
	size_t host_len;
	const char *guest; /* mount point, or NULL: the host's absolute path */
	size_t guest_len;
	bool rdonly;
	bool overlay; /* the program may write: into its memory, not to the host */
};

struct disk {
	const char *path; /* of the image, as the user gave it */
	size_t len;
	bool rdonly;
};

enum kvm_wish {
	KVM_IF_IT_WORKS,
	KVM_NEVER,
	KVM_DEMANDED,
};

struct config {
	const char *isle; /* as named, NULL: the first that works */
	const char *machine;
	bool machine_named; /* the user chose it: never changed for another */
	const char *qemu;
	bool qemu_named;
	const char *kernel; /* NULL: the installed one */
	enum kvm_wish kvm;
	unsigned int cpus;
	const char *affinity; /* the host's CPUs for them, checked; NULL: any */
	uint64_t mem; /* bytes */
	char mem_who[32]; /* how the user set it, for messages */
	const char *gdb; /* where gdb connects: PORT or unix:PATH; NULL: nowhere */
	bool verbose, monitor, mergeable, hugepage, patch, aslr, strace, jail, core;
	unsigned int port;
	const char *workdir; /* NULL: the caller's */
	const char *hostname; /* the run's name, too; NULL: the host's, and none */
	struct share shares[CONFIG_SHARES_MAX];
	size_t nshares;
	struct disk disks[CONFIG_DISKS_MAX];
	size_t ndisks;
	const char *env[CONFIG_ENV_MAX]; /* NAME=VALUE, in addition to environ */
	size_t nenv;
	bool help, version, detach;
	char **argv; /* program and its arguments, ended by NULL */
};

#endif

/* SPDX-License-Identifier: MIT */
/* The command line of uhyve.  One table; messages by msg.h. */
#ifndef UHYVE_OPTIONS_H
#define UHYVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_CPUS_MAX   255 /* xAPIC ids */
#define OPTIONS_SHARES_MAX 16
#define OPTIONS_DISKS_MAX  8
#define OPTIONS_TAG_MAX	   31

enum { PORT_IO, PORT_ERR, PORT_CTL, PORT_COUNT }; /* as the console numbers them */

struct uhyve_share {
	char tag[OPTIONS_TAG_MAX + 1];
	char *dir; /* malloced */
	bool rdonly;
};

struct uhyve_disk {
	char *file; /* malloced */
	bool rdonly;
};

struct uhyve_options {
	unsigned int cpus;
	unsigned int affinity[OPTIONS_CPUS_MAX], affinities; /* the host's CPUs for ours; 0 of them: any */
	uint64_t mem; /* bytes, whole pages */
	bool hugepage, mergeable, jail;
	int port[PORT_COUNT], log; /* descriptors; -1: not given */
	bool has_ports;
	struct uhyve_share share[OPTIONS_SHARES_MAX];
	size_t shares;
	struct uhyve_disk disk[OPTIONS_DISKS_MAX];
	size_t disks;
	int stats; /* a file for counts; -1: none */
	const char *gdb; /* where to listen for it: PORT or unix:PATH; NULL: nowhere */
	bool help, version;
	const char *kernel, *initrd; /* initrd NULL: none */
	char **args; /* for the program, ended by NULL */
};

/* Reads args (argv without its first).  0, or a negative error after a message. */
int uhyve_options_read(struct uhyve_options *o, char **args);
void uhyve_options_free(struct uhyve_options *o);
void uhyve_options_help(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a VMM tells of itself while it runs: a file of this shape, which the
 * loader makes, the VMM maps and writes, and `hermit stats` reads.  Each word is
 * written by itself, so that a reader needs no lock; 0: not yet.
 *
 * Shared by VMM and tools: C only, no dependency.
 */
#ifndef HERMIT_STATS_H
#define HERMIT_STATS_H

#include <stdint.h>

#define HERMIT_STATS_MAGIC 0x53544148u /* "HATS" */

/* How far the machine has come, in this order. */
enum hermit_stats_stage {
	HERMIT_STAGE_START, /* the VMM's main() */
	HERMIT_STAGE_LOADED, /* guest memory holds kernel and program */
	HERMIT_STAGE_READY, /* VM, devices and CPUs are made */
	HERMIT_STAGE_GUEST, /* CPU 0 is about to enter the guest */
	HERMIT_STAGE_DEVICES, /* the kernel has found the first device */
	HERMIT_STAGE_OUTPUT, /* the first bytes of the program's output */
	HERMIT_STAGES
};

/* Why CPUs came back to the VMM; what the host's kernel does for them by itself is not among it. */
enum hermit_stats_exit {
	HERMIT_EXIT_MMIO,
	HERMIT_EXIT_PORT,
	HERMIT_EXIT_SIGNAL,
	HERMIT_EXIT_DEBUG,
	HERMIT_EXIT_OTHER,
	HERMIT_EXITS
};

struct hermit_stats {
	uint32_t magic; /* last to be written: until then there is nothing to read */
	uint32_t reserved;
	uint64_t stage[HERMIT_STAGES]; /* CLOCK_MONOTONIC, ns */
	uint64_t exits[HERMIT_EXITS]; /* of all CPUs together */
};

#endif

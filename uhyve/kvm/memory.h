/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory: one anonymous mapping, in at most two pieces (below and
 * above the hole for devices).  Not a memfd: hosts give those no huge pages
 * unless told to, and merge none of them.  guest_mem() is the one way to it; what it gives
 * can be written by the guest at any moment, so what is checked is copied first.
 * Made before any thread, constant after that: no locks.
 */
#ifndef UHYVE_MEMORY_H
#define UHYVE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_HOLE	0xc0000000ull /* 3 GiB: RAM ends here ... */
#define MEMORY_HOLE_END 0x100000000ull /* ... and goes on here */

#define HUGE_PAGE (2ull << 20)

struct memory_piece {
	uint64_t base; /* guest physical */
	uint64_t size; /* bytes, whole pages */
	unsigned char *host;
};

struct memory {
	struct memory_piece piece[2];
	unsigned int pieces;
};

/* How the host backs it. */
struct memory_wish {
	uint64_t size; /* bytes, whole pages */
	bool hugepage, mergeable;
};

/* 0 or a negative error. */
int memory_make(struct memory *m, const struct memory_wish *w);

/* Where the guest's [addr, addr + len) lies, or NULL unless all of it is in one piece of RAM. */
void *guest_mem(const struct memory *m, uint64_t addr, uint64_t len);

#endif

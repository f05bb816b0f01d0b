/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a small shared object that the kernel maps into each program, so
 * that clock reads need no call.  Its first page (vvar) holds the clock's
 * parameters, which the platform publishes; the image follows.
 */
#ifndef MM_VDSO_H
#define MM_VDSO_H

#include "lib/types.h"

struct space;

/* Layout shared with the vDSO's own code. */
struct vdso_clock {
	u32 seq;	  /* odd while being changed */
	u32 usable;	  /* 0: call the kernel */
	u64 tsc_base;	  /* monotonic = mono_base + (tsc - tsc_base) * mult >> 32 */
	u64 mult;
	u64 mono_base;	  /* ns */
	s64 wall_offset;  /* realtime - monotonic, ns */
};
extern struct vdso_clock *const vdso_clock; /* the vvar page's */

#define VDSO_VVAR_PAGES 1
/* Maps vvar and image; *base gets the image's address (AT_SYSINFO_EHDR). */
int vdso_map(struct space *s, vaddr_t *base);
/* The frame behind an offset into vvar + image. */
paddr_t vdso_frame(u64 offset);

#endif

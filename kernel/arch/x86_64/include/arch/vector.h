/* SPDX-License-Identifier: MIT */
/*
 * The program's vector state (x87, SSE, AVX, AVX-512): the kernel itself uses
 * general registers only, so the state stays in the registers until another
 * thread gets the CPU or a signal handler runs.  An image is an XSAVE area in
 * the standard format (SDM vol. 1, 13.4), because that is what a signal frame
 * holds; on a CPU without XSAVE, an FXSAVE area.  No locks; any context.
 */
#ifndef ARCH_VECTOR_H
#define ARCH_VECTOR_H

#include "lib/types.h"

enum vector_mode { VECTOR_FXSAVE, VECTOR_XSAVE, VECTOR_XSAVEOPT };

/* Offsets in an image. */
#define VECTOR_FCW	  0
#define VECTOR_MXCSR	  24
#define VECTOR_MXCSR_MASK 28
#define VECTOR_SW	  464 /* 48 bytes for software: signal frames have struct _fpx_sw_bytes there */
#define VECTOR_LEGACY	  512
#define VECTOR_XSTATE_BV  512
#define VECTOR_HEADER	  64

extern u8 vector_mode;	  /* enum vector_mode */
extern u32 vector_size;	  /* of an image, in bytes; 0: not yet detected */
extern u64 vector_features; /* XCR0's bits: the components in an image */
extern u32 vector_mxcsr_mask; /* bits of MXCSR that may be set */

/* `vm`: switches this CPU's vector unit on, with the features of the first CPU.  Detects on the first call. */
void vector_init_cpu(void);
/* `process`: the host has switched it on; finds out what there is. */
void vector_detect(void);

/* A 64-byte aligned image in the initial state; NULL: no memory. */
void *vector_alloc(void);
void vector_free(void *img);

/*
 * For the context switch.  XSAVEOPT leaves out what is in its initial state or has not changed since the
 * image was restored on this CPU, so an image that it wrote must not be read as bytes: see vector_save_all().
 */
static inline void vector_save(void *img)
{
	/* Little of this is executed: one branch, mode 2 on every CPU of the last ten years. */
	if (likely(vector_mode == VECTOR_XSAVEOPT))
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(img), "a"(~0u), "d"(~0u) : "memory");
	else if (vector_mode == VECTOR_XSAVE)
		__asm__ volatile("xsave64 (%0)" ::"r"(img), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(img) : "memory");
}

/* The image must be one that vector_save() made, or one that vector_image_ok() has passed. */
static inline void vector_restore(const void *img)
{
	if (likely(vector_mode != VECTOR_FXSAVE))
		__asm__ volatile("xrstor64 (%0)" ::"r"(img), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" ::"r"(img) : "memory");
}

/* As vector_save(), but writes every byte of every component: for signal frames and for a new thread. */
void vector_save_all(void *img);
/* Puts the registers into the state a program starts with. */
void vector_reset(void);
/* The same for an image that holds a thread's state. */
void vector_image_reset(void *img);
/* Makes an image from outside safe to restore: false if the CPU would refuse it (SDM vol. 1, 13.8). */
bool vector_image_ok(const void *img);

#endif

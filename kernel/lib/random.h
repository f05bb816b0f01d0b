/* SPDX-License-Identifier: MIT */
/*
 * Random bytes for the kernel and for getrandom(2): ChaCha20 with the key
 * replaced after each use, so what was given out cannot be found again.  Seeded
 * on first use from the boot record and the machine; virtio-rng adds to it.
 * From anywhere; has its own lock, the innermost.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/types.h"

void random_bytes(void *buf, size_t n);
u64 random_u64(void);
/* Mixes in what a source gives; never makes it worse. */
void random_add(const void *buf, size_t n);

/* RFC 8439, 2.3: one block.  For tests. */
void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u32 out[16]);

#endif

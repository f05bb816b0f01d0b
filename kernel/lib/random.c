/* SPDX-License-Identifier: MIT */
#include "lib/random.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "platform/boot.h"
#include "platform/platform.h"

#define BLOCK 64
#define KEY   32

static struct {
	struct spinlock lock;
	u32 key[8];
	u32 count; /* of seeds mixed in: the nonce of mixing */
	bool seeded;
} rng;

static inline u32 rotate(u32 v, int n) { return v << n | v >> (32 - n); }

static inline void quarter(u32 *x, int a, int b, int c, int d)
{
	x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u32 out[16])
{
	u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	u32 x[16];

	memcpy(in + 4, key, KEY);
	in[12] = counter;
	memcpy(in + 13, nonce, 3 * sizeof(u32));
	memcpy(x, in, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter(x, 0, 4, 8, 12), quarter(x, 1, 5, 9, 13);
		quarter(x, 2, 6, 10, 14), quarter(x, 3, 7, 11, 15);
		quarter(x, 0, 5, 10, 15), quarter(x, 1, 6, 11, 12);
		quarter(x, 2, 7, 8, 13), quarter(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] = x[i] + in[i];
}

/* Under the lock: the key becomes a function of itself and of the input, piece by piece. */
static void mix(const void *buf, size_t n)
{
	const u8 *p = buf;

	while (n) {
		size_t len = MIN(n, (size_t)KEY);
		u32 nonce[3] = {++rng.count, (u32)len, 1}, out[BLOCK / 4];
		u8 piece[KEY] = {0};

		memcpy(piece, p, len);
		for (size_t i = 0; i < KEY; i++)
			((u8 *)rng.key)[i] ^= piece[i];
		chacha20_block(rng.key, 0, nonce, out);
		memcpy(rng.key, out, KEY);
		p += len;
		n -= len;
	}
}

static void seed(void)
{
	u8 machine[KEY];
	nsec_t now = platform_clock();
	size_t got = platform_entropy(machine, sizeof(machine));

	rng.seeded = true;
	if (boot_info.has_random)
		mix(boot_info.random, sizeof(boot_info.random));
	mix(machine, got);
	mix(&now, sizeof(now));
	if (!boot_info.has_random && got < sizeof(machine) / 2)
		log_warn("no source of random numbers: what the program takes for random can be guessed");
}

void random_add(const void *buf, size_t n)
{
	unsigned long ev = spin_lock(&rng.lock);

	if (!rng.seeded)
		seed();
	mix(buf, n);
	spin_unlock(&rng.lock, ev);
}

void random_bytes(void *buf, size_t n)
{
	u8 *p = buf;
	unsigned long ev;

	while (n) {
		u32 nonce[3] = {0, 0, 0}, out[BLOCK / 4];
		size_t len = MIN(n, (size_t)(BLOCK - KEY));

		/* One block at a time, so that a large request does not mask events for long. */
		ev = spin_lock(&rng.lock);
		if (!rng.seeded)
			seed();
		chacha20_block(rng.key, 1, nonce, out);
		memcpy(rng.key, out, KEY);
		spin_unlock(&rng.lock, ev);
		memcpy(p, (u8 *)out + KEY, len);
		memset(out, 0, sizeof(out));
		__asm__ volatile("" ::"r"(out) : "memory");
		p += len;
		n -= len;
	}
}

u64 random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof(v));
	return v;
}

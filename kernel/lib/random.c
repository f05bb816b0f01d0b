/* SPDX-License-Identifier: MIT */
#include "lib/random.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "platform/boot.h"
#include "platform/platform.h"

#define BLOCK 64
#define KEY   32

_Static_assert(HERMIT_BOOT_RANDOM_LEN == KEY + (BLOCK - KEY), "seed() splits the host's bytes in two");

static struct {
	struct spinlock lock;
	u32 key[8];
	u32 count; /* of seeds mixed in: the nonce of mixing */
	bool seeded;
	u32 left; /* bytes of out[] that nobody has had yet: the last ones */
	u8 out[BLOCK - KEY];
} rng;

static inline u32 rotate(u32 v, int n)
{
	return v << n | v >> (32 - n);
}

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

/* Under the lock: the key becomes a function of itself and of what has been xored into it. */
static void stir(u32 len)
{
	u32 nonce[3] = {++rng.count, len, 1}, out[BLOCK / 4];

	chacha20_block(rng.key, 0, nonce, out);
	memcpy(rng.key, out, KEY);
	rng.left = 0; /* what is left was made with the key before */
}

static void xor_key(const void *buf, size_t n)
{
	u8 *key = (u8 *)rng.key;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		u64 k, v; /* buf may lie at any address */

		memcpy(&k, key + i, sizeof(k));
		memcpy(&v, (const u8 *)buf + i, sizeof(v));
		k ^= v;
		memcpy(key + i, &k, sizeof(k));
	}
	for (; i < n; i++)
		key[i] ^= ((const u8 *)buf)[i];
}

static void mix(const void *buf, size_t n)
{
	for (const u8 *p = buf; n;) {
		size_t len = MIN(n, (size_t)KEY);

		xor_key(p, len);
		stir(len);
		p += len;
		n -= len;
	}
}

/*
 * The host's bytes are good as they are: one half is the key, the other the first output, so that a start
 * needs no ChaCha block.  The other sources are added to the key; they know nothing of each other or of the
 * host's bytes, so the sum is as good as the best of them.
 */
static void seed(void)
{
	u8 machine[KEY];
	nsec_t now = platform_clock();
	size_t got = platform_entropy(machine, sizeof(machine));

	rng.seeded = true;
	xor_key(machine, got);
	xor_key(&now, sizeof(now));
	if (boot_info.has_random) {
		xor_key(boot_info.random, KEY);
		memcpy(rng.out, boot_info.random + KEY, sizeof(rng.out));
		rng.left = sizeof(rng.out);
		memset(boot_info.random, 0, sizeof(boot_info.random));
	} else {
		stir(0);
	}
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

/* Half of a block is the next key, the other half is given out, and wiped as it goes. */
static void refill(void)
{
	u32 nonce[3] = {0, 0, 0}, out[BLOCK / 4];

	chacha20_block(rng.key, 1, nonce, out);
	memcpy(rng.key, out, KEY);
	memcpy(rng.out, (u8 *)out + KEY, BLOCK - KEY);
	rng.left = BLOCK - KEY;
	memset(out, 0, sizeof(out));
	__asm__ volatile("" ::"r"(out) : "memory");
}

void random_bytes(void *buf, size_t n)
{
	u8 *p = buf;

	while (n) {
		/* One block at a time, so that a large request does not mask events for long. */
		unsigned long ev = spin_lock(&rng.lock);
		size_t len;
		u8 *from;

		if (!rng.seeded)
			seed();
		if (!rng.left)
			refill();
		len = MIN(n, (size_t)rng.left);
		from = rng.out + (BLOCK - KEY) - rng.left;
		memcpy(p, from, len);
		memset(from, 0, len);
		rng.left -= len;
		spin_unlock(&rng.lock, ev);
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

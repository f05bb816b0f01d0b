/* SPDX-License-Identifier: MIT */
/* malloc, realloc and free of all sizes, blocks handed from thread to thread, contents checked. */
#include "stress.h"

#define THREADS 6
#define ROUNDS	3000
#define SLOTS	64

static struct slot {
	pthread_mutex_t lock;
	unsigned char *p;
	size_t size;
	unsigned char fill;
} slots[SLOTS];

static void check(const struct slot *s)
{
	for (size_t i = 0; i < s->size; i += s->size > 4096 ? 509 : 7)
		if (s->p[i] != s->fill)
			FAIL("block of %zu bytes holds %d at %zu instead of %d", s->size, s->p[i], i, s->fill);
}

static size_t any_size(uint32_t *rng)
{
	switch (stress_random(rng) % 16) {
	case 0:
		return 1 + stress_random(rng) % (1 << 20);
	case 1:
	case 2:
		return 1 + stress_random(rng) % 65536;
	default:
		return 1 + stress_random(rng) % 512;
	}
}

static void *work(void *arg)
{
	uint32_t rng = 2u + (uint32_t)(intptr_t)arg * 1001u;

	for (int i = 0; i < ROUNDS; i++) {
		struct slot *s = &slots[stress_random(&rng) % SLOTS];
		size_t size = any_size(&rng), old;

		pthread_mutex_lock(&s->lock);
		if (s->p)
			check(s);
		if (s->p && stress_random(&rng) % 3 == 0) {
			old = s->size;
			s->p = realloc(s->p, size);
			MUST(s->p);
			if (size > old)
				memset(s->p + old, s->fill, size - old);
			s->size = size;
			check(s);
		} else {
			free(s->p);
			s->p = malloc(size);
			MUST(s->p);
			s->size = size;
			s->fill = (unsigned char)stress_random(&rng);
			memset(s->p, s->fill, size);
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

int main(void)
{
	for (int i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].lock, NULL);
	stress_threads(THREADS, work);
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].p)
			check(&slots[i]);
		free(slots[i].p);
	}
	printf("%d threads, %d rounds\n", THREADS, ROUNDS);
	return 0;
}

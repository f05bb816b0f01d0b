/* SPDX-License-Identifier: MIT */
/*
 * A hash table of objects that carry their own links, which grows with them.  For hostfs and its 9P server; no
 * locks.  The caller hashes (table_hash() mixes well) and compares:
 *	for (l = table_first(t, hash); l; l = table_next(l))
 */
#ifndef HOSTFS_TABLE_H
#define HOSTFS_TABLE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct table_link {
	struct table_link *next;
	uint64_t hash;
};

struct table {
	struct table_link **slots;
	size_t nslots, count; /* nslots: 0 or a power of two */
};

static inline uint64_t table_hash(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;

	h = (h ^ h >> 29) * 0x94d049bb133111eb;
	return h ^ h >> 32;
}

static inline struct table_link *table_match(struct table_link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = l->next;
	return l;
}

static inline struct table_link *table_first(const struct table *t, uint64_t hash)
{
	return t->nslots ? table_match(t->slots[hash & (t->nslots - 1)], hash) : NULL;
}

static inline struct table_link *table_next(const struct table_link *l)
{
	return table_match(l->next, l->hash);
}

int table_insert(struct table *t, struct table_link *l, uint64_t hash); /* 0 or -ENOMEM */
void table_remove(struct table *t, struct table_link *l);
static inline void table_free(struct table *t)
{
	free(t->slots);
	*t = (struct table){0};
}

#endif

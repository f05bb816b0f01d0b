/* SPDX-License-Identifier: MIT */
#include "table.h"

static int grow(struct table *t)
{
	size_t n = t->nslots ? t->nslots * 2 : 64;
	struct table_link **slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->nslots; i++) {
		for (struct table_link *l = t->slots[i], *next; l; l = next) {
			next = l->next;
			l->next = slots[l->hash & (n - 1)];
			slots[l->hash & (n - 1)] = l;
		}
	}
	free(t->slots);
	t->slots = slots;
	t->nslots = n;
	return 0;
}

int table_insert(struct table *t, struct table_link *l, uint64_t hash)
{
	/* A table that cannot grow works on, with longer chains. */
	if (t->count >= t->nslots && grow(t) && !t->nslots)
		return -ENOMEM;
	l->hash = hash;
	l->next = t->slots[hash & (t->nslots - 1)];
	t->slots[hash & (t->nslots - 1)] = l;
	t->count++;
	return 0;
}

void table_remove(struct table *t, struct table_link *l)
{
	struct table_link **p = &t->slots[l->hash & (t->nslots - 1)];

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	t->count--;
}

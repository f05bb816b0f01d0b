/* SPDX-License-Identifier: MIT */
/* Circular doubly linked list, intrusive.  The caller locks. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert_(struct list *n, struct list *prev, struct list *next)
{
	next->prev = n;
	n->next = next;
	n->prev = prev;
	prev->next = n;
}

static inline void list_push_front(struct list *head, struct list *n) { list_insert_(n, head, head->next); }
static inline void list_push_back(struct list *head, struct list *n) { list_insert_(n, head->prev, head); }

/* Leaves `n` an empty list of its own, so that removing twice does no harm. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next; /* NOLINT: the analyzer does not see that the neighbours have let go */
	n->next->prev = n->prev;
	list_init(n);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
/* Safe against removal of `pos`. */
#define list_for_each_safe(pos, tmp, head)                                                                   \
	for (struct list *pos = (head)->next, *tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)

#endif

/* SPDX-License-Identifier: MIT */
#include "fs/range_lock.h"
#include "mm/heap.h"
#include "proc/thread.h"

struct range_lock {
	struct range_lock *next; /* of the inode, by start */
	const void *owner;
	struct range r; /* RANGE_READ or RANGE_WRITE */
};

static struct spinlock lock = SPINLOCK_INIT;
static struct wait_queue freed = WAIT_QUEUE_INIT(freed);

static bool overlap(const struct range *a, const struct range *b) { return a->start <= b->end && b->start <= a->end; }

/* With the lock held: the first that is in the way, or for RANGE_UNLOCK the owner's first. */
static struct range_lock *in_the_way(struct inode *i, const void *owner, const struct range *r)
{
	for (struct range_lock *l = i->range_locks; l; l = l->next) {
		if (!overlap(&l->r, r))
			continue;
		if (r->type == RANGE_UNLOCK ? l->owner == owner
					    : l->owner != owner && (r->type == RANGE_WRITE || l->r.type == RANGE_WRITE))
			return l;
	}
	return NULL;
}

bool range_lock_find(struct inode *i, const void *owner, const struct range *r, struct range *found)
{
	unsigned long ev = spin_lock(&lock);
	struct range_lock *l = in_the_way(i, owner, r);

	if (l)
		*found = l->r;
	spin_unlock(&lock, ev);
	return l != NULL;
}

static void insert(struct inode *i, struct range_lock *l)
{
	struct range_lock **at = &i->range_locks;

	while (*at && (*at)->r.start <= l->r.start)
		at = &(*at)->next;
	l->next = *at;
	*at = l;
}

/* Two ranges that follow each other without a gap. */
static bool touch(const struct range *a, const struct range *b)
{
	return (a->end != INT64_MAX && a->end + 1 == b->start) || (b->end != INT64_MAX && b->end + 1 == a->start);
}

/*
 * With the lock held: the owner's locks give way to r, which becomes one with those of its type that it meets.  What is
 * left over goes to *dead.  spare: for the rest of a lock that is cut in two; new: for r itself, used unless it clears.
 */
static void apply(struct inode *i, const void *owner, const struct range *r, struct range_lock **new,
		  struct range_lock **spare, struct range_lock **dead)
{
	struct range_lock **at = &i->range_locks, *l, *again = NULL;
	struct range mine = *r;

	while ((l = *at) != NULL) {
		bool same = l->r.type == mine.type;

		if (l->owner != owner || !(overlap(&l->r, &mine) || (same && touch(&l->r, &mine)))) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		if (same) {
			mine.start = MIN(mine.start, l->r.start);
			mine.end = MAX(mine.end, l->r.end);
		} else if (l->r.start < mine.start && l->r.end > mine.end && *spare) { /* one at most surrounds it */
			**spare = *l;
			(*spare)->r.start = mine.end + 1;
			(*spare)->next = again;
			l->r.end = mine.start - 1;
			l->next = *spare;
			again = l;
			*spare = NULL;
			continue;
		} else if (l->r.start < mine.start || l->r.end > mine.end) {
			if (l->r.start < mine.start)
				l->r.end = mine.start - 1;
			else
				l->r.start = mine.end + 1;
			l->next = again;
			again = l;
			continue;
		}
		l->next = *dead;
		*dead = l;
	}
	for (; again; again = l) {
		l = again->next;
		insert(i, again);
	}
	if (mine.type != RANGE_UNLOCK) {
		**new = (struct range_lock){.owner = owner, .r = mine};
		insert(i, *new);
		*new = NULL;
	}
}

static void free_all(struct range_lock *dead)
{
	while (dead) {
		struct range_lock *next = dead->next;

		kfree(dead);
		dead = next;
	}
}

static bool free_now(struct inode *i, const void *owner, const struct range *r)
{
	struct range other;

	return !range_lock_find(i, owner, r, &other);
}

int range_lock_set(struct inode *i, const void *owner, const struct range *r, bool wait)
{
	struct range_lock *new = kmalloc(sizeof(*new)), *spare = kmalloc(sizeof(*spare)), *dead = NULL;
	int err = new && spare ? 0 : -ENOLCK;

	while (!err) {
		unsigned long ev = spin_lock(&lock);
		bool blocked = r->type != RANGE_UNLOCK && in_the_way(i, owner, r);

		if (!blocked)
			apply(i, owner, r, &new, &spare, &dead);
		spin_unlock(&lock, ev);
		if (!blocked)
			break;
		err = wait ? WAIT_EVENT(&freed, free_now(i, owner, r), WAIT_FOREVER, WAIT_INTERRUPTIBLE) : -EAGAIN;
	}
	free_all(dead);
	kfree(new);
	kfree(spare);
	if (!err)
		wait_wake_all(&freed, 0);
	return err;
}

void range_lock_release_slow(struct inode *i, const void *owner)
{
	struct range_lock **at, *l, *dead = NULL;
	unsigned long ev = spin_lock(&lock);

	for (at = &i->range_locks; (l = *at) != NULL;) {
		if (l->owner == owner) {
			*at = l->next;
			l->next = dead;
			dead = l;
		} else {
			at = &l->next;
		}
	}
	spin_unlock(&lock, ev);
	if (!dead)
		return;
	free_all(dead);
	wait_wake_all(&freed, 0);
}

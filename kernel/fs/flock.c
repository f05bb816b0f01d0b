/* SPDX-License-Identifier: MIT */
#include "fs/flock.h"
#include "mm/heap.h"
#include "proc/thread.h"

struct flock {
	struct list link; /* in held */
	struct inode *inode;
	struct file *file; /* no reference: flock_release() */
	bool exclusive;
};

static struct spinlock flock_lock = SPINLOCK_INIT;
static struct list held = LIST_INIT(held);
static struct wait_queue freed = WAIT_QUEUE_INIT(freed);

static struct flock *find(const struct file *f)
{
	list_for_each(l, &held) {
		struct flock *k = list_entry(l, struct flock, link);

		if (k->file == f)
			return k;
	}
	return NULL;
}

static bool conflicts(const struct file *f, bool exclusive)
{
	list_for_each(l, &held) {
		const struct flock *k = list_entry(l, struct flock, link);

		if (k->inode == f->inode && k->file != f && (exclusive || k->exclusive))
			return true;
	}
	return false;
}

static bool conflicts_now(const struct file *f, bool exclusive)
{
	unsigned long ev = spin_lock(&flock_lock);
	bool r = conflicts(f, exclusive);

	spin_unlock(&flock_lock, ev);
	return r;
}

static void drop(struct file *f)
{
	unsigned long ev = spin_lock(&flock_lock);
	struct flock *k = find(f);

	if (k) {
		list_remove(&k->link);
		f->kind &= ~FILE_FLOCKED; /* under the lock: another thread may be taking one on the same file */
	}
	spin_unlock(&flock_lock, ev);
	if (!k)
		return;
	kfree(k);
	wait_wake_all(&freed, 0);
}

void flock_release(struct file *f) { drop(f); }

/* Takes the lock if nobody is in the way; `fresh` is used up if f had none. */
static bool try(struct file *f, bool exclusive, struct flock **fresh)
{
	unsigned long ev = spin_lock(&flock_lock);
	bool got = !conflicts(f, exclusive);
	struct flock *k;

	if (got) {
		k = find(f);
		if (!k) {
			k = *fresh;
			*fresh = NULL;
			*k = (struct flock){.inode = f->inode, .file = f};
			list_push_back(&held, &k->link);
			f->kind |= FILE_FLOCKED;
		}
		k->exclusive = exclusive;
	}
	spin_unlock(&flock_lock, ev);
	return got;
}

int flock_set(struct file *f, unsigned op)
{
	bool exclusive = (op & ~(unsigned)LOCK_NB) == LOCK_EX;
	struct flock *fresh;
	int r = 0;

	switch (op & ~(unsigned)LOCK_NB) {
	case LOCK_UN:
		drop(f);
		return 0;
	case LOCK_SH:
	case LOCK_EX:
		break;
	default:
		return -EINVAL;
	}
	fresh = kmalloc(sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	if (f->kind & FILE_FLOCKED) {
		if (try(f, exclusive, &fresh))
			goto out;
		drop(f); /* a change of kind is not atomic: flock(2) */
	}
	while (!try(f, exclusive, &fresh)) {
		if (op & LOCK_NB) {
			r = -EWOULDBLOCK;
			break;
		}
		r = WAIT_EVENT(&freed, !conflicts_now(f, exclusive), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (r)
			break;
	}
out:
	wait_wake_all(&freed, 0); /* an exclusive lock may have become a shared one */
	kfree(fresh);
	return r;
}

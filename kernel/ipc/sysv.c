/* SPDX-License-Identifier: MIT */
/* System V IPC: keys, ids and permissions, for all three kinds. */
#include "ipc/sysv.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/thread.h"

#define INDEX_BITS 15 /* of an id: the place in the table; above it how often ids have begun anew (Linux: ipcmni) */
#define INDEX_MAX  (1u << INDEX_BITS)

s64 sysv_now(void) { return clock_realtime() / (s64)NSEC_PER_SEC; }

/* ---- permissions (Linux: ipcperms()) ---- */

int sysv_permitted(const struct sysv_obj *o, u32 mode)
{
	struct process *p = current->process;
	u32 asked = (mode >> 6) | (mode >> 3) | mode, granted = o->perm.mode;

	if (p->euid == o->perm.cuid || p->euid == o->perm.uid)
		granted >>= 6;
	else if (cred_in_group(p, o->perm.cgid) || cred_in_group(p, o->perm.gid))
		granted >>= 3;
	return (asked & ~granted & 7) && !capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

int sysv_owned(const struct sysv_obj *o)
{
	u32 euid = current->process->euid;

	return euid == o->perm.cuid || euid == o->perm.uid || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

void sysv_set(struct sysv_obj *o, const struct sysv_perm *to)
{
	o->perm.uid = to->uid;
	o->perm.gid = to->gid;
	o->perm.mode = (o->perm.mode & ~0777u) | (to->mode & 0777);
}

/* ---- the table ---- */

void sysv_put(struct sysv_ids *ids, struct sysv_obj *o)
{
	if (!__atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
		ids->free(o);
}

static struct sysv_obj *with_ref(struct sysv_obj *o)
{
	if (o)
		__atomic_fetch_add(&o->refs, 1, __ATOMIC_RELAXED);
	return o;
}

struct sysv_obj *sysv_find_index(struct sysv_ids *ids, unsigned index)
{
	unsigned long ev = spin_lock(&ids->lock);
	struct sysv_obj *o = index < ids->size ? with_ref(ids->slots[index]) : NULL;

	spin_unlock(&ids->lock, ev);
	return o ? o : err_ptr(-EINVAL);
}

struct sysv_obj *sysv_find(struct sysv_ids *ids, int id)
{
	struct sysv_obj *o;

	if (id < 0)
		return err_ptr(-EINVAL);
	o = sysv_find_index(ids, (unsigned)id % INDEX_MAX);
	if (!is_err(o) && o->id != id) {
		sysv_put(ids, o);
		return err_ptr(-EINVAL);
	}
	return o;
}

static struct sysv_obj *find_key(struct sysv_ids *ids, s32 key)
{
	for (unsigned i = 0; i < ids->size; i++)
		if (ids->slots[i] && ids->slots[i]->perm.key == key)
			return with_ref(ids->slots[i]);
	return NULL;
}

/* A free place; -ENOSPC, -ENOMEM.  Under the lock. */
static int find_slot(struct sysv_ids *ids)
{
	unsigned i, size = ids->size ? 2 * ids->size : 16;
	struct sysv_obj **more;

	if (ids->used >= ids->max)
		return -ENOSPC;
	for (i = 0; i < ids->size && ids->slots[i]; i++)
		;
	if (i < ids->size)
		return (int)i;
	more = krealloc(ids->slots, size * sizeof(struct sysv_obj *));
	if (!more)
		return -ENOMEM;
	memset(more + ids->size, 0, (size - ids->size) * sizeof(struct sysv_obj *));
	ids->slots = more;
	ids->size = size;
	return (int)i;
}

/* The new object's id; an object that cannot be entered goes. */
static long enter(struct sysv_ids *ids, struct sysv_obj *o, s32 key, int flags)
{
	const struct process *p = current->process;
	int index = find_slot(ids);

	if (index < 0)
		return index;
	/* An id that was removed must not soon mean another object. */
	if (index <= ids->last)
		ids->seq = (ids->seq + 1) & 0xffff;
	ids->last = index;
	o->refs = 1;
	o->perm = (struct sysv_perm){.key = key, .uid = p->euid, .gid = p->egid, .cuid = p->euid, .cgid = p->egid};
	o->perm.mode = (u32)flags & 0777;
	o->perm.seq = ids->seq;
	o->id = ids->seq << INDEX_BITS | index;
	ids->slots[index] = o;
	ids->used++;
	return o->id;
}

static long check_found(struct sysv_obj *o, int flags, const struct sysv_maker *m)
{
	int err = (flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL) ? -EEXIST : m->fits(o, m->arg);

	if (!err)
		err = sysv_permitted(o, (u32)flags);
	return err ? err : o->id;
}

long sysv_get(struct sysv_ids *ids, s32 key, int flags, const struct sysv_maker *m)
{
	struct sysv_obj *found = NULL, *made = NULL;
	bool create = key == IPC_PRIVATE;
	unsigned long ev;
	int err;
	long r;

	for (;;) {
		/* Made outside the lock, since that takes memory and time; thrown away if another was quicker. */
		if (create) {
			made = m->create(m->arg, &err);
			if (!made)
				return err;
			spin_init(&made->lock);
		}
		ev = spin_lock(&ids->lock);
		if (key != IPC_PRIVATE)
			found = find_key(ids, key);
		r = found ? 0 : made ? enter(ids, made, key, flags) : (flags & IPC_CREAT) ? 0 : -ENOENT;
		spin_unlock(&ids->lock, ev);
		if (found || made || r)
			break;
		create = true;
	}
	if (made && (found || r < 0))
		ids->free(made);
	if (found) {
		r = check_found(found, flags, m);
		sysv_put(ids, found);
	}
	return r;
}

bool sysv_remove(struct sysv_ids *ids, struct sysv_obj *o)
{
	unsigned index = (unsigned)o->id % INDEX_MAX;
	unsigned long ev = spin_lock(&ids->lock), ev2;
	bool mine = ids->slots[index] == o;

	if (mine) {
		ids->slots[index] = NULL;
		ids->used--;
		ev2 = spin_lock(&o->lock);
		o->removed = true;
		spin_unlock(&o->lock, ev2);
	}
	spin_unlock(&ids->lock, ev);
	if (mine)
		sysv_put(ids, o);
	return mine;
}

void sysv_hide(struct sysv_ids *ids, struct sysv_obj *o)
{
	unsigned long ev = spin_lock(&ids->lock);

	o->perm.key = IPC_PRIVATE;
	spin_unlock(&ids->lock, ev);
}

int sysv_highest(struct sysv_ids *ids)
{
	unsigned long ev = spin_lock(&ids->lock);
	int i = (int)ids->size - 1;

	while (i > 0 && !ids->slots[i])
		i--;
	spin_unlock(&ids->lock, ev);
	return MAX(i, 0);
}

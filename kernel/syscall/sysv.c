/* SPDX-License-Identifier: MIT */
/* System V IPC: what shmctl(2), semctl(2), msgctl(2) and their kin say and take.  The objects are in ipc/sysv_*.c. */
#include "ipc/sysv.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "syscall/syscall.h"

/* The object that cmd means: XXX_STAT and XXX_STAT_ANY take a place in the table, all others an id. */
static struct sysv_obj *find(struct sysv_ids *ids, int id, bool by_index)
{
	return by_index ? sysv_find_index(ids, (unsigned)id) : sysv_find(ids, id);
}

/* ---- shared memory ---- */

#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

struct linux_shmid { /* struct shmid64_ds */
	struct sysv_perm perm;
	u64 size;
	s64 atime, dtime, ctime;
	s32 cpid, lpid;
	u64 attached, unused[2];
};
_Static_assert(sizeof(struct linux_shmid) == 112, "struct shmid64_ds of the ABI");

struct linux_shminfo {
	u64 max, min, count, per_process, all, unused[4];
};

struct linux_shm_info {
	s32 used, pad;
	u64 total, resident, swapped, swap_attempts, swap_successes;
};

long sys_shmget(s32 key, u64 size, int flags)
{
	if (flags & SHM_HUGETLB && (flags & IPC_CREAT || key == IPC_PRIVATE))
		return -ENOMEM; /* no huge pages are set aside: as Linux then */
	return shm_get(key, size, flags);
}

long sys_shmat(int id, u64 addr, int flags)
{
	struct sysv_obj *o = sysv_find(&shm_ids, id);
	long r;

	if (is_err(o))
		return ptr_err(o);
	r = shm_attach(shm_of(o), addr, flags);
	sysv_put(&shm_ids, o);
	return r;
}

long sys_shmdt(u64 addr) { return shm_detach(addr); }

static long shm_info(int cmd, void __user *buf)
{
	struct linux_shminfo limits = {SHM_SIZE_MAX, 1, SHM_COUNT_MAX, SHM_COUNT_MAX, SHM_SIZE_MAX, {0}};
	struct linux_shm_info info = {.used = (int)READ_ONCE(shm_ids.used)};
	int err;

	shm_usage(&info.total, &info.resident);
	err = cmd == IPC_INFO ? copy_to_user(buf, &limits, sizeof(limits)) : copy_to_user(buf, &info, sizeof(info));
	return err ? err : sysv_highest(&shm_ids);
}

static long shm_stat(struct shm *s, int cmd, void __user *buf)
{
	struct linux_shmid d = {.size = s->size, .attached = shm_attachments(s)};
	int err = cmd == SHM_STAT_ANY ? 0 : sysv_permitted(&s->obj, SYSV_READ);
	unsigned long ev;

	if (err)
		return err;
	ev = spin_lock(&s->obj.lock);
	d.perm = s->obj.perm;
	d.atime = s->atime;
	d.dtime = s->dtime;
	d.ctime = s->ctime;
	d.cpid = s->creator;
	d.lpid = s->last;
	spin_unlock(&s->obj.lock, ev);
	if (copy_to_user(buf, &d, sizeof(d)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : s->obj.id;
}

static long shm_change(struct shm *s, int cmd, const struct linux_shmid *d)
{
	int err = sysv_owned(&s->obj);
	unsigned long ev;

	if (err)
		return err;
	if (cmd == IPC_RMID) {
		shm_destroy(s);
		return 0;
	}
	ev = spin_lock(&s->obj.lock);
	if (cmd == IPC_SET) {
		sysv_set(&s->obj, &d->perm);
		s->ctime = sysv_now();
	} else if (cmd == SHM_LOCK) { /* nothing is ever swapped out: locked or not, it stays in memory */
		s->obj.perm.mode |= SHM_LOCKED;
	} else {
		s->obj.perm.mode &= ~SHM_LOCKED;
	}
	spin_unlock(&s->obj.lock, ev);
	return 0;
}

long sys_shmctl(int id, int cmd, void __user *buf)
{
	struct linux_shmid d;
	struct sysv_obj *o;
	long r;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	if (cmd == IPC_INFO || cmd == SHM_INFO)
		return shm_info(cmd, buf);
	if (cmd == IPC_SET && copy_from_user(&d, buf, sizeof(d)))
		return -EFAULT;
	if (cmd > SHM_STAT_ANY || (cmd > IPC_INFO && cmd < SHM_LOCK))
		return -EINVAL;
	o = find(&shm_ids, id, cmd == SHM_STAT || cmd == SHM_STAT_ANY);
	if (is_err(o))
		return ptr_err(o);
	r = cmd == IPC_STAT || cmd == SHM_STAT || cmd == SHM_STAT_ANY ? shm_stat(shm_of(o), cmd, buf)
								      : shm_change(shm_of(o), cmd, &d);
	sysv_put(&shm_ids, o);
	return r;
}

/* ---- semaphores ---- */

#define SEM_GETPID   11
#define SEM_GETVAL   12
#define SEM_GETALL   13
#define SEM_GETNCNT  14
#define SEM_GETZCNT  15
#define SEM_SETVAL   16
#define SEM_SETALL   17
#define SEM_STAT     18
#define SEM_INFO     19
#define SEM_STAT_ANY 20

struct linux_semid { /* struct semid64_ds of x86-64 */
	struct sysv_perm perm;
	s64 otime;
	u64 unused1;
	s64 ctime;
	u64 unused2, count, unused3[2];
};
_Static_assert(sizeof(struct linux_semid) == 104, "struct semid64_ds of the ABI");

struct linux_seminfo {
	s32 map, sets, total, undos, per_set, ops, undo_entries, undo_size, value_max, adjust_max;
};

long sys_semget(s32 key, int count, int flags) { return sem_get(key, count, flags); }

static long sem_operate_user(int id, const struct sembuf __user *uops, unsigned n, nsec_t deadline)
{
	struct sembuf small[8], *ops = small;
	struct sysv_obj *o;
	long r;

	if (n > SEM_OPS_MAX)
		return -E2BIG;
	if (n < 1)
		return -EINVAL;
	if (n > ARRAY_SIZE(small))
		ops = kmalloc(n * sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	r = copy_from_user(ops, uops, n * sizeof(*ops));
	if (!r) {
		o = sysv_find(&sem_ids, id);
		r = is_err(o) ? ptr_err(o) : sem_operate(sem_of(o), ops, n, deadline);
		if (!is_err(o))
			sysv_put(&sem_ids, o);
	}
	if (ops != small)
		kfree(ops);
	return r;
}

long sys_semop(int id, const struct sembuf __user *ops, unsigned n)
{
	return sem_operate_user(id, ops, n, WAIT_FOREVER);
}

long sys_semtimedop(int id, const struct sembuf __user *ops, unsigned n, const struct timespec64 __user *timeout)
{
	nsec_t deadline = WAIT_FOREVER;
	struct timespec64 ts;

	if (timeout) {
		if (get_user(ts, timeout))
			return -EFAULT;
		if (n > SEM_OPS_MAX)
			return -E2BIG;
		if (!timespec_ok(&ts))
			return -EINVAL;
		deadline = clock_deadline(timespec_to_nsec(&ts));
	}
	return sem_operate_user(id, ops, n, deadline);
}

static long sem_info(int cmd, void __user *buf)
{
	struct linux_seminfo i = {SEM_TOTAL, SEM_SETS, SEM_TOTAL, SEM_TOTAL, SEM_PER_SET, SEM_OPS_MAX, SEM_OPS_MAX,
				  20, SEM_VALUE_MAX, SEM_VALUE_MAX};

	if (cmd == SEM_INFO) {
		i.undo_size = (int)READ_ONCE(sem_ids.used);
		i.adjust_max = (int)sem_total();
	}
	return copy_to_user(buf, &i, sizeof(i)) ? -EFAULT : sysv_highest(&sem_ids);
}

static long sem_stat(struct sem_set *s, int cmd, void __user *buf)
{
	struct linux_semid d = {.count = s->count};
	int err = cmd == SEM_STAT_ANY ? 0 : sysv_permitted(&s->obj, SYSV_READ);
	unsigned long ev;

	if (err)
		return err;
	ev = spin_lock(&s->obj.lock);
	d.perm = s->obj.perm;
	d.otime = s->otime;
	d.ctime = s->ctime;
	spin_unlock(&s->obj.lock, ev);
	if (copy_to_user(buf, &d, sizeof(d)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : s->obj.id;
}

static long sem_get_one(struct sem_set *s, unsigned num, int cmd)
{
	unsigned long ev = spin_lock(&s->obj.lock);
	long r = 0;

	switch (cmd) {
	case SEM_GETVAL:
		r = s->sem[num].value;
		break;
	case SEM_GETPID:
		r = s->sem[num].pid;
		break;
	case SEM_GETNCNT:
	case SEM_GETZCNT:
		r = sem_count_waiting(s, num, cmd == SEM_GETZCNT);
		break;
	}
	spin_unlock(&s->obj.lock, ev);
	return r;
}

static long sem_all(struct sem_set *s, int cmd, u16 __user *uvalues)
{
	u16 *values = kmalloc(s->count * sizeof(*values));
	unsigned long ev;
	long r = 0;

	if (!values)
		return -ENOMEM;
	if (cmd == SEM_GETALL) {
		ev = spin_lock(&s->obj.lock);
		for (unsigned i = 0; i < s->count; i++)
			values[i] = (u16)s->sem[i].value;
		spin_unlock(&s->obj.lock, ev);
		r = copy_to_user(uvalues, values, s->count * sizeof(*values));
	} else {
		r = copy_from_user(values, uvalues, s->count * sizeof(*values));
		for (unsigned i = 0; !r && i < s->count; i++)
			if (values[i] > SEM_VALUE_MAX)
				r = -ERANGE;
		if (!r)
			r = sem_set_values(s, -1, values);
	}
	kfree(values);
	return r;
}

static long sem_values(struct sem_set *s, int num, int cmd, u64 arg)
{
	int value = (int)arg, err;
	u16 one = (u16)arg;

	if (cmd == SEM_SETVAL && (value < 0 || value > SEM_VALUE_MAX))
		return -ERANGE;
	if (cmd == SEM_SETVAL && (num < 0 || (unsigned)num >= s->count))
		return -EINVAL;
	err = sysv_permitted(&s->obj, cmd == SEM_SETVAL || cmd == SEM_SETALL ? SYSV_WRITE : SYSV_READ);
	if (err)
		return err;
	if (cmd == SEM_SETVAL)
		return sem_set_values(s, num, &one);
	if (cmd == SEM_GETALL || cmd == SEM_SETALL)
		return sem_all(s, cmd, (u16 __user *)arg);
	if (num < 0 || (unsigned)num >= s->count)
		return -EINVAL;
	return sem_get_one(s, (unsigned)num, cmd);
}

static long sem_change(struct sem_set *s, int cmd, const struct linux_semid *d)
{
	int err = sysv_owned(&s->obj);
	unsigned long ev;

	if (err)
		return err;
	if (cmd == IPC_RMID) {
		sem_destroy(s);
		return 0;
	}
	ev = spin_lock(&s->obj.lock);
	sysv_set(&s->obj, &d->perm);
	s->ctime = sysv_now();
	spin_unlock(&s->obj.lock, ev);
	return 0;
}

long sys_semctl(int id, int num, int cmd, u64 arg)
{
	struct linux_semid d;
	struct sysv_obj *o;
	long r;

	if (id < 0)
		return -EINVAL;
	if (cmd == IPC_INFO || cmd == SEM_INFO)
		return sem_info(cmd, (void __user *)arg);
	if (cmd == IPC_SET && copy_from_user(&d, (void __user *)arg, sizeof(d)))
		return -EFAULT;
	if (cmd < 0 || cmd > SEM_STAT_ANY || (cmd > IPC_INFO && cmd < SEM_GETPID))
		return -EINVAL;
	if (cmd == SEM_SETVAL && ((int)arg < 0 || (int)arg > SEM_VALUE_MAX))
		return -ERANGE;
	o = find(&sem_ids, id, cmd == SEM_STAT || cmd == SEM_STAT_ANY);
	if (is_err(o))
		return ptr_err(o);
	if (cmd == IPC_RMID || cmd == IPC_SET)
		r = sem_change(sem_of(o), cmd, &d);
	else if (cmd == IPC_STAT || cmd == SEM_STAT || cmd == SEM_STAT_ANY)
		r = sem_stat(sem_of(o), cmd, (void __user *)arg);
	else
		r = sem_values(sem_of(o), num, cmd, arg);
	sysv_put(&sem_ids, o);
	return r;
}

/* ---- message queues ---- */

#define MSG_STAT     11
#define MSG_INFO     12
#define MSG_STAT_ANY 13

struct linux_msqid { /* struct msqid64_ds */
	struct sysv_perm perm;
	s64 stime, rtime, ctime;
	u64 bytes, count, limit;
	s32 sender, receiver;
	u64 unused[2];
};
_Static_assert(sizeof(struct linux_msqid) == 120, "struct msqid64_ds of the ABI");

struct linux_msginfo {
	s32 pool, map, max, mnb, queues, segment_size, total;
	u16 segments;
};

long sys_msgget(s32 key, int flags) { return msg_get(key, flags); }

long sys_msgsnd(int id, const void __user *buf, size_t size, int flags)
{
	struct sysv_obj *o;
	struct msg *m;
	s64 type;
	long r;

	if (get_user(type, (const s64 __user *)buf))
		return -EFAULT;
	if (size > MSG_SIZE_MAX || id < 0 || type < 1)
		return -EINVAL;
	m = kmalloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	*m = (struct msg){.type = type, .size = size};
	list_init(&m->link);
	r = copy_from_user(m->data, user_at(buf, sizeof(type)), size);
	if (!r) {
		o = sysv_find(&msg_ids, id);
		r = is_err(o) ? ptr_err(o) : msg_send(msg_of(o), m, !(flags & IPC_NOWAIT));
		if (!is_err(o))
			sysv_put(&msg_ids, o);
	}
	if (r)
		kfree(m);
	return r;
}

long sys_msgrcv(int id, void __user *buf, size_t size, s64 type, int flags)
{
	struct sysv_obj *o;
	struct msg *m;
	long r;

	if (id < 0 || (ssize_t)size < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	o = sysv_find(&msg_ids, id);
	if (is_err(o))
		return ptr_err(o);
	m = msg_receive(msg_of(o), type, size, flags);
	sysv_put(&msg_ids, o);
	if (is_err(m))
		return ptr_err(m);
	r = (long)MIN(m->size, (u64)size);
	if (put_user(m->type, (s64 __user *)buf) || copy_to_user((void __user *)user_at(buf, sizeof(type)), m->data, (size_t)r))
		r = -EFAULT;
	kfree(m);
	return r;
}

static long msg_info(int cmd, void __user *buf)
{
	struct linux_msginfo i = {MSG_QUEUES * (MSG_BYTES_MAX / 1024), MSG_BYTES_MAX, MSG_SIZE_MAX, MSG_BYTES_MAX,
				  MSG_QUEUES, 16, MSG_BYTES_MAX, 0xffff};
	u64 bytes, count;

	if (cmd == MSG_INFO) {
		msg_usage(&bytes, &count);
		i.pool = (int)READ_ONCE(msg_ids.used);
		i.map = (int)count;
		i.total = (int)bytes;
	}
	return copy_to_user(buf, &i, sizeof(i)) ? -EFAULT : sysv_highest(&msg_ids);
}

static long msg_stat(struct msg_queue *q, int cmd, void __user *buf)
{
	struct linux_msqid d = {.bytes = 0};
	int err = cmd == MSG_STAT_ANY ? 0 : sysv_permitted(&q->obj, SYSV_READ);
	unsigned long ev;

	if (err)
		return err;
	ev = spin_lock(&q->obj.lock);
	d.perm = q->obj.perm;
	d.stime = q->stime;
	d.rtime = q->rtime;
	d.ctime = q->ctime;
	d.bytes = q->bytes;
	d.count = q->count;
	d.limit = q->limit;
	d.sender = q->sender;
	d.receiver = q->receiver;
	spin_unlock(&q->obj.lock, ev);
	if (copy_to_user(buf, &d, sizeof(d)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : q->obj.id;
}

static long msg_change(struct msg_queue *q, int cmd, const struct linux_msqid *d)
{
	int err = sysv_owned(&q->obj);
	unsigned long ev;

	if (err)
		return err;
	if (cmd == IPC_RMID) {
		msg_destroy(q);
		return 0;
	}
	if (d->limit > MSG_BYTES_MAX && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	ev = spin_lock(&q->obj.lock);
	sysv_set(&q->obj, &d->perm);
	msg_set_limit(q, d->limit);
	spin_unlock(&q->obj.lock, ev);
	return 0;
}

long sys_msgctl(int id, int cmd, void __user *buf)
{
	struct linux_msqid d;
	struct sysv_obj *o;
	long r;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	if (cmd == IPC_INFO || cmd == MSG_INFO)
		return msg_info(cmd, buf);
	if (cmd == IPC_SET && copy_from_user(&d, buf, sizeof(d)))
		return -EFAULT;
	if (cmd > MSG_STAT_ANY || (cmd > IPC_INFO && cmd < MSG_STAT))
		return -EINVAL;
	o = find(&msg_ids, id, cmd == MSG_STAT || cmd == MSG_STAT_ANY);
	if (is_err(o))
		return ptr_err(o);
	r = cmd == IPC_RMID || cmd == IPC_SET ? msg_change(msg_of(o), cmd, &d) : msg_stat(msg_of(o), cmd, buf);
	sysv_put(&msg_ids, o);
	return r;
}

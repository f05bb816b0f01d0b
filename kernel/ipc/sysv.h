/* SPDX-License-Identifier: MIT */
/*
 * System V IPC (sysvipc(7)): shared memory, semaphores and message queues, found
 * by key or id.  For syscall/sysv.c, clone and exit alone.
 * Locks: sysv_ids.lock (which objects there are), inside it each object's own
 * `lock` (what is in it).  Both are spinlocks: nothing of the program's memory is
 * touched under them.
 */
#ifndef IPC_SYSV_H
#define IPC_SYSV_H

#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/types.h"

struct thread;

#define IPC_CREAT   01000
#define IPC_EXCL    02000
#define IPC_NOWAIT  04000
#define IPC_PRIVATE 0
#define IPC_RMID    0
#define IPC_SET	    1
#define IPC_STAT    2
#define IPC_INFO    3

#define SYSV_READ  0444u
#define SYSV_WRITE 0222u

struct sysv_perm { /* struct ipc64_perm of the ABI */
	s32 key;
	u32 uid, gid, cuid, cgid, mode;
	u16 seq, pad;
	u32 pad2;
	u64 unused[2];
};
_Static_assert(sizeof(struct sysv_perm) == 48, "struct ipc64_perm of the ABI");

struct sysv_obj { /* what the three kinds begin with */
	struct spinlock lock;
	u32 refs; /* the table has one */
	int id;
	bool removed;
	struct sysv_perm perm;
};

struct sysv_ids {
	struct spinlock lock;
	struct sysv_obj **slots;
	unsigned size, used;
	unsigned max; /* objects allowed */
	u16 seq;
	int last; /* index given last */
	void (*free)(struct sysv_obj *o); /* the last reference is gone */
};

/* How xxxget(2) makes an object, and refuses one that is there already.  Both may be asked under no lock but ids'. */
struct sysv_maker {
	struct sysv_obj *(*create)(const void *arg, int *err); /* NULL and a negative errno */
	int (*fits)(struct sysv_obj *o, const void *arg);
	const void *arg;
};
long sysv_get(struct sysv_ids *ids, s32 key, int flags, const struct sysv_maker *m);
/* By id (-EINVAL as an err_ptr: none), or by place in the table.  With a reference: end with sysv_put(). */
struct sysv_obj *sysv_find(struct sysv_ids *ids, int id);
struct sysv_obj *sysv_find_index(struct sysv_ids *ids, unsigned index);
void sysv_put(struct sysv_ids *ids, struct sysv_obj *o);
/* Out of the table; false: another was quicker.  The caller wakes those who wait, and still has its reference. */
bool sysv_remove(struct sysv_ids *ids, struct sysv_obj *o);
/* A key that nobody finds any more (a segment that goes with its last user). */
void sysv_hide(struct sysv_ids *ids, struct sysv_obj *o);
int sysv_highest(struct sysv_ids *ids); /* the highest place in use; 0 if there is none */
/* By mode bits (SYSV_READ, SYSV_WRITE): 0 or -EACCES.  By ownership: 0 or -EPERM. */
int sysv_permitted(const struct sysv_obj *o, u32 mode);
int sysv_owned(const struct sysv_obj *o);
/* IPC_SET: what it may change. */
void sysv_set(struct sysv_obj *o, const struct sysv_perm *to);

/* ---- shared memory: sysv_shm.c ---- */

#define SHM_RDONLY    010000
#define SHM_RND	      020000
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
#define SHM_HUGETLB   04000
#define SHM_DEST      01000u /* in perm.mode */
#define SHM_LOCKED    02000u
#define SHM_SIZE_MAX  (~0ull - (1ull << 24))
#define SHM_COUNT_MAX 4096

struct shm {
	struct sysv_obj obj;
	u64 size; /* as asked for */
	u64 attached; /* open files of it */
	s64 atime, dtime, ctime; /* seconds since 1970 */
	int creator, last;	 /* pids */
	struct inode *inode;
	bool locked;
};
extern struct sysv_ids shm_ids;
static inline struct shm *shm_of(struct sysv_obj *o) { return container_of(o, struct shm, obj); }
long shm_get(s32 key, u64 size, int flags);
s64 shm_attach(struct shm *s, vaddr_t addr, int flags); /* the address, or a negative errno */
int shm_detach(vaddr_t addr);
void shm_destroy(struct shm *s); /* IPC_RMID: at once, or with its last user */
u64 shm_attachments(struct shm *s); /* shm_nattch: as on Linux the areas, and one that is cut counts twice */
void shm_usage(u64 *pages, u64 *resident);

/* ---- semaphores: sysv_sem.c ---- */

#define SEM_UNDO    0x1000
#define SEM_VALUE_MAX 32767
#define SEM_PER_SET 32000
#define SEM_TOTAL   1024000000
#define SEM_OPS_MAX 500
#define SEM_SETS    32000

struct sembuf {
	u16 num;
	s16 op, flags;
};

struct sem {
	int value, pid;
};

struct sem_set {
	struct sysv_obj obj;
	unsigned count;
	s64 otime, ctime;
	struct list waiting; /* struct sem_waiter, first come first served */
	struct list undos;   /* struct sem_undo */
	struct sem sem[];
};
extern struct sysv_ids sem_ids;
static inline struct sem_set *sem_of(struct sysv_obj *o) { return container_of(o, struct sem_set, obj); }
long sem_get(s32 key, int count, int flags);
/* All of the operations or none.  -EFBIG, -EACCES, -EAGAIN, -EINTR, -EIDRM, -ERANGE, -ENOMEM. */
long sem_operate(struct sem_set *s, const struct sembuf *ops, unsigned n, nsec_t deadline);
unsigned sem_count_waiting(struct sem_set *s, unsigned num, bool for_zero); /* under the lock */
/* New values (of one, num, or of all, num -1): 0 or -EIDRM. */
int sem_set_values(struct sem_set *s, int num, const u16 *values);
void sem_destroy(struct sem_set *s);
unsigned sem_total(void);
/* clone(2) with CLONE_SYSVSEM, before and after there is a child: 0 or -ENOMEM. */
int sem_prepare_clone(void);
void sem_clone(struct thread *child);
/* The end of a thread: undoes what it was the last to answer for. */
void sem_exit_thread(struct thread *t);

/* ---- message queues: sysv_msg.c ---- */

#define MSG_NOERROR   010000
#define MSG_EXCEPT    020000
#define MSG_COPY      040000
#define MSG_SIZE_MAX  8192
#define MSG_BYTES_MAX 16384
#define MSG_QUEUES    32000

struct msg {
	struct list link;
	s64 type;
	u64 size;
	u8 data[];
};

struct msg_queue {
	struct sysv_obj obj;
	s64 stime, rtime, ctime;
	u64 bytes, count, limit;
	int sender, receiver; /* the last ones' pids */
	struct list messages, receivers, senders;
};
extern struct sysv_ids msg_ids;
static inline struct msg_queue *msg_of(struct sysv_obj *o) { return container_of(o, struct msg_queue, obj); }
long msg_get(s32 key, int flags);
/* m is the queue's after 0; else -EAGAIN, -EACCES, -EIDRM, -ERESTARTNOHAND. */
long msg_send(struct msg_queue *q, struct msg *m, bool wait);
/* A message (the caller's; of MSG_COPY a copy), or an err_ptr: -E2BIG, -ENOMSG, -EACCES, -EIDRM, -ERESTARTNOHAND, -ENOMEM. */
struct msg *msg_receive(struct msg_queue *q, s64 type, u64 room, int flags);
void msg_destroy(struct msg_queue *q);
void msg_set_limit(struct msg_queue *q, u64 bytes); /* IPC_SET, under the lock */
void msg_usage(u64 *bytes, u64 *count);

s64 sysv_now(void); /* seconds since 1970 */

#endif

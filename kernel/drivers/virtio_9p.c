/* SPDX-License-Identifier: MIT */
/*
 * The transport of 9P over virtio (QEMU's device 9, one queue): a request is a chain of what the server reads,
 * then what it writes.  A device is found by its mount tag when that is first mounted.
 * Locks: device.lock (spin) guards the queue, also in the event handler; it is never held when a request is
 * completed.
 */
#include "drivers/virtio_9p.h"
#include "drivers/virtio.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"

#define F_MOUNT_TAG 1ull /* the configuration holds a tag */
#define TAG_MAX	    64
#define QUEUE_SIZE  (4 * P9_TAGS) /* four descriptors a request at most */
#define LOOK_NSEC   NSEC_PER_SEC  /* a wait looks so often whether the device is alive */

struct device {
	struct virtio_device *virtio;
	struct spinlock lock;
	struct virtqueue vq;
	struct p9_request *sent[P9_TAGS]; /* by tag */
	bool dead;
	bool taken; /* under mount_lock: a session is on it */
	char tag[TAG_MAX];
	struct device *next;
	u8 memory[VIRTQ_BYTES(QUEUE_SIZE)] __aligned(16);
};

static struct device *devices; /* those started; under mount_lock */
static struct mutex mount_lock = {.wait = WAIT_QUEUE_INIT(mount_lock.wait)};

/* Ends all requests with -EIO: the device will not. */
static void device_die(struct device *d)
{
	struct p9_request *lost[P9_TAGS];
	unsigned long ev = spin_lock(&d->lock);

	d->dead = true;
	memcpy(lost, d->sent, sizeof(lost));
	memset(d->sent, 0, sizeof(d->sent));
	spin_unlock(&d->lock, ev);
	for (unsigned i = 0; i < P9_TAGS; i++)
		if (lost[i])
			p9_complete(lost[i], 0, -EIO);
}

static void device_irq(void *arg)
{
	struct device *d = arg;
	bool broken;

	for (;;) {
		unsigned long ev = spin_lock(&d->lock);
		u32 len = 0;
		struct p9_request *r = virtqueue_take(&d->vq, &len);
		bool late = r && d->sent[r->tag] != r; /* device_die() has ended it: its tag may be another's */

		broken = d->vq.broken;
		if (r && !late)
			d->sent[r->tag] = NULL;
		spin_unlock(&d->lock, ev);
		if (!r)
			break;
		if (!late)
			p9_complete(r, len, 0);
	}
	if (broken && !READ_ONCE(d->dead)) {
		log_error("virtio-9p device %s: the host's queue makes no sense", d->tag);
		virtio_fail(d->virtio); /* so that it writes no more into what is freed */
		device_die(d);
	}
}

static int submit(void *device, struct p9_request *r)
{
	struct device *d = device;
	struct virtq_buf b[4];
	unsigned out = 0, in = 0;
	unsigned long ev;
	int err;

	b[out++] = (struct virtq_buf){virt_to_phys(r->small), r->out.len};
	if (r->bulk_out)
		b[out++] = (struct virtq_buf){virt_to_phys(r->bulk), r->bulk_out};
	b[out + in++] = (struct virtq_buf){virt_to_phys(p9_reply(r)), r->in_head};
	if (r->bulk_in)
		b[out + in++] = (struct virtq_buf){virt_to_phys(r->bulk), r->bulk_in};
	ev = spin_lock(&d->lock);
	err = d->dead ? -EIO : virtqueue_add(&d->vq, b, out, in, r);
	if (!err)
		d->sent[r->tag] = r;
	spin_unlock(&d->lock, ev);
	if (!err)
		virtio_notify(&d->vq);
	return err ? -EIO : 0;
}

static bool dead(void *device) { return READ_ONCE(((struct device *)device)->dead); }

/* Whether the current thread will not return to its program. */
static bool dying(void)
{
	struct thread *t = current;
	struct process *p = t->process;
	sigset_t set;

	if (READ_ONCE(t->work) & THREAD_WORK_EXIT)
		return true;
	if (!p)
		return false;
	set = (READ_ONCE(t->sig.pending) | READ_ONCE(p->sig.pending)) & ~READ_ONCE(t->sig.blocked);
	set &= ~(SIGMASK(SIGCHLD) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH) | SIGMASK(SIGCONT) | SIGMASK(SIGSTOP) |
		 SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU));
	for (int s = 1; set; s++, set >>= 1)
		if ((set & 1) && READ_ONCE(p->sig.action[s - 1].handler) == SIG_DFL)
			return true;
	return false;
}

static bool is_set(const bool *cond) { return __atomic_load_n(cond, __ATOMIC_ACQUIRE); }

static int wait(void *device, struct wait_queue *q, const bool *cond)
{
	struct device *d = device;
	bool interruptible = true;

	for (;;) {
		nsec_t slice = interruptible ? LOOK_NSEC : 100 * NSEC_PER_MSEC;
		int err = WAIT_EVENT(q, is_set(cond) || d->dead, clock_deadline(slice), interruptible);

		if (is_set(cond))
			return 0;
		if (d->dead)
			return -EIO;
		if (err == -ERESTARTSYS) {
			if (dying())
				return -EINTR;
			interruptible = false; /* a handler runs later: files on disk do not know EINTR */
		} else if (err == -ETIMEDOUT) {
			if (dying())
				return -EINTR;
			if (virtio_dead(d->virtio)) {
				log_error("virtio-9p device %s has died", d->tag);
				virtio_fail(d->virtio);
				device_die(d);
			}
		}
	}
}

static void wake(void *device, struct wait_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* a waiter is queued, then looks at what was set before */
	if (!wait_queue_idle(q))
		wait_wake_all(q, 0);
}

static const struct p9_transport transport = {submit, dead, wait, wake};

/* The mount tag of a device that no driver has; it is started for that. */
static int read_tag(struct virtio_device *v, char tag[TAG_MAX])
{
	u16 len;
	u64 got;
	int err = virtio_start(v, F_MOUNT_TAG, &got);

	if (err)
		return err;
	if (!(got & F_MOUNT_TAG) || virtio_config(v, 0, &len, sizeof(len)) || len == 0 || len >= TAG_MAX)
		return -ENODEV;
	err = virtio_config(v, 2, tag, len);
	tag[len] = 0;
	return err;
}

/* Starts all 9p devices there are: which has which tag is only known then.  Under mount_lock. */
static void start_devices(void)
{
	struct virtio_device *v;
	unsigned from = 0;

	while ((v = virtio_find(VIRTIO_ID_9P, &from))) {
		struct device *d = kzalloc(sizeof(*d));
		int err;

		if (!d) {
			log_error("no memory for a 9p device");
			return;
		}
		d->virtio = v;
		err = read_tag(v, d->tag) ?: virtio_queue(v, 0, &d->vq, d->memory, QUEUE_SIZE) ?:
			virtio_go(v, device_irq, d);
		if (!err && d->vq.size < QUEUE_SIZE)
			err = -ENOSPC;
		if (err) {
			log_error("virtio-9p device does not start (%d)", err);
			virtio_fail(v); /* d stays: an interrupt may name it */
			d->dead = true;
		}
		d->next = devices;
		devices = d;
	}
}

int virtio_9p_open(const char *tag, const struct p9_transport **t, void **device)
{
	struct device *d;
	int err = 0;

	mutex_lock(&mount_lock);
	start_devices();
	for (d = devices; d; d = d->next)
		if (!d->dead && !strcmp(d->tag, tag))
			break;
	if (!d)
		err = -ENODEV;
	else if (d->taken)
		err = -EBUSY;
	else
		d->taken = true;
	mutex_unlock(&mount_lock);
	*t = &transport;
	*device = d;
	return err;
}

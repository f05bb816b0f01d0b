/* SPDX-License-Identifier: MIT */
/*
 * Virtio block device (virtio 1.2, section 5.2), one queue.  Disks start when /dev is first looked at.
 * A request's header and status are one piece of memory, its data is another; who made it waits for it.
 * Locks: disk.lock (spin) guards the queue and the list of requests, also in the event handler.
 */
#include "drivers/virtio.h"
#include "fs/blkdev.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/thread.h"
#include "proc/clock.h"

#define F_SIZE_MAX     (1ull << 1)
#define F_RO	       (1ull << 5)
#define F_BLK_SIZE     (1ull << 6)
#define F_FLUSH	       (1ull << 9)
#define F_DISCARD      (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)

enum blk_type { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum blk_status { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xff };

#define SECTOR	     512u /* what offsets and lengths are counted in, whatever the device's block is */
#define QUEUE_SIZE   128u
#define REQUEST_BUFS 3u
#define ID_BYTES     20u
#define TRANSFER_MAX (1 * MiB)
#define LOOK_NSEC    NSEC_PER_SEC /* a wait looks so often whether the device is alive */

struct blk_config { /* 5.2.4 */
	u64 capacity;
	u32 size_max, seg_max, geometry, blk_size;
	u8 topology[8], writeback, unused;
	u16 num_queues;
	u32 max_discard_sectors, max_discard_seg, discard_sector_alignment;
	u32 max_write_zeroes_sectors, max_write_zeroes_seg;
};

struct request {
	struct {
		u32 type, reserved;
		u64 sector;
	} head; /* what the device reads */
	struct {
		u64 sector;
		u32 sectors, flags;
	} range;   /* the data of a discard */
	u8 status; /* what the device writes */
	bool done;
	int error;
	u32 data_in; /* bytes of data that it must write */
	struct list link;
};

struct disk {
	struct blkdev blkdev;
	struct blkdev_ops ops;
	struct virtio_device *virtio;
	struct spinlock lock;
	struct virtqueue vq;
	struct list sent;	/* requests that the device has */
	struct wait_queue wait; /* for room in the queue, and for answers */
	bool dead, flushes;
	u64 discard_max, zero_max; /* bytes in one request */
	u8 memory[VIRTQ_BYTES(QUEUE_SIZE)] __aligned(16);
};

static struct disk *disk_of(struct blkdev *b)
{
	return container_of(b, struct disk, blkdev);
}

/* ---- requests ---- */

/* Under disk.lock.  Nothing is known of r afterwards: who waits for it frees it. */
static void request_end(struct request *r, int error)
{
	list_remove(&r->link);
	r->error = error;
	__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
}

/* After the reset the device touches no memory any more, so all its requests may end. */
static void disk_die(struct disk *d, const char *why)
{
	unsigned long ev = spin_lock(&d->lock);

	if (!d->dead) {
		log_error("%s: %s; it is not used any more", d->blkdev.name, why);
		virtio_fail(d->virtio);
		d->dead = true;
		list_for_each_safe(l, next, &d->sent) request_end(list_entry(l, struct request, link), -EIO);
	}
	spin_unlock(&d->lock, ev);
	wait_wake_all(&d->wait, 0);
}

static int request_result(const struct request *r, u32 len)
{
	switch (r->status) {
	case S_OK:
		return len > r->data_in ? 0 : -EIO; /* the status byte comes after the data */
	case S_UNSUPP:
		return -EOPNOTSUPP;
	}
	return -EIO;
}

static void disk_irq(void *arg)
{
	struct disk *d = arg;
	unsigned long ev = spin_lock(&d->lock);
	struct request *r;
	bool broken;
	u32 len;

	while ((r = virtqueue_take(&d->vq, &len)))
		request_end(r, request_result(r, len));
	broken = d->vq.broken;
	spin_unlock(&d->lock, ev);
	if (broken)
		disk_die(d, "the host's queue makes no sense");
	else
		wait_wake_all(&d->wait, 0);
}

/* -ENOSPC: not now. */
static int request_add(struct disk *d, struct request *r, const struct virtq_buf *bufs, unsigned out,
		       unsigned in)
{
	unsigned long ev = spin_lock(&d->lock);
	int err = d->dead ? -EIO : virtqueue_add(&d->vq, bufs, out, in, r);

	if (!err)
		list_push_back(&d->sent, &r->link);
	spin_unlock(&d->lock, ev);
	return err;
}

static bool is_done(const struct request *r)
{
	return __atomic_load_n(&r->done, __ATOMIC_ACQUIRE);
}

/*
 * Nothing interrupts the wait, as nothing does for a disk on Linux: the device has the request's memory until
 * it has answered.
 */
static int request_run(struct disk *d, struct request *r, const struct virtq_buf *bufs, unsigned out,
		       unsigned in)
{
	int err;

	(void)WAIT_EVENT(&d->wait, (err = request_add(d, r, bufs, out, in)) != -ENOSPC, WAIT_FOREVER,
			 WAIT_UNINTERRUPTIBLE);
	if (err)
		return err;
	virtio_notify(&d->vq);
	while (WAIT_EVENT(&d->wait, is_done(r), clock_deadline(LOOK_NSEC), WAIT_UNINTERRUPTIBLE))
		if (virtio_dead(d->virtio))
			disk_die(d, "the device has died");
	return r->error;
}

/* sector: of 512 bytes.  data: kernel memory, which the device reads or writes as the type says; len may be
 * 0. */
static int request(struct disk *d, enum blk_type type, u64 sector, void *data, u32 len)
{
	struct request *r = kzalloc(sizeof(*r));
	struct virtq_buf bufs[REQUEST_BUFS];
	unsigned n = 0, in = 1;
	int err;

	if (!r)
		return -ENOMEM;
	r->head.type = type;
	r->head.sector = sector;
	r->status = S_NONE;
	list_init(&r->link);
	bufs[n++] = (struct virtq_buf){virt_to_phys(&r->head), sizeof(r->head)};
	if (type == T_DISCARD || type == T_WRITE_ZEROES) {
		r->head.sector = 0;
		r->range.sector = sector;
		r->range.sectors = len / SECTOR;
		bufs[n++] = (struct virtq_buf){virt_to_phys(&r->range), sizeof(r->range)};
	} else if (len) {
		bufs[n++] = (struct virtq_buf){virt_to_phys(data), len};
		if (type != T_OUT) {
			in++;
			r->data_in = len;
		}
	}
	bufs[n++] = (struct virtq_buf){virt_to_phys(&r->status), 1};
	err = request_run(d, r, bufs, n - in, in);
	kfree(r);
	return err;
}

static int disk_transfer(struct blkdev *b, bool write, u64 off, void *buf, size_t len)
{
	return request(disk_of(b), write ? T_OUT : T_IN, off / SECTOR, buf, (u32)len);
}

/* Without F_FLUSH nothing of what was written is only in a cache (5.2.5.1). */
static int disk_flush(struct blkdev *b)
{
	struct disk *d = disk_of(b);

	return d->flushes && !b->rdonly ? request(d, T_FLUSH, 0, NULL, 0) : 0;
}

static int in_pieces(struct disk *d, enum blk_type type, u64 off, u64 len, u64 max)
{
	int err = 0;

	while (len && !err) {
		u64 n = MIN(len, max);

		err = request(d, type, off / SECTOR, NULL, (u32)n);
		off += n;
		len -= n;
	}
	return err;
}

static int disk_discard(struct blkdev *b, u64 off, u64 len)
{
	return in_pieces(disk_of(b), T_DISCARD, off, len, disk_of(b)->discard_max);
}

static int disk_zero(struct blkdev *b, u64 off, u64 len)
{
	return in_pieces(disk_of(b), T_WRITE_ZEROES, off, len, disk_of(b)->zero_max);
}

/* ---- start ---- */

/* Bytes of a request for a range, from a number of sectors that the device gave: what fits in 32 bits. */
static u64 range_max(u32 sectors, u32 segments, u32 block)
{
	return segments ? ALIGN_DOWN(MIN((u64)sectors * SECTOR, 1ull << 31), (u64)block) : 0;
}

static int read_geometry(struct disk *d, u64 features)
{
	struct blkdev *b = &d->blkdev;
	struct blk_config c = {0};
	u64 max = TRANSFER_MAX;

	/* Fields of features that were not negotiated may not even be there. */
	if (virtio_config(d->virtio, 0, &c,
			  features & F_WRITE_ZEROES ? sizeof(c)
			  : features & F_DISCARD    ? offsetof(struct blk_config, max_write_zeroes_sectors)
						    : offsetof(struct blk_config, topology)))
		return -EIO;
	b->block = features & F_BLK_SIZE ? c.blk_size : SECTOR;
	if (b->block < SECTOR || b->block > BLKDEV_BLOCK_MAX || (b->block & (b->block - 1)) ||
	    c.capacity > (1ull << 62) / SECTOR)
		return -EINVAL;
	if ((features & F_SIZE_MAX) && c.size_max)
		max = MIN(max, (u64)c.size_max);
	b->max_transfer = ALIGN_DOWN(max, (u64)b->block);
	b->size = ALIGN_DOWN(c.capacity * SECTOR, (u64)b->block);
	b->rdonly = features & F_RO;
	d->flushes = features & F_FLUSH;
	if (features & F_DISCARD)
		d->discard_max = range_max(c.max_discard_sectors, c.max_discard_seg, b->block);
	if (features & F_WRITE_ZEROES)
		d->zero_max = range_max(c.max_write_zeroes_sectors, c.max_write_zeroes_seg, b->block);
	d->ops = (struct blkdev_ops){
		.transfer = disk_transfer,
		.flush = disk_flush,
		.discard = d->discard_max ? disk_discard : NULL,
		.zero = d->zero_max ? disk_zero : NULL,
	};
	return b->max_transfer ? 0 : -EINVAL;
}

static int disk_start(struct disk *d, struct virtio_device *v)
{
	u64 got;
	int err;

	d->virtio = v;
	d->blkdev.ops = &d->ops;
	string_copy(d->blkdev.name, "vd?", sizeof(d->blkdev.name));
	spin_init(&d->lock);
	spin_init(&d->blkdev.lock);
	list_init(&d->sent);
	list_init(&d->blkdev.writing);
	wait_queue_init(&d->wait);
	wait_queue_init(&d->blkdev.wait);
	err = virtio_start(v, F_SIZE_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_DISCARD | F_WRITE_ZEROES, &got) ?:
	      read_geometry(d, got) ?: virtio_queue(v, 0, &d->vq, d->memory, QUEUE_SIZE) ?:
	      virtio_go(v, disk_irq, d);
	if (!err && d->vq.size < REQUEST_BUFS)
		err = -ENOSPC; /* a request would wait for ever */
	return err;
}

/* ---- names ---- */

static bool is_disk_name(const char *s)
{
	return s[0] == 'v' && s[1] == 'd' && s[2] >= 'a' && s[2] <= 'z' && !s[3];
}

/*
 * The name that the disk's serial number says, if it says one (the loader's do: devices are not found in the
 * order in which they were asked for), else a question mark.  Asking for it is a request like any other.
 */
static void ask_name(struct disk *d)
{
	char *id = kzalloc(ID_BYTES + 1); /* not ended by NUL if it fills all (5.2.6) */

	if (id && !request(d, T_GET_ID, 0, id, ID_BYTES) && is_disk_name(id))
		string_copy(d->blkdev.name, id, sizeof(d->blkdev.name));
	kfree(id);
}

static struct blkdev *named(struct blkdev *list, char letter)
{
	for (; list; list = list->next)
		if (list->name[2] == letter)
			return list;
	return NULL;
}

/* Moves d from where it was found to where its name belongs.  False: all names are taken. */
static bool insert_by_name(struct blkdev **list, struct blkdev *d)
{
	if (!is_disk_name(d->name) || named(*list, d->name[2]))
		for (d->name[2] = 'a'; d->name[2] <= 'z' && named(*list, d->name[2]); d->name[2]++)
			;
	if (d->name[2] > 'z')
		return false;
	while (*list && (*list)->name[2] < d->name[2])
		list = &(*list)->next;
	d->next = *list;
	*list = d;
	return true;
}

struct blkdev *blkdev_probe(void)
{
	struct blkdev *found = NULL, *all = NULL, **last = &found;
	struct virtio_device *v;
	unsigned from = 0;

	while ((v = virtio_find(VIRTIO_ID_BLK, &from))) {
		struct disk *d = kzalloc(sizeof(*d));
		int err = d ? disk_start(d, v) : -ENOMEM;

		if (err) {
			log_error("virtio-blk device does not start (%d)", err);
			virtio_fail(v); /* d stays: an interrupt may name it */
			continue;
		}
		ask_name(d);
		*last = &d->blkdev;
		last = &d->blkdev.next;
	}
	/* Those that know their name first: the others take what is left. */
	for (int pass = 0; pass < 2; pass++) {
		for (struct blkdev **p = &found, *d; (d = *p);) {
			if (!pass && !is_disk_name(d->name)) {
				p = &d->next;
				continue;
			}
			*p = d->next;
			if (!insert_by_name(&all, d))
				log_warn("more disks than names: one is not used");
		}
	}
	return all;
}

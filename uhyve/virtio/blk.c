/* SPDX-License-Identifier: MIT */
/*
 * The block device (virtio 1.2, 5.2): a raw image or a block device of the host's, served on a thread of its
 * own, since the host's disks make it wait.  Data goes between the guest's memory and the file without a
 * copy.
 */
#define _GNU_SOURCE
#include "virtio/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR	   512u
#define SEGMENTS   16u	     /* of a discard */
#define RANGE_MAX  0x3fffffu /* sectors of one segment: just under 2 GiB */
#define ZEROS_SIZE 65536u

struct blk {
	struct virtio_device virtio; /* first */
	struct virtio_blk_config config;
	char id[VIRTIO_BLK_ID_BYTES];
	int fd;
	bool device; /* of the host's, not a file */
	bool rdonly;
	uint64_t size; /* bytes */
};

/* --- one request --- */

struct request {
	struct blk *blk;
	const struct virtio_chain *chain;
	struct virtio_blk_outhdr head; /* a copy: the guest can change its own */
	uint64_t at;		       /* byte in the image */
	size_t len;		       /* of the data */
};

/* Whether [sector, sector + sectors) is on the disk. */
static bool blk_holds(const struct blk *b, uint64_t sector, uint64_t sectors)
{
	uint64_t all = b->size / SECTOR;

	return sector <= all && sectors <= all - sector;
}

/* Data of a read or write: whole blocks on the disk. */
static int blk_check_data(struct request *r)
{
	if (r->len % r->blk->config.blk_size || r->head.sector % (r->blk->config.blk_size / SECTOR) ||
	    !blk_holds(r->blk, r->head.sector, r->len / SECTOR))
		return -EINVAL;
	r->at = r->head.sector * SECTOR;
	return 0;
}

static int blk_move(struct request *r, bool write)
{
	const struct virtio_chain *c = r->chain;
	struct iovec part[QUEUE_SIZE_MAX];
	size_t done = 0;

	while (done < r->len) {
		unsigned int n =
			write ? iov_part(c->iov, c->nout, sizeof(r->head) + done, r->len - done, part)
			      : iov_part(chain_in(c), c->nin, done, r->len - done, part);
		ssize_t k = write ? pwritev(r->blk->fd, part, (int)n, (off_t)(r->at + done))
				  : preadv(r->blk->fd, part, (int)n, (off_t)(r->at + done));

		if (k < 0 && errno != EINTR)
			return -errno;
		if (k == 0)
			return -EIO; /* somebody has cut the image */
		if (k > 0)
			done += (size_t)k;
	}
	return 0;
}

static int blk_read(struct request *r)
{
	r->len = r->chain->in_len - 1;
	return blk_check_data(r) ? -EINVAL : blk_move(r, false);
}

static int blk_write(struct request *r)
{
	r->len = r->chain->out_len - sizeof(r->head);
	if (r->blk->rdonly)
		return -EROFS;
	return blk_check_data(r) ? -EINVAL : blk_move(r, true);
}

static int blk_flush(struct request *r)
{
	return fdatasync(r->blk->fd) ? -errno : 0;
}

static int blk_id(struct request *r)
{
	r->len = chain_write(r->chain, 0, r->blk->id,
			     r->chain->in_len - 1 < sizeof(r->blk->id) ? r->chain->in_len - 1
								       : sizeof(r->blk->id));
	return 0;
}

/* --- ranges: discard and write zeroes --- */

static int blk_punch(struct blk *b, uint64_t at, uint64_t len)
{
	uint64_t range[2] = {at, len};

	if (b->device)
		return ioctl(b->fd, BLKDISCARD, range) ? -errno : 0;
	return fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len) ? -errno
												   : 0;
}

static int blk_write_zeros(struct blk *b, uint64_t at, uint64_t len)
{
	static const unsigned char zeros[ZEROS_SIZE];

	while (len) {
		ssize_t n =
			pwrite(b->fd, zeros, len < sizeof(zeros) ? (size_t)len : sizeof(zeros), (off_t)at);

		if (n == 0 || (n < 0 && errno != EINTR))
			return n ? -errno : -EIO;
		if (n > 0) {
			at += (uint64_t)n;
			len -= (uint64_t)n;
		}
	}
	return 0;
}

/* The cheapest way there is; a file's hole reads as zeros, a discarded range of a device need not. */
static int blk_zero(struct blk *b, uint64_t at, uint64_t len, bool unmap)
{
	uint64_t range[2] = {at, len};

	if (b->device && !ioctl(b->fd, BLKZEROOUT, range))
		return 0;
	if (!b->device && unmap && !blk_punch(b, at, len))
		return 0;
	if (!b->device &&
	    !fallocate(b->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len))
		return 0;
	return blk_write_zeros(b, at, len);
}

static int blk_range(struct request *r, const struct virtio_blk_discard_write_zeroes *s, bool zero)
{
	uint32_t known = zero ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
	uint32_t align = r->blk->config.blk_size / SECTOR;

	if (s->flags & ~known)
		return -EOPNOTSUPP; /* 5.2.6.2 */
	if (s->num_sectors > RANGE_MAX || s->sector % align || s->num_sectors % align ||
	    !blk_holds(r->blk, s->sector, s->num_sectors))
		return -EINVAL;
	if (!s->num_sectors)
		return 0;
	if (zero)
		return blk_zero(r->blk, s->sector * SECTOR, (uint64_t)s->num_sectors * SECTOR,
				s->flags & known);
	return blk_punch(r->blk, s->sector * SECTOR, (uint64_t)s->num_sectors * SECTOR);
}

static int blk_ranges(struct request *r, bool zero)
{
	struct virtio_blk_discard_write_zeroes s[SEGMENTS];
	size_t bytes = r->chain->out_len - sizeof(r->head);
	int err = 0;

	if (r->blk->rdonly)
		return -EROFS;
	if (!bytes || bytes % sizeof(s[0]) || bytes > sizeof(s))
		return -EINVAL;
	chain_read(r->chain, sizeof(r->head), s, bytes);
	for (size_t i = 0; i < bytes / sizeof(s[0]) && !err; i++)
		err = blk_range(r, &s[i], zero);
	return err;
}

/* --- the queue --- */

/* What the request came to; r->len: bytes that were written to the guest, if it went well. */
static int blk_do(struct request *r)
{
	int err;

	switch (r->head.type) {
	case VIRTIO_BLK_T_IN:
		return blk_read(r);
	case VIRTIO_BLK_T_GET_ID:
		return blk_id(r);
	case VIRTIO_BLK_T_OUT:
		err = blk_write(r);
		break;
	case VIRTIO_BLK_T_FLUSH:
		err = blk_flush(r);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		err = blk_ranges(r, r->head.type == VIRTIO_BLK_T_WRITE_ZEROES);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	r->len = 0;
	return err;
}

static void blk_kick(struct virtio_device *d, unsigned int q)
{
	struct virtio_chain c;

	while (virtio_take(d, q, &c)) {
		struct request r = {.blk = (struct blk *)d, .chain = &c};
		unsigned char status;
		int err;

		/* Without a header or a place for the status not even an error can be told. */
		if (chain_read(&c, 0, &r.head, sizeof(r.head)) < sizeof(r.head) || !c.in_len) {
			virtio_break(d);
			virtio_return(d, q, &c, 0);
			continue;
		}
		err = blk_do(&r);
		status = !err		      ? VIRTIO_BLK_S_OK
			 : err == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP
					      : VIRTIO_BLK_S_IOERR;
		/* The status is the last byte, wherever the data ends. */
		chain_write(&c, c.in_len - 1, &status, 1);
		virtio_return(d, q, &c, (uint32_t)(err ? 1 : r.len + 1));
	}
}

static const struct virtio_class blk_class = {
	.name = "blk",
	.id = VIRTIO_ID_BLOCK,
	.queues = 1,
	.queue_size = 128,
	.own_thread = true,
	.kick = blk_kick,
};

/* --- the image --- */

/*
 * QEMU's locks on images (its file-posix.c has them as its interface between processes): byte 100 + P is held
 * by who uses the right P, 200 + P by who does not share it.
 */
enum lock_right { RIGHT_READ = 0, RIGHT_WRITE = 1, RIGHT_RESIZE = 3 };
#define LOCK_USED    100
#define LOCK_PRIVATE 200

static int lock_take(int fd, off_t byte)
{
	struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &l) ? -errno : 0;
}

static bool lock_is_others(int fd, off_t byte)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return !fcntl(fd, F_OFD_GETLK, &l) && l.l_type != F_UNLCK;
}

/* -EBUSY: another machine has the image, and one of the two would write. */
static int image_lock(int fd, bool rdonly)
{
	int r = lock_take(fd, LOCK_USED + RIGHT_READ);

	if (!r && !rdonly)
		r = lock_take(fd, LOCK_USED + RIGHT_WRITE);
	if (!r)
		r = lock_take(fd, LOCK_PRIVATE + RIGHT_WRITE);
	if (!r)
		r = lock_take(fd, LOCK_PRIVATE + RIGHT_RESIZE);
	if (r)
		return r == -EINVAL || r == -ENOLCK || r == -EOPNOTSUPP
			       ? 0
			       : r; /* the file system has no locks */
	if (lock_is_others(fd, LOCK_PRIVATE + RIGHT_READ) || lock_is_others(fd, LOCK_USED + RIGHT_WRITE) ||
	    lock_is_others(fd, LOCK_USED + RIGHT_RESIZE))
		return -EBUSY;
	return !rdonly && lock_is_others(fd, LOCK_PRIVATE + RIGHT_WRITE) ? -EBUSY : 0;
}

/* What it is and how large; blocks smaller than the host's would be read, changed and written there. */
static int image_inspect(struct blk *b)
{
	unsigned int block = SECTOR;
	struct stat st;
	off_t size;
	int n;

	if (fstat(b->fd, &st))
		return -errno;
	b->device = S_ISBLK(st.st_mode);
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !b->device)
		return -ENOTBLK;
	if (b->device && !ioctl(b->fd, BLKSSZGET, &n) && n > 0)
		block = (unsigned int)n;
	size = lseek(b->fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	if (size == 0)
		return -ENODATA;
	if (size % block)
		return -EMEDIUMTYPE;
	b->size = (uint64_t)size;
	b->config = (struct virtio_blk_config){
		.capacity = b->size / SECTOR,
		.seg_max = blk_class.queue_size - 2u,
		.blk_size = block,
		.max_discard_sectors = RANGE_MAX,
		.max_discard_seg = SEGMENTS,
		.discard_sector_alignment = block / SECTOR,
		.max_write_zeroes_sectors = RANGE_MAX,
		.max_write_zeroes_seg = SEGMENTS,
		.write_zeroes_may_unmap = 1,
	};
	return 0;
}

const char *blk_why(int error)
{
	switch (error) {
	case -EISDIR:
		return "a directory is no disk image";
	case -ENOTBLK:
		return "neither a file nor a block device";
	case -ENODATA:
		return "the disk image is empty";
	case -EMEDIUMTYPE:
		return "the disk image's size is no multiple of its blocks";
	case -EBUSY:
		return "another machine has the disk image";
	case -ENOSPC:
		return "too many devices";
	}
	return strerror(-error);
}

static int blk_open(struct blk *b, const char *file)
{
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY, r;

	b->fd = open(file, flags | (b->rdonly ? O_RDONLY : O_RDWR));
	if (b->fd < 0)
		return -errno;
	r = image_inspect(b);
	return r ? r : image_lock(b->fd, b->rdonly);
}

void blk_remove(struct virtio_device *d)
{
	close(((struct blk *)d)->fd);
	free(d);
}

int blk_add(struct virtio_bus *bus, const char *file, bool rdonly, unsigned int index)
{
	struct blk *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->rdonly = rdonly;
	r = blk_open(b, file);
	if (r)
		goto fail;
	/* The kernel calls a disk by its serial number. */
	memcpy(b->id, (char[]){'v', 'd', (char)('a' + index)}, 3);
	b->virtio.class = &blk_class;
	b->virtio.features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			     1ull << VIRTIO_BLK_F_FLUSH | (rdonly ? 1ull << VIRTIO_BLK_F_RO : 0) |
			     1ull << VIRTIO_BLK_F_DISCARD | 1ull << VIRTIO_BLK_F_WRITE_ZEROES;
	b->virtio.config = &b->config;
	b->virtio.config_len = sizeof(b->config);
	r = virtio_add(bus, &b->virtio);
	if (!r)
		return 0; /* lives as long as the machine */
fail:
	blk_remove(&b->virtio);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Virtio entropy device (virtio 1.2, section 5.4).  Started when it is first asked; one request at a time. */
#include <arch/thread.h>
#include "drivers/drivers.h"
#include "drivers/virtio.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "proc/clock.h"
#include "proc/wait.h"

#define PIECE	  64
#define WAIT_NSEC NSEC_PER_SEC /* a source that gives nothing for so long is done without */

static struct {
	struct mutex lock;
	struct wait_queue wait;
	struct virtqueue vq;
	enum { UNKNOWN, READY, NONE } state;
	u8 memory[VIRTQ_BYTES(2)] __aligned(16);
	u8 bytes[PIECE] __aligned(16);
} rng = {.lock = {.wait = WAIT_QUEUE_INIT(rng.lock.wait)}, .wait = WAIT_QUEUE_INIT(rng.wait)};

static void rng_irq(void *arg) { wait_wake_all(&rng.wait, 0); }

static bool start(void)
{
	unsigned from = 0;
	struct virtio_device *d = virtio_find(VIRTIO_ID_RNG, &from);
	u64 features;
	int err;

	if (!d)
		return false;
	err = virtio_start(d, 0, &features) ?: virtio_queue(d, 0, &rng.vq, rng.memory, 2) ?:
	      virtio_go(d, rng_irq, NULL);
	if (err) {
		log_error("virtio-rng does not start (%d)", err);
		virtio_fail(d);
	}
	return !err;
}

/* Under rng.lock: one request.  How much it gave. */
static size_t read_piece(u8 *buf, size_t n)
{
	struct virtq_buf b = {virt_to_phys(rng.bytes), (u32)MIN(n, (size_t)PIECE)};
	u32 got = 0;

	if (virtqueue_add(&rng.vq, &b, 0, 1, rng.bytes))
		return 0;
	virtio_notify(&rng.vq);
	(void)WAIT_EVENT(&rng.wait, virtqueue_has_used(&rng.vq), clock_deadline(WAIT_NSEC), WAIT_UNINTERRUPTIBLE);
	if (!virtqueue_take(&rng.vq, &got))
		return 0; /* it may write yet: the request stays the device's */
	memcpy(buf, rng.bytes, got);
	memset(rng.bytes, 0, sizeof(rng.bytes));
	return got;
}

size_t virtio_rng_read(void *buf, size_t n)
{
	size_t done = 0, got;

	mutex_lock(&rng.lock);
	if (rng.state == UNKNOWN)
		rng.state = start() ? READY : NONE;
	while (rng.state == READY && done < n) {
		got = read_piece((u8 *)buf + done, n - done);
		if (got == 0) {
			rng.state = NONE;
			log_warn("virtio-rng gives nothing");
		}
		done += got;
	}
	mutex_unlock(&rng.lock);
	return done;
}

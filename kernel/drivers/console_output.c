/* SPDX-License-Identifier: MIT */
/* The console: what the program writes goes to a port in slots that are the device's until it has used them. */
#include <arch/thread.h>
#include "drivers/console_port.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/thread.h"

/* Nobody waits; one who begins to at this moment, and turned interrupts on before they are off, is not forgotten. */
static void tx_irq_off(struct tx *tx)
{
	virtqueue_irq_off(&tx->vq);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wait_queue_idle(&tx->wait))
		return;
	virtqueue_irq_on(&tx->vq);
	if (virtqueue_has_used(&tx->vq))
		wait_wake_all(&tx->wait, POLLOUT | POLLWRNORM);
}

static void tx_reclaim(struct tx *tx)
{
	u32 len;
	u8 *slot;

	if (!virtqueue_has_used(&tx->vq))
		return;
	while ((slot = virtqueue_take(&tx->vq, &len)))
		if (tx->nfree < CONSOLE_QUEUE)
			tx->free[tx->nfree++] = slot;
	if (unlikely(virtqueue_irq_is_on(&tx->vq)) && wait_queue_idle(&tx->wait))
		tx_irq_off(tx);
}

/* A slot for the caller to fill, or NULL: all are on their way. */
static u8 *tx_slot(struct tx *tx)
{
	u8 *slot;

	tx_reclaim(tx);
	if (tx->nfree)
		return tx->free[--tx->nfree];
	if (tx->made == tx->limit)
		return NULL;
	slot = kmalloc(tx->slot_size);
	if (slot)
		tx->made++;
	else
		tx->limit = tx->made;
	return slot;
}

static int tx_send(struct tx *tx, u8 *slot, size_t n)
{
	int err = virtqueue_add_one(&tx->vq, virt_to_phys(slot), (u32)n, false, slot);

	if (err) {
		tx->free[tx->nfree++] = slot;
		return err;
	}
	tx->unpaused += (u32)n;
	virtio_notify(&tx->vq);
	return 0;
}

bool console_port_ready(struct port *p)
{
	if (p->tx.nfree || p->tx.made < p->tx.limit || p->hup || console_port_dead(p))
		return true;
	virtqueue_irq_on(&p->tx.vq);
	return virtqueue_has_used(&p->tx.vq);
}

/* One piece of u, of at most a slot's size: 0, -EAGAIN if all slots are full, or another -errno. */
static int tx_put(struct port *p, struct uio *u)
{
	u8 *slot;
	size_t n;

	if (p->hup)
		return -EPIPE;
	if (console_port_dead(p))
		return -EIO;
	slot = tx_slot(&p->tx);
	if (!slot)
		return -EAGAIN;
	n = uio_copy_from(u, slot, MIN(u->left, (size_t)p->tx.slot_size));
	if (n == 0) {
		p->tx.free[p->tx.nfree++] = slot;
		return -EFAULT;
	}
	return tx_send(&p->tx, slot, n);
}

/*
 * A guest that writes without a pause keeps QEMU's big lock busy (under TCG the doorbell does the work), and then
 * QEMU's main loop, by which signals and the end of a reader come in, may not get it for seconds.  Sleeping until
 * the timer fires lets it: timers are its work, too.
 */
#define PAUSE_BYTES (64 * KiB)
#define PAUSE_NSEC  (20 * NSEC_PER_USEC)

static void tx_pause(struct port *p)
{
	p->tx.unpaused = 0;
	(void)WAIT_EVENT(&p->tx.wait, p->hup, clock_deadline(PAUSE_NSEC), WAIT_UNINTERRUPTIBLE);
}

int console_port_write(struct port *p, struct uio *u, bool nonblock, bool interruptible)
{
	int err = 0;

	while (u->left && !err) {
		mutex_lock(&p->tx.lock);
		err = tx_put(p, u);
		mutex_unlock(&p->tx.lock);
		if (nonblock)
			continue;
		if (err == -EAGAIN)
			err = WAIT_EVENT(&p->tx.wait, console_port_ready(p), WAIT_FOREVER, interruptible);
		else if (unlikely(p->tx.unpaused >= PAUSE_BYTES))
			tx_pause(p);
	}
	return err;
}

void console_port_drain(struct port *p)
{
	bool can_sleep = events_enabled();

	while (!virtqueue_drained(&p->tx.vq) && !p->hup) {
		virtqueue_irq_on(&p->tx.vq);
		if (can_sleep)
			(void)WAIT_EVENT(&p->tx.wait, virtqueue_drained(&p->tx.vq) || p->hup,
					 clock_deadline(100 * NSEC_PER_MSEC), WAIT_UNINTERRUPTIBLE);
		else
			cpu_relax();
		if (virtio_dead(console.dev))
			return;
	}
}

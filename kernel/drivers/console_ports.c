/* SPDX-License-Identifier: MIT */
/* The console: its ports are found by the names that the host gives them, and one interrupt serves them all. */
#include <arch/thread.h>
#include "drivers/console_port.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "proc/clock.h"
#include "proc/thread.h"

#define F_MULTIPORT (1ull << 1)

#define QUEUES	   (2 * CONSOLE_PORTS + 2)
enum { CONTROL_RX = 2, CONTROL_TX = 3 };
static unsigned queue_of_port(unsigned id) { return id == 0 ? 0 : 2 + 2 * id; } /* receive; + 1: transmit (5.3.2) */

struct control { /* 5.3.6.2 */
	u32 id;
	u16 event;
	u16 value;
};
enum control_event {
	DEVICE_READY,
	PORT_ADD,
	PORT_REMOVE,
	PORT_READY,
	CONSOLE_PORT,
	CONSOLE_RESIZE,
	PORT_OPEN,
	PORT_NAME,
};
#define CONTROL_BUF  64 /* a longer name is none of ours */
#define CONTROL_BUFS 8	/* posted: more than three ports' announcements at a time */

static const struct {
	const char *name;
	size_t len;
} role_names[ROLES] = {
	{HERMIT_PORT_IO, sizeof(HERMIT_PORT_IO) - 1},
	{HERMIT_PORT_ERR, sizeof(HERMIT_PORT_ERR) - 1},
	{HERMIT_PORT_CTL, sizeof(HERMIT_PORT_CTL) - 1},
};

#define CTL_RX_BUFS    2
#define PORT_WAIT_NSEC (2 * NSEC_PER_SEC) /* for a port that the host has not named yet */

#define PORT_INIT(i)                                                                                         \
	{                                                                                                    \
		.tx = {                                                                                      \
			.lock = {.wait = WAIT_QUEUE_INIT(console.ports[i].tx.lock.wait)},                    \
			.wait = WAIT_QUEUE_INIT(console.ports[i].tx.wait),                                   \
		},                                                                                           \
	}

struct console console = {
	.role_wait = WAIT_QUEUE_INIT(console.role_wait),
	.ports = {PORT_INIT(0), PORT_INIT(1), PORT_INIT(2)},
};

/* What the device reads and writes. */
static u8 queue_memory[QUEUES][ALIGN_UP(VIRTQ_BYTES(CONSOLE_QUEUE), 16)] __aligned(16);
static u8 control_rx_buf[CONTROL_BUFS][CONTROL_BUF] __aligned(8);
static struct control control_tx_buf[CONSOLE_QUEUE];
static u8 ctl_rx_buf[CTL_RX_BUFS][CTL_RX_SIZE];
static u8 first_slot[ROLES - 1][PAGE_SIZE] __aligned(16), first_ctl_slot[CTL_TX_SIZE];

/* ---- discovery: the control queues; under console.lock ---- */

static void control_send(u32 id, enum control_event event, u16 value)
{
	struct virtqueue *vq = &console.control_tx;
	struct control *c;
	u32 len;

	while (unlikely(vq->free_count == 0) && virtqueue_take(vq, &len))
		;
	/* Chains are of one descriptor, so a free descriptor's buffer is free too; they come round in order. */
	c = &control_tx_buf[vq->avail_idx % CONSOLE_QUEUE];
	*c = (struct control){id, (u16)event, value};
	if (virtqueue_add_one(vq, virt_to_phys(c), sizeof(*c), false, c))
		log_warn("virtio-console takes no control messages");
}

static void port_named(struct port *p, const char *name, size_t len)
{
	for (unsigned r = 0; r < ROLES; r++) {
		if (len != role_names[r].len || memcmp(name, role_names[r].name, len) || console.role[r] ||
		    p->tx.slot_size)
			continue;
		if (r == ROLE_CTL) {
			p->tx.slot_size = CTL_TX_SIZE;
			p->tx.free[0] = first_ctl_slot;
			for (unsigned i = 0; i < CTL_RX_BUFS; i++)
				(void)console_post(&p->rx, ctl_rx_buf[i], CTL_RX_SIZE);
			virtio_notify(&p->rx);
		} else {
			p->tx.slot_size = PAGE_SIZE;
			p->tx.free[0] = first_slot[r];
		}
		p->tx.made = p->tx.nfree = 1;
		p->tx.limit = p->tx.vq.size;
		__atomic_store_n(&console.role[r], p, __ATOMIC_RELEASE);
		if (!console.no_ctl)
			control_send(p->id, PORT_OPEN, 1);
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* waiters are queued, then look at console.role */
		if (!wait_queue_idle(&console.role_wait))
			wait_wake_all(&console.role_wait, 0);
		return;
	}
}

static void port_close(struct port *p)
{
	p->hup = p->closed = true;
	wait_wake_all(&p->tx.wait, POLLERR | POLLHUP);
	if (p == console.role[ROLE_IO])
		wait_wake_all(console_input_queue(), POLLIN | POLLHUP);
}

static void control_message(const struct control *c, const char *more, size_t more_len)
{
	struct port *p = c->id - 1 < CONSOLE_PORTS ? &console.ports[c->id - 1] : NULL;

	if (!p) {
		if (c->event == PORT_ADD)
			control_send(c->id, PORT_READY, 0); /* refused (5.3.6.2) */
		return;
	}
	switch (c->event) {
	case PORT_ADD:
		control_send(c->id, PORT_READY, 1);
		break;
	case PORT_NAME:
		if (more_len && more[more_len - 1] == 0) /* QEMU sends it, the standard does not */
			more_len--;
		port_named(p, more, more_len);
		break;
	case PORT_OPEN:
		if (c->value == 0)
			port_close(p);
		break;
	case PORT_REMOVE:
		port_close(p);
		break;
	}
}

static void control_process(void)
{
	struct virtqueue *vq = &console.control_rx;
	bool any = false;
	u8 *buf;
	u32 len;

	while ((buf = virtqueue_take(vq, &len))) {
		if (len >= sizeof(struct control))
			control_message((const struct control *)buf, (const char *)buf + sizeof(struct control),
					len - sizeof(struct control));
		virtqueue_add_again(vq);
		any = true;
	}
	if (any) {
		virtio_notify(&console.control_tx);
		virtio_notify(vq);
	}
}

static void console_irq(void *arg)
{
	unsigned long ev = spin_lock(&console.lock);

	control_process();
	console_ctl_process();
	spin_unlock(&console.lock, ev);
	for (unsigned r = 0; r < ROLES; r++) {
		struct port *p = console.role[r];

		if (p && !wait_queue_idle(&p->tx.wait) && (virtqueue_has_used(&p->tx.vq) || console_port_dead(p)))
			wait_wake_all(&p->tx.wait, POLLOUT | POLLWRNORM);
	}
	if (console.role[ROLE_IO] && virtqueue_has_used(&console.role[ROLE_IO]->rx))
		wait_wake(console_input_queue(), POLLIN | POLLRDNORM);
}

struct port *console_port_of(enum role r)
{
	struct port *p = __atomic_load_n(&console.role[r], __ATOMIC_ACQUIRE);

	if (likely(p))
		return p;
	if (!console.given_up[r] && !console.no_ctl)
		(void)WAIT_EVENT(&console.role_wait, (p = __atomic_load_n(&console.role[r], __ATOMIC_ACQUIRE)),
				 clock_deadline(PORT_WAIT_NSEC), WAIT_UNINTERRUPTIBLE);
	if (!p && !console.given_up[r]) {
		console.given_up[r] = true;
		if (!console.no_ctl)
			log_error("virtio-console has no port %s", role_names[r].name);
	}
	return !p && r == ROLE_ERR ? console_port_of(ROLE_IO) : p;
}

/* ---- start ---- */

static int make_queue(struct virtio_device *d, unsigned index, unsigned place, struct virtqueue *vq)
{
	return virtio_queue(d, index, vq, queue_memory[place], CONSOLE_QUEUE);
}

static int make_port_queues(struct virtio_device *d, struct port *p, unsigned id)
{
	unsigned place = 2 * (unsigned)(p - console.ports);
	int err = make_queue(d, queue_of_port(id), place, &p->rx) ?:
		  make_queue(d, queue_of_port(id) + 1, place + 1, &p->tx.vq);

	p->id = id;
	if (err)
		p->rx.broken = p->tx.vq.broken = true;
	else
		virtqueue_irq_off(&p->tx.vq);
	return err;
}

static int make_queues(struct virtio_device *d, bool multiport)
{
	if (!multiport)
		return make_port_queues(d, &console.ports[0], 0);
	for (unsigned i = 0; i < CONSOLE_PORTS; i++)
		if (make_port_queues(d, &console.ports[i], i + 1) && i == 0) /* it may have fewer ports than we */
			return -ENODEV;
	return make_queue(d, CONTROL_RX, 2 * CONSOLE_PORTS, &console.control_rx) ?:
	       make_queue(d, CONTROL_TX, 2 * CONSOLE_PORTS + 1, &console.control_tx);
}

/* Lets the host name its ports: all at once where the device answers at once, else by interrupts. */
static void start_discovery(void)
{
	struct virtqueue *rx = &console.control_rx;
	unsigned long ev = spin_lock(&console.lock);

	for (unsigned i = 0; i < CONTROL_BUFS; i++)
		(void)console_post(rx, control_rx_buf[i], CONTROL_BUF);
	virtqueue_irq_off(rx);
	virtqueue_irq_off(&console.control_tx);
	virtio_notify(rx);
	control_send(0, DEVICE_READY, 1);
	virtio_notify(&console.control_tx);
	control_process();
	virtqueue_irq_on(rx);
	control_process();
	spin_unlock(&console.lock, ev);
}

static void start_plain(void)
{
	struct port *p = &console.ports[0];

	console.no_ctl = true;
	port_named(p, role_names[ROLE_IO].name, role_names[ROLE_IO].len);
}

int console_start_device(struct virtio_device *d)
{
	bool multiport;
	u64 features;
	int err = virtio_start(d, F_MULTIPORT, &features);

	if (err)
		return err;
	multiport = features & F_MULTIPORT;
	err = make_queues(d, multiport) ?: virtio_go(d, console_irq, NULL);
	if (err) {
		virtio_fail(d);
		return err;
	}
	console.dev = d;
	if (multiport)
		start_discovery();
	else
		start_plain();
	return 0;
}

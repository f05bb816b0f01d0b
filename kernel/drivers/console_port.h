/* SPDX-License-Identifier: MIT */
/*
 * The console on virtio-serial ports (virtio 1.2, section 5.3), for its parts alone: console_ports.c finds the ports
 * and has the interrupt, console_output.c and console_input.c move bytes, console_ctl.c talks with the host on
 * hermit.ctl (hermit/ctl.h says what), console.c answers for all of them to the file system (fs/console.h).
 *
 * Locks: console.lock (spin) guards the control queues, the ports' discovery and what the host says on
 * hermit.ctl; it is taken by the interrupt handler.  tx.lock and input.lock (sleeping) guard the data queues,
 * which the handler only looks at; they are held while data is copied, never while waiting for the host.
 * Order: input.lock -> tx.lock of hermit.ctl -> console.lock.
 */
#ifndef DRIVERS_CONSOLE_PORT_H
#define DRIVERS_CONSOLE_PORT_H

#include "drivers/console.h"
#include "drivers/ctl_parser.h"
#include "drivers/virtio.h"
#include "fs/uio.h"
#include "lib/spinlock.h"
#include "platform/boot.h"
#include "proc/wait.h"

/*
 * Named ports have the ids 1 to 3: QEMU keeps 0 for a plain console and numbers the others as they come.  A device
 * without F_MULTIPORT has port 0 alone, which then takes the place of the first.
 */
#define CONSOLE_PORTS 3
#define CONSOLE_QUEUE 16 /* descriptors */

/*
 * Output: each descriptor in flight has a slot of memory that is the device's until it has used it.  Slots are
 * made as they are needed; the first is static, so that a report gets out when there is no memory.
 */
struct tx {
	struct virtqueue vq;
	struct mutex lock;
	struct wait_queue wait; /* for a free slot */
	u32 slot_size;
	u32 unpaused; /* bytes since the writer last slept */
	unsigned made, nfree, limit; /* limit: where memory was short once, no more slots are made */
	u8 *free[CONSOLE_QUEUE];
};

struct port {
	u32 id;
	bool hup;    /* nobody reads what is written any more */
	bool closed; /* the host's end, both ways */
	struct virtqueue rx;
	struct tx tx;
};

enum role { ROLE_IO, ROLE_ERR, ROLE_CTL, ROLES };

#define CTL_TX_SIZE 64
#define CTL_RX_SIZE 256

struct console {
	struct virtio_device *dev; /* NULL: COM1 is the console */
	struct spinlock lock;
	struct virtqueue control_rx, control_tx;
	struct port ports[CONSOLE_PORTS];
	struct port *role[ROLES];
	bool given_up[ROLES]; /* waited for it once in vain */
	bool no_ctl;	      /* a device without named ports */
	struct wait_queue role_wait;
	struct ctl_parser parser;
	struct hermit_boot_winsize winsize;
};
extern struct console console;

static inline bool console_port_dead(const struct port *p) { return p->tx.vq.broken || p->rx.broken; }
/* Gives the device a buffer to write into. */
static inline int console_post(struct virtqueue *vq, void *buf, u32 len)
{
	return virtqueue_add_one(vq, virt_to_phys(buf), len, true, buf);
}

/* --- console_ports.c --- */
/* 0, or -errno: the device is of no use. */
int console_start_device(struct virtio_device *d);
/* The port that plays r; sleeps until the host names it.  NULL: there is none. */
struct port *console_port_of(enum role r);

/* --- console_output.c --- */
/* Writes u, whose rest says how much was not: 0, -EAGAIN, -EPIPE, -EIO, -EFAULT, -ERESTARTSYS.  Takes tx.lock. */
int console_port_write(struct port *p, struct uio *u, bool nonblock, bool interruptible);
/* Whether a writer need not wait (any longer); has the device interrupt when that changes. */
bool console_port_ready(struct port *p);
/* Waits until the device has taken all that was written to p.  It may take for ever, as a full pipe does. */
void console_port_drain(struct port *p);

/* --- console_ctl.c --- */
/* Under console.lock: what the host has sent. */
void console_ctl_process(void);
/* Sleeps if the ring is full.  0, -EIO, -EPIPE. */
int console_ctl_send(enum hermit_ctl_type type, const void *payload, u16 len);

/* --- console_input.c --- */
/* Of hermit.io, which is there.  As file_ops.read. */
ssize_t console_input_read(struct port *p, struct uio *u, bool nonblock);
/* POLL* bits; ask: the host's poll(2) is asked where nothing has come.  Sleeps. */
unsigned console_input_poll(struct port *p, bool ask);
struct wait_queue *console_input_queue(void);
/* From the interrupt handler, under console.lock: the stream ends behind `at` bytes; what the host's poll said. */
void console_input_eof(u64 at);
void console_input_answer(const struct hermit_ctl_ready *ready);

#endif

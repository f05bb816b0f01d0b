/* SPDX-License-Identifier: MIT */
/*
 * The console on virtio-serial ports (virtio 1.2, section 5.3): see hermit/ctl.h for what travels on them.
 *
 * Locks: console.lock (spin) guards the control queues, the ports' discovery and what the host says on
 * hermit.ctl; it is taken by the interrupt handler.  tx.lock and input.lock (sleeping) guard the data queues,
 * which the handler only looks at; they are held while data is copied, never while waiting for the host.
 * Order: input.lock -> tx.lock of hermit.ctl -> console.lock.
 */
#include <arch/thread.h>
#include "drivers/console.h"
#include "drivers/ctl_parser.h"
#include "drivers/virtio.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/signal.h"
#include "proc/thread.h"

#define F_MULTIPORT (1ull << 1)

/*
 * Named ports have the ids 1 to 3: QEMU keeps 0 for a plain console and numbers the others as they come.  A device
 * without F_MULTIPORT has port 0 alone, which then takes the place of the first.
 */
#define PORTS	   3
#define QUEUE_SIZE 16
#define QUEUES	   (2 * PORTS + 2)
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
	u8 *free[QUEUE_SIZE];
};

struct port {
	u32 id;
	bool hup;    /* nobody reads what is written any more */
	bool closed; /* the host's end, both ways */
	struct virtqueue rx;
	struct tx tx;
};

#define PORT_INIT(i)                                                                                         \
	{                                                                                                    \
		.tx = {                                                                                      \
			.lock = {.wait = WAIT_QUEUE_INIT(console.ports[i].tx.lock.wait)},                    \
			.wait = WAIT_QUEUE_INIT(console.ports[i].tx.wait),                                   \
		},                                                                                           \
	}

enum role { ROLE_IO, ROLE_ERR, ROLE_CTL, ROLES };
static const struct {
	const char *name;
	size_t len;
} role_names[ROLES] = {
	{HERMIT_PORT_IO, sizeof(HERMIT_PORT_IO) - 1},
	{HERMIT_PORT_ERR, sizeof(HERMIT_PORT_ERR) - 1},
	{HERMIT_PORT_CTL, sizeof(HERMIT_PORT_CTL) - 1},
};

#define INPUT_SLOTS    QUEUE_SIZE
#define INPUT_MAX      (INPUT_SLOTS * PAGE_SIZE) /* asked for at once at most */
#define CTL_RX_BUFS    2
#define CTL_RX_SIZE    256
#define CTL_TX_SIZE    64
#define PORT_WAIT_NSEC (2 * NSEC_PER_SEC) /* for a port that the host has not named yet */

static struct {
	struct virtio_device *dev; /* NULL: COM1 is the console */
	struct spinlock lock;
	struct virtqueue control_rx, control_tx;
	struct port ports[PORTS];
	struct port *role[ROLES];
	bool given_up[ROLES]; /* waited for it once in vain */
	bool no_ctl;	      /* a device without named ports */
	struct wait_queue role_wait;
	struct ctl_parser parser;
	struct hermit_boot_winsize winsize;
} console = {
	.role_wait = WAIT_QUEUE_INIT(console.role_wait),
	.ports = {PORT_INIT(0), PORT_INIT(1), PORT_INIT(2)},
};

static struct {
	struct mutex lock;
	struct wait_queue wait;
	u8 *slot[INPUT_SLOTS];
	unsigned made;
	u8 *cur; /* the buffer being read */
	u32 cur_off, cur_len;
	u64 pos;  /* bytes of stdin that the program has read */
	u64 want; /* the last STDIN_WANT */
	bool asked; /* ... which has not been answered */
	bool eof;   /* the stream has a mark */
	u64 eof_at; /* ... here */
	bool polled;   /* STDIN_POLL has been sent, and the host has not said yes since */
	bool answered; /* ... but something */
	struct hermit_ctl_ready ready;
} input = {.lock = {.wait = WAIT_QUEUE_INIT(input.lock.wait)}, .wait = WAIT_QUEUE_INIT(input.wait)};

/* What the device reads and writes. */
static u8 queue_memory[QUEUES][ALIGN_UP(VIRTQ_BYTES(QUEUE_SIZE), 16)] __aligned(16);
static u8 control_rx_buf[CONTROL_BUFS][CONTROL_BUF] __aligned(8);
static struct control control_tx_buf[QUEUE_SIZE];
static u8 ctl_rx_buf[CTL_RX_BUFS][CTL_RX_SIZE];
static u8 first_slot[ROLES - 1][PAGE_SIZE] __aligned(16), first_ctl_slot[CTL_TX_SIZE];

/* ---- small helpers ---- */

static int post(struct virtqueue *vq, void *buf, u32 len)
{
	return virtqueue_add_one(vq, virt_to_phys(buf), len, true, buf);
}

static bool port_dead(const struct port *p) { return p->tx.vq.broken || p->rx.broken; }

/* ---- output ---- */

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
		if (tx->nfree < QUEUE_SIZE)
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

/* Whether a writer need not wait (any longer); has the device interrupt when that changes. */
static bool tx_ready(struct port *p)
{
	if (p->tx.nfree || p->tx.made < p->tx.limit || p->hup || port_dead(p))
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
	if (port_dead(p))
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

static int port_write(struct port *p, struct uio *u, bool nonblock, bool interruptible)
{
	int err = 0;

	while (u->left && !err) {
		mutex_lock(&p->tx.lock);
		err = tx_put(p, u);
		mutex_unlock(&p->tx.lock);
		if (nonblock)
			continue;
		if (err == -EAGAIN)
			err = WAIT_EVENT(&p->tx.wait, tx_ready(p), WAIT_FOREVER, interruptible);
		else if (unlikely(p->tx.unpaused >= PAUSE_BYTES))
			tx_pause(p);
	}
	return err;
}

/* ---- discovery: the control queues; under console.lock ---- */

static void control_send(u32 id, enum control_event event, u16 value)
{
	struct virtqueue *vq = &console.control_tx;
	struct control *c;
	u32 len;

	while (unlikely(vq->free_count == 0) && virtqueue_take(vq, &len))
		;
	/* Chains are of one descriptor, so a free descriptor's buffer is free too; they come round in order. */
	c = &control_tx_buf[vq->avail_idx % QUEUE_SIZE];
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
				(void)post(&p->rx, ctl_rx_buf[i], CTL_RX_SIZE);
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
		wait_wake_all(&input.wait, POLLIN | POLLHUP);
}

static void control_message(const struct control *c, const char *more, size_t more_len)
{
	struct port *p = c->id - 1 < PORTS ? &console.ports[c->id - 1] : NULL;

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

/* ---- hermit.ctl ---- */

static void host_signal(u32 sig)
{
	struct siginfo info = {.si_signo = (s32)sig, .si_code = SI_USER};

	if (sig < 1 || sig > NSIG || !init_process)
		log_warn("the host sends signal %u", sig);
	else
		(void)signal_send(init_process, NULL, &info);
}

static void host_hup(u32 fd)
{
	struct port *p = fd == 1 ? console.role[ROLE_IO] : fd == 2 ? console.role[ROLE_ERR] : NULL;

	if (p) {
		p->hup = true;
		wait_wake_all(&p->tx.wait, POLLERR);
	}
}

static void ctl_message(unsigned type, const void *payload, unsigned len)
{
	union {
		u32 word;
		u64 count;
		struct hermit_boot_winsize winsize;
		struct hermit_ctl_ready ready;
	} m;

	memcpy(&m, payload, MIN(len, (unsigned)sizeof(m)));
	if (type == HERMIT_CTL_SIGNAL && len == sizeof(m.word)) {
		host_signal(m.word);
	} else if (type == HERMIT_CTL_WINSIZE && len == sizeof(m.winsize)) {
		console.winsize = m.winsize;
		host_signal(SIGWINCH);
	} else if (type == HERMIT_CTL_STDIN_EOF && len == sizeof(m.count)) {
		input.eof_at = m.count;
		WRITE_ONCE(input.asked, false);
		__atomic_store_n(&input.eof, true, __ATOMIC_RELEASE);
		wait_wake(&input.wait, POLLIN | POLLRDNORM);
	} else if (type == HERMIT_CTL_STDIN_READY && len == sizeof(m.ready)) {
		input.ready = m.ready;
		WRITE_ONCE(input.polled, m.ready.events == 0);
		__atomic_store_n(&input.answered, true, __ATOMIC_RELEASE);
		wait_wake_all(&input.wait, m.ready.events & (POLLIN | POLLHUP | POLLERR));
	} else if (type == HERMIT_CTL_HUP && len == sizeof(m.word)) {
		host_hup(m.word);
	}
}

static void ctl_process(void)
{
	struct port *p = console.role[ROLE_CTL];
	bool any = false;
	u8 *buf;
	u32 len;

	while (p && (buf = virtqueue_take(&p->rx, &len))) {
		if (ctl_parse(&console.parser, buf, len, ctl_message) == 0)
			virtqueue_add_again(&p->rx);
		else
			log_error("the host sends rubbish on " HERMIT_PORT_CTL);
		any = true;
	}
	if (any)
		virtio_notify(&p->rx);
}

static void console_irq(void *arg)
{
	unsigned long ev = spin_lock(&console.lock);

	control_process();
	ctl_process();
	spin_unlock(&console.lock, ev);
	for (unsigned r = 0; r < ROLES; r++) {
		struct port *p = console.role[r];

		if (p && !wait_queue_idle(&p->tx.wait) && (virtqueue_has_used(&p->tx.vq) || port_dead(p)))
			wait_wake_all(&p->tx.wait, POLLOUT | POLLWRNORM);
	}
	if (console.role[ROLE_IO] && virtqueue_has_used(&console.role[ROLE_IO]->rx))
		wait_wake(&input.wait, POLLIN | POLLRDNORM);
}

/* The port that plays r; waits for the host to name it.  NULL: there is none. */
static struct port *port_of(enum role r)
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
	return !p && r == ROLE_ERR ? port_of(ROLE_IO) : p;
}

/* Sleeps if the ring is full. */
static int ctl_send(enum hermit_ctl_type type, const void *payload, u16 len)
{
	struct {
		struct hermit_ctl head;
		u8 payload[CTL_TX_SIZE - sizeof(struct hermit_ctl)];
	} m = {.head = {(u16)type, len}};
	struct port *p = port_of(ROLE_CTL);
	struct uio u;

	if (!p)
		return -EIO;
	if (len)
		memcpy(m.payload, payload, len);
	uio_init_kernel(&u, &m, sizeof(m.head) + len);
	return port_write(p, &u, false, WAIT_UNINTERRUPTIBLE);
}

/* ---- input ---- */

/* Under input.lock: buffers for n bytes, and the host may send them. */
static int input_ask(struct port *p, size_t n)
{
	u64 want = input.pos + MIN(n, INPUT_MAX);
	bool posted = false;

	while (input.made < p->rx.size && (input.made < 2 || input.made * PAGE_SIZE < n)) {
		u8 *slot = kmalloc(PAGE_SIZE);

		if (!slot)
			break;
		input.slot[input.made++] = slot;
		if (post(&p->rx, slot, PAGE_SIZE))
			return -EIO;
		posted = true;
	}
	if (input.made == 0)
		return -ENOMEM;
	if (posted)
		virtio_notify(&p->rx);
	if (console.no_ctl || (READ_ONCE(input.asked) && want <= input.want))
		return 0;
	input.want = want;
	WRITE_ONCE(input.asked, true);
	return ctl_send(HERMIT_CTL_STDIN_WANT, &want, sizeof(want));
}

#define ANSWER_NSEC NSEC_PER_SEC /* a host that does not answer for so long is taken to have said no */

static unsigned host_answer(void)
{
	unsigned long ev = spin_lock(&console.lock);
	struct hermit_ctl_ready r = input.ready;

	spin_unlock(&console.lock, ev);
	return r.sent == input.pos ? r.events & (POLLIN | POLLHUP | POLLERR) : 0; /* else it is about bytes long read */
}

/*
 * Under input.lock, with nothing queued: what the host's poll(2) says of its stdin, POLL* bits.  If that is none, the
 * host will say so when it changes.
 */
static unsigned input_poll_host(void)
{
	unsigned bits = host_answer();

	if (console.no_ctl || bits)
		return bits;
	if (!READ_ONCE(input.polled)) {
		WRITE_ONCE(input.answered, false);
		WRITE_ONCE(input.polled, true);
		if (ctl_send(HERMIT_CTL_STDIN_POLL, NULL, 0))
			return POLLERR;
		(void)WAIT_EVENT(&input.wait, __atomic_load_n(&input.answered, __ATOMIC_ACQUIRE),
				 clock_deadline(ANSWER_NSEC), WAIT_UNINTERRUPTIBLE);
	}
	return host_answer();
}

static bool input_at_eof(void)
{
	return __atomic_load_n(&input.eof, __ATOMIC_ACQUIRE) && input.eof_at <= input.pos;
}

static bool input_ready(struct port *p)
{
	return input.cur || virtqueue_has_used(&p->rx) || input_at_eof() || p->closed || port_dead(p);
}

/* Under input.lock: what is there into u.  Bytes; 0 at the end; -EAGAIN: nothing is there; -errno. */
static ssize_t input_take(struct port *p, struct uio *u)
{
	size_t n;

	if (!input.cur) {
		input.cur = virtqueue_take(&p->rx, &input.cur_len);
		input.cur_off = 0;
		if (input.cur)
			WRITE_ONCE(input.asked, false);
	}
	if (!input.cur) {
		if (input_at_eof() || p->closed)
			return 0;
		return port_dead(p) ? -EIO : -EAGAIN;
	}
	n = uio_copy_to(u, input.cur + input.cur_off, MIN((size_t)(input.cur_len - input.cur_off), u->left));
	input.cur_off += (u32)n;
	input.pos += n;
	WRITE_ONCE(input.ready.events, 0);
	if (input.cur_off == input.cur_len) {
		u8 *buf = input.cur;

		input.cur = NULL;
		if (post(&p->rx, buf, PAGE_SIZE) == 0)
			virtio_notify(&p->rx);
		if (input.cur_len == 0) /* an empty buffer says nothing */
			return -EAGAIN;
	}
	return n ? (ssize_t)n : -EFAULT;
}

/* ---- fs/console.h ---- */

ssize_t console_read(struct uio *u, bool nonblock)
{
	bool whole = boot_info.stdio.kind[0] == HERMIT_STDIO_FILE;
	size_t before = u->left;
	struct port *p;
	ssize_t r = 1;
	bool wait;

	if (!console.dev)
		return serial_read(u, nonblock);
	p = port_of(ROLE_IO);
	if (!p)
		return -EIO;
	while (u->left && (whole || u->left == before)) {
		mutex_lock(&input.lock);
		r = input_take(p, u);
		if (r == 0 && u->left == before) {
			WRITE_ONCE(input.eof, false); /* the mark has been seen */
			WRITE_ONCE(input.ready.events, 0);
		}
		wait = r == -EAGAIN && (!nonblock || whole || input_ready(p) || input_poll_host());
		if (wait) {
			int err = input_ready(p) ? 0 : input_ask(p, u->left);

			if (err)
				r = err;
		}
		mutex_unlock(&input.lock);
		if (wait && r == -EAGAIN)
			r = WAIT_EVENT(&input.wait, input_ready(p), WAIT_FOREVER, WAIT_INTERRUPTIBLE) ?: 1;
		if (r <= 0)
			break;
	}
	return before != u->left ? (ssize_t)(before - u->left) : r > 0 ? 0 : r;
}

static struct port *port_of_stream(enum console_stream s) { return port_of(s == CONSOLE_ERR ? ROLE_ERR : ROLE_IO); }

ssize_t console_write(enum console_stream s, struct uio *u, bool nonblock)
{
	size_t before = u->left;
	struct port *p;
	int err;

	if (!console.dev)
		return serial_write(u);
	p = port_of_stream(s);
	if (!p)
		return -EIO;
	err = port_write(p, u, nonblock, WAIT_INTERRUPTIBLE);
	return before != u->left ? (ssize_t)(before - u->left) : err;
}

ssize_t console_write_kernel(enum console_stream s, const void *buf, size_t n)
{
	struct port *p;
	struct uio u;
	int err;

	uio_init_kernel(&u, buf, n);
	if (!console.dev)
		return serial_write(&u);
	p = port_of_stream(s);
	if (!p)
		return -EIO;
	err = port_write(p, &u, false, WAIT_UNINTERRUPTIBLE);
	return u.left != n ? (ssize_t)(n - u.left) : err;
}

static unsigned input_poll(struct port *p, bool ask)
{
	unsigned bits = 0;

	mutex_lock(&input.lock);
	if (input_ready(p))
		bits = POLLIN | (p->closed ? POLLHUP : 0);
	else if (ask)
		bits = input_poll_host();
	mutex_unlock(&input.lock);
	return bits | (bits & POLLIN ? POLLRDNORM : 0);
}

unsigned console_poll(enum console_stream s, unsigned want)
{
	struct port *p;

	if (!console.dev)
		return s == CONSOLE_IN ? serial_poll() : POLLOUT | POLLWRNORM;
	p = port_of_stream(s);
	if (!p)
		return POLLERR;
	if (s == CONSOLE_IN)
		return input_poll(p, want & (POLLIN | POLLRDNORM));
	return tx_ready(p) ? POLLOUT | POLLWRNORM | (p->hup || port_dead(p) ? POLLERR : 0) : 0;
}

struct wait_queue *console_wait_queue(enum console_stream s)
{
	struct port *p;

	if (!console.dev)
		return &serial_wait;
	p = s == CONSOLE_IN ? NULL : port_of_stream(s);
	return p ? &p->tx.wait : &input.wait;
}

void console_winsize(struct hermit_boot_winsize *ws)
{
	unsigned long ev = spin_lock(&console.lock);

	*ws = console.winsize;
	spin_unlock(&console.lock, ev);
}

int console_set_termios(const struct hermit_ctl_termios *t)
{
	return console.dev ? ctl_send(HERMIT_CTL_TERMIOS, t, sizeof(*t)) : -EIO;
}

/* Waits until the device has taken all that was written to p.  It may take for ever, as a full pipe does. */
static void port_drain(struct port *p)
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

void console_shutdown(int status, int signal)
{
	struct hermit_ctl_exit m = {status, signal};

	if (!console.dev)
		return;
	for (unsigned r = ROLE_IO; r <= ROLE_ERR; r++)
		if (console.role[r])
			port_drain(console.role[r]);
	if (!console.no_ctl && ctl_send(HERMIT_CTL_EXIT, &m, sizeof(m)) == 0)
		port_drain(console.role[ROLE_CTL]);
}

/* ---- start ---- */

static int make_queue(struct virtio_device *d, unsigned index, unsigned place, struct virtqueue *vq)
{
	return virtio_queue(d, index, vq, queue_memory[place], QUEUE_SIZE);
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
	for (unsigned i = 0; i < PORTS; i++)
		if (make_port_queues(d, &console.ports[i], i + 1) && i == 0) /* it may have fewer ports than we */
			return -ENODEV;
	return make_queue(d, CONTROL_RX, 2 * PORTS, &console.control_rx) ?:
	       make_queue(d, CONTROL_TX, 2 * PORTS + 1, &console.control_tx);
}

/* Lets the host name its ports: all at once where the device answers at once, else by interrupts. */
static void start_discovery(void)
{
	struct virtqueue *rx = &console.control_rx;
	unsigned long ev = spin_lock(&console.lock);

	for (unsigned i = 0; i < CONTROL_BUFS; i++)
		(void)post(rx, control_rx_buf[i], CONTROL_BUF);
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

static int start_device(struct virtio_device *d)
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

void console_start(void)
{
	unsigned from = 0;
	struct virtio_device *d;

	console.winsize = boot_info.winsize;
	d = virtio_find(VIRTIO_ID_CONSOLE, &from);
	if (d) {
		int err = start_device(d);

		if (!err)
			return;
		log_error("virtio-console does not start (%d)", err);
	}
	serial_start();
}

/* SPDX-License-Identifier: MIT */
/*
 * The console (virtio 1.2, 5.3) with named ports only: hermit.io, hermit.err,
 * hermit.ctl (see <hermit/ctl.h>), each a stream socket.  Runs on the I/O
 * thread.  Nothing is buffered here: what the socket does not take stays in the
 * guest's queue, and what the guest has no buffer for stays in the socket.
 */
#define _GNU_SOURCE
#include "virtio/devices.h"
#include "kvm/stats.h"

#include <hermit/ctl.h>

#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CONTROL_RX = 2, CONTROL_TX = 3, FIRST_RX = 4 };

/* Control messages that a port owes the guest, in this order. */
enum { OWED_ADD, OWED_NAME, OWED_OPEN, OWED_CLOSE, OWED_COUNT };

struct port {
	struct watch watch; /* first */
	unsigned int index; /* its id is one more: 0 is for a plain console */
	size_t sent; /* bytes of the request that waits which the socket has taken */
	bool blocked, hungry; /* waits for the socket to take, to give */
	bool closed; /* the other end is gone */
	unsigned int owed;
};

static struct console {
	struct virtio_device virtio; /* first */
	struct port port[CONSOLE_PORTS];
	struct virtio_console_config config;
	void (*gone)(void *arg);
	void *gone_arg;
} console;

static const char *const port_names[CONSOLE_PORTS] = { HERMIT_PORT_IO, HERMIT_PORT_ERR, HERMIT_PORT_CTL };

/* --- data --- */

static void port_watch(struct port *p)
{
	uint32_t events = (p->blocked ? EPOLLOUT : 0) | (p->hungry ? EPOLLIN : 0);

	if (p->closed)
		events = 0;
	else if (p->index == CONSOLE_CTL) /* its end is the machine's */
		events |= EPOLLRDHUP;
	loop_watch(console.virtio.bus->loop, &p->watch, events);
}

static void port_close(struct port *p)
{
	if (p->closed)
		return;
	p->closed = true;
	p->owed |= 1u << OWED_CLOSE;
	if (p->index == CONSOLE_CTL)
		console.gone(console.gone_arg);
}

/* True: the request is done with.  One whose reader is gone is, too: the guest learns of that by hermit.ctl. */
static bool port_send(struct port *p, const struct virtio_chain *c)
{
	struct iovec part[QUEUE_SIZE_MAX];
	size_t left = c->out_len > p->sent ? c->out_len - p->sent : 0;
	struct msghdr m = { .msg_iov = part, .msg_iovlen = iov_part(c->iov, c->nout, p->sent, left, part) };
	ssize_t n = 0;

	if (left && !p->closed)
		n = sendmsg(p->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		n = 0;
	else if (n < 0 || p->closed)
		n = (ssize_t)left;
	if (n > 0 && p->index != CONSOLE_CTL)
		stats_stage(HERMIT_STAGE_OUTPUT);
	p->sent += (size_t)n;
	if ((size_t)n < left)
		return false;
	p->sent = 0;
	return true;
}

static void port_transmit(struct port *p)
{
	unsigned int q = FIRST_RX + 2 * p->index + 1;
	struct virtio_chain c;

	p->blocked = false;
	while (!p->blocked && virtio_take(&console.virtio, q, &c)) {
		if (port_send(p, &c)) {
			virtio_return(&console.virtio, q, &c, 0);
		} else {
			virtio_untake(&console.virtio, q);
			p->blocked = true;
		}
	}
	port_watch(p);
}

static void control_send(void);

static void port_receive(struct port *p)
{
	unsigned int q = FIRST_RX + 2 * p->index;
	struct virtio_chain c;

	p->hungry = false;
	while (!p->hungry && !p->closed && virtio_take(&console.virtio, q, &c)) {
		struct msghdr m = { .msg_iov = c.iov + c.nout, .msg_iovlen = c.nin };
		ssize_t n = c.in_len ? recvmsg(p->watch.fd, &m, MSG_DONTWAIT) : 0;

		if (n > 0 || !c.in_len) {
			virtio_return(&console.virtio, q, &c, (uint32_t)n);
			continue;
		}
		virtio_untake(&console.virtio, q);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			p->hungry = true;
		else
			port_close(p);
	}
	port_watch(p);
	if (p->owed)
		control_send();
}

static void port_ready(struct watch *w, uint32_t events)
{
	struct port *p = (struct port *)w;

	if (p->index == CONSOLE_CTL && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		port_close(p);
		port_watch(p);
		return;
	}
	virtio_turn(&console.virtio);
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		port_transmit(p);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		port_receive(p);
}

/* --- control: 5.3.6.2 --- */

static size_t control_message(const struct port *p, unsigned int owed, unsigned char *buf)
{
	static const uint16_t events[OWED_COUNT] = { VIRTIO_CONSOLE_PORT_ADD, VIRTIO_CONSOLE_PORT_NAME,
						     VIRTIO_CONSOLE_PORT_OPEN, VIRTIO_CONSOLE_PORT_OPEN };
	struct virtio_console_control m = { .id = p->index + 1, .event = events[owed], .value = owed != OWED_CLOSE };
	size_t name = owed == OWED_NAME ? strlen(port_names[p->index]) : 0;

	memcpy(buf, &m, sizeof(m));
	memcpy(buf + sizeof(m), port_names[p->index], name);
	return sizeof(m) + name;
}

static void control_send(void)
{
	unsigned char buf[64];
	struct virtio_chain c;

	for (unsigned int i = 0; i < CONSOLE_PORTS; i++) {
		struct port *p = &console.port[i];

		while (p->owed) {
			unsigned int owed = (unsigned int)__builtin_ctz(p->owed);

			if (!virtio_take(&console.virtio, CONTROL_RX, &c))
				return;
			virtio_return(&console.virtio, CONTROL_RX, &c,
				      (uint32_t)chain_write(&c, 0, buf, control_message(p, owed, buf)));
			p->owed &= ~(1u << owed);
		}
	}
}

static void control_handle(const struct virtio_console_control *m)
{
	unsigned int i = m->id - 1;

	if (m->event == VIRTIO_CONSOLE_DEVICE_READY && m->value == 1) {
		for (unsigned int k = 0; k < CONSOLE_PORTS; k++)
			if (console.port[k].watch.fd >= 0)
				console.port[k].owed |= 1u << OWED_ADD;
	} else if (m->event == VIRTIO_CONSOLE_PORT_READY && m->value == 1 && i < CONSOLE_PORTS &&
		   console.port[i].watch.fd >= 0) {
		console.port[i].owed |= 1u << OWED_NAME | 1u << OWED_OPEN;
	}
}

static void control_receive(void)
{
	struct virtio_console_control m;
	struct virtio_chain c;

	while (virtio_take(&console.virtio, CONTROL_TX, &c)) {
		if (chain_read(&c, 0, &m, sizeof(m)) == sizeof(m))
			control_handle(&m);
		virtio_return(&console.virtio, CONTROL_TX, &c, 0);
	}
	virtio_turn(&console.virtio);
	control_send();
}

/* --- the device --- */

static void console_kick(struct virtio_device *d, unsigned int q)
{
	unsigned int index = (q - FIRST_RX) / 2;

	if (q == CONTROL_RX)
		control_send();
	else if (q == CONTROL_TX)
		control_receive();
	else if (q < FIRST_RX || console.port[index].watch.fd < 0)
		return;
	else if (q % 2)
		port_transmit(&console.port[index]);
	else
		port_receive(&console.port[index]);
}

static void console_reset(struct virtio_device *d)
{
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++) {
		struct port *p = &console.port[i];

		p->sent = 0;
		p->blocked = p->hungry = false;
		p->owed = 0;
		if (p->watch.fd >= 0)
			port_watch(p);
	}
}

static const struct virtio_class console_class = {
	.name = "console",
	.id = VIRTIO_ID_CONSOLE,
	.queues = FIRST_RX + 2 * CONSOLE_PORTS,
	.queue_size = 64,
	.kick = console_kick,
	.reset = console_reset,
};

int console_add(struct virtio_bus *bus, const int fds[CONSOLE_PORTS], void (*gone)(void *arg), void *arg)
{
	int r;

	console.config.max_nr_ports = CONSOLE_PORTS + 1;
	console.gone = gone;
	console.gone_arg = arg;
	console.virtio = (struct virtio_device){
		.class = &console_class,
		.features = 1ull << VIRTIO_CONSOLE_F_MULTIPORT,
		.config = &console.config,
		.config_len = sizeof(console.config),
	};
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++)
		console.port[i] = (struct port){ .index = i, .watch = { .fd = fds[i], .ready = port_ready } };
	r = virtio_add(bus, &console.virtio);
	if (!r && fds[CONSOLE_CTL] >= 0)
		port_watch(&console.port[CONSOLE_CTL]);
	return r;
}

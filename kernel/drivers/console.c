/* SPDX-License-Identifier: MIT */
/* The console as the file system knows it (fs/console.h): virtio-serial ports, or COM1 where there are none. */
#include "drivers/console_port.h"
#include "lib/errno.h"
#include "lib/log.h"

ssize_t console_read(struct uio *u, bool nonblock)
{
	struct port *p;

	if (!console.dev)
		return serial_read(u, nonblock);
	p = console_port_of(ROLE_IO);
	return p ? console_input_read(p, u, nonblock) : -EIO;
}

static struct port *port_of_stream(enum console_stream s)
{
	return console_port_of(s == CONSOLE_ERR ? ROLE_ERR : ROLE_IO);
}

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
	err = console_port_write(p, u, nonblock, WAIT_INTERRUPTIBLE);
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
	err = console_port_write(p, &u, false, WAIT_UNINTERRUPTIBLE);
	return u.left != n ? (ssize_t)(n - u.left) : err;
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
		return console_input_poll(p, want & (POLLIN | POLLRDNORM));
	return console_port_ready(p) ? POLLOUT | POLLWRNORM | (p->hup || console_port_dead(p) ? POLLERR : 0) : 0;
}

struct wait_queue *console_wait_queue(enum console_stream s)
{
	struct port *p;

	if (!console.dev)
		return &serial_wait;
	p = s == CONSOLE_IN ? NULL : port_of_stream(s);
	return p ? &p->tx.wait : console_input_queue();
}

void console_winsize(struct hermit_boot_winsize *ws)
{
	unsigned long ev = spin_lock(&console.lock);

	*ws = console.winsize;
	spin_unlock(&console.lock, ev);
}

int console_set_termios(const struct hermit_ctl_termios *t)
{
	return console.dev ? console_ctl_send(HERMIT_CTL_TERMIOS, t, sizeof(*t)) : -EIO;
}

void console_shutdown(int status, int signal)
{
	struct hermit_ctl_exit m = {status, signal};

	if (!console.dev)
		return;
	for (unsigned r = ROLE_IO; r <= ROLE_ERR; r++)
		if (console.role[r])
			console_port_drain(console.role[r]);
	if (!console.no_ctl && console_ctl_send(HERMIT_CTL_EXIT, &m, sizeof(m)) == 0)
		console_port_drain(console.role[ROLE_CTL]);
}

void console_start(void)
{
	unsigned from = 0;
	struct virtio_device *d;

	console.winsize = boot_info.winsize;
	d = virtio_find(VIRTIO_ID_CONSOLE, &from);
	if (d) {
		int err = console_start_device(d);

		if (!err)
			return;
		log_error("virtio-console does not start (%d)", err);
	}
	serial_start();
}

/* SPDX-License-Identifier: MIT */
/* The console: messages with the loader on hermit.ctl (hermit/ctl.h). */
#include <arch/thread.h>
#include "drivers/console_port.h"
#include "fs/vfs.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/thread.h"

static void host_signal(u32 sig)
{
	struct siginfo info = {.si_signo = (s32)sig, .si_code = SI_USER};

	__atomic_add_fetch(&vfs_news, 1, __ATOMIC_RELEASE);
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
		console_input_eof(m.count);
	} else if (type == HERMIT_CTL_STDIN_READY && len == sizeof(m.ready)) {
		console_input_answer(&m.ready);
	} else if (type == HERMIT_CTL_HUP && len == sizeof(m.word)) {
		host_hup(m.word);
	}
}

void console_ctl_process(void)
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

int console_ctl_send(enum hermit_ctl_type type, const void *payload, u16 len)
{
	struct {
		struct hermit_ctl head;
		u8 payload[CTL_TX_SIZE - sizeof(struct hermit_ctl)];
	} m = {.head = {(u16)type, len}};
	struct port *p = console_port_of(ROLE_CTL);
	struct uio u;

	if (!p)
		return -EIO;
	if (len)
		memcpy(m.payload, payload, len);
	uio_init_kernel(&u, &m, sizeof(m.head) + len);
	return console_port_write(p, &u, false, WAIT_UNINTERRUPTIBLE);
}

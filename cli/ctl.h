/* SPDX-License-Identifier: MIT */
/*
 * The loader's side of the control channel (<hermit/ctl.h>): messages are kept
 * as wishes until the guest can take one, so that a guest that does not read
 * costs no memory; what arrives is cut into messages and checked.
 */
#ifndef CLI_CTL_H
#define CLI_CTL_H

#include <hermit/boot.h>
#include <hermit/ctl.h>

#include <stdbool.h>
#include <stddef.h>

struct ctl_out {
	/* wishes: each is sent once, signals of one number coalesce as Linux's do */
	uint64_t signals; /* bit n: signal n */
	bool winsize, eof, hup[3], ready;
	struct hermit_boot_winsize win;
	uint64_t eof_at;
	struct hermit_ctl_ready ready_is;
	/* the message under way */
	unsigned char buf[sizeof(struct hermit_ctl) + 16];
	size_t len, sent;
};

/* Is anything left to send? */
bool ctl_pending(const struct ctl_out *o);

/* Sends what the socket takes.  0, or a negative error if the channel is gone. */
int ctl_send(struct ctl_out *o, int fd);

struct ctl_in {
	unsigned char buf[sizeof(struct hermit_ctl) + HERMIT_CTL_MAX];
	size_t len;
	/* what has been said */
	bool ended;
	struct hermit_ctl_exit exit;
	bool wanted;
	uint64_t want;
	bool polled; /* the receiver clears it */
	bool termios_set; /* the receiver clears it */
	struct hermit_ctl_termios termios;
};

/*
 * Reads what there is.  1: something came, 0: nothing now, -EPIPE: the channel
 * is closed, -EPROTO: the guest broke the protocol (*why says how).
 */
int ctl_receive(struct ctl_in *in, int fd, const char **why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The console's named virtio-serial ports, and the control channel.
 *
 * hermit.io carries the program's stdin (to the guest) and stdout, hermit.err
 * its stderr: plain bytes.  hermit.ctl carries messages both ways, each a
 * struct hermit_ctl followed by `len` bytes of payload.  Integers are
 * little-endian.  A message of unknown type is skipped by its length.
 *
 * Stdin is sent only as the guest asks for it, so that what the program does not
 * read stays in the user's pipe, file or terminal for who comes next.  A read of
 * n bytes at stream position p that finds nothing queued asks for p + n.  poll
 * takes nothing: STDIN_POLL is answered by a STDIN_READY at once and, if that
 * said no, by another when there is something.  Each STDIN_WANT allows the host one read(2), answered by bytes on
 * hermit.io (fewer than asked, perhaps) or by STDIN_EOF; a newer one replaces
 * an older one.  An end of file is a mark in the stream: a read that stands at
 * it gives 0, and a later STDIN_WANT has the host try again, since a terminal
 * goes on after it.
 *
 * The host's end of a port stays connected for the whole run, since closing it
 * would cut both directions: the ends of streams travel as messages.
 *
 * Shared by kernel, VMM and tools: C only, no dependency.
 */
#ifndef HERMIT_CTL_H
#define HERMIT_CTL_H

#include <stdint.h>

#define HERMIT_PORT_IO	"hermit.io"
#define HERMIT_PORT_ERR "hermit.err"
#define HERMIT_PORT_CTL "hermit.ctl"

#define HERMIT_CTL_MAX 256 /* longest payload in bytes; a longer one is a protocol error */

struct hermit_ctl {
	uint16_t type; /* enum hermit_ctl_type */
	uint16_t len;  /* of the payload in bytes */
};

enum hermit_ctl_type {
	/* host to guest */
	HERMIT_CTL_SIGNAL = 1, /* uint32_t: Linux signal number for the program */
	HERMIT_CTL_WINSIZE,    /* struct hermit_boot_winsize: also raises SIGWINCH */
	HERMIT_CTL_STDIN_EOF,  /* uint64_t: stdin ends after this many bytes in all have been sent on hermit.io */
	HERMIT_CTL_HUP,	       /* uint32_t: descriptor 1 or 2 has no reader any more: EPIPE for writers */
	HERMIT_CTL_STDIN_READY, /* struct hermit_ctl_ready: what poll(2) says of stdin */
	/* guest to host */
	HERMIT_CTL_EXIT = 64, /* struct hermit_ctl_exit: the program has ended; the last message, sent when the
				 device has taken all of the output on the other ports */
	HERMIT_CTL_TERMIOS,   /* struct hermit_ctl_termios: set the terminal's modes as tcsetattr does */
	HERMIT_CTL_STDIN_WANT, /* uint64_t: a reader waits; stdin may be sent up to this many bytes in all */
	HERMIT_CTL_STDIN_POLL, /* no payload: a poller wants to know whether a read of stdin would not block */
};

struct hermit_ctl_ready {
	uint32_t events; /* POLLIN, POLLHUP, POLLERR as poll(2) gives them; 0: a read would block */
	uint32_t pad;
	uint64_t sent; /* bytes sent on hermit.io when that was so: it says nothing of the stream further on */
};

/*
 * How the program ended.  `status` is exit's argument (all 32 bits; a loader
 * exits with the low 8) or, if `signal` is not 0, unused: a loader then exits
 * with 128 + signal.  A run that ends without this message has failed.
 */
struct hermit_ctl_exit {
	int32_t status;
	int32_t signal;
};

/* Linux's struct termios of the kernel ABI (asm-generic/termbits.h). */
struct hermit_ctl_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
};

#define HERMIT_DEBUG_EXIT_PORT 0xf4 /* isa-debug-exit: any write ends the VM */

#endif

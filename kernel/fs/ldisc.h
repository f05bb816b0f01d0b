/* SPDX-License-Identifier: MIT */
/*
 * A terminal's line discipline (termios(3), tty_ioctl(2)): what becomes of the
 * bytes between the two ends of a pseudo-terminal.  Input goes through echo,
 * editing and signals into a ring that the slave reads, by lines or as it
 * comes; output goes through OPOST into a ring that the master reads.
 * For fs/pty.c alone, which locks; nothing here sleeps.
 */
#ifndef FS_LDISC_H
#define FS_LDISC_H

#include "lib/types.h"

struct termios2 { /* asm-generic/termbits.h; struct termios is all but the speeds */
	u32 iflag, oflag, cflag, lflag;
	u8 line, cc[19];
	u32 ispeed, ospeed;
};
#define TERMIOS_SIZE 36

#define VTIME 5
#define VMIN  6

#define L_ISIG	 0x1u
#define L_ICANON 0x2u

#define LDISC_RING 16384u /* bytes each way; a power of two */

struct ldisc {
	struct termios2 t;
	u8 *in, *out; /* rings; the positions below count for ever */
	u32 in_head, in_lines, in_tail; /* in_lines: behind the last byte of the last whole line */
	u32 out_head, out_tail;
	u8 marks[LDISC_RING / 8]; /* bit: a line ends with this byte of `in` */
	u32 column, line_column;  /* of the output; and where the line that is being typed began */
	bool literal;		  /* the next byte is taken as it is (VLNEXT) */
	bool erasing;		  /* between '\' and '/' of ECHOPRT */
	bool stopped;		  /* by VSTOP: no output */
	u8 events;		  /* LDISC_*, for packet mode; whoever reports them clears them */
};
/* TIOCPKT_* of tty_ioctl(2) */
#define LDISC_FLUSH_IN	0x01
#define LDISC_FLUSH_OUT 0x02
#define LDISC_STOP	0x04
#define LDISC_START	0x08
#define LDISC_NOSTOP	0x10
#define LDISC_DOSTOP	0x20

/* A terminal as Linux sets up a new one; -ENOMEM. */
int ldisc_init(struct ldisc *l);
void ldisc_free(struct ldisc *l);
void ldisc_set(struct ldisc *l, const struct termios2 *t);

/* How many bytes of input, at most 256, may come now. */
u32 ldisc_input_room(const struct ldisc *l);
/* A byte from the master; the signal that it is (SIGINT, SIGQUIT, SIGTSTP), or 0. */
int ldisc_input(struct ldisc *l, u8 c);
void ldisc_flush_input(struct ldisc *l);
/* How many bytes the slave may put out now, at most 256. */
u32 ldisc_output_room(const struct ldisc *l);
void ldisc_output(struct ldisc *l, u8 c);
void ldisc_stop(struct ldisc *l, bool stop);

/* Whether a read would get something (or the end that VEOF makes). */
static inline bool ldisc_readable(const struct ldisc *l)
{
	u32 end = READ_ONCE(l->t.lflag) & L_ICANON ? READ_ONCE(l->in_lines) : READ_ONCE(l->in_head);

	return end != READ_ONCE(l->in_tail);
}
/* FIONREAD's answer. */
u32 ldisc_pending(const struct ldisc *l);
/*
 * Takes up to n bytes of input; never beyond the end of a line in canonical mode.  *end: that is all that this
 * read is to get, even if it is nothing.
 */
u32 ldisc_take(struct ldisc *l, u8 *buf, u32 n, bool *end);
u32 ldisc_take_output(struct ldisc *l, u8 *buf, u32 n);

#endif

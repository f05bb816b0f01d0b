/* SPDX-License-Identifier: MIT */
#include "fs/ldisc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/signal.h"

/* asm-generic/termbits.h */
enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VSTART = 8, VSTOP, VSUSP, VEOL, VREPRINT, VWERASE = 14, VLNEXT, VEOL2 };
enum {
	I_PARMRK = 010, I_ISTRIP = 040, I_INLCR = 0100, I_IGNCR = 0200, I_ICRNL = 0400, I_IUCLC = 01000,
	I_IXON = 02000, I_IXANY = 04000, I_IUTF8 = 040000,
	O_OPOST = 1, O_OLCUC = 2, O_ONLCR = 4, O_OCRNL = 010, O_ONOCR = 020, O_ONLRET = 040, O_TABDLY = 014000,
	L_ECHO = 010, L_ECHOE = 020, L_ECHOK = 040, L_ECHONL = 0100, L_NOFLSH = 0200, L_ECHOCTL = 01000,
	L_ECHOPRT = 02000, L_ECHOKE = 04000, L_IEXTEN = 0100000,
};
#define LINE_MAX    4096u
#define ECHO_ROOM   512u /* of the output's ring: what no writer takes, so that echo finds room */
#define EOF_MARK    0	 /* with its mark set: the end that VEOF makes, no byte */

static bool i_has(const struct ldisc *l, u32 bit) { return l->t.iflag & bit; }
static bool o_has(const struct ldisc *l, u32 bit) { return l->t.oflag & bit; }
static bool l_has(const struct ldisc *l, u32 bit) { return l->t.lflag & bit; }
/* Whether c is the special character `which`; 0 switches one off (_POSIX_VDISABLE). */
static bool is_char(const struct ldisc *l, unsigned which, u8 c) { return c && c == l->t.cc[which]; }

static bool is_control(u8 c) { return c < 32 || c == 127; }
static bool is_letter(u8 c) { return (u8)((c | 32) - 'a') < 26; }
static bool continues(const struct ldisc *l, u8 c) { return i_has(l, I_IUTF8) && (c & 0xc0) == 0x80; }

static u8 *in_at(const struct ldisc *l, u32 pos) { return &l->in[pos % LDISC_RING]; }
static bool marked(const struct ldisc *l, u32 pos) { return l->marks[pos % LDISC_RING / 8] >> pos % 8 & 1; }
static void set_mark(struct ldisc *l, u32 pos) { l->marks[pos % LDISC_RING / 8] |= 1u << pos % 8; }
static void clear_mark(struct ldisc *l, u32 pos) { l->marks[pos % LDISC_RING / 8] &= ~(1u << pos % 8); }

int ldisc_init(struct ldisc *l)
{
	static const struct termios2 fresh = {
		.iflag = 0x500,	 /* ICRNL IXON */
		.oflag = 0x5,	 /* OPOST ONLCR */
		.cflag = 0xbf,	 /* B38400 CS8 CREAD */
		.lflag = 0x8a3b, /* ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN */
		.cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22},
		.ispeed = 38400,
		.ospeed = 38400,
	};

	l->t = fresh;
	l->in = kmalloc(LDISC_RING);
	l->out = kmalloc(LDISC_RING);
	if (l->in && l->out)
		return 0;
	ldisc_free(l);
	return -ENOMEM;
}

void ldisc_free(struct ldisc *l)
{
	kfree(l->in);
	kfree(l->out);
}

/* ---- output ---- */

static u32 out_room(const struct ldisc *l) { return LDISC_RING - (READ_ONCE(l->out_head) - READ_ONCE(l->out_tail)); }

/* An echo that finds no room is lost, as on any terminal whose reader has gone to sleep. */
static void put_out(struct ldisc *l, u8 c)
{
	if (out_room(l))
		l->out[l->out_head++ % LDISC_RING] = c;
}

u32 ldisc_output_room(const struct ldisc *l)
{
	u32 room = out_room(l);

	if (READ_ONCE(l->stopped) || room <= ECHO_ROOM)
		return 0;
	room -= ECHO_ROOM;
	if (READ_ONCE(l->t.oflag) & O_OPOST)
		room /= 8; /* a tab may become eight */
	return MIN(room, 256u);
}

static void put_tab(struct ldisc *l)
{
	u32 n = 8 - l->column % 8;

	l->column += n;
	if ((l->t.oflag & O_TABDLY) != O_TABDLY)
		put_out(l, '\t');
	else
		while (n--)
			put_out(l, ' ');
}

void ldisc_output(struct ldisc *l, u8 c)
{
	if (!o_has(l, O_OPOST)) {
		put_out(l, c);
		return;
	}
	if (c == '\r') {
		if (o_has(l, O_ONOCR) && !l->column)
			return;
		if (o_has(l, O_OCRNL))
			c = '\n';
		if (c == '\r' || o_has(l, O_ONLRET))
			l->column = l->line_column = 0;
	} else if (c == '\n') {
		if (o_has(l, O_ONLRET | O_ONLCR))
			l->column = 0;
		if (o_has(l, O_ONLCR))
			put_out(l, '\r');
		l->line_column = l->column;
	} else if (c == '\t') {
		put_tab(l);
		return;
	} else if (c == '\b') {
		l->column -= l->column > 0;
	} else if (!is_control(c)) {
		if (o_has(l, O_OLCUC) && c >= 'a' && c <= 'z')
			c -= 32;
		l->column += !continues(l, c);
	}
	put_out(l, c);
}

u32 ldisc_take_output(struct ldisc *l, u8 *buf, u32 n)
{
	u32 done = 0;

	while (done < n && l->out_tail != l->out_head)
		buf[done++] = l->out[l->out_tail++ % LDISC_RING];
	return done;
}

void ldisc_stop(struct ldisc *l, bool stop)
{
	if (l->stopped == stop)
		return;
	l->stopped = stop;
	l->events &= ~(LDISC_STOP | LDISC_START);
	l->events |= stop ? LDISC_STOP : LDISC_START;
}

/* ---- echo ---- */

static void echo(struct ldisc *l, u8 c)
{
	if (l_has(l, L_ECHOCTL) && is_control(c) && c != '\t') {
		put_out(l, '^');
		put_out(l, c ^ 0100);
		l->column += 2;
	} else {
		ldisc_output(l, c);
	}
}

static void echo_end_erasing(struct ldisc *l)
{
	if (l->erasing)
		ldisc_output(l, '/');
	l->erasing = false;
}

/* The first byte of a line: where a tab in it counts from. */
static void echo_typed(struct ldisc *l, u8 c)
{
	echo_end_erasing(l);
	if (c == '\n' && !l->literal) {
		ldisc_output(l, c);
		return;
	}
	if (l->in_lines == l->in_head)
		l->line_column = l->column;
	echo(l, c);
}

static void echo_back(struct ldisc *l, u32 n)
{
	while (n--) {
		put_out(l, '\b');
		l->column -= l->column > 0;
	}
}

/* What has been typed behind the last tab, or since the line began, says how wide the erased tab was. */
static void echo_erase_tab(struct ldisc *l)
{
	u32 n = 0, pos = l->in_head;
	bool after_tab = false;

	while (pos != l->in_lines) {
		u8 c = *in_at(l, --pos);

		if (c == '\t') {
			after_tab = true;
			break;
		}
		if (is_control(c))
			n += l_has(l, L_ECHOCTL) ? 2 : 0;
		else
			n += !continues(l, c);
	}
	if (!after_tab)
		n += l->line_column;
	echo_back(l, 8 - n % 8);
}

static void echo_wipe(struct ldisc *l)
{
	echo_back(l, 1);
	put_out(l, ' ');
	put_out(l, '\b');
}

/* The character of n bytes from pos on has been erased, by the special character `which`. */
static void echo_erased(struct ldisc *l, u32 pos, u32 n, unsigned which)
{
	u8 c = *in_at(l, pos);

	if (l_has(l, L_ECHOPRT)) {
		if (!l->erasing)
			ldisc_output(l, '\\');
		l->erasing = true;
		echo(l, c);
		while (--n)
			put_out(l, *in_at(l, ++pos));
	} else if (which == VERASE && !l_has(l, L_ECHOE)) {
		echo(l, l->t.cc[VERASE]);
	} else if (c == '\t') {
		echo_erase_tab(l);
	} else {
		if (is_control(c) && l_has(l, L_ECHOCTL))
			echo_wipe(l);
		if (!is_control(c) || l_has(l, L_ECHOCTL))
			echo_wipe(l);
	}
}

/* ---- input ---- */

static void put_in(struct ldisc *l, u8 c)
{
	if (l_has(l, L_ICANON) && l->in_head - l->in_lines >= LINE_MAX - 1)
		l->in_head--; /* the rest of a line that is too long is lost, but for its end */
	if (l->in_head - l->in_tail < LDISC_RING)
		*in_at(l, l->in_head++) = c;
}

static void end_line(struct ldisc *l, u8 c)
{
	if (l->in_head - l->in_tail == LDISC_RING)
		return;
	set_mark(l, l->in_head);
	*in_at(l, l->in_head++) = c;
	WRITE_ONCE(l->in_lines, l->in_head);
}

u32 ldisc_input_room(const struct ldisc *l)
{
	u32 used = READ_ONCE(l->in_head) - READ_ONCE(l->in_tail);

	/* In canonical mode the line that is being typed never fills the ring, so it can always be ended. */
	if (READ_ONCE(l->t.lflag) & L_ICANON)
		return READ_ONCE(l->in_lines) - READ_ONCE(l->in_tail) <= LDISC_RING / 2 ? 256 : 0;
	return MIN((LDISC_RING - used) / 2, 256u); /* PARMRK doubles bytes */
}

void ldisc_flush_input(struct ldisc *l)
{
	memset(l->marks, 0, sizeof(l->marks));
	l->in_tail = l->in_lines = l->in_head;
	l->erasing = l->literal = false;
	l->events |= LDISC_FLUSH_IN;
}

static void erase_all(struct ldisc *l)
{
	l->in_head = l->in_lines;
	if (!l_has(l, L_ECHO))
		return;
	echo_end_erasing(l);
	echo(l, l->t.cc[VKILL]);
	if (l_has(l, L_ECHOK))
		ldisc_output(l, '\n');
}

static void erase(struct ldisc *l, unsigned which)
{
	const u32 visibly = L_ECHO | L_ECHOE | L_ECHOK | L_ECHOKE;
	bool word = false;

	if (l->in_head == l->in_lines)
		return;
	if (which == VKILL && (l->t.lflag & visibly) != visibly) {
		erase_all(l);
		return;
	}
	while (l->in_head != l->in_lines) {
		u32 pos = l->in_head, n;
		u8 c;

		do {
			c = *in_at(l, --pos);
		} while (continues(l, c) && pos != l->in_lines);
		if (continues(l, c))
			break; /* not a whole character */
		if (which == VWERASE) {
			if (is_letter(c) || (u8)(c - '0') < 10 || c == '_')
				word = true;
			else if (word)
				break;
		}
		n = l->in_head - pos;
		l->in_head = pos;
		if (l_has(l, L_ECHO))
			echo_erased(l, pos, n, which);
		if (which == VERASE)
			break;
	}
	if (l->in_head == l->in_lines && l_has(l, L_ECHO))
		echo_end_erasing(l);
}

static void reprint(struct ldisc *l, u8 c)
{
	echo_end_erasing(l);
	echo(l, c);
	ldisc_output(l, '\n');
	for (u32 pos = l->in_lines; pos != l->in_head; pos++)
		echo(l, *in_at(l, pos));
}

/* Canonical mode's special characters; true: c was one. */
static bool input_edit(struct ldisc *l, u8 c)
{
	bool more = l_has(l, L_IEXTEN);

	if (is_char(l, VERASE, c) || is_char(l, VKILL, c) || (more && is_char(l, VWERASE, c))) {
		erase(l, is_char(l, VERASE, c) ? VERASE : is_char(l, VKILL, c) ? VKILL : VWERASE);
	} else if (more && is_char(l, VLNEXT, c)) {
		l->literal = true;
		if (l_has(l, L_ECHO)) {
			echo_end_erasing(l);
			if (l_has(l, L_ECHOCTL)) {
				put_out(l, '^');
				put_out(l, '\b');
			}
		}
	} else if (more && l_has(l, L_ECHO) && is_char(l, VREPRINT, c)) {
		reprint(l, c);
	} else if (c == '\n') {
		if (l_has(l, L_ECHO | L_ECHONL))
			echo_typed(l, c);
		end_line(l, c);
	} else if (is_char(l, VEOF, c)) {
		end_line(l, EOF_MARK);
	} else if (is_char(l, VEOL, c) || (more && is_char(l, VEOL2, c))) {
		if (l_has(l, L_ECHO))
			echo_typed(l, c);
		if (i_has(l, I_PARMRK) && c == 0xff)
			put_in(l, c);
		end_line(l, c);
	} else {
		return false;
	}
	return true;
}

/* SIGINT, SIGQUIT, SIGTSTP or 0. */
static int input_signal(struct ldisc *l, u8 c)
{
	int sig = is_char(l, VINTR, c) ? SIGINT : is_char(l, VQUIT, c) ? SIGQUIT : is_char(l, VSUSP, c) ? SIGTSTP : 0;

	if (!sig)
		return 0;
	if (!l_has(l, L_NOFLSH)) {
		ldisc_flush_input(l);
		l->events |= LDISC_FLUSH_OUT; /* what has been put out is the master's already */
	}
	if (i_has(l, I_IXON))
		ldisc_stop(l, false);
	if (l_has(l, L_ECHO))
		echo(l, c);
	return sig;
}

static void input_plain(struct ldisc *l, u8 c)
{
	if (l_has(l, L_ECHO))
		echo_typed(l, c);
	if (i_has(l, I_PARMRK) && c == 0xff)
		put_in(l, c);
	put_in(l, c);
}

int ldisc_input(struct ldisc *l, u8 c)
{
	int sig;

	if (i_has(l, I_ISTRIP))
		c &= 0x7f;
	if (i_has(l, I_IUCLC) && l_has(l, L_IEXTEN) && c >= 'A' && c <= 'Z')
		c |= 32;
	if (l->literal) {
		input_plain(l, c);
		l->literal = false;
		return 0;
	}
	if (i_has(l, I_IXON) && (is_char(l, VSTART, c) || is_char(l, VSTOP, c))) {
		ldisc_stop(l, !is_char(l, VSTART, c));
		return 0;
	}
	sig = l_has(l, L_ISIG) ? input_signal(l, c) : 0;
	if (sig)
		return sig;
	if (l->stopped && i_has(l, I_IXON) && i_has(l, I_IXANY))
		ldisc_stop(l, false);
	if (c == '\r') {
		if (i_has(l, I_IGNCR))
			return 0;
		if (i_has(l, I_ICRNL))
			c = '\n';
	} else if (c == '\n' && i_has(l, I_INLCR)) {
		c = '\r';
	}
	if (!l_has(l, L_ICANON) || !input_edit(l, c))
		input_plain(l, c);
	return 0;
}

/* ---- the slave's side ---- */

void ldisc_set(struct ldisc *l, const struct termios2 *t)
{
	u32 was_on = i_has(l, I_IXON) && l->t.cc[VSTART] == 17 && l->t.cc[VSTOP] == 19, is_on;
	bool turned = (l->t.lflag ^ t->lflag) & L_ICANON;

	l->t = *t;
	l->t.cflag = (l->t.cflag & ~0460u) | 060 | 0200; /* CS8 and CREAD, without PARENB: there is no wire */
	is_on = i_has(l, I_IXON) && l->t.cc[VSTART] == 17 && l->t.cc[VSTOP] == 19;
	if (was_on != is_on)
		l->events = (l->events & ~(LDISC_NOSTOP | LDISC_DOSTOP)) | (is_on ? LDISC_DOSTOP : LDISC_NOSTOP);
	if (!i_has(l, I_IXON))
		ldisc_stop(l, false);
	if (!turned)
		return;
	memset(l->marks, 0, sizeof(l->marks));
	l->erasing = l->literal = false;
	if (l_has(l, L_ICANON) && l->in_head != l->in_tail) { /* what is there already is a line */
		set_mark(l, l->in_head - 1);
		l->in_lines = l->in_head;
	} else {
		l->in_lines = l->in_tail;
	}
}

u32 ldisc_pending(const struct ldisc *l)
{
	u32 n = 0;

	if (!l_has(l, L_ICANON))
		return l->in_head - l->in_tail;
	for (u32 pos = l->in_tail; pos != l->in_lines; pos++)
		n += !(marked(l, pos) && *in_at(l, pos) == EOF_MARK);
	return n;
}

u32 ldisc_take(struct ldisc *l, u8 *buf, u32 n, bool *end)
{
	bool lines = l_has(l, L_ICANON);
	u32 done = 0, stop = lines ? l->in_lines : l->in_head;

	*end = false;
	while (l->in_tail != stop && !*end) {
		u8 c = *in_at(l, l->in_tail);
		bool mark = lines && marked(l, l->in_tail), eof = mark && c == EOF_MARK;

		if (done == n && !eof)
			break; /* VEOF right behind what was asked for ends this read, not the next one */
		if (lines)
			clear_mark(l, l->in_tail);
		l->in_tail++;
		if (!eof)
			buf[done++] = c;
		*end = mark;
	}
	if (!lines && l->in_tail == l->in_head)
		l->in_lines = l->in_tail;
	return done;
}

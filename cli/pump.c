/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pump.h"
#include "ctl.h"
#include "msg.h"
#include "signals.h"
#include "sink.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	     65536
#define TERM_GRACE   5000 /* ms from TERM to the kill */
#define INT_WINDOW   5000 /* ms in which a second Ctrl-C kills */
#define EXIT_GRACE   2000 /* ms for a machine to end after its program has */
#define DIAG_KEPT    4096
#define OWN_VMM	     "uhyve: " /* how its messages begin: whole ones, as ours are */

/* From a port of the guest to one of the user's descriptors. */
struct outflow {
	int from; /* -1 once it has ended */
	struct sink *to;
	size_t at, len;
	char buf[CHUNK];
};

/* From the user's stdin to the guest. */
struct inflow {
	uint64_t sent; /* bytes given to the guest or in buf */
	bool watched; /* the guest is to hear when stdin becomes readable */
	size_t at, len;
	char buf[CHUNK];
};

enum {
	SLOT_SIGNALS,
	SLOT_CTL,
	SLOT_IN,
	SLOT_IO,
	SLOT_DIAG,
	SLOT_FLOW, /* three of each */
	SLOT_SINK = SLOT_FLOW + 3,
	SLOT_COUNT = SLOT_SINK + 3,
};

enum { FLOW_OUT, FLOW_ERR, FLOW_LOG, FLOWS };

struct pump {
	struct machine *m;
	const struct stdio_state *stdio;
	const char *name;
	bool verbose;
	int signals;
	struct sink out, err;
	struct outflow flow[FLOWS];
	struct inflow in;
	struct ctl_in ctl_in;
	struct ctl_out ctl_out;
	struct terminal term;
	char diag[DIAG_KEPT];
	size_t diag_len;
	int64_t kill_at; /* ms; 0: no limit runs */
	int64_t last_int; /* ms of the last Ctrl-C, 0: none */
	int killed_by; /* signal for which we killed the machine, 0: we did not */
	const char *broken; /* how the guest broke the protocol */
	struct pollfd pfd[SLOT_COUNT];
};

static int64_t pump_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1; /* never 0 */
}

static void pump_kill(struct pump *p)
{
	kill(-p->m->pid, SIGKILL); /* not reaped yet, so the number is still its own */
	p->kill_at = 0;
}

/* --- output --- */

static bool flow_busy(const struct outflow *f)
{
	return f->from >= 0 || f->at < f->len;
}

static void flow_read(struct outflow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n > 0) {
		f->at = 0;
		f->len = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		f->from = -1;
	}
}

/* The reader of descriptor 1 or 2 is gone: the program is to hear of it, even if it does not write. */
static void pump_sink_dead(struct pump *p, const struct sink *s)
{
	p->ctl_out.hup[s == &p->out ? 1 : 2] = true;
}

static void flow_write(struct pump *p, struct outflow *f)
{
	bool was_dead = f->to->dead;
	long n;

	if (f->at == f->len)
		return;
	n = sink_write(f->to, f->buf + f->at, f->len - f->at);
	if (n >= 0) {
		f->at += (size_t)n;
		return;
	}
	f->at = f->len;
	if (!was_dead)
		pump_sink_dead(p, f->to);
}

/* --- input --- */

/* How many bytes of stdin may be read now: only what the guest has asked for, see <hermit/ctl.h>. */
static size_t in_allowed(const struct pump *p)
{
	const struct inflow *in = &p->in;
	uint64_t n;

	if (!p->ctl_in.wanted || p->ctl_in.ended || in->len > in->at || p->ctl_in.want <= in->sent)
		return 0;
	n = p->ctl_in.want - in->sent;
	return n < sizeof(in->buf) ? (size_t)n : sizeof(in->buf);
}

static void in_write(struct pump *p)
{
	struct inflow *in = &p->in;
	ssize_t n = send(p->m->io, in->buf + in->at, in->len - in->at, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		in->at += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		in->at = in->len; /* the guest is gone: its end shows elsewhere */
}

static void in_read(struct pump *p)
{
	struct inflow *in = &p->in;
	ssize_t n = read(STDIN_FILENO, in->buf, in_allowed(p));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	p->ctl_in.wanted = false; /* one request, one read */
	if (n > 0) {
		in->at = 0;
		in->len = (size_t)n;
		in->sent += (size_t)n;
		in_write(p);
	} else {
		p->ctl_out.eof = true;
		p->ctl_out.eof_at = in->sent;
	}
}

static void in_tell(struct pump *p, short events)
{
	p->in.watched = !events;
	p->ctl_out.ready = true;
	p->ctl_out.ready_is = (struct hermit_ctl_ready){ .events = (uint32_t)events, .sent = p->in.sent };
}

/* The guest asks whether a read would block; nothing is read for that. */
static void in_poll(struct pump *p)
{
	struct pollfd e = { .fd = STDIN_FILENO, .events = POLLIN };

	p->ctl_in.polled = false;
	in_tell(p, poll(&e, 1, 0) > 0 ? e.revents : 0);
}

/* --- control --- */

static void pump_control(struct pump *p)
{
	int r = ctl_receive(&p->ctl_in, p->m->ctl, &p->broken);

	if (r == -EPIPE) {
		close(p->m->ctl);
		p->m->ctl = -1;
	} else if (r == -EPROTO) {
		pump_kill(p);
		close(p->m->ctl);
		p->m->ctl = -1;
	}
	if (p->ctl_in.polled)
		in_poll(p);
	if (p->ctl_in.termios_set) {
		p->ctl_in.termios_set = false;
		terminal_set(&p->term, &p->ctl_in.termios);
	}
	if (p->ctl_in.ended && !p->killed_by)
		p->kill_at = pump_now() + EXIT_GRACE;
}

static void pump_stop(struct pump *p)
{
	kill(-p->m->pid, SIGSTOP);
	terminal_restore(&p->term);
	signals_stop();
	terminal_resume(&p->term);
	kill(-p->m->pid, SIGCONT);
}

static void pump_signal(struct pump *p, int sig)
{
	int64_t now = pump_now();

	switch (sig) {
	case SIGTSTP:
		pump_stop(p);
		return;
	case SIGWINCH:
		if (!stdio_winsize(p->stdio, &p->ctl_out.win))
			p->ctl_out.winsize = true; /* which raises the signal in the program */
		else
			p->ctl_out.signals |= 1ull << sig;
		return;
	case SIGINT:
		if (p->last_int && now - p->last_int <= INT_WINDOW) {
			p->killed_by = SIGINT;
			pump_kill(p);
			return;
		}
		p->last_int = now;
		break;
	case SIGTERM:
		if (!p->kill_at)
			p->kill_at = now + TERM_GRACE;
		break;
	default:
		break;
	}
	p->ctl_out.signals |= 1ull << sig;
}

static void pump_signals(struct pump *p)
{
	unsigned char sigs[64];
	ssize_t n;

	while ((n = read(p->signals, sigs, sizeof(sigs))) > 0)
		for (ssize_t i = 0; i < n; i++)
			pump_signal(p, sigs[i]);
}

/* What the VMM itself has to say: shown if the user wants to see, else kept for a failure's message. */
static void pump_diag(struct pump *p)
{
	char buf[1024];
	ssize_t n = read(p->m->diag, buf, sizeof(buf));

	if (n <= 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		close(p->m->diag);
		p->m->diag = -1;
		return;
	}
	if (p->verbose)
		sink_write(&p->err, buf, (size_t)n);
	if ((size_t)n > sizeof(p->diag) - 1 - p->diag_len)
		n = (ssize_t)(sizeof(p->diag) - 1 - p->diag_len);
	memcpy(p->diag + p->diag_len, buf, (size_t)n);
	p->diag_len += (size_t)n;
}

/* --- the loop --- */

static void slot(struct pump *p, int i, int fd, short events)
{
	p->pfd[i] = (struct pollfd){ .fd = fd, .events = events };
}

static void pump_interest(struct pump *p)
{
	struct sink *const sinks[FLOWS] = { &p->out, &p->err, &p->err };
	bool write_in = p->in.at < p->in.len;

	slot(p, SLOT_SIGNALS, p->signals, POLLIN);
	slot(p, SLOT_CTL, p->m->ctl, ctl_pending(&p->ctl_out) ? POLLIN | POLLOUT : POLLIN);
	slot(p, SLOT_IN, in_allowed(p) || (p->in.watched && !p->ctl_in.ended) ? STDIN_FILENO : -1, POLLIN);
	slot(p, SLOT_IO, write_in ? p->m->io : -1, POLLOUT);
	slot(p, SLOT_DIAG, p->m->diag, POLLIN);
	for (int i = 0; i < FLOWS; i++) {
		struct outflow *f = &p->flow[i];
		bool full = f->at < f->len;

		slot(p, SLOT_FLOW + i, full ? -1 : f->from, POLLIN);
		/* Without events poll still tells of a reader that went away. */
		slot(p, SLOT_SINK + i, sinks[i]->dead ? -1 : sink_poll_fd(sinks[i]), full ? POLLOUT : 0);
	}
}

static bool pump_running(const struct pump *p)
{
	if (p->m->ctl >= 0)
		return true;
	for (int i = 0; i < FLOWS; i++)
		if (flow_busy(&p->flow[i]))
			return true;
	return p->m->diag >= 0;
}

static int pump_timeout(struct pump *p)
{
	int64_t left;

	if (!p->kill_at)
		return -1;
	left = p->kill_at - pump_now();
	return left > 0 ? (int)left : 0;
}

static void pump_deadline(struct pump *p)
{
	if (!p->kill_at || pump_now() < p->kill_at)
		return;
	if (!p->ctl_in.ended)
		p->killed_by = SIGTERM;
	pump_kill(p);
}

static void pump_events(struct pump *p)
{
	const struct pollfd *e = p->pfd;

	if (e[SLOT_SIGNALS].revents)
		pump_signals(p);
	if (e[SLOT_CTL].revents & POLLOUT)
		ctl_send(&p->ctl_out, p->m->ctl);
	if (e[SLOT_CTL].revents & ~POLLOUT && p->m->ctl >= 0)
		pump_control(p);
	if (e[SLOT_DIAG].revents)
		pump_diag(p);
	if (e[SLOT_IO].revents)
		in_write(p);
	if (e[SLOT_IN].revents && p->in.watched)
		in_tell(p, e[SLOT_IN].revents);
	if (e[SLOT_IN].revents && in_allowed(p))
		in_read(p);
	for (int i = 0; i < FLOWS; i++) {
		struct outflow *f = &p->flow[i];

		if (e[SLOT_FLOW + i].revents)
			flow_read(f);
		flow_write(p, f);
		if ((e[SLOT_SINK + i].revents & (POLLERR | POLLHUP | POLLNVAL)) && !f->to->dead &&
		    f->at == f->len) {
			f->to->dead = true;
			pump_sink_dead(p, f->to);
		}
	}
}

/* --- the end --- */

/* What the VMM said last, warnings left out: it is the last word that ended it. */
static void pump_last_word(struct pump *p, char *line, size_t size)
{
	char *rest = p->diag, *l;

	p->diag[p->diag_len] = 0;
	line[0] = 0;
	while ((l = strsep(&rest, "\n")))
		if (*l && (!strstr(l, "warning:") || !line[0]))
			snprintf(line, size, "%s", l);
}

/* No exit message came: say what is known about why. */
static int pump_failed(struct pump *p, int wait_status, bool ended)
{
	char line[512];

	if (p->killed_by) {
		msg_error(p->name, p->killed_by == SIGINT ? "second Ctrl-C" : "it did not end in 5 s after SIGTERM",
			  "killed");
		return 128 + p->killed_by;
	}
	pump_last_word(p, line, sizeof(line));
	if (p->broken)
		msg_error(p->name, "is the kernel of this version?", "the kernel sent %s", p->broken);
	else if (!strncmp(line, OWN_VMM, sizeof(OWN_VMM) - 1)) /* it has said all there is to say */
		msg_note("%s", line + sizeof(OWN_VMM) - 1);
	else if (p->diag_len)
		msg_error(p->name, "HERMIT_VERBOSE=1 shows more", "the machine failed: %s", line);
	else if (!ended)
		msg_error(p->name, "HERMIT_VERBOSE=1 shows more", "the machine closed its ports and went on");
	else if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL)
		msg_error(p->name, "was memory short?", "the machine was killed");
	else if (WIFSIGNALED(wait_status))
		msg_error(p->name, "HERMIT_VERBOSE=1 shows more", "the machine crashed with signal %d",
			  WTERMSIG(wait_status));
	else
		msg_error(p->name, "HERMIT_VERBOSE=1 shows the kernel's log",
			  "the machine ended without the program's exit status");
	return STATUS_LOADER;
}

static int pump_lost(const struct sink *s, const char *what)
{
	if (!s->error)
		return 0;
	msg_error(what, "output was lost", "%s", strerror(s->error));
	return STATUS_LOADER;
}

static int pump_status(struct pump *p)
{
	bool ended;
	int wait_status = machine_end(p->m, &ended);
	const struct hermit_ctl_exit *e = &p->ctl_in.exit;
	int lost = pump_lost(&p->out, "stdout");

	if (!lost)
		lost = pump_lost(&p->err, "stderr");
	if (!p->ctl_in.ended)
		return pump_failed(p, wait_status, ended);
	if (lost)
		return lost;
	return e->signal ? 128 + e->signal : e->status & 0xff;
}

int pump_run(struct machine *m, const struct stdio_state *s, const char *name, bool verbose)
{
	static struct pump pump; /* large, and there is one run in a process */
	struct pump *p = &pump;

	p->m = m;
	p->stdio = s;
	p->name = name;
	p->verbose = verbose;
	p->term.fd = s->tty;
	sink_open(&p->out, STDOUT_FILENO);
	sink_open(&p->err, STDERR_FILENO);
	p->flow[FLOW_OUT] = (struct outflow){ .from = m->io, .to = &p->out };
	p->flow[FLOW_ERR] = (struct outflow){ .from = m->err, .to = &p->err };
	p->flow[FLOW_LOG] = (struct outflow){ .from = m->serial, .to = &p->err };
	p->signals = signals_open();
	if (p->signals < 0)
		p->kill_at = 1;
	while (pump_running(p)) {
		pump_interest(p);
		if (poll(p->pfd, SLOT_COUNT, pump_timeout(p)) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		pump_events(p);
		pump_deadline(p);
	}
	terminal_restore(&p->term);
	sink_close(&p->out);
	sink_close(&p->err);
	return pump_status(p);
}

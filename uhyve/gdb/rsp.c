/* SPDX-License-Identifier: MIT */
/*
 * gdb's remote serial protocol ("Remote Protocol" in its manual), the stub's
 * side.  Threads are CPUs, numbered from 1.  What gdb sends is bounded and
 * checked like everything else that comes from outside.
 */
#include "gdb/packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- stops ---- */

static void put_stop(struct gdb *g)
{
	const struct gdb_stop *s = &g->stop;
	static const char *const watches[] = {
		[GDB_WATCH_WRITE] = "watch",
		[GDB_WATCH_READ] = "rwatch",
		[GDB_WATCH_ACCESS] = "awatch",
	};

	if (s->why == GDB_STOP_EXITED) {
		packet_put(g, "W%02x", (unsigned int)s->status & 0xff);
		return;
	}
	packet_put(g, "T%02xthread:%x;", (unsigned int)s->signal & 0xff, s->cpu + 1);
	if (s->why == GDB_STOP_BREAK_SOFT)
		packet_put(g, "swbreak:;");
	else if (s->why == GDB_STOP_BREAK_HARD)
		packet_put(g, "hwbreak:;");
	else if (s->why == GDB_STOP_WATCH)
		packet_put(g, "%s:%llx;", watches[s->watch], (unsigned long long)s->addr);
}

void gdb_stopped(struct gdb *g, const struct gdb_stop *stop)
{
	if (!g->running)
		return;
	g->running = false;
	g->stop = *stop;
	g->cpu = stop->cpu < g->target->cpus ? stop->cpu : 0;
	g->out_len = 0;
	put_stop(g);
	packet_send_reply(g);
}

/* ---- threads ---- */

/* A thread id as gdb writes it: -1 all, 0 any, else a CPU's number + 1.  *cpu is -1 for all. */
static bool take_thread(struct gdb *g, const char **s, int *cpu)
{
	uint64_t n;

	if (packet_take_word(s, "-1")) {
		*cpu = -1;
		return true;
	}
	if (!packet_take_number(s, &n) || n > g->target->cpus)
		return false;
	*cpu = n ? (int)n - 1 : (int)g->cpu;
	return true;
}

static void do_set_thread(struct gdb *g, const char *s)
{
	char op = *s;
	int cpu;

	if ((op != 'g' && op != 'c') || !(s++, take_thread(g, &s, &cpu)) || *s) {
		packet_put_error(g, -EINVAL);
		return;
	}
	if (op == 'g' && cpu >= 0)
		g->cpu = (unsigned int)cpu;
	packet_put(g, "OK");
}

static void do_thread_alive(struct gdb *g, const char *s)
{
	int cpu;

	packet_put_result(g, take_thread(g, &s, &cpu) && !*s ? 0 : -EINVAL);
}

static void put_threads(struct gdb *g)
{
	const char *sep = "m";

	for (; g->listed < g->target->cpus; g->listed++) {
		if (g->out_len > GDB_PACKET_MAX - 16)
			return;
		packet_put(g, "%s%x", sep, g->listed + 1);
		sep = ",";
	}
	if (*sep == 'm')
		packet_put(g, "l");
}

static void do_thread_info(struct gdb *g, const char *s)
{
	char text[96];
	int cpu;

	if (!take_thread(g, &s, &cpu) || cpu < 0) {
		packet_put_error(g, -EINVAL);
		return;
	}
	g->target->describe(g->target, (unsigned int)cpu, text, sizeof(text));
	packet_put_hex(g, text, strlen(text));
}

/* ---- registers ---- */

static void do_read_regs(struct gdb *g)
{
	bool avx = g->target->avx;
	struct gdb_regs r;
	int err = g->target->read_regs(g->target, g->cpu, &r);
	unsigned int size;

	if (err) {
		packet_put_error(g, err);
		return;
	}
	for (unsigned int n = 0; n < gdb_reg_count(avx); n++) {
		void *p = gdb_reg(&r, n, avx, &size);

		packet_put_hex(g, p, size);
	}
}

static void do_write_regs(struct gdb *g, const char *s)
{
	bool avx = g->target->avx;
	struct gdb_regs r;
	int err = g->target->read_regs(g->target, g->cpu, &r);
	unsigned int size;

	for (unsigned int n = 0; !err && n < gdb_reg_count(avx); n++) {
		void *p = gdb_reg(&r, n, avx, &size);

		if (!packet_take_bytes(&s, p, size))
			err = -EINVAL;
	}
	packet_put_result(g, err ? err : g->target->write_regs(g->target, g->cpu, &r));
}

static void do_read_reg(struct gdb *g, const char *s)
{
	struct gdb_regs r;
	unsigned int size;
	uint64_t n;
	void *p;
	int err;

	if (!packet_take_number(&s, &n) || *s || n > 0xffff ||
	    !(p = gdb_reg(&r, (unsigned int)n, g->target->avx, &size))) {
		packet_put_error(g, -EINVAL);
		return;
	}
	err = g->target->read_regs(g->target, g->cpu, &r);
	if (err)
		packet_put_error(g, err);
	else
		packet_put_hex(g, p, size);
}

static void do_write_reg(struct gdb *g, const char *s)
{
	struct gdb_regs r;
	unsigned int size;
	uint64_t n;
	void *p;
	int err;

	if (!packet_take_number(&s, &n) || !packet_take_char(&s, '=') || n > 0xffff ||
	    !(p = gdb_reg(&r, (unsigned int)n, g->target->avx, &size))) {
		packet_put_error(g, -EINVAL);
		return;
	}
	err = g->target->read_regs(g->target, g->cpu, &r);
	if (!err && (!packet_take_bytes(&s, p, size) || *s))
		err = -EINVAL;
	packet_put_result(g, err ? err : g->target->write_regs(g->target, g->cpu, &r));
}

/* ---- memory ---- */

#define MEM_MAX ((GDB_PACKET_MAX - 64) / 2)

static bool take_range(const char **s, uint64_t *addr, uint64_t *n)
{
	return packet_take_number(s, addr) && packet_take_char(s, ',') && packet_take_number(s, n);
}

static void do_read_mem(struct gdb *g, const char *s)
{
	static uint8_t bytes[MEM_MAX]; /* one thread, see gdb.h */
	uint64_t addr, n;
	int err;

	if (!take_range(&s, &addr, &n) || *s) {
		packet_put_error(g, -EINVAL);
		return;
	}
	if (n > MEM_MAX)
		n = MEM_MAX; /* a shorter reply is allowed */
	err = g->target->read_mem(g->target, g->cpu, addr, bytes, n);
	/* What is there of a range that runs into a hole: up to the end of the page. */
	if (err && n > 4096 - (addr & 4095)) {
		n = 4096 - (addr & 4095);
		err = g->target->read_mem(g->target, g->cpu, addr, bytes, n);
	}
	if (err)
		packet_put_error(g, err);
	else
		packet_put_hex(g, bytes, n);
}

static void do_write_mem(struct gdb *g, const char *s, size_t len, bool binary)
{
	static uint8_t bytes[GDB_PACKET_MAX];
	const char *end = s + len;
	uint64_t addr, n, i;

	if (!take_range(&s, &addr, &n) || !packet_take_char(&s, ':') || n > sizeof(bytes)) {
		packet_put_error(g, -EINVAL);
		return;
	}
	if (!binary) {
		if (!packet_take_bytes(&s, bytes, n) || *s) {
			packet_put_error(g, -EINVAL);
			return;
		}
	} else {
		for (i = 0; i < n && s < end; i++, s++) {
			bool escaped = *s == '}';

			if (escaped && ++s == end)
				break;
			bytes[i] = (uint8_t)(escaped ? *s ^ 0x20 : *s);
		}
		if (i < n || s != end) {
			packet_put_error(g, -EINVAL);
			return;
		}
	}
	packet_put_result(g, n ? g->target->write_mem(g->target, g->cpu, addr, bytes, n) : 0);
}

static void do_point(struct gdb *g, const char *s, bool insert)
{
	uint64_t type, addr, len;

	if (!packet_take_number(&s, &type) || !packet_take_char(&s, ',') || !take_range(&s, &addr, &len) ||
	    *s || !len || len > 8) {
		packet_put_error(g, -EINVAL);
		return;
	}
	if (type > GDB_WATCH_ACCESS)
		return; /* the empty reply: not known */
	packet_put_result(g, (insert ? g->target->insert : g->target->remove)(g->target, (enum gdb_point)type,
									      addr, (unsigned int)len));
}

/* ---- going on ---- */

static void set_running(struct gdb *g, const enum gdb_go *go)
{
	g->running = true;
	g->target->go(g->target, go);
}

/* vCont;ACTION[:THREAD]...: for each CPU the first action that names it. */
static bool take_actions(struct gdb *g, const char *s, enum gdb_go *go)
{
	bool said[GDB_CPUS_MAX] = {false};

	while (packet_take_char(&s, ';')) {
		enum gdb_go what;
		uint64_t sig;
		int cpu = -1;

		if (*s != 'c' && *s != 's' && *s != 'C' && *s != 'S')
			return false;
		what = *s == 's' || *s == 'S' ? GDB_STEP : GDB_CONT;
		/* A signal to go on with is not for a CPU: it is taken back, as a debugger of machines does.
		 */
		if ((s++, s[-1] < 'a') && !packet_take_number(&s, &sig))
			return false;
		if (packet_take_char(&s, ':') && !take_thread(g, &s, &cpu))
			return false;
		for (unsigned int i = 0; i < g->target->cpus; i++)
			if (!said[i] && (cpu < 0 || (unsigned int)cpu == i)) {
				said[i] = true;
				go[i] = what;
			}
	}
	return *s == 0;
}

static void do_vcont(struct gdb *g, const char *s)
{
	enum gdb_go go[GDB_CPUS_MAX] = {GDB_HALT};
	bool any = false;

	if (take_actions(g, s, go))
		for (unsigned int i = 0; i < g->target->cpus; i++)
			any |= go[i] != GDB_HALT;
	if (any)
		set_running(g, go);
	else
		packet_put_error(g, -EINVAL);
}

/* c and s, of gdbs without vCont: the CPU of Hg steps alone, or all go on. */
static void do_resume(struct gdb *g, const char *s, enum gdb_go what)
{
	enum gdb_go go[GDB_CPUS_MAX] = {GDB_HALT};

	if (*s) {
		packet_put_error(g, -EINVAL); /* from an address: no gdb asks for it */
		return;
	}
	for (unsigned int i = 0; i < g->target->cpus; i++)
		go[i] = what == GDB_CONT || i == g->cpu ? what : GDB_HALT;
	set_running(g, go);
}

/* ---- queries ---- */

static void do_transfer(struct gdb *g, const char *s)
{
	const char *xml = gdb_target_xml(g->target->avx);
	size_t len = strlen(xml), left;
	uint64_t at, n;

	if (!take_range(&s, &at, &n) || *s) {
		packet_put_error(g, -EINVAL);
		return;
	}
	left = at < len ? len - at : 0;
	if (n > GDB_PACKET_MAX - 64)
		n = GDB_PACKET_MAX - 64;
	packet_put(g, left > n ? "m" : "l");
	packet_put_mem(g, xml + (at < len ? at : len), left > n ? n : left);
}

static void do_query(struct gdb *g, const char *s)
{
	if (packet_take_word(&s, "Supported")) {
		packet_put(g,
			   "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;swbreak+;hwbreak+;"
			   "vContSupported+",
			   GDB_PACKET_MAX);
	} else if (!strcmp(s, "C")) {
		packet_put(g, "QC%x", g->cpu + 1);
	} else if (!strcmp(s, "Attached")) {
		packet_put(g, "1");
	} else if (!strcmp(s, "fThreadInfo")) {
		g->listed = 0;
		put_threads(g);
	} else if (!strcmp(s, "sThreadInfo")) {
		put_threads(g);
	} else if (packet_take_word(&s, "ThreadExtraInfo,")) {
		do_thread_info(g, s);
	} else if (packet_take_word(&s, "Xfer:features:read:target.xml:")) {
		do_transfer(g, s);
	}
}

static void do_set(struct gdb *g, const char *s)
{
	if (!strcmp(s, "StartNoAckMode")) {
		g->no_ack = true;
		packet_put(g, "OK");
	}
}

static void do_v(struct gdb *g, const char *s)
{
	if (!strcmp(s, "Cont?")) {
		packet_put(g, "vCont;c;C;s;S");
	} else if (packet_take_word(&s, "Cont")) {
		do_vcont(g, s);
	} else if (packet_take_word(&s, "Kill;")) {
		packet_put(g, "OK");
		g->ended = true;
	}
}

/* One packet.  Whether a reply is due; an empty one says that it is not known. */
static bool do_packet(struct gdb *g, const char *s, size_t len)
{
	switch (*s) {
	case '?':
		put_stop(g);
		break;
	case 'H':
		do_set_thread(g, s + 1);
		break;
	case 'T':
		do_thread_alive(g, s + 1);
		break;
	case 'g':
		do_read_regs(g);
		break;
	case 'G':
		do_write_regs(g, s + 1);
		break;
	case 'p':
		do_read_reg(g, s + 1);
		break;
	case 'P':
		do_write_reg(g, s + 1);
		break;
	case 'm':
		do_read_mem(g, s + 1);
		break;
	case 'M':
	case 'X':
		do_write_mem(g, s + 1, len - 1, *s == 'X');
		break;
	case 'Z':
	case 'z':
		do_point(g, s + 1, *s == 'Z');
		break;
	case 'c':
	case 's':
		do_resume(g, s + 1, *s == 'c' ? GDB_CONT : GDB_STEP);
		break;
	case 'q':
		do_query(g, s + 1);
		break;
	case 'Q':
		do_set(g, s + 1);
		break;
	case 'v':
		do_v(g, s + 1);
		if (g->ended)
			g->target->kill(g->target);
		break;
	case 'D':
		packet_put(g, "OK");
		g->ended = true;
		g->target->detach(g->target);
		break;
	case 'k':
		g->ended = true;
		g->target->kill(g->target);
		return false;
	default:
		break;
	}
	return !g->running;
}

/* ---- bytes ---- */

static void packet_end(struct gdb *g)
{
	bool good = g->sum == g->want && g->in_len < sizeof(g->in), quiet = g->no_ack;

	if (!quiet)
		packet_raw_send(g, good ? "+" : "-", 1);
	if (!good && !quiet)
		return;
	g->in[good ? g->in_len : 0] = 0;
	g->out_len = 0;
	if (!good)
		packet_put_error(g, -EIO);
	else if (!do_packet(g, g->in, g->in_len))
		return;
	packet_send_reply(g);
}

static void input_byte(struct gdb *g, uint8_t c)
{
	int digit;

	switch (g->state) {
	case GDB_IDLE:
		if (c == '$') {
			g->state = GDB_BODY;
			g->sum = 0;
			g->in_len = 0;
		} else if (c == 3 && g->running) {
			g->target->interrupt(g->target);
		}
		break;
	case GDB_BODY:
		if (c == '#') {
			g->state = GDB_SUM1;
		} else {
			g->sum = (uint8_t)(g->sum + c);
			if (g->in_len < sizeof(g->in)) /* else it is too long, and refused at its end */
				g->in[g->in_len++] = (char)c;
		}
		break;
	case GDB_SUM1:
	case GDB_SUM2:
		digit = packet_hex_digit((char)c);
		g->want = (uint8_t)(g->want << 4 | (digit < 0 ? 0 : digit));
		if (g->state == GDB_SUM1) {
			g->state = GDB_SUM2;
			break;
		}
		g->state = GDB_IDLE;
		if (!g->running) /* gdb sends nothing but an interrupt then */
			packet_end(g);
		break;
	}
}

void gdb_input(struct gdb *g, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n && !g->ended && !g->broken; i++)
		input_byte(g, ((const uint8_t *)bytes)[i]);
}

void gdb_begin(struct gdb *g, struct gdb_target *t, bool (*send)(void *, const void *, size_t), void *arg,
	       const struct gdb_stop *stop)
{
	memset(g, 0, offsetof(struct gdb, in));
	g->target = t;
	g->send = send;
	g->arg = arg;
	g->stop = *stop;
	g->cpu = stop->cpu < t->cpus ? stop->cpu : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * gdb's remote protocol as uhyve speaks it (uhyve/gdb/gdb.h), with a machine that is memory and registers.  The input:
 * a byte of choices, then either bytes as they come, or lines, each the body of a packet that is framed here.  In both,
 * a byte 0xff is a machine that stops.
 */
#include "fuzz.h"
#include "gdb/gdb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS	 3
#define RAM_AT	 0x1000u
#define RAM_SIZE 0x3000u

static struct gdb_regs regs[CPUS];
static uint8_t ram[RAM_SIZE];
static unsigned int ends;
static size_t heard;

/* ---- the machine ---- */

static int t_read_regs(struct gdb_target *t, unsigned int cpu, struct gdb_regs *r)
{
	FUZZ_CHECK(cpu < t->cpus);
	*r = regs[cpu];
	return 0;
}

static int t_write_regs(struct gdb_target *t, unsigned int cpu, const struct gdb_regs *r)
{
	FUZZ_CHECK(cpu < t->cpus);
	regs[cpu] = *r;
	return 0;
}

static uint8_t *place(uint64_t addr, size_t n)
{
	return addr >= RAM_AT && n <= RAM_SIZE && addr - RAM_AT <= RAM_SIZE - n ? ram + (addr - RAM_AT) : NULL;
}

static int t_read_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, void *buf, size_t n)
{
	FUZZ_CHECK(cpu < t->cpus);
	if (!place(addr, n))
		return -EFAULT;
	memcpy(buf, place(addr, n), n);
	return 0;
}

static int t_write_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, const void *buf, size_t n)
{
	FUZZ_CHECK(cpu < t->cpus);
	if (!place(addr, n))
		return -EFAULT;
	memcpy(place(addr, n), buf, n);
	return 0;
}

static int t_point(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len)
{
	FUZZ_CHECK(p <= GDB_WATCH_ACCESS && len >= 1 && len <= 8);
	return addr % 16 == 15 ? -ENOSPC : 0;
}

static void t_go(struct gdb_target *t, const enum gdb_go *go)
{
	for (unsigned int i = 0; i < t->cpus; i++)
		FUZZ_CHECK(go[i] == GDB_HALT || go[i] == GDB_CONT || go[i] == GDB_STEP);
}

static void t_nothing(struct gdb_target *t) { }
static void t_end(struct gdb_target *t) { FUZZ_CHECK(++ends == 1); }

static void t_describe(struct gdb_target *t, unsigned int cpu, char *text, size_t size)
{
	FUZZ_CHECK(cpu < t->cpus);
	snprintf(text, size, "CPU %u", cpu);
}

static bool hear(void *arg, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) /* the sanitizer looks at them */
		heard += p[i] ? 1 : 0;
	return true;
}

/* ---- the target ---- */

static void stop(struct gdb *g, struct fuzz_input *in)
{
	uint8_t what = fuzz_u8(in);
	struct gdb_stop s = {
		.cpu = (what >> 3) % CPUS,
		.why = (enum gdb_why)((what & 7) % (GDB_STOP_EXITED + 1)),
		.signal = 5,
		.watch = (enum gdb_point)(GDB_WATCH_WRITE + (what >> 5) % 3),
		.addr = what,
		.status = what,
	};

	gdb_stopped(g, &s);
}

static void packet(struct gdb *g, const uint8_t *body, size_t n)
{
	char tail[4];
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + body[i]);
	snprintf(tail, sizeof(tail), "#%02x", sum);
	gdb_input(g, "$", 1);
	gdb_input(g, body, n);
	gdb_input(g, tail, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gdb g;
	struct gdb_target target = { CPUS,    false,  t_read_regs, t_write_regs, t_read_mem, t_write_mem, t_point,
				     t_point, t_go,   t_nothing,   t_end,	 t_end,	     t_describe };
	static const struct gdb_stop begin = { .signal = 5 };
	struct fuzz_input in = { data, size };
	uint8_t choices = fuzz_u8(&in);

	memset(regs, 0, sizeof(regs));
	for (size_t i = 0; i < sizeof(ram); i++)
		ram[i] = (uint8_t)(i * 7);
	ends = 0;
	target.avx = choices & 1;
	gdb_begin(&g, &target, hear, NULL, &begin);
	if (choices & 2)
		gdb_input(&g, "+$QStartNoAckMode#b0+", 21);
	while (in.left) {
		size_t n = 0;

		if (*in.at == 0xff) {
			in.at++;
			in.left--;
			stop(&g, &in);
			continue;
		}
		while (n < in.left && in.at[n] != 0xff && in.at[n] != '\n')
			n++;
		if (choices & 4)
			gdb_input(&g, in.at, n);
		else
			packet(&g, in.at, n);
		in.at += n;
		in.left -= n;
		if (in.left && *in.at == '\n') {
			in.at++;
			in.left--;
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* gdb's protocol against a machine of two CPUs that is nothing but memory and registers. */
#include "gdb/gdb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RAM_AT	 0x1000
#define RAM_SIZE 0x8000

static struct gdb_regs regs[2];
static uint8_t ram[RAM_SIZE];
static enum gdb_go gone[2];
static int goes, interrupts, detached, killed;
static char points[256];
static struct gdb g;
static char heard[4 * GDB_PACKET_MAX];
static size_t heard_len;

static int t_read_regs(struct gdb_target *t, unsigned int cpu, struct gdb_regs *r)
{
	assert_true(cpu < 2);
	*r = regs[cpu];
	return 0;
}
static int t_write_regs(struct gdb_target *t, unsigned int cpu, const struct gdb_regs *r)
{
	assert_true(cpu < 2);
	regs[cpu] = *r;
	return 0;
}
static bool there(uint64_t addr, size_t n) { return addr >= RAM_AT && n <= RAM_SIZE && addr - RAM_AT <= RAM_SIZE - n; }
static int t_read_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, void *buf, size_t n)
{
	if (!there(addr, n))
		return -EFAULT;
	memcpy(buf, ram + (addr - RAM_AT), n);
	return 0;
}
static int t_write_mem(struct gdb_target *t, unsigned int cpu, uint64_t addr, const void *buf, size_t n)
{
	if (!there(addr, n))
		return -EFAULT;
	memcpy(ram + (addr - RAM_AT), buf, n);
	return 0;
}
static int t_insert(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len)
{
	snprintf(points, sizeof(points), "+%d,%llx,%u", p, (unsigned long long)addr, len);
	return p == GDB_WATCH_READ ? -ENOSPC : 0;
}
static int t_remove(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len)
{
	snprintf(points, sizeof(points), "-%d,%llx,%u", p, (unsigned long long)addr, len);
	return 0;
}
static void t_go(struct gdb_target *t, const enum gdb_go *go)
{
	memcpy(gone, go, sizeof(gone));
	goes++;
}
static void t_interrupt(struct gdb_target *t) { interrupts++; }
static void t_detach(struct gdb_target *t) { detached++; }
static void t_kill(struct gdb_target *t) { killed++; }
static void t_describe(struct gdb_target *t, unsigned int cpu, char *text, size_t size)
{
	snprintf(text, size, "CPU %u", cpu);
}

static struct gdb_target target = {
	.cpus = 2,
	.avx = true,
	.read_regs = t_read_regs,
	.write_regs = t_write_regs,
	.read_mem = t_read_mem,
	.write_mem = t_write_mem,
	.insert = t_insert,
	.remove = t_remove,
	.go = t_go,
	.interrupt = t_interrupt,
	.detach = t_detach,
	.kill = t_kill,
	.describe = t_describe,
};

static bool hear(void *arg, const void *bytes, size_t n)
{
	assert_true(heard_len + n < sizeof(heard));
	memcpy(heard + heard_len, bytes, n);
	heard_len += n;
	heard[heard_len] = 0;
	return true;
}

static int begin(void **state)
{
	static const struct gdb_stop stop = { .signal = 5 };

	memset(regs, 0, sizeof(regs));
	for (size_t i = 0; i < sizeof(ram); i++)
		ram[i] = (uint8_t)(i * 7);
	goes = interrupts = detached = killed = 0;
	target.avx = true;
	gdb_begin(&g, &target, hear, NULL, &stop);
	gdb_input(&g, "+$QStartNoAckMode#b0+", 21);
	heard_len = 0;
	heard[0] = 0;
	return 0;
}

static void say_bytes(const char *body, size_t n)
{
	char tail[4];
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + (uint8_t)body[i]);
	snprintf(tail, sizeof(tail), "#%02x", sum);
	heard_len = 0;
	heard[0] = 0;
	gdb_input(&g, "$", 1);
	gdb_input(&g, body, n);
	gdb_input(&g, tail, 3);
}

/* The reply's body; "" is a reply, too. */
static const char *say(const char *body)
{
	static char reply[GDB_PACKET_MAX + 8];

	say_bytes(body, strlen(body));
	if (!heard_len)
		return "(none)";
	assert_int_equal(heard[0], '$');
	assert_int_equal(heard[heard_len - 3], '#');
	memcpy(reply, heard + 1, heard_len - 4);
	reply[heard_len - 4] = 0;
	return reply;
}

static void answers(void **state)
{
	assert_string_equal(say("?"), "T05thread:1;");
	assert_string_equal(say("qC"), "QC1");
	assert_string_equal(say("qfThreadInfo"), "m1,2");
	assert_string_equal(say("qsThreadInfo"), "l");
	assert_string_equal(say("qThreadExtraInfo,2"), "4350552031");
	assert_string_equal(say("T2"), "OK");
	assert_string_equal(say("T3"), "E16");
	assert_string_equal(say("Hg2"), "OK");
	assert_string_equal(say("qC"), "QC2");
	assert_string_equal(say("Hc-1"), "OK");
	assert_string_equal(say("vMustReplyEmpty"), "");
	assert_string_equal(say("qAttached"), "1");
	assert_non_null(strstr(say("qSupported:multiprocess+;swbreak+"), "qXfer:features:read+"));
}

static void registers_are_where_the_description_says(void **state)
{
	const char *xml = gdb_target_xml(true), *at = xml;
	unsigned int n = 0, bits, total = 0;

	regs[0].rip = 0x1122334455667788;
	regs[0].xmm[3][0] = 0xab;
	regs[0].ymmh[15][15] = 0xcd;
	/* Numbers and sizes of the table are those of the text. */
	while ((at = strstr(at, "<reg name="))) {
		unsigned int size;

		assert_int_equal(sscanf(strstr(at, "bitsize="), "bitsize=\"%u\"", &bits), 1);
		assert_non_null(gdb_reg(&regs[0], n, true, &size));
		assert_int_equal(size * 8, bits);
		total += size;
		n++;
		at++;
	}
	assert_int_equal(n, gdb_reg_count(true));
	assert_int_equal(n, 24 + 8 + 8 + 16 + 1 + 2 + 16);
	assert_int_equal(strlen(say("g")), total * 2);
	assert_string_equal(say("p10"), "8877665544332211");
	assert_string_equal(say("P10=0100000000000000"), "OK");
	assert_int_equal(regs[0].rip, 1);
	assert_int_equal(strncmp(say("p2b"), "ab", 2), 0); /* xmm3: 24 + 8 + 8 + 3 */
	assert_string_equal(say("p4b"), "E16");
	target.avx = false;
	assert_string_equal(say("p3b"), "E16"); /* the first of AVX's */
	assert_null(strstr(gdb_target_xml(false), "avx"));
}

static void all_registers_go_there_and_back(void **state)
{
	char packet[GDB_PACKET_MAX], *all;

	memset(&regs[0], 0x5a, sizeof(regs[0]));
	all = strdup(say("g"));
	memset(&regs[0], 0, sizeof(regs[0]));
	snprintf(packet, sizeof(packet), "G%s", all);
	assert_string_equal(say(packet), "OK");
	assert_string_equal(say("g"), all);
	packet[strlen(packet) - 2] = 0;
	assert_string_equal(say(packet), "E16");
	free(all);
}

static void memory_is_read_and_written(void **state)
{
	assert_string_equal(say("m1001,4"), "070e151c");
	assert_string_equal(say("M1001,2:ffee"), "OK");
	assert_string_equal(say("m1000,4"), "00ffee15");
	say_bytes("X1000,3:}\x03}\x5d\x01", 13);
	assert_string_equal(heard, "$OK#9a");
	assert_memory_equal(ram, "\x23\x7d\x01", 3);
	say_bytes("X1000,0:", 8);
	assert_string_equal(heard, "$OK#9a");
	assert_string_equal(say("m0,4"), "E0e");
	assert_string_equal(say("m9000,10"), "E0e");
	assert_string_equal(say("mffffffffffffffff,2"), "E0e");
	assert_string_equal(say("m11111111111111111,1"), "E16");
	/* More than fits is cut; what runs into a hole ends at its page. */
	assert_true(strlen(say("m1000,7000")) <= GDB_PACKET_MAX);
	assert_int_equal(strlen(say("m8800,2000")), 2 * 0x800);
	say_bytes("X1000,2:}", 9);
	assert_string_equal(heard, "$E16#ac");
	assert_string_equal(say("M1000,2:f"), "E16");
	assert_string_equal(say("M1000,2:ffff00"), "E16");
	assert_string_equal(say("M1000,fffffffff:00"), "E16");
}

static void points_come_and_go(void **state)
{
	assert_string_equal(say("Z0,1234,1"), "OK");
	assert_string_equal(points, "+0,1234,1");
	assert_string_equal(say("z4,ffffffff80000000,8"), "OK");
	assert_string_equal(points, "-4,ffffffff80000000,8");
	assert_string_equal(say("Z3,1,1"), "E1c");
	assert_string_equal(say("Z5,1,1"), "");
	assert_string_equal(say("Z1,1,9"), "E16");
	assert_string_equal(say("z2,0,0"), "E16"); /* a point that nobody can have set */
	assert_string_equal(say("Z1,1"), "E16");
}

static void cpus_go_on_as_told(void **state)
{
	struct gdb_stop stop = { .cpu = 1, .why = GDB_STOP_BREAK_SOFT, .signal = 5 };

	assert_string_equal(say("vCont;s:2;c"), "(none)");
	assert_int_equal(gone[0], GDB_CONT);
	assert_int_equal(gone[1], GDB_STEP);
	/* While it runs only an interrupt counts. */
	assert_string_equal(say("g"), "(none)");
	gdb_input(&g, "\3", 1);
	assert_int_equal(interrupts, 1);
	gdb_stopped(&g, &stop);
	assert_string_equal(heard, "$T05thread:2;swbreak:;#3c");
	gdb_stopped(&g, &stop); /* one stop is told once */
	assert_string_equal(say("qC"), "QC2");
	gdb_input(&g, "\3", 1);
	assert_int_equal(interrupts, 1);

	assert_string_equal(say("vCont;s:1"), "(none)");
	assert_int_equal(gone[0], GDB_STEP);
	assert_int_equal(gone[1], GDB_HALT);
	stop = (struct gdb_stop){ .why = GDB_STOP_WATCH, .signal = 5, .watch = GDB_WATCH_ACCESS, .addr = 0x1234 };
	gdb_stopped(&g, &stop);
	assert_non_null(strstr(heard, "T05thread:1;awatch:1234;"));
	assert_string_equal(say("vCont;C05:1;c"), "(none)");
	assert_int_equal(gone[0], GDB_CONT);
	stop = (struct gdb_stop){ .why = GDB_STOP_EXITED, .status = 3 };
	gdb_stopped(&g, &stop);
	assert_non_null(strstr(heard, "$W03#"));

	goes = 0;
	assert_string_equal(say("vCont"), "E16");
	assert_string_equal(say("vCont;x"), "E16");
	assert_string_equal(say("vCont;s:9"), "E16");
	assert_string_equal(say("vCont;c:1:2"), "E16");
	assert_int_equal(goes, 0);
}

static void end_is_told_once(void **state)
{
	assert_string_equal(say("D"), "OK");
	assert_int_equal(detached, 1);
	assert_true(g.ended);
	assert_string_equal(say("?"), "(none)");
	begin(state);
	assert_string_equal(say("k"), "(none)");
	assert_int_equal(killed, 1);
	begin(state);
	assert_string_equal(say("vKill;1"), "OK");
	assert_int_equal(killed, 1);
}

static void sums_are_checked_and_acknowledged(void **state)
{
	static const struct gdb_stop stop = { .signal = 5 };

	gdb_begin(&g, &target, hear, NULL, &stop);
	heard_len = 0;
	gdb_input(&g, "$?#00", 5);
	assert_string_equal(heard, "-");
	heard_len = 0;
	gdb_input(&g, "$?#3f", 5);
	assert_int_equal(heard[0], '+');
	assert_non_null(strstr(heard, "$T05"));
}

static void description_comes_in_pieces(void **state)
{
	char whole[32768] = "", packet[64];

	for (size_t at = 0;;) {
		const char *r;

		snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,3f", at);
		r = say(packet);
		strcat(whole, r + 1);
		at += strlen(r + 1);
		if (*r == 'l')
			break;
		assert_int_equal(*r, 'm');
	}
	assert_string_equal(whole, gdb_target_xml(true));
	assert_string_equal(say("qXfer:features:read:target.xml:fffffff,10"), "l");
	assert_string_equal(say("qXfer:features:read:other.xml:0,10"), "");
}

/* Rubbish of every kind: cut and changed packets, too long ones, any bytes. */
static void rubbish_is_survived(void **state)
{
	static const char *const seeds[] = {
		"m1000,100", "M1000,4:00112233", "X1000,4:abcd", "Z0,1000,1", "vCont;s:1;c", "P10=0011223344556677",
		"g", "G00", "qXfer:features:read:target.xml:0,fff", "Hg1", "T1", "qThreadExtraInfo,1", "qSupported",
	};
	uint32_t rng = 1;
	char packet[128];

	for (int i = 0; i < 200000; i++) {
		static const struct gdb_stop stop = { .signal = 5 };
		size_t n;

		rng = rng * 1664525 + 1013904223;
		snprintf(packet, sizeof(packet), "%s", seeds[(rng >> 8) % (sizeof(seeds) / sizeof(seeds[0]))]);
		n = strlen(packet);
		for (unsigned int k = rng >> 29; k; k--) {
			rng = rng * 1664525 + 1013904223;
			packet[(rng >> 8) % n] = (char)(rng >> 16);
		}
		if (rng & 0x100)
			n = (rng >> 12) % (n + 1);
		say_bytes(packet, n);
		gdb_stopped(&g, &stop);
		if (g.ended)
			begin(state);
	}
	heard_len = 0;
	gdb_input(&g, "$", 1);
	for (int i = 0; i < 3 * GDB_PACKET_MAX; i++)
		gdb_input(&g, "m", 1);
	gdb_input(&g, "#00", 3);
	assert_string_equal(say("?"), "T05thread:1;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answers, begin),
		cmocka_unit_test_setup(registers_are_where_the_description_says, begin),
		cmocka_unit_test_setup(all_registers_go_there_and_back, begin),
		cmocka_unit_test_setup(memory_is_read_and_written, begin),
		cmocka_unit_test_setup(points_come_and_go, begin),
		cmocka_unit_test_setup(cpus_go_on_as_told, begin),
		cmocka_unit_test_setup(end_is_told_once, begin),
		cmocka_unit_test_setup(sums_are_checked_and_acknowledged, begin),
		cmocka_unit_test_setup(description_comes_in_pieces, begin),
		cmocka_unit_test_setup(rubbish_is_survived, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

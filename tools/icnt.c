/* SPDX-License-Identifier: MIT */
/*
 * icnt: a QEMU TCG plugin (API version 1, QEMU 4.2 and later) that counts the
 * guest's instructions exactly.
 *
 *	-icount shift=0,sleep=off -plugin ./icnt.so,out=FILE[,from=0xADDR][,at=NAME@0xADDR ...][,profile=FILE]
 *
 * Counting starts when `from` is first reached (without it: at reset).  At the
 * first arrival at each `at` address, and at the end ("exit"), a line goes to
 * FILE:
 *	NAME INSNS DISTINCT DISTINCT_SINCE
 * INSNS since `from`; a rep string instruction counts one, and its further
 * iterations count one for each eight.  DISTINCT: different instructions (by
 * address) executed since `from`; DISTINCT_SINCE: since the line before.  TCG's
 * time for code that runs once follows the different ones: each is translated.
 * profile: at the end, a line "ADDRESS COUNT" for each instruction since `from`.
 *
 * Debian ships no qemu-plugin.h; the few things used are declared here, as
 * QEMU's docs/devel/tcg-plugins describes them.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct plugin_tb;
struct plugin_insn;
enum { CB_NO_REGS = 0, INLINE_ADD_U64 = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct plugin_tb *));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct plugin_insn *, void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct plugin_insn *, int, void *, uint64_t);
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct plugin_tb *);
extern struct plugin_insn *qemu_plugin_tb_get_insn(const struct plugin_tb *, size_t);
extern const uint8_t *qemu_plugin_insn_data(const struct plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct plugin_insn *);
extern uint64_t qemu_plugin_insn_vaddr(const struct plugin_insn *);
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

EXPORT int qemu_plugin_version = 1;

#define MARKS	  64
#define REP_WEIGH 8

static struct mark {
	char name[40];
	uint64_t addr;
	bool hit, is_from;
} marks[MARKS];
static int nmarks;

/* One for each address at which an instruction was translated. */
struct site {
	uint64_t addr;
	uint64_t count; /* executions since reset; the translated code adds to it */
	uint64_t at_from, at_last; /* count when counting began, and at the last line */
	struct site *next;
};

#define BUCKETS 65536
static struct site *buckets[BUCKETS];
static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t insns;		/* all but rep string instructions */
static uint64_t reps, rep_more; /* rep string instructions, and their further iterations */
static uint64_t rep_addr, rep_when;
static uint64_t from_insns, from_rep_more;
static FILE *out;
static const char *profile;

static struct site *site_get(uint64_t addr)
{
	struct site **b = &buckets[(addr ^ addr >> 16) % BUCKETS], *s;

	pthread_mutex_lock(&sites_lock);
	for (s = *b; s && s->addr != addr; s = s->next)
		;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			abort();
		s->addr = addr;
		s->next = *b;
		*b = s;
	}
	pthread_mutex_unlock(&sites_lock);
	return s;
}

#define FOR_EACH_SITE(s)                       \
	for (int b_ = 0; b_ < BUCKETS; b_++)   \
		for (struct site *s = buckets[b_]; s; s = s->next)

static void begin(void)
{
	from_insns = insns + reps;
	from_rep_more = rep_more;
	FOR_EACH_SITE(s)
		s->at_from = s->at_last = s->count;
}

static void show(const char *name)
{
	uint64_t distinct = 0, since = 0;

	FOR_EACH_SITE(s) {
		distinct += s->count != s->at_from;
		since += s->count != s->at_last;
		s->at_last = s->count;
	}
	fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name,
		insns + reps - from_insns + (rep_more - from_rep_more) / REP_WEIGH, distinct, since);
	fflush(out);
}

static void on_mark(unsigned cpu, void *arg)
{
	struct mark *m = arg;

	(void)cpu;
	if (m->hit)
		return;
	m->hit = true;
	if (m->is_from)
		begin();
	else
		show(m->name);
}

/* Called once for each iteration: one that follows at once at the same address goes on with the last. */
static void on_rep(unsigned cpu, void *arg)
{
	struct site *s = arg;

	(void)cpu;
	if (s->addr == rep_addr && insns == rep_when) {
		rep_more++;
		return;
	}
	reps++;
	s->count++;
	rep_addr = s->addr;
	rep_when = insns;
}

/* SDM vol. 2, 2.1.1 (prefixes) and the opcodes of ins, outs, movs, cmps, stos, lods, scas. */
static bool is_rep_string(const uint8_t *p, size_t n)
{
	static const uint8_t others[] = { 0x66, 0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65 };
	bool rep = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == 0xf2 || p[i] == 0xf3)
			rep = true;
		else if ((p[i] & 0xf0) != 0x40 && !memchr(others, p[i], sizeof(others)))
			break;
	}
	if (!rep || i == n)
		return false;
	return (p[i] >= 0x6c && p[i] <= 0x6f) || (p[i] >= 0xa4 && p[i] <= 0xa7) || (p[i] >= 0xaa && p[i] <= 0xaf);
}

static void on_translate(plugin_id id, struct plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct plugin_insn *in = qemu_plugin_tb_get_insn(tb, i);
		struct site *s = site_get(qemu_plugin_insn_vaddr(in));

		for (int k = 0; k < nmarks; k++)
			if (marks[k].addr == s->addr)
				qemu_plugin_register_vcpu_insn_exec_cb(in, on_mark, CB_NO_REGS, &marks[k]);
		if (is_rep_string(qemu_plugin_insn_data(in), qemu_plugin_insn_size(in))) {
			qemu_plugin_register_vcpu_insn_exec_cb(in, on_rep, CB_NO_REGS, s);
		} else {
			qemu_plugin_register_vcpu_insn_exec_inline(in, INLINE_ADD_U64, &insns, 1);
			qemu_plugin_register_vcpu_insn_exec_inline(in, INLINE_ADD_U64, &s->count, 1);
		}
	}
}

static void on_exit_(plugin_id id, void *arg)
{
	FILE *f;

	(void)id;
	(void)arg;
	show("exit");
	f = profile ? fopen(profile, "w") : NULL;
	if (!f)
		return;
	FOR_EACH_SITE(s)
		if (s->count != s->at_from)
			fprintf(f, "%" PRIx64 " %" PRIu64 "\n", s->addr, s->count - s->at_from);
	fclose(f);
}

static bool add_mark(const char *name, const char *addr, bool is_from)
{
	struct mark *m = &marks[nmarks];
	char *end;

	if (nmarks == MARKS || snprintf(m->name, sizeof(m->name), "%s", name) >= (int)sizeof(m->name))
		return false;
	m->addr = strtoull(addr, &end, 0);
	m->is_from = is_from;
	nmarks++;
	return *addr && !*end;
}

static bool argument(char *a)
{
	char *at;

	if (!strncmp(a, "from=", 5))
		return add_mark("from", a + 5, true);
	if (!strncmp(a, "at=", 3) && (at = strchr(a, '@'))) {
		*at = 0;
		return add_mark(a + 3, at + 1, false);
	}
	if (!strncmp(a, "profile=", 8)) {
		profile = strdup(a + 8);
		return profile;
	}
	if (!strncmp(a, "out=", 4)) {
		out = fopen(a + 4, "w");
		return out;
	}
	return false;
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	out = stderr;
	for (int i = 0; i < argc; i++) {
		if (!argument(argv[i])) {
			fprintf(stderr, "icnt: bad argument %s\n", argv[i]);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_, NULL);
	return 0;
}

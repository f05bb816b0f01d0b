/* SPDX-License-Identifier: MIT */
/*
 * The short form of the fuzz target: `fuzz_short N [SEED]` makes up N messages, in sessions of some fifty, most of them
 * right in form, some with bytes changed, and gives them to the same function that libFuzzer calls.  With
 * FUZZ_CORPUS=DIR, an absolute path, the sessions are written there: a corpus to start from.
 */
#include "fuzz.h"
#include "hostfs/p9/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* The requests' fields: f a fid, n a name, b w d q numbers, D data with its count. */
static const struct {
	uint8_t type;
	const char *fields;
} forms[] = {
	{P9_TVERSION, "dn"},	   {P9_TAUTH, "fnnd"},
	{P9_TATTACH, "ffnnd"},	   {P9_TFLUSH, "w"},
	{P9_TWALK, "ffW"},	   {P9_TWALK, "ffW"},
	{P9_TWALK, "ffW"},	   {P9_TWALK, "ffW"},
	{P9_TCLUNK, "f"},	   {P9_TREMOVE, "f"},
	{P9_TLOPEN, "fo"},	   {P9_TLOPEN, "fo"},
	{P9_TLCREATE, "fnomd"},	   {P9_TREAD, "fqd"},
	{P9_TREAD, "fqd"},	   {P9_TWRITE, "fqD"},
	{P9_TREADDIR, "fqd"},	   {P9_TFSYNC, "fd"},
	{P9_TLOCK, "fbdqqdn"},	   {P9_TGETLOCK, "fbqqdn"},
	{P9_TGETATTR, "fq"},	   {P9_TSETATTR, "fdmddqqqqq"},
	{P9_TSTATFS, "f"},	   {P9_TMKDIR, "fnmd"},
	{P9_TMKNOD, "fnmddd"},	   {P9_TSYMLINK, "fnnd"},
	{P9_TLINK, "ffn"},	   {P9_TREADLINK, "f"},
	{P9_TRENAME, "ffn"},	   {P9_TRENAMEAT, "fnfn"},
	{P9_TUNLINKAT, "fnu"},	   {P9_TXATTRWALK, "ffx"},
	{P9_TXATTRCREATE, "fxSd"},
};

static const char *const names[] = {"f", "d",  "e", "g",   "s",	  "p",	     "up",   "new",   "x",
				    ".", "..", "",  "a/b", "../", "outside", "/etc", "user.a"};
static const char *const xattrs[] = {"", "user.a", "user.b", "trusted.x", "security.capability"};

static uint64_t number(void)
{
	switch (rnd(5)) {
	case 0:
		return UINT64_MAX >> rnd(64);
	case 1:
		return 1ull << rnd(64);
	default:
		return rnd(5000);
	}
}

static void put_name(struct p9_writer *w, const char *s)
{
	p9_put_string(w, s, strlen(s));
}

static void put_field(struct p9_writer *w, char field)
{
	static const uint8_t zeros[3000];
	uint64_t n;

	switch (field) {
	case 'f':
		p9_put(w, rnd(20) ? rnd(8) : P9_NOFID, 4);
		break;
	case 'n':
		put_name(w, names[rnd(sizeof(names) / sizeof(*names))]);
		break;
	case 'x':
		put_name(w, xattrs[rnd(sizeof(xattrs) / sizeof(*xattrs))]);
		break;
	case 'o': /* open flags */
		p9_put(w, rnd(3) | (rnd(4) ? 0 : 1ull << rnd(24)), 4);
		break;
	case 'm': /* modes: mostly such as leave the file usable */
		p9_put(w, rnd(3) ? 0100000 | 0700 | rnd(0100) : number(), 4);
		break;
	case 'u':
		p9_put(w, rnd(2) ? 0 : 0x200, 4);
		break;
	case 'W':
		n = rnd(4);
		p9_put(w, n, 2);
		while (n--)
			put_field(w, 'n');
		break;
	case 'D':
		n = rnd(sizeof(zeros));
		p9_put(w, n, 4);
		p9_put_bytes(w, zeros, n);
		break;
	case 'S':
		p9_put(w, rnd(4) ? rnd(100) : number(), 8);
		break;
	default:
		p9_put(w, number(), field == 'b' ? 1 : field == 'w' ? 2 : field == 'd' ? 4 : 8);
	}
}

static void put_message(struct p9_writer *w, uint8_t type, const char *fields)
{
	uint8_t buf[16384];
	struct p9_writer m = {.buf = buf, .cap = sizeof(buf)};
	size_t len;

	p9_put(&m, 0, 4);
	p9_put(&m, type, 1);
	p9_put(&m, 1, 2);
	while (*fields)
		put_field(&m, *fields++);
	len = m.len;
	m.len = 0;
	p9_put(&m, rnd(50) ? len : number(), 4);
	for (uint64_t changes = rnd(4) ? 0 : rnd(4); changes; changes--)
		buf[rnd(len)] = (uint8_t)rnd(256);
	if (rnd(50) == 0)
		len = rnd(len + 1);
	p9_put(w, len, 2);
	p9_put(w, rnd(4) ? 1 | rnd(256) : rnd(256), 1);
	p9_put_bytes(w, buf, len);
}

static void put_start(struct p9_writer *w)
{
	static const uint8_t start[] = {21,
					0,
					1,
					/* Tversion */ 21,
					0,
					0,
					0,
					100,
					0xff,
					0xff,
					0,
					0,
					2,
					0,
					8,
					0,
					'9',
					'P',
					'2',
					'0',
					'0',
					'0',
					'.',
					'L',
					/* Tattach */ 23,
					0,
					1,
					23,
					0,
					0,
					0,
					104,
					1,
					0,
					1,
					0,
					0,
					0,
					0xff,
					0xff,
					0xff,
					0xff,
					0,
					0,
					0,
					0,
					0,
					0,
					0,
					0};

	p9_put_bytes(w, start, sizeof(start));
}

static void keep(const struct p9_writer *w, unsigned number_of)
{
	const char *dir = getenv("FUZZ_CORPUS");
	char path[4096];
	FILE *f;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%u", dir, number_of);
	f = fopen(path, "we");
	if (!f || fwrite(w->buf, 1, w->len, f) != w->len || fclose(f))
		abort();
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	static uint8_t session[65536];

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0x9e3779b97f4a7c15;
	for (unsigned i = 0; count; i++) {
		struct p9_writer w = {.buf = session, .cap = sizeof(session)};

		put_start(&w);
		for (unsigned n = 0; n < 50 && count && w.len < sizeof(session) - 16387; n++, count--) {
			size_t f = rnd(sizeof(forms) / sizeof(*forms));

			put_message(&w, forms[f].type, forms[f].fields);
		}
		keep(&w, i);
		(void)LLVMFuzzerTestOneInput(session, w.len);
	}
	return 0;
}

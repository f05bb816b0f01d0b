/* SPDX-License-Identifier: MIT */
/*
 * Inputs for the 9P target (p9.c): messages, most of them right in form, some with bytes changed, put between those that
 * are there; and libFuzzer's own changes.
 */
#include "fuzz.h"
#include "hostfs/p9/wire.h"

#include <string.h>

#define MESSAGE_MAX 4096u

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
	static const uint8_t zeros[1000];
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
	uint8_t buf[MESSAGE_MAX - 100];
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

/* A session begins with these two, or it comes to nothing. */
static void put_start(struct p9_writer *w)
{
	static const uint8_t version[] = { 21, 0, 1, 21, 0,   0,   0,	100, 0xff, 0xff, 0,   0,
					   2,  0, 8, 0,	 '9', 'P', '2', '0', '0',  '0',	 '.', 'L' };
	static const uint8_t attach[] = { 23,	0,    1,    23, 0, 0, 0, 104, 1, 0, 1, 0, 0,
					  0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0 };

	p9_put_bytes(w, version, sizeof(version));
	p9_put_bytes(w, attach, sizeof(attach));
}

/* Where a message of the input begins, or its end. */
static size_t boundary(const uint8_t *data, size_t size)
{
	size_t at = 0;

	for (uint64_t n = rnd(64); n; n--) {
		size_t len = size - at < 3 ? size : 3 + (data[at] | (size_t)data[at + 1] << 8);

		if (len > size - at)
			return size;
		at += len;
	}
	return at;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint8_t buf[MESSAGE_MAX];
	struct p9_writer w = { .buf = buf, .cap = sizeof(buf) };
	size_t at, f;

	state = seed * 0x9e3779b97f4a7c15u + 1;
	for (unsigned int i = 0; i < 3; i++) /* or seeds beside each other would begin alike */
		(void)rnd(2);
	if (rnd(2))
		return LLVMFuzzerMutate(data, size, max_size);
	if (size < 4 || rnd(100) == 0)
		put_start(&w);
	f = rnd(sizeof(forms) / sizeof(*forms));
	put_message(&w, forms[f].type, forms[f].fields);
	if (w.len > max_size || size > max_size - w.len)
		return LLVMFuzzerMutate(data, size, max_size);
	at = boundary(data, size);
	memmove(data + at + w.len, data + at, size - at);
	memcpy(data + at, buf, w.len);
	return size + w.len;
}

/* SPDX-License-Identifier: MIT */
#include "fs/cpio.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MAGIC	   "070701" /* without, */
#define MAGIC_CRC  "070702" /* with a checksum, which is not looked at: Linux's boot loader does not make any */
#define MAGIC_LEN  6
#define FIELDS	   13
#define HEADER_LEN (MAGIC_LEN + FIELDS * 8)
#define TRAILER	   "TRAILER!!!"

/* In the order of the header: eight hexadecimal digits each. */
enum field { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEV_MAJOR, DEV_MINOR, RDEV_MAJOR, RDEV_MINOR, NAMESIZE };

void cpio_open(struct cpio *c, const void *archive, size_t len)
{
	*c = (struct cpio){.base = archive, .len = len};
}

static bool has_magic(const u8 *p)
{
	return memcmp(p, MAGIC, MAGIC_LEN) == 0 || memcmp(p, MAGIC_CRC, MAGIC_LEN) == 0;
}

bool cpio_probe(const void *archive, size_t len) { return len >= HEADER_LEN && has_magic(archive); }

#define EACH(byte) ((byte)*0x0101010101010101ull)

/*
 * Eight digits at once, a byte of the word each: an archive has thirteen such numbers an entry, and this runs at
 * every boot.
 */
static bool parse_hex(const u8 *p, u32 *value)
{
	u64 text, digits, letters;

	memcpy(&text, p, sizeof(text));
	/* Bit 6 tells letters from figures; what is neither does not come out the same when written again. */
	digits = (text & EACH(0x0f)) + ((text >> 6) & EACH(0x01)) * 9;
	letters = ((digits + EACH(6)) >> 4) & EACH(0x01);
	if ((digits & EACH(0xf0)) || digits + EACH('0') + letters * ('a' - '9' - 1) != (text | letters * 0x20))
		return false;
	digits = __builtin_bswap64(digits);
	digits = (digits | digits >> 4) & 0x00ff00ff00ff00ffull;
	digits = (digits | digits >> 8) & 0x0000ffff0000ffffull;
	*value = (u32)(digits | digits >> 16);
	return true;
}

/* Whether one of the name's components is "..". */
static bool climbs(const char *name)
{
	for (const char *p = name; *p; p++)
		if (p[0] == '.' && p[1] == '.' && (p == name || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static const char *skip_root(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && (name[1] == '/' || !name[1]))
			name++;
		else
			return name;
	}
}

/* Another archive may follow, after zeros: 1 with pos at its start, else 0. */
static int skip_to_next(struct cpio *c)
{
	static const u8 zeros[4];

	while (c->len - c->pos >= 4 && memcmp(c->base + c->pos, zeros, 4) == 0)
		c->pos += 4;
	if (cpio_probe(c->base + c->pos, c->len - c->pos))
		return 1;
	c->len = c->pos = 0; /* what is there is no archive: the end, from now on */
	return 0;
}

static int fail(struct cpio *c)
{
	c->pos = 1; /* beyond the length: later calls fail too */
	c->len = 0;
	return -EINVAL;
}

static bool is_device(u32 mode) { return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000; }

/* The entry at c->pos; moves on behind it. */
static int read_entry(struct cpio *c, struct cpio_entry *e)
{
	const u8 *h = c->base + c->pos;
	size_t left = c->len - c->pos, name_end, data_end;
	u32 f[FIELDS];
	const char *name;

	if (left < HEADER_LEN || !has_magic(h))
		return -EINVAL;
	/* Device numbers say something of device nodes and of files with several names: seldom there. */
	for (int i = 0; i < FIELDS; i++) {
		if (i == DEV_MAJOR && f[NLINK] <= 1 && !is_device(f[MODE]))
			for (; i < NAMESIZE; i++)
				f[i] = 0;
		if (!parse_hex(h + MAGIC_LEN + i * 8, &f[i]))
			return -EINVAL;
		if (i == NAMESIZE) /* the checksum behind it is not looked at */
			break;
	}
	/* Name and data are padded to 4 bytes, counted from the header, which starts at a multiple of 4. */
	if (f[NAMESIZE] == 0 || f[NAMESIZE] > left - HEADER_LEN)
		return -EINVAL;
	name_end = ALIGN_UP(HEADER_LEN + (size_t)f[NAMESIZE], 4);
	name = (const char *)h + HEADER_LEN;
	/* More than one NUL may follow the name: so packers place the data. */
	if (name[f[NAMESIZE] - 1] || climbs(name))
		return -EINVAL;
	if (name_end > left ? f[FILESIZE] != 0 : f[FILESIZE] > left - name_end)
		return -EINVAL;
	data_end = ALIGN_UP(name_end + f[FILESIZE], 4);
	c->pos += MIN(data_end, left); /* the last padding may be missing */
	*e = (struct cpio_entry){
		.name = skip_root(name),
		.data = h + MIN(name_end, left),
		.size = f[FILESIZE],
		.mode = f[MODE],
		.ino = f[INO],
		.nlink = f[NLINK],
		.dev_major = f[DEV_MAJOR],
		.dev_minor = f[DEV_MINOR],
		.rdev_major = f[RDEV_MAJOR],
		.rdev_minor = f[RDEV_MINOR],
		.uid = f[UID],
		.gid = f[GID],
		.mtime = f[MTIME],
	};
	e->name_len = strlen(e->name);
	return 1;
}

int cpio_next(struct cpio *c, struct cpio_entry *e)
{
	for (;;) {
		if (c->pos > c->len)
			return -EINVAL;
		if (!c->len)
			return 0;
		if (read_entry(c, e) < 0) /* the end without a trailer: cut */
			return fail(c);
		if (strcmp(e->name, TRAILER) != 0)
			return 1;
		if (!skip_to_next(c))
			return 0;
	}
}

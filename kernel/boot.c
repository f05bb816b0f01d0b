/* SPDX-License-Identifier: MIT */
/* The boot record (include/hermit/boot.h), or what takes its place. */
#include "platform/boot.h"
#include "fs/cpio.h"
#include "kernel.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"

struct boot_info boot_info;

static void *must(void *p)
{
	if (!p)
		panic("no memory for the boot record");
	return p;
}

static char *copy_string(const u8 *p, size_t len)
{
	char *s = must(kmalloc(len + 1));

	memcpy(s, p, len);
	s[len] = 0;
	return s;
}

/* Lists of strings grow by one; `*n` does not count the NULL at the end. */
struct strings {
	char **v;
	unsigned n, size;
};

static void strings_add(struct strings *l, char *s)
{
	if (l->n + 2 > l->size) {
		l->size = l->size ? 2 * l->size : 8;
		l->v = must(krealloc(l->v, l->size * sizeof(*l->v)));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

static void copy_fixed(void *dst, size_t size, const u8 *p, size_t len)
{
	if (len >= size)
		memcpy(dst, p, size);
	else
		log_warn("boot record: a record of %lu bytes where %lu are wanted", len, size);
}

static void read_mount(const u8 *p, size_t len)
{
	struct hermit_boot_mount m;
	struct boot_mount *b = &boot_info.mounts[boot_info.mount_count];

	if (len <= sizeof(m) || boot_info.mount_count == BOOT_MOUNTS_MAX || !memchr(p, 0, sizeof(m.tag))) {
		log_warn("boot record: a mount is ignored");
		return;
	}
	memcpy(&m, p, sizeof(m));
	string_copy(b->tag, m.tag, sizeof(b->tag));
	b->flags = m.flags;
	b->path = copy_string(p + sizeof(m), len - sizeof(m));
	boot_info.mount_count++;
}

static void read_record(u32 type, const u8 *p, size_t len, struct strings *args, struct strings *env)
{
	struct boot_info *b = &boot_info;

	switch (type) {
	case HERMIT_BOOT_PROGRAM:
		b->program = copy_string(p, len);
		break;
	case HERMIT_BOOT_ARG:
		strings_add(args, copy_string(p, len));
		break;
	case HERMIT_BOOT_ENV:
		strings_add(env, copy_string(p, len));
		break;
	case HERMIT_BOOT_CWD:
		b->cwd = copy_string(p, len);
		break;
	case HERMIT_BOOT_HOSTNAME:
		b->hostname = copy_string(p, len);
		break;
	case HERMIT_BOOT_HOSTS:
		b->host_dirs = copy_string(p, len);
		b->host_dirs_len = len;
		break;
	case HERMIT_BOOT_MOUNT:
		read_mount(p, len);
		break;
	case HERMIT_BOOT_STDIO:
		copy_fixed(&b->stdio, sizeof(b->stdio), p, len);
		break;
	case HERMIT_BOOT_STDIN_SIZE:
		copy_fixed(&b->stdin_size, sizeof(b->stdin_size), p, len);
		break;
	case HERMIT_BOOT_WINSIZE:
		copy_fixed(&b->winsize, sizeof(b->winsize), p, len);
		break;
	case HERMIT_BOOT_WALLTIME:
		copy_fixed(&b->wall_time, sizeof(b->wall_time), p, len);
		break;
	case HERMIT_BOOT_TSC_KHZ:
		copy_fixed(&b->tsc_khz, sizeof(b->tsc_khz), p, len);
		break;
	case HERMIT_BOOT_IDS:
		copy_fixed(&b->ids, sizeof(b->ids), p, len);
		break;
	case HERMIT_BOOT_FLAGS:
		copy_fixed(&b->flags, sizeof(b->flags), p, len);
		break;
	case HERMIT_BOOT_RANDOM:
		copy_fixed(b->random, sizeof(b->random), p, len);
		b->has_random = len >= sizeof(b->random);
		break;
	}
}

/* Reads the records of [p, p + len) and wipes them. */
static bool read_boot_record(u8 *record, size_t len)
{
	struct strings args = {0}, env = {0};
	struct hermit_boot h;
	size_t pos = sizeof(h);

	if (len < sizeof(h))
		return false;
	memcpy(&h, record, sizeof(h));
	if (h.magic != HERMIT_BOOT_MAGIC || h.version != HERMIT_BOOT_VERSION || h.size > len) {
		log_error("boot record: magic %lx, version %u, size %u of %lu: ignored", h.magic, h.version, h.size, len);
		return false;
	}
	while (pos + sizeof(struct hermit_boot_rec) <= h.size) {
		struct hermit_boot_rec r;

		memcpy(&r, record + pos, sizeof(r));
		pos += sizeof(r);
		if (r.len > h.size - pos) {
			log_error("boot record: cut short");
			break;
		}
		read_record(r.type, record + pos, r.len, &args, &env);
		pos += ALIGN_UP((u64)r.len, 8);
	}
	memset(record, 0, len); /* it holds secrets: the environment, the random seed */
	boot_info.argv = args.v;
	boot_info.argc = args.n;
	boot_info.envp = env.v;
	boot_info.envc = env.n;
	return true;
}

static bool find_boot_record(void)
{
	struct cpio_entry e;
	struct cpio c;

	cpio_open(&c, boot_info.initrd, boot_info.initrd_len);
	while (cpio_next(&c, &e) == 1)
		if (!strcmp(e.name, HERMIT_BOOT_PATH))
			return read_boot_record((u8 *)e.data, e.size);
	return false;
}

/* Without a boot record: the command line is the arguments, after "--" if there is one. */
static void use_cmdline(const char *cmdline)
{
	struct strings args = {0};

	strings_add(&args, must(kstrdup(boot_info.program)));
	for (const char *p = cmdline; *p;) {
		const char *word = p;

		while (*p && *p != ' ')
			p++;
		if (p > word) {
			if (p - word == 2 && word[0] == '-' && word[1] == '-') {
				args.n = 1;
				args.v[1] = NULL;
			} else {
				strings_add(&args, copy_string((const u8 *)word, p - word));
			}
		}
		while (*p == ' ')
			p++;
	}
	boot_info.argv = args.v;
	boot_info.argc = args.n;
}

/* An archive without a boot record: its first executable file is the program. */
static const char *first_executable(void)
{
	struct cpio_entry e;
	struct cpio c;

	cpio_open(&c, boot_info.initrd, boot_info.initrd_len);
	while (cpio_next(&c, &e) == 1) {
		if ((e.mode & 0170000) == 0100000 && e.mode & 0111 && e.name_len) {
			char *path = must(kmalloc(e.name_len + 2));

			path[0] = '/';
			memcpy(path + 1, e.name, e.name_len + 1);
			return path;
		}
	}
	return NULL;
}

void boot_read(const char *cmdline)
{
	static char *no_strings[1];
	struct boot_info *b = &boot_info;

	if (!b->initrd || !b->initrd_len)
		panic("there is no program: give one as initrd");
	b->stdio = (struct hermit_boot_stdio){.kind = {HERMIT_STDIO_TTY, HERMIT_STDIO_TTY, HERMIT_STDIO_TTY},
					      .err_is_out = 1};
	b->ids.umask = 022;
	if (!cpio_probe(b->initrd, b->initrd_len)) {
		b->program = "/program"; /* as vfs_init_root() calls a bare ELF */
		use_cmdline(cmdline);
	} else if (!find_boot_record()) {
		b->program = first_executable();
		if (!b->program)
			panic("the initrd has no boot record and no executable file");
		use_cmdline(cmdline);
	}
	if (!b->program)
		panic("the boot record names no program");
	if (!b->envp)
		b->envp = no_strings;
	if (!b->argv)
		b->argv = no_strings;
	if (!b->cwd)
		b->cwd = "/";
	if (!b->hostname)
		b->hostname = "hermit";
	log_verbose |= (b->flags & HERMIT_BOOT_F_VERBOSE) != 0;
}

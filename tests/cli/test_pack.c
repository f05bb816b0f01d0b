/* SPDX-License-Identifier: MIT */
/* The archive and the boot record, read back by the kernel's own reader and by the rules of boot.h. */
#include "unit.h"
#include "boot_record.h"
#include "pack.h"

#include <fcntl.h>
#include <hermit/boot.h>
#include <sys/stat.h>

/* Of kernel/fs/cpio.h, whose other headers are not for the host. */
struct cpio {
	const unsigned char *base;
	size_t len, pos;
};
struct cpio_entry {
	const char *name;
	size_t name_len;
	const unsigned char *data;
	uint32_t size, mode, ino, nlink, dev_major, dev_minor, rdev_major, rdev_minor, uid, gid, mtime;
};
void cpio_open(struct cpio *c, const void *archive, size_t len);
int cpio_next(struct cpio *c, struct cpio_entry *e);

static struct config config;
static struct stdio_state stdio_state = { .kind = { HERMIT_STDIO_TTY, HERMIT_STDIO_PIPE, HERMIT_STDIO_FILE },
					  .err_is_out = true, .tty = 0, .win = { 25, 80, 0, 0 } };

static void make_program(struct program *p, const char *path, size_t size)
{
	*p = (struct program){ .name = "prog", .fd = memfd_create("prog", MFD_CLOEXEC) };
	snprintf(p->path, sizeof(p->path), "%s", path);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(write(p->fd, &(char){ (char)(i * 7) }, 1), 1);
	fstat(p->fd, &p->st);
	p->st.st_mode = S_IFREG | 0755;
}

/* Walks the records; gives the payload of number `n` of a type, NULL if there is none. */
static const char *record_find(const struct buf *b, uint32_t type, size_t n, uint32_t *len)
{
	struct hermit_boot head;
	size_t at = sizeof(head);

	memcpy(&head, b->data, sizeof(head));
	assert_int_equal(head.magic, HERMIT_BOOT_MAGIC);
	assert_int_equal(head.version, HERMIT_BOOT_VERSION);
	assert_int_equal(head.size, b->len);
	while (at < b->len) {
		struct hermit_boot_rec r;

		memcpy(&r, b->data + at, sizeof(r));
		at += sizeof(r);
		assert_true(at + r.len <= b->len);
		if (r.type == type && n-- == 0) {
			*len = r.len;
			return b->data + at;
		}
		at += (r.len + 7u) & ~7u;
	}
	assert_int_equal(at, b->len);
	return NULL;
}

static void record_is(const struct buf *b, uint32_t type, size_t n, const char *want)
{
	uint32_t len = 0;
	const char *got = record_find(b, type, n, &len);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(got, want, len);
}

static void make_record(struct buf *b, struct program *p, char **env)
{
	struct view v = { .cwd = "/home/me", .nmounts = 1 };

	v.mounts[0] = (struct mount){ .host = "/home/me", .guest = "/home/me", .rdonly = true };
	assert_int_equal(boot_record(b, &config, p, &v, &stdio_state, env), 0);
}

static void record_carries_the_run(void **state)
{
	struct hermit_boot_mount m;
	struct hermit_boot_stdio s;
	struct program p;
	struct buf b = { 0 };
	uint64_t v;
	uint32_t len;

	make_program(&p, "/opt/prog", 10);
	config = (struct config){ .argv = (char *[]){ "prog", "", "two words", "\xff\xfe", NULL },
				  .patch = false, .aslr = true, .verbose = true };
	config.env[config.nenv++] = "A=first";
	config.env[config.nenv++] = "NEW=x";
	config.env[config.nenv++] = "A=last";
	make_record(&b, &p, (char *[]){ "A=old", "AB=kept", "EMPTY=", "odd", NULL });
	record_is(&b, HERMIT_BOOT_PROGRAM, 0, "/opt/prog");
	record_is(&b, HERMIT_BOOT_ARG, 0, "prog");
	record_is(&b, HERMIT_BOOT_ARG, 1, "");
	record_is(&b, HERMIT_BOOT_ARG, 2, "two words");
	record_is(&b, HERMIT_BOOT_ARG, 3, "\xff\xfe");
	record_is(&b, HERMIT_BOOT_ARG, 4, NULL);
	record_is(&b, HERMIT_BOOT_ENV, 0, "AB=kept");
	record_is(&b, HERMIT_BOOT_ENV, 1, "EMPTY=");
	record_is(&b, HERMIT_BOOT_ENV, 2, "odd");
	record_is(&b, HERMIT_BOOT_ENV, 3, "NEW=x");
	record_is(&b, HERMIT_BOOT_ENV, 4, "A=last");
	record_is(&b, HERMIT_BOOT_ENV, 5, NULL);
	record_is(&b, HERMIT_BOOT_CWD, 0, "/home/me");
	const char *mount = record_find(&b, HERMIT_BOOT_MOUNT, 0, &len);
	memcpy(&m, mount, sizeof(m));
	assert_string_equal(m.tag, "hermit0");
	assert_int_equal(m.flags, HERMIT_MOUNT_RDONLY);
	assert_int_equal(len, sizeof(m) + 8);
	assert_memory_equal(mount + sizeof(m), "/home/me", 8);
	memcpy(&s, record_find(&b, HERMIT_BOOT_STDIO, 0, &len), sizeof(s));
	assert_int_equal(s.kind[2], HERMIT_STDIO_FILE);
	assert_int_equal(s.err_is_out, 1);
	memcpy(&v, record_find(&b, HERMIT_BOOT_FLAGS, 0, &len), sizeof(v));
	assert_int_equal(v, HERMIT_BOOT_F_VERBOSE | HERMIT_BOOT_F_NO_PATCH);
	assert_non_null(record_find(&b, HERMIT_BOOT_RANDOM, 0, &len));
	assert_int_equal(len, HERMIT_BOOT_RANDOM_LEN);
	assert_non_null(record_find(&b, HERMIT_BOOT_WALLTIME, 0, &len));
	assert_non_null(record_find(&b, HERMIT_BOOT_IDS, 0, &len));
	buf_free(&b);
	close(p.fd);
}

static void record_takes_arguments_of_any_size(void **state)
{
	char *big = malloc(1 << 20);
	struct program p;
	struct buf b = { 0 };
	uint32_t len;

	memset(big, 'x', (1 << 20) - 1);
	big[(1 << 20) - 1] = 0;
	make_program(&p, "/p", 1);
	config = (struct config){ .argv = (char *[]){ "p", big, NULL } };
	make_record(&b, &p, (char *[]){ NULL });
	assert_non_null(record_find(&b, HERMIT_BOOT_ARG, 1, &len));
	assert_int_equal(len, (1 << 20) - 1);
	buf_free(&b);
	free(big);
	close(p.fd);
}

static void pack_and_walk(const char *path, size_t size)
{
	struct cpio_entry e;
	struct program p;
	struct cpio c;
	struct pack k;
	struct buf record = { 0 };
	bool seen_record = false, seen_program = false;
	unsigned char *map;
	int r;

	make_program(&p, path, size);
	buf_add(&record, "12345678", 8);
	buf_add(&record, path, strlen(path));
	assert_int_equal(pack_make(&k, &p, &record), 0);
	assert_int_equal(lseek(k.fd, 0, SEEK_END), k.size);
	map = mmap(NULL, k.size, PROT_READ, MAP_PRIVATE, k.fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	cpio_open(&c, map, k.size);
	while ((r = cpio_next(&c, &e)) == 1) {
		if (!strcmp(e.name, HERMIT_BOOT_PATH)) {
			seen_record = true;
			assert_int_equal(e.size, record.len);
			assert_memory_equal(e.data, record.data, e.size);
			assert_int_equal((e.data - map) % 8, 0);
		} else if (!strcmp(e.name, path + 1)) {
			seen_program = true;
			assert_int_equal(e.size, size);
			assert_int_equal((e.data - map) % 4096, 0);
			assert_int_equal(e.mode, S_IFREG | 0755);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(e.data[i], (unsigned char)(i * 7));
		} else {
			fail_msg("an entry nobody asked for: %s", e.name);
		}
	}
	assert_int_equal(r, 0);
	assert_true(seen_record && seen_program);
	munmap(map, k.size);
	close(k.fd);
	close(p.fd);
	buf_free(&record);
}

static void archive_holds_record_and_program(void **state)
{
	for (size_t size = 1; size < 9; size++)
		pack_and_walk("/p", size);
	pack_and_walk("/a/b/c/prog", 4096);
	pack_and_walk("/home/someone with spaces/prog", 10001);
}

/* The name field moves the data to a page, whatever its length and what went before. */
static void data_is_on_a_page_for_every_length_of_path(void **state)
{
	char path[4096] = "/";

	for (size_t n = 1; n < 4000; n += 61) {
		memset(path + 1, 'n', n);
		path[n + 1] = 0;
		pack_and_walk(path, 5);
	}
}

static void program_that_shrinks_is_an_error(void **state)
{
	struct buf record = { 0 };
	struct program p;
	struct pack k;

	make_program(&p, "/p", 100);
	p.st.st_size = 200;
	buf_add(&record, "x", 1);
	heard_begin();
	assert_int_equal(pack_make(&k, &p, &record), -EIO);
	assert_heard("cannot be packed");
	p.st.st_size = 1ll << 40;
	heard_begin();
	assert_int_equal(pack_make(&k, &p, &record), -EFBIG);
	assert_heard("larger than 4 GiB");
	buf_free(&record);
	close(p.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_carries_the_run),
		cmocka_unit_test(record_takes_arguments_of_any_size),
		cmocka_unit_test(archive_holds_record_and_program),
		cmocka_unit_test(data_is_on_a_page_for_every_length_of_path),
		cmocka_unit_test(program_that_shrinks_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

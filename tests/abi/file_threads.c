/* SPDX-License-Identifier: MIT */
/*
 * Calls on files from several threads at once, where what each of them may see is known: watches that come and go,
 * a walk beneath a directory that is being moved away, seals against mappings, pipes that are spliced both ways.
 */
#include "abi.h"
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#define ROUNDS 60

static volatile int stop;

static void run(void *(*const fn[])(void *), int n)
{
	pthread_t t[8];

	stop = 0;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, fn[i], (void *)(long)i);
	for (int i = 0; i < n; i++) {
		pthread_join(t[i], NULL);
		if (i == 0)
			stop = 1; /* the first one says how long */
	}
}

/* ---- watches ---- */

static int in;

static void *mutate(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		close(creat("w/a", 0644));
		rename("w/a", "w/b");
		link("w/b", "w/c");
		unlink("w/b");
		chmod("w/c", 0600 + (i & 1));
		unlink("w/c");
		mkdir("w/d", 0755);
		rmdir("w/d");
	}
	return NULL;
}

static void *rewatch(void *arg)
{
	while (!stop) {
		int d = inotify_add_watch(in, "w", IN_ALL_EVENTS), f = inotify_add_watch(in, "w/c", IN_ALL_EVENTS),
		    once = inotify_add_watch(in, "w", IN_CREATE | IN_ONESHOT);

		inotify_rm_watch(in, f);
		inotify_rm_watch(in, once);
		inotify_rm_watch(in, d);
		sched_yield();
	}
	return NULL;
}

static volatile int bad_events;

static void *consume(void *arg)
{
	char buf[4096] __attribute__((aligned(8)));

	while (!stop) {
		ssize_t n = read(in, buf, sizeof(buf));

		for (char *p = buf; n > 0 && p < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)p;

			if (!e->mask || e->wd < -1 || e->len > 32 ||
			    (e->len && (strlen(e->name) != 1 || !strchr("abcd", e->name[0]))))
				bad_events++;
			p += sizeof(*e) + e->len;
		}
		if (n < 0 && errno != EAGAIN)
			bad_events++;
		sched_yield();
	}
	return NULL;
}

static void *instances(void *arg)
{
	while (!stop) {
		int fd = inotify_init1(IN_NONBLOCK);

		inotify_add_watch(fd, "w", IN_ALL_EVENTS);
		inotify_add_watch(fd, "w/c", IN_ALL_EVENTS);
		close(fd);
		sched_yield();
	}
	return NULL;
}

/* ---- walks ---- */

static int box;
static volatile int escapes;

static void *move_away(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		rename("box/in/deep", "deep");
		rename("deep", "box/in/deep");
	}
	return NULL;
}

static void *walk_beneath(void *arg)
{
	struct open_how how = {.flags = O_RDONLY, .resolve = arg == (void *)1 ? RESOLVE_BENEATH : RESOLVE_IN_ROOT};

	while (!stop) {
		int fd = (int)syscall(SYS_openat2, box, "in/deep/../../secret", &how, sizeof(how));

		if (fd >= 0) {
			escapes++;
			close(fd);
		} else if (errno != ENOENT && errno != EXDEV && errno != EAGAIN) {
			escapes += 1000;
		}
		sched_yield();
	}
	return NULL;
}

/* ---- seals ---- */

static volatile int broken;

static void *seal(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = memfd_create("s", MFD_ALLOW_SEALING);

		ftruncate(fd, 4096);
		__atomic_store_n(&box, fd, __ATOMIC_SEQ_CST);
		if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
			char before = 0, after = 0;

			if (pread(fd, &before, 1, 0) != 1)
				broken += 1000;
			sched_yield();
			if (pread(fd, &after, 1, 0) != 1 || before != after)
				broken++;
		}
	} /* they stay open: a number used again would be another file */
	return NULL;
}

static void *map_and_write(void *arg)
{
	char c = 1;

	while (!stop) {
		int fd = __atomic_load_n(&box, __ATOMIC_SEQ_CST);
		char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (p != MAP_FAILED) {
			*p = c++;
			munmap(p, 4096);
		}
		sched_yield();
	}
	return NULL;
}

/* ---- pipes ---- */

static int a[2], b[2];

#define BYTES 200000

static void *feed(void *arg)
{
	char buf[1000];

	for (int at = 0; at < BYTES; at += (int)sizeof(buf)) {
		for (int i = 0; i < (int)sizeof(buf); i++)
			buf[i] = (char)((at + i) % 251);
		if (write(a[1], buf, sizeof(buf)) != sizeof(buf))
			broken++;
	}
	close(a[1]);
	return NULL;
}

static void *pass(void *arg)
{
	ssize_t n;

	while ((n = splice(a[0], NULL, b[1], NULL, 7777, 0)) > 0)
		;
	if (n < 0)
		broken++;
	close(b[1]);
	return NULL;
}

static void *drain(void *arg)
{
	int at = 0, out = open("drained", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char buf[4096];
	ssize_t n;

	while ((n = splice(b[0], NULL, out, NULL, 5000, 0)) > 0)
		;
	lseek(out, 0, SEEK_SET);
	while ((n = read(out, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if (buf[i] != (char)(at % 251))
				broken++;
	if (at != BYTES)
		broken += 1000;
	close(out);
	return NULL;
}

/* ---- attributes ---- */

static void *set_x(void *arg)
{
	char value[64];

	for (int i = 0; i < ROUNDS; i++) {
		memset(value, 'a' + i % 26, sizeof(value));
		setxattr("f", "user.v", value, (size_t)(1 + i % 64), 0);
		if (i % 8 == 7)
			removexattr("f", "user.v");
	}
	return NULL;
}

static void *get_x(void *arg)
{
	char value[64], names[128];

	while (!stop) {
		ssize_t n = getxattr("f", "user.v", value, sizeof(value));

		for (ssize_t i = 1; i < n; i++)
			broken += value[i] != value[0];
		n = listxattr("f", names, sizeof(names));
		if (n != 0 && n != 7)
			broken++;
		sched_yield();
	}
	return NULL;
}

int main(void)
{
	static void *(*const watching[])(void *) = {mutate, rewatch, consume, instances};
	static void *(*const walking[])(void *) = {move_away, walk_beneath, walk_beneath};
	static void *(*const sealing[])(void *) = {seal, map_and_write, map_and_write};
	static void *(*const piping[])(void *) = {feed, pass, drain};
	static void *(*const attributes[])(void *) = {set_x, get_x, get_x};

	mkdir("w", 0755);
	in = inotify_init1(IN_NONBLOCK);
	run(watching, 4);
	close(in);
	IS(!bad_events);

	mkdir("box", 0755);
	mkdir("box/in", 0755);
	mkdir("box/in/deep", 0755);
	abi_put("secret", "not for them");
	box = open("box", O_RDONLY | O_DIRECTORY);
	run(walking, 3);
	close(box);
	IS(!escapes);

	box = -1;
	run(sealing, 3);
	IS(!broken);

	if (pipe(a) || pipe(b))
		return 1;
	run(piping, 3);
	IS(!broken);

	abi_put("f", "");
	run(attributes, 3);
	IS(!broken);
	return 0;
}

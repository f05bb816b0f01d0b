/* SPDX-License-Identifier: MIT */
/* inotify: which events what we do to files gives, in which order; flags; reading; the queue. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static int in;

static const struct {
	unsigned bit;
	const char *name;
} bits[] = {
	{IN_ACCESS, "ACCESS"},	       {IN_MODIFY, "MODIFY"},	  {IN_ATTRIB, "ATTRIB"},	   {IN_CLOSE_WRITE, "CLOSE_WRITE"},
	{IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"},	  {IN_MOVED_FROM, "MOVED_FROM"},   {IN_MOVED_TO, "MOVED_TO"},
	{IN_CREATE, "CREATE"},	       {IN_DELETE, "DELETE"},	  {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"},
	{IN_Q_OVERFLOW, "Q_OVERFLOW"}, {IN_IGNORED, "IGNORED"},	  {IN_ISDIR, "ISDIR"},
};

/* What has come since the last time.  Cookies are numbered as they come. */
static void events(const char *what)
{
	char buf[4096] __attribute__((aligned(8)));
	unsigned last = 0;
	int cookies = 0;
	ssize_t n;

	SAY("-- %s\n", what);
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)p;

			SAY("  %d", e->wd);
			for (unsigned i = 0; i < sizeof(bits) / sizeof(*bits); i++)
				if (e->mask & bits[i].bit)
					SAY(" %s", bits[i].name);
			if (e->cookie) {
				cookies += e->cookie != last;
				last = e->cookie;
				SAY(" cookie %d", cookies);
			}
			if (e->len)
				SAY(" \"%s\" %u", e->name, e->len);
			SAY("\n");
			p += sizeof(*e) + e->len;
		}
	}
	if (errno != EAGAIN)
		SAY("  read: %s\n", strerrorname_np(errno));
}

static void in_directory(void)
{
	char buf[64];
	int fd, wd = T(inotify_add_watch(in, "d", IN_ALL_EVENTS));

	fd = open("d/a", O_RDWR | O_CREAT, 0644);
	events("create");
	if (write(fd, "12", 2) + write(fd, "34", 2) != 4)
		SAY("cannot write\n");
	events("two writes are one event");
	lseek(fd, 0, SEEK_SET);
	if (read(fd, buf, 4) != 4 || read(fd, buf, 4) != 0)
		SAY("cannot read\n");
	events("read");
	fchmod(fd, 0600);
	ftruncate(fd, 2);
	events("mode and size");
	fsetxattr(fd, "user.x", "1", 1, 0);
	fremovexattr(fd, "user.x");
	events("attributes");
	close(fd);
	events("close");
	close(open("d/a", O_RDONLY));
	close(open("d/a", O_PATH));
	events("open and close; O_PATH says nothing");
	close(open("d/a", O_WRONLY | O_TRUNC));
	events("cut by opening");
	utimensat(AT_FDCWD, "d/a", NULL, 0);
	truncate("d/a", 10);
	chmod("d/a", 0644);
	events("by name");
	mkdir("d/sub", 0755);
	mkfifo("/tmp/unrelated-fifo", 0600);
	unlink("/tmp/unrelated-fifo");
	symlink("a", "d/s");
	link("d/a", "d/h");
	events("other kinds");
	rename("d/a", "d/b");
	rename("d/b", "out");
	rename("out", "d/c");
	rename("d/sub", "d/dir");
	events("renames");
	rename("d/c", "d/h"); /* the same file: nothing happens */
	unlink("d/c");
	unlink("d/h");
	unlink("d/s");
	rmdir("d/dir");
	events("removals");
	closedir(opendir("d"));
	fd = open("d", O_RDONLY | O_DIRECTORY);
	syscall(SYS_getdents64, fd, buf, sizeof(buf));
	close(fd);
	events("the directory itself");
	T(inotify_rm_watch(in, wd));
	events("watched no more");
	T(inotify_rm_watch(in, wd));
	abi_put("d/quiet", "x");
	events("nothing");
	unlink("d/quiet");
}

static void of_file(void)
{
	struct stat st;
	int fd;

	abi_put("f", "text");
	T(inotify_add_watch(in, "f", IN_ALL_EVENTS));
	rename("f", "g");
	if (getenv("ABI_TMP")) { /* a server that knows files by name loses this one: docs/limits.md */
		link("g", "h");
		unlink("g");
	} else {
		rename("g", "h");
	}
	stat("h", &st);
	events("moved, linked, one name less");
	fd = open("h", O_RDONLY);
	unlink("h");
	events("no name, but open");
	close(fd);
	events("gone");
	mkdir("e", 0755);
	T(inotify_add_watch(in, "e", IN_DELETE_SELF | IN_MOVE_SELF));
	rename("e", "e2");
	rmdir("e2");
	events("a directory");
	abi_put("old", "1");
	abi_put("new", "2");
	T(inotify_add_watch(in, "old", IN_ATTRIB | IN_DELETE_SELF));
	T(inotify_add_watch(in, "new", IN_MOVE_SELF));
	rename("new", "old");
	events("replaced");
	unlink("old");
	events("the other");
}

/* Both the file and its directory. */
static void both(void)
{
	int dir = T(inotify_add_watch(in, "d", IN_MODIFY | IN_CLOSE | IN_DELETE)), file;

	abi_put("d/x", "");
	file = T(inotify_add_watch(in, "d/x", IN_MODIFY | IN_DELETE_SELF));
	events("before");
	abi_put("d/x", "1");
	events("directory first");
	unlink("d/x");
	events("unlinked");
	T(inotify_rm_watch(in, file));
	T(inotify_rm_watch(in, dir));
	events("end");
}

static void flags(void)
{
	int wd, fd;

	abi_put("f", "x");
	T(inotify_add_watch(in, "f", IN_ONLYDIR | IN_OPEN));
	T(symlink("f", "link"));
	wd = T(inotify_add_watch(in, "link", IN_OPEN));
	close(open("f", O_RDONLY));
	events("through a link");
	T(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_CREATE));
	T(inotify_add_watch(in, "f", IN_CLOSE | IN_MASK_ADD) == wd);
	close(open("f", O_RDONLY));
	events("added");
	T(inotify_add_watch(in, "f", IN_CLOSE) == wd);
	close(open("f", O_RDONLY));
	events("replaced");
	T(inotify_add_watch(in, "f", IN_CLOSE | IN_MASK_ADD | IN_MASK_CREATE));
	T(inotify_rm_watch(in, wd));
	wd = T(inotify_add_watch(in, "link", IN_OPEN | IN_ATTRIB | IN_DONT_FOLLOW));
	close(open("link", O_RDONLY));
	events("not through a link");
	T(inotify_rm_watch(in, wd));
	wd = T(inotify_add_watch(in, "f", IN_OPEN | IN_ONESHOT));
	close(open("f", O_RDONLY));
	close(open("f", O_RDONLY));
	events("once");
	T(inotify_rm_watch(in, wd));
	wd = T(inotify_add_watch(in, "d", IN_MODIFY | IN_EXCL_UNLINK));
	fd = open("d/y", O_WRONLY | O_CREAT, 0644);
	if (write(fd, "1", 1) != 1)
		SAY("cannot write\n");
	unlink("d/y");
	if (write(fd, "2", 1) != 1)
		SAY("cannot write\n");
	events("not of what has no name");
	close(fd);
	T(inotify_rm_watch(in, wd));
	events("flags end");
}

static void errors(void)
{
	int p[2];

	T(inotify_init1(1));
	T(inotify_add_watch(in, "f", 0));
	T(inotify_add_watch(99, "f", IN_OPEN));
	T(inotify_add_watch(99, "f", 0));
	T(inotify_add_watch(in, "missing", IN_OPEN));
	T(inotify_add_watch(in, BAD, IN_OPEN));
	T(inotify_add_watch(in, "", IN_OPEN));
	T(inotify_rm_watch(99, 1));
	T(inotify_rm_watch(in, 9999));
	T(inotify_rm_watch(in, -1));
	T(pipe(p));
	T(inotify_add_watch(p[0], "f", IN_OPEN));
	T(inotify_rm_watch(p[0], 1));
	T(write(in, "x", 1));
	close(p[0]);
	close(p[1]);
	events("no event of it");
}

static void reading(void)
{
	struct pollfd p = {in, POLLIN, 0};
	char buf[256] __attribute__((aligned(8)));
	int n, ep = epoll_create1(0), wd = T(inotify_add_watch(in, "d", IN_CREATE));
	struct epoll_event e = {EPOLLIN, {0}};

	T(epoll_ctl(ep, EPOLL_CTL_ADD, in, &e));
	T(poll(&p, 1, 0));
	T(epoll_wait(ep, &e, 1, 0));
	T(read(in, buf, sizeof(buf)));
	close(creat("d/short", 0644));
	close(creat("d/a-name-of-some-more-letters", 0644));
	T(poll(&p, 1, 0));
	T(p.revents);
	T(epoll_wait(ep, &e, 1, 0));
	T(ioctl(in, FIONREAD, &n));
	T(n);
	T(read(in, buf, 8));
	T(read(in, buf, 31));
	T(read(in, buf, 33));
	T(ioctl(in, FIONREAD, &n));
	T(n);
	T(read(in, buf, 40));
	T(read(in, BAD, 64));
	T(read(in, buf, sizeof(buf)));
	unlink("d/short");
	unlink("d/a-name-of-some-more-letters");
	T(inotify_rm_watch(in, wd));
	close(ep);
	events("read");
}

static void *makes(void *arg)
{
	usleep(30000);
	close(creat("d/late", 0644));
	return NULL;
}

static void waiting(void)
{
	char buf[256] __attribute__((aligned(8)));
	struct inotify_event *e = (struct inotify_event *)buf;
	int fd = OK(inotify_init1(IN_CLOEXEC));
	pthread_t t;

	T(fcntl(fd, F_GETFD));
	T(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	T(inotify_add_watch(fd, "d", IN_CREATE));
	pthread_create(&t, NULL, makes, NULL);
	T(read(fd, buf, sizeof(buf)));
	SAY("%s\n", e->name);
	pthread_join(t, NULL);
	unlink("d/late");
	close(fd);
	fd = OK(syscall(SYS_inotify_init));
	T(fcntl(fd, F_GETFD));
	close(fd);
}

static void overflow(void)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	int a, count = 0, wd = T(inotify_add_watch(in, "f", IN_OPEN | IN_CLOSE));
	unsigned last = 0;
	ssize_t n;

	for (a = 0; a < 10000; a++)
		close(open("f", O_RDONLY));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event)) {
			struct inotify_event *e = (struct inotify_event *)p;

			last = e->mask;
			if (last == IN_Q_OVERFLOW)
				SAY("overflow of %d\n", e->wd);
			count++;
		}
	T(count);
	IS(last == IN_Q_OVERFLOW);
	close(open("f", O_RDONLY));
	events("after it");
	T(inotify_rm_watch(in, wd));
	events("end");
}

int main(void)
{
	in = OK(inotify_init1(IN_NONBLOCK));
	mkdir("d", 0755);
	in_directory();
	of_file();
	both();
	flags();
	errors();
	reading();
	waiting();
	overflow();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Stands in for QEMU in tests of the loader: takes its command line, plays the
 * guest's side of the ports as FAKE says, and is not always polite.
 */
#define _GNU_SOURCE
#include <hermit/boot.h>
#include <hermit/ctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int io, err, ctl, serial, initrd;
static char **arguments;

static void die(const char *why)
{
	fprintf(stderr, "fake-qemu: %s\n", why);
	_exit(99);
}

static int chardev(const char *id)
{
	char want[64];

	snprintf(want, sizeof(want), "socket,id=%s,fd=", id);
	for (char **a = arguments; *a; a++)
		if (!strncmp(*a, want, strlen(want)))
			return atoi(*a + strlen(want));
	die(id);
	return -1;
}

/* Descriptors are nonblocking, as QEMU would make them. */
static void ready(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

static void put(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EAGAIN) {
			ready(fd, POLLOUT);
			continue;
		}
		if (n < 0)
			_exit(98);
		p += n;
		len -= (size_t)n;
	}
}

static void text(int fd, const char *s)
{
	put(fd, s, strlen(s));
}

static size_t get(int fd, void *data, size_t len)
{
	ssize_t n;

	while ((n = read(fd, data, len)) < 0 && (errno == EAGAIN || errno == EINTR))
		ready(fd, POLLIN);
	return n < 0 ? 0 : (size_t)n;
}

static void get_all(int fd, void *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = get(fd, (char *)data + at, len - at);

		if (!n)
			_exit(97);
		at += n;
	}
}

static void message(uint16_t type, const void *payload, uint16_t len)
{
	struct hermit_ctl head = { type, len };

	put(ctl, &head, sizeof(head));
	put(ctl, payload, len);
}

static void finish(int32_t status, int32_t sig)
{
	struct hermit_ctl_exit e = { status, sig };

	message(HERMIT_CTL_EXIT, &e, sizeof(e));
}

static void want(uint64_t upto)
{
	message(HERMIT_CTL_STDIN_WANT, &upto, sizeof(upto));
}

/* The next message of this type; others are skipped. */
static void await(uint16_t type, void *payload, size_t len)
{
	struct hermit_ctl head;
	char rest[HERMIT_CTL_MAX];

	do {
		get_all(ctl, &head, sizeof(head));
		get_all(ctl, rest, head.len);
	} while (head.type != type);
	memcpy(payload, rest, len < head.len ? len : head.len);
}

/* Reads stdin as a program does, `step` bytes at a time, and hands it to fd. */
static void echo(int fd, uint64_t step, uint64_t limit)
{
	static char buf[65536];
	uint64_t at = 0, eof;

	while (at < limit) {
		struct pollfd p[2] = { { io, POLLIN, 0 }, { ctl, POLLIN, 0 } };

		want(at + step);
		poll(p, 2, -1);
		if (p[0].revents) {
			size_t n = get(io, buf, sizeof(buf));

			if (!n)
				_exit(96);
			at += n;
			put(fd, buf, n);
		} else {
			await(HERMIT_CTL_STDIN_EOF, &eof, sizeof(eof));
			if (eof == at)
				return;
		}
	}
}

static void flood(int fd, size_t bytes)
{
	static char buf[65536];

	memset(buf, 'x', sizeof(buf));
	while (bytes) {
		size_t n = bytes < sizeof(buf) ? bytes : sizeof(buf);

		put(fd, buf, n);
		bytes -= n;
	}
}

static void hang(void)
{
	for (;;)
		pause();
}

/* --- what FAKE can be --- */

static void fake_exit(const char *arg) { finish(atoi(arg), 0); }
static void fake_signal(const char *arg) { finish(0, atoi(arg)); }

static void fake_streams(const char *arg)
{
	text(io, "to stdout\n");
	text(err, "to stderr\n");
	finish(0, 0);
}

static void fake_echo(const char *arg)
{
	echo(io, strtoull(arg, NULL, 10), UINT64_MAX);
	finish(0, 0);
}

/* Reads only so many bytes of stdin: the rest must stay for who comes next. */
static void fake_head(const char *arg)
{
	uint64_t n = strtoull(arg, NULL, 10);

	echo(io, n, n);
	finish(0, 0);
}

static void fake_initrd(const char *arg)
{
	static char buf[65536];
	size_t n;

	char path[32];
	int fd;

	/* As QEMU does: by the path, which opens the file anew, at its beginning. */
	snprintf(path, sizeof(path), "/dev/fd/%d", initrd);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("no initrd");
	while ((n = get(fd, buf, sizeof(buf))))
		put(io, buf, n);
	finish(0, 0);
}

static void fake_args(const char *arg)
{
	for (char **a = arguments; *a; a++) {
		text(io, *a);
		text(io, "\n");
	}
	finish(0, 0);
}

static void fake_fds(const char *arg)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && fd != io && fd != err && fd != ctl && fd != serial && fd != initrd)
			dprintf(io, "%d\n", fd);
	finish(0, 0);
}

static void fake_flood(const char *arg)
{
	flood(!strncmp(arg, "err", 3) ? err : !strncmp(arg, "log", 3) ? serial : io,
	      strtoul(strchr(arg, '-') + 1, NULL, 10));
	finish(0, 0);
}

/* Output that comes after the exit message is still delivered. */
static void fake_late(const char *arg)
{
	finish(3, 0);
	usleep(50000);
	text(io, "late\n");
}

static void fake_linger(const char *arg)
{
	text(io, "done\n");
	finish(4, 0);
	hang();
}

static void fake_bytewise(const char *arg)
{
	struct hermit_ctl head = { HERMIT_CTL_EXIT, sizeof(struct hermit_ctl_exit) };
	struct hermit_ctl_exit e = { 42, 0 };

	for (size_t i = 0; i < sizeof(head); i++, usleep(1000))
		put(ctl, (char *)&head + i, 1);
	for (size_t i = 0; i < sizeof(e); i++, usleep(1000))
		put(ctl, (char *)&e + i, 1);
}

static void fake_unknown(const char *arg)
{
	char rest[HERMIT_CTL_MAX] = { 0 };

	for (int i = 0; i < 1000; i++)
		message((uint16_t)(1000 + i), rest, (uint16_t)(i % (HERMIT_CTL_MAX + 1)));
	finish(5, 0);
}

static void fake_rubbish(const char *arg)
{
	unsigned char rest[4096];

	memset(rest, 0xff, sizeof(rest));
	put(ctl, rest, sizeof(rest));
	hang();
}

static void fake_badexit(const char *arg)
{
	message(HERMIT_CTL_EXIT, "abc", 3);
	hang();
}

static void fake_badsignal(const char *arg)
{
	finish(0, 1000);
	hang();
}

static void fake_wants(const char *arg)
{
	for (int i = 0; i < 100000; i++)
		want(i % 2 ? 0 : UINT64_MAX);
	finish(6, 0);
}

static void fake_silent(const char *arg) { }

static void fake_half(const char *arg)
{
	struct hermit_ctl head = { HERMIT_CTL_EXIT, sizeof(struct hermit_ctl_exit) };

	put(ctl, &head, sizeof(head));
}

static void fake_close(const char *arg)
{
	close(io);
	close(err);
	close(ctl);
	close(serial);
	close(1);
	close(2);
	hang();
}

static void fake_crash(const char *arg)
{
	kill(getpid(), atoi(arg));
	hang();
}

static void fake_diag(const char *arg)
{
	dprintf(2, "qemu: warning: odd\nqemu: cannot do %s\nqemu: warning: late\n", arg);
	_exit(1);
}

static void fake_panic(const char *arg)
{
	text(serial, "panic: so it goes\n");
	_exit(0);
}

static void fake_hang(const char *arg)
{
	text(io, "ready\n");
	hang();
}

/* A program that dies of a lost reader, as `yes | head` does. */
static void fake_hup(const char *arg)
{
	uint32_t fd;

	text(!strcmp(arg, "2") ? err : io, "one\n");
	await(HERMIT_CTL_HUP, &fd, sizeof(fd));
	finish(0, fd == (uint32_t)atoi(arg) ? SIGPIPE : SIGABRT);
}

static void fake_yes(const char *arg)
{
	for (;;)
		text(io, "yes\n");
}

static void fake_catch(const char *arg)
{
	uint32_t sig;

	text(io, "ready\n");
	await(HERMIT_CTL_SIGNAL, &sig, sizeof(sig));
	finish((int32_t)sig, 0);
}

static void fake_winsize(const char *arg)
{
	struct hermit_boot_winsize w;
	char line[64];

	text(io, "ready\n");
	await(HERMIT_CTL_WINSIZE, &w, sizeof(w));
	snprintf(line, sizeof(line), "%ux%u\n", w.rows, w.cols);
	text(io, line);
	finish(0, 0);
}

/* Raw modes: no echo, no canonical input, no signals. */
static void fake_raw(const char *arg)
{
	struct hermit_ctl_termios t = { .cflag = 0xbf, .cc = { [6] = 1 } };

	message(HERMIT_CTL_TERMIOS, &t, sizeof(t));
	text(io, "raw\n");
	if (!strcmp(arg, "hang"))
		hang();
	usleep(200000);
	finish(0, 0);
}

static const struct {
	const char *name;
	void (*play)(const char *arg);
} plays[] = {
#define PLAY(name) { #name, fake_##name }
	PLAY(exit),	PLAY(signal),  PLAY(streams), PLAY(echo),    PLAY(head),   PLAY(initrd), PLAY(args),
	PLAY(fds),	PLAY(flood),   PLAY(late),    PLAY(linger),  PLAY(bytewise), PLAY(unknown),
	PLAY(rubbish),	PLAY(badexit), PLAY(badsignal), PLAY(wants), PLAY(silent), PLAY(half),
	PLAY(close),	PLAY(crash),   PLAY(diag),    PLAY(panic),   PLAY(hang),   PLAY(hup),	 PLAY(yes),
	PLAY(catch),	PLAY(winsize), PLAY(raw),
#undef PLAY
};

int main(int argc, char **argv)
{
	const char *fake = getenv("FAKE");
	char name[32];
	size_t len;

	arguments = argv;
	if (!fake)
		die("FAKE is not set");
	for (char **a = argv; *a; a++)
		if (!strcmp(*a, "-initrd"))
			initrd = atoi(a[1] + strlen("/dev/fd/"));
	io = chardev("io");
	err = chardev("err");
	ctl = chardev("ctl");
	serial = chardev("log");
	signal(SIGPIPE, SIG_IGN);
	len = strcspn(fake, ":");
	snprintf(name, sizeof(name), "%.*s", (int)len, fake);
	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		if (!strcmp(plays[i].name, name)) {
			plays[i].play(fake[len] ? fake + len + 1 : "");
			return 0;
		}
	die("no such play");
	return 0;
}

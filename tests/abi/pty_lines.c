/* SPDX-License-Identifier: MIT */
/* The line discipline of pseudo-terminals: editing, echo, output, raw reads, and what it does when it is full. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

static int master, slave;
static struct termios fresh;

static void set(tcflag_t iflag, tcflag_t oflag, tcflag_t lflag)
{
	struct termios t = fresh;

	t.c_iflag = iflag;
	t.c_oflag = oflag;
	t.c_lflag = lflag;
	if (tcsetattr(slave, TCSAFLUSH, &t))
		SAY("tcsetattr: %s\n", strerrorname_np(errno));
}

/* Linux's terminals do their work a little later, unless somebody looks for it with poll(2). */
static void settle(void)
{
	struct pollfd s = {.fd = slave, .events = POLLIN}, m = {.fd = master, .events = POLLIN};

	poll(&s, 1, 0);
	poll(&m, 1, 0);
}

/* All that is there. */
static void drain(const char *what, int fd)
{
	char buf[1024];
	size_t len = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	settle();
	while (len < sizeof(buf) && poll(&p, 1, 0) == 1 && p.revents & POLLIN) {
		ssize_t n = read(fd, buf + len, sizeof(buf) - len);

		if (n < 0)
			break;
		len += (size_t)n;
		if (fd == slave) { /* each read by itself */
			abi_bytes(what, buf, len);
			if (!len)
				return;
			len = 0;
		}
	}
	if (fd != slave)
		abi_bytes(what, buf, len);
}

static void typed(const char *what, const char *text, size_t len)
{
	SAY("-- %s\n", what);
	if (write(master, text, len) != (ssize_t)len)
		SAY("write: %s\n", strerrorname_np(errno));
	drain("read", slave);
	drain("echo", master);
}
#define TYPED(what, text) typed(what, text, sizeof(text) - 1)

static void put_out(const char *what, const char *text)
{
	SAY("-- %s\n", what);
	T(write(slave, text, strlen(text)) == (ssize_t)strlen(text));
	drain("out", master);
}

static void editing(void)
{
	tcflag_t l = fresh.c_lflag, i = fresh.c_iflag, o = fresh.c_oflag;

	TYPED("a line", "hello\n");
	TYPED("two lines", "one\ntwo\n");
	TYPED("carriage return", "cr\r");
	TYPED("erase", "abcx\177\177d\n");
	TYPED("more than there is", "a\177\177\177b\n");
	TYPED("kill", "rubbish\025good\n");
	TYPED("words", "first second  \027third\n");
	TYPED("control characters", "a\001b\033\177\177c\n");
	TYPED("tabs", "ab\tc\t\177\177\177d\n");
	TYPED("tab at the start", "\t\177x\n");
	TYPED("literal", "a\026\003\026\177\026\026b\n");
	TYPED("literal newline", "a\026\nb\n");
	TYPED("reprint", "abc\022d\n");
	TYPED("end of file", "\004");
	TYPED("end in a line", "abc\004def\n");
	TYPED("two ends", "abc\004\004x\n");
	set(i, o, l & ~(tcflag_t)ECHO);
	TYPED("no echo", "secret\177\n");
	set(i, o, (l & ~(tcflag_t)ECHO) | ECHONL);
	TYPED("newline alone", "secret\n");
	set(i, o, l & ~(tcflag_t)ECHOE);
	TYPED("no visible erase", "ab\177c\025d\n");
	set(i, o, l & ~(tcflag_t)ECHOKE);
	TYPED("no visible kill", "ab\025d\n");
	set(i, o, l & ~(tcflag_t)(ECHOKE | ECHOK));
	TYPED("kill without newline", "ab\025d\n");
	set(i, o, l & ~(tcflag_t)ECHOCTL);
	TYPED("plain controls", "a\001\177b\n");
	set(i, o, l | ECHOPRT);
	TYPED("printing erase", "abc\177\177d\177\177e\n");
	set(i, o, l & ~(tcflag_t)IEXTEN);
	TYPED("no extensions", "a b\027\026c\022\n");
	set(i | IUTF8, o, l);
	TYPED("characters of several bytes", "a\303\244\342\202\254\177\177b\n");
	set(i, o, l & ~(tcflag_t)ISIG);
	TYPED("no signals", "a\003\034\032\n");
	set(i, o, l);
	TYPED("signals flush", "lost");
	TYPED("signals flush", "\003kept\n");
	set(i, o, l | NOFLSH);
	TYPED("signals that do not", "here\003there\n");
}

static void translating(void)
{
	tcflag_t l = fresh.c_lflag, o = fresh.c_oflag;

	set(INLCR | ICRNL, o, l);
	TYPED("inlcr", "a\nb\r");
	set(IGNCR, o, l);
	TYPED("igncr", "a\rb\n");
	set(ISTRIP, o, l);
	TYPED("istrip", "\341\342\n");
	set(IUCLC, o, l);
	TYPED("iuclc", "AbC\n");
	set(PARMRK, o, l & ~(tcflag_t)ICANON);
	TYPED("parmrk", "a\377b");
	set(fresh.c_iflag, 0, l);
	put_out("no opost", "a\nb\tc\r\n");
	set(fresh.c_iflag, OPOST | ONLCR | TABDLY, l);
	put_out("onlcr and tabs", "ab\tc\n12345678\t9\n\t\b\bx\n");
	set(fresh.c_iflag, OPOST | OCRNL | ONOCR, l);
	put_out("ocrnl, onocr", "\ra\rb\r\n");
	set(fresh.c_iflag, OPOST | ONLRET | TABDLY, l);
	put_out("onlret", "abc\n\tx");
	set(fresh.c_iflag, OPOST | OLCUC, l);
	put_out("olcuc", "aBc\n");
}

static void raw(void)
{
	struct termios t = fresh;
	struct timespec a, b;
	char buf[16];
	long ms;

	cfmakeraw(&t);
	T(tcsetattr(slave, TCSANOW, &t));
	TYPED("raw", "a\003\004\r\n\177\021\023z");
	put_out("raw", "a\r\n\tb");
	t.c_cc[VMIN] = 0;
	T(tcsetattr(slave, TCSANOW, &t));
	T(read(slave, buf, sizeof(buf)));
	t.c_cc[VTIME] = 1;
	T(tcsetattr(slave, TCSANOW, &t));
	clock_gettime(CLOCK_MONOTONIC, &a);
	T(read(slave, buf, sizeof(buf)));
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	IS(ms >= 95 && ms < 3000);
	T(write(master, "now", 3));
	settle();
	T(read(slave, buf, sizeof(buf)));
	t.c_cc[VMIN] = 5;
	T(tcsetattr(slave, TCSANOW, &t));
	T(write(master, "few", 3));
	settle();
	T(read(slave, buf, sizeof(buf))); /* VTIME ends it */
	T(write(master, "manymany", 8));
	settle();
	T(read(slave, buf, 6));
	t.c_cc[VTIME] = 0;
	T(tcsetattr(slave, TCSANOW, &t));
	T(poll(&(struct pollfd){.fd = slave, .events = POLLIN}, 1, 0)); /* 2 of 5 */
	T(write(master, "123", 3));
	settle();
	T(poll(&(struct pollfd){.fd = slave, .events = POLLIN}, 1, 0));
	T(read(slave, buf, sizeof(buf)));
	T(write(master, "line", 4));
	settle();
	T(tcsetattr(slave, TCSANOW, &fresh)); /* what is there becomes a line */
	drain("turned", slave);
}

static void *late(void *arg)
{
	usleep(30000);
	if (write(master, arg, strlen(arg)) < 0)
		SAY("late: %s\n", strerrorname_np(errno));
	return NULL;
}

static size_t emptied, emptied_wrong; /* to be read when it has ended */

static void *emptier(void *arg)
{
	static char buf[4096];
	size_t want = (size_t)(uintptr_t)arg, bad = 0;

	emptied = 0;

	while (emptied < want) {
		ssize_t n = read(master, buf, sizeof(buf));

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			bad += buf[i] != (char)('a' + (emptied + (size_t)i) % 26);
		emptied += (size_t)n;
	}
	emptied_wrong = bad;
	return NULL;
}

static void full(void)
{
	struct termios t = fresh;
	static char big[100000], got[8192];
	pthread_t th;
	size_t n;

	/* A line of 4095 bytes is the longest, and its end still comes. */
	t.c_lflag &= ~(tcflag_t)ECHO;
	T(tcsetattr(slave, TCSANOW, &t));
	memset(big, 'x', sizeof(big));
	big[5000] = '\n';
	T(write(master, big, 5001));
	settle();
	n = (size_t)T(read(slave, got, sizeof(got)));
	IS(n == 4096 && got[4095] == '\n' && got[4094] == 'x');
	T(poll(&(struct pollfd){.fd = slave, .events = POLLIN}, 1, 0));
	/* Both ways more than fits, with somebody at the other end. */
	cfmakeraw(&t);
	T(tcsetattr(slave, TCSANOW, &t));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 26);
	pthread_create(&th, NULL, emptier, (void *)sizeof(big));
	T(write(slave, big, sizeof(big)));
	pthread_join(th, NULL);
	SAY("came %zu, wrong %zu\n", emptied, emptied_wrong);
	T(fcntl(slave, F_SETFL, O_NONBLOCK));
	while (write(slave, big, 1000) > 0)
		;
	T(write(slave, big, 1000));
	T(poll(&(struct pollfd){.fd = slave, .events = POLLOUT}, 1, 0));
	T(tcflush(master, TCIFLUSH));
	settle();
	while (poll(&(struct pollfd){.fd = master, .events = POLLIN}, 1, 50) == 1 && read(master, got, sizeof(got)) > 0)
		;
	T(poll(&(struct pollfd){.fd = slave, .events = POLLOUT}, 1, 1000));
	T(fcntl(slave, F_SETFL, 0));
}

static void stopping(void)
{
	char c;

	T(tcsetattr(slave, TCSANOW, &fresh));
	T(tcflush(slave, TCIFLUSH));
	T(write(master, "\023", 1)); /* ^S */
	settle();
	T(fcntl(slave, F_SETFL, O_NONBLOCK));
	T(write(slave, "x", 1));
	T(write(master, "\021", 1)); /* ^Q */
	settle();
	T(write(slave, "x", 1));
	T(tcflow(slave, TCOOFF));
	T(write(slave, "y", 1));
	T(tcflow(slave, TCOON));
	T(write(slave, "y", 1));
	T(tcflow(slave, 9));
	T(fcntl(slave, F_SETFL, 0));
	drain("out", master);
	T(tcflow(slave, TCIOFF));
	settle();
	T(read(master, &c, 1));
	SAY("%d\n", c);
	T(tcflow(slave, TCION));
	settle();
	T(read(master, &c, 1));
	SAY("%d\n", c);
	T(ioctl(slave, TIOCSTI, "s"));
	T(ioctl(slave, TIOCSTI, "\n"));
	T(ioctl(slave, TIOCSTI, BAD));
	drain("stuffed", slave);
	drain("echo", master);
}

static void waiting(void)
{
	pthread_t th;
	char buf[16];

	pthread_create(&th, NULL, late, "late\n");
	T(read(slave, buf, sizeof(buf)));
	pthread_join(th, NULL);
	drain("echo", master);
	pthread_create(&th, NULL, late, "\004");
	T(read(slave, buf, sizeof(buf)));
	pthread_join(th, NULL);
	pthread_create(&th, NULL, late, "piece by piece\n");
	T(read(slave, buf, 5));
	T(read(slave, buf, 9));
	T(read(slave, buf, 5));
	pthread_join(th, NULL);
	drain("echo", master);
}

int main(void)
{
	signal(SIGHUP, SIG_IGN);
	master = OK(posix_openpt(O_RDWR | O_NOCTTY));
	T(unlockpt(master));
	slave = OK(open(ptsname(master), O_RDWR | O_NOCTTY));
	T(tcgetattr(slave, &fresh));
	editing();
	T(tcsetattr(slave, TCSAFLUSH, &fresh));
	translating();
	T(tcsetattr(slave, TCSAFLUSH, &fresh));
	raw();
	waiting();
	full();
	stopping();
	return 0;
}

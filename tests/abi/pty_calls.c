/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: making them, what ioctl(2) says, who controls, what happens when an end closes. */
#include "abi.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

static void on_signal(int sig)
{
	char text[] = "signal ??\n";

	text[7] = (char)('0' + sig / 10);
	text[8] = (char)('0' + sig % 10);
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(98);
}

static void polled(const char *what, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};

	poll(&p, 1, 0);
	SAY("%s:%s%s%s%s%s\n", what, p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "",
	    p.revents & POLLPRI ? " pri" : "", p.revents & POLLERR ? " err" : "", p.revents & POLLHUP ? " hup" : "");
}

static bool wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, 2000) == 1)
		return true;
	SAY("nothing came\n");
	return false;
}

/* Linux's terminals do their work a little later. */
static void settle(void) { usleep(50000); }

static void show(const char *what, int fd)
{
	char buf[256];
	ssize_t n;

	if (!wait_for(fd))
		return;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		SAY("%s: %s\n", what, strerrorname_np(errno));
	else
		abi_bytes(what, buf, (size_t)n);
}

static int master, slave;

/* The signal comes a little later: what is printed must not be beside it. */
static void typed(char c)
{
	int before = 0, now = 0;
	bool good;

	ioctl(master, FIONREAD, &before);
	good = write(master, &c, 1) == 1;
	for (int i = 0; i < 200 && now < before + 2; i++) { /* the echo comes behind it */
		usleep(10000);
		ioctl(master, FIONREAD, &now);
	}
	SAY("typed %d: %d\n", c, good);
}

static void open_pair(int flags)
{
	master = OK(posix_openpt(O_RDWR | O_NOCTTY));
	T(grantpt(master));
	T(unlockpt(master));
	slave = OK(open(ptsname(master), O_RDWR | flags));
}

static void opening(void)
{
	struct stat st, named;
	int number = -1, locked = -1, other;
	char name[64], path[64], link[64] = "";

	master = OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	T(fstat(master, &st));
	IS(S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2));
	T(ioctl(master, TIOCGPTN, &number));
	IS(number >= 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	T(ioctl(master, TIOCGPTLCK, &locked));
	SAY("locked %d\n", locked);
	T(open(name, O_RDWR | O_NOCTTY));
	T(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	polled("a master without slaves", master);
	T(unlockpt(master));
	IS(!strcmp(ptsname(master), name));
	slave = OK(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
	T(fstat(slave, &st));
	T(stat(name, &named));
	IS(st.st_ino == named.st_ino && st.st_dev == named.st_dev && st.st_rdev == named.st_rdev);
	IS(S_ISCHR(st.st_mode) && st.st_rdev == makedev(136, (unsigned)number) && st.st_nlink == 1);
	IS(st.st_uid == geteuid());
	T(isatty(master));
	T(isatty(slave));
	IS(!strcmp(ttyname(slave), name));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", master);
	IS(readlink(path, link, sizeof(link) - 1) > 0 && !strcmp(link, "/dev/ptmx"));
	T(fcntl(slave, F_GETFL) & (O_NOCTTY | O_ACCMODE));
	T(lseek(slave, 0, SEEK_SET));
	T(pread(slave, path, 1, 0));
	other = OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	T(fcntl(other, F_GETFD));
	IS(!strcmp(ttyname(other), name));
	T(close(other));
	T(close(slave));
	T(close(master));
	T(open(name, O_RDWR | O_NOCTTY) < 0 && (errno == ENOENT || errno == EIO));
	errno = 0;
}

static void settings(void)
{
	struct termios t, t2;
	struct winsize w = {.ws_row = 24, .ws_col = 80}, w2 = {0};
	int n = -1;

	open_pair(O_NOCTTY);
	T(tcgetattr(slave, &t));
	SAY("%x %x %x %x %d %d\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line, (int)cfgetospeed(&t));
	abi_bytes("characters", t.c_cc, 19);
	T(tcgetattr(master, &t2));
	IS(!memcmp(&t, &t2, 36));
	t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | CBAUD)) | CS7 | PARENB | B9600;
	t.c_cc[VMIN] = 3;
	T(tcsetattr(master, TCSANOW, &t));
	T(tcgetattr(slave, &t2));
	SAY("%x %d\n", t2.c_cflag, t2.c_cc[VMIN]);
	cfsetspeed(&t, B115200);
	T(tcsetattr(slave, TCSADRAIN, &t));
	T(tcgetattr(master, &t2));
	SAY("%x\n", t2.c_cflag);
	T(tcsetattr(slave, TCSAFLUSH, &t));
	T(ioctl(slave, TCGETS, BAD));
	T(ioctl(slave, TCSETS, BAD));
	T(ioctl(slave, TIOCGWINSZ, &w2));
	SAY("%d %d\n", w2.ws_row, w2.ws_col);
	T(ioctl(master, TIOCSWINSZ, &w));
	T(ioctl(slave, TIOCGWINSZ, &w2));
	SAY("%d %d\n", w2.ws_row, w2.ws_col);
	T(ioctl(slave, TIOCSWINSZ, BAD));
	T(tcdrain(slave));
	T(tcsendbreak(slave, 0));
	T(tcflush(slave, TCIOFLUSH));
	T(tcflush(slave, 7));
	T(ioctl(slave, TIOCGETD, &n));
	SAY("discipline %d\n", n);
	T(ioctl(slave, TIOCOUTQ, &n));
	SAY("on the way %d\n", n);
	n = 77;
	T(ioctl(slave, TIOCSETD, &n));
	T(ioctl(slave, TIOCGPTN, &n));
	T(ioctl(slave, TIOCSPTLCK, &n));
	T(ioctl(slave, TIOCPKT, &n));
	T(ioctl(master, TIOCNOTTY));
	T(ioctl(master, TIOCPKT, BAD));
	T(ioctl(master, TIOCGPTN, BAD));
	T(ioctl(slave, 0x54ff, 0));
	T(ioctl(master, 0x54ff, 0));
	T(write(master, "abc\ndef", 7));
	wait_for(slave);
	T(ioctl(slave, FIONREAD, &n));
	SAY("to be read %d\n", n);
	T(write(slave, BAD, 5));
	T(write(master, BAD, 5));
	T(read(slave, BAD, 5));
	T(read(slave, &n, 0));
	T(close(slave));
	T(close(master));
}

static void controlling(void)
{
	struct winsize w = {.ws_row = 50, .ws_col = 132};
	int n, tty, other_m, other_s;

	T(open("/dev/tty", O_RDWR));
	open_pair(O_NOCTTY);
	T(tcgetpgrp(slave));
	T(tcgetpgrp(master));
	T(tcgetsid(slave));
	T(tcsetpgrp(slave, getpgrp()));
	T(ioctl(slave, TIOCNOTTY));
	T(write(master, "\003", 1)); /* nobody's signal */
	settle();
	T(ioctl(slave, TIOCSCTTY, 0));
	T(ioctl(slave, TIOCSCTTY, 0));
	IS(tcgetpgrp(slave) == getpgrp());
	IS(tcgetpgrp(master) == getpgrp());
	IS(tcgetsid(slave) == getpid());
	T(tcsetpgrp(slave, getpgrp()));
	T(tcsetpgrp(slave, 99999999));
	T(tcsetpgrp(slave, -1));
	tty = OK(open("/dev/tty", O_RDWR));
	T(write(tty, "x\n", 2));
	settle();
	show("master", master);
	T(ioctl(master, TIOCSWINSZ, &w));
	T(ioctl(master, TIOCSWINSZ, &w)); /* no change, no signal */
	typed('\003');
	typed('\034');
	T(ioctl(master, TIOCSIG, SIGINT));
	T(ioctl(master, TIOCSIG, SIGUSR1));
	T(ioctl(master, TIOCSIG, 65));
	show("master", master);
	other_m = OK(posix_openpt(O_RDWR | O_NOCTTY));
	T(unlockpt(other_m));
	other_s = OK(open(ptsname(other_m), O_RDWR)); /* there is one already */
	T(tcgetpgrp(other_s));
	T(ioctl(other_s, TIOCSCTTY, 0));
	T(close(other_s));
	T(close(other_m));
	T(close(tty));
	T(ioctl(slave, TIOCNOTTY));
	T(ioctl(slave, TIOCNOTTY));
	T(open("/dev/tty", O_RDWR));
	T(close(slave));
	slave = OK(open(ptsname(master), O_RDWR)); /* the first one opened becomes it */
	IS(tcgetpgrp(slave) == getpgrp());
	T(close(master)); /* SIGHUP */
	T(read(slave, &n, 1));
	T(write(slave, &n, 1));
	T(ioctl(slave, TCGETS, &w));
	T(ioctl(slave, TIOCSPGRP, &n));
	polled("a slave without its master", slave);
	T(open("/dev/tty", O_RDWR));
	T(close(slave));
}

static void closing(void)
{
	char name[64];
	int n = 0;

	open_pair(O_NOCTTY);
	T(write(slave, "left", 4));
	T(close(slave));
	settle();
	polled("a master without its slave", master);
	show("master", master);
	T(read(master, name, 1));
	T(write(master, "early\n", 6));
	settle();
	polled("a master without its slave", master);
	slave = OK(open(ptsname(master), O_RDWR | O_NOCTTY));
	show("slave", slave);
	polled("a master whose slave is back", master);
	snprintf(name, sizeof(name), "%s", ptsname(master));
	T(fcntl(slave, F_SETFL, O_NONBLOCK));
	T(read(slave, &n, 1));
	T(fcntl(master, F_SETFL, O_NONBLOCK));
	show("echo", master);
	T(read(master, &n, 1));
	T(close(master));
	T(access(name, F_OK));
	T(close(slave));
}

static void packets(void)
{
	int on = 1, is = 0;
	struct termios t;
	char buf[16];
	ssize_t n;

	open_pair(O_NOCTTY);
	T(ioctl(master, TIOCGPKT, &is));
	SAY("packets %d\n", is);
	T(ioctl(master, TIOCPKT, &on));
	T(ioctl(master, TIOCGPKT, &is));
	SAY("packets %d\n", is);
	T(write(slave, "bytes", 5));
	settle();
	show("master", master);
	T(tcflush(slave, TCIFLUSH));
	polled("an event", master);
	n = read(master, buf, sizeof(buf));
	SAY("event %zd: %d\n", n, buf[0]);
	polled("no event", master);
	T(tcgetattr(slave, &t));
	t.c_iflag &= ~(tcflag_t)IXON;
	T(tcsetattr(slave, TCSANOW, &t));
	n = read(master, buf, sizeof(buf));
	SAY("event %zd: %d\n", n, buf[0]);
	on = 0;
	T(ioctl(master, TIOCPKT, &on));
	T(write(slave, "bytes", 5));
	settle();
	show("master", master);
	T(close(slave));
	T(close(master));
}

int main(void)
{
	const int sigs[] = {SIGHUP, SIGCONT, SIGINT, SIGQUIT, SIGWINCH, SIGUSR1};

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		signal(sigs[i], on_signal);
	opening();
	settings();
	controlling();
	closing();
	packets();
	return 0;
}

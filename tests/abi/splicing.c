/* SPDX-License-Identifier: MIT */
/* splice, tee, vmsplice: between pipes, files and memory; what waits, what does not, and the errors. */
#include "abi.h"
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void drain(const char *what, int fd)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		abi_result(what, n, errno);
	else
		abi_bytes(what, buf, (size_t)n);
}

static void between_file_and_pipe(void)
{
	loff_t off = 3;
	int fds[2], in, out;

	T(pipe(fds));
	abi_put("in", "0123456789");
	in = OK(open("in", O_RDONLY));
	out = OK(open("out", O_RDWR | O_CREAT | O_TRUNC, 0644));
	T(splice(in, NULL, fds[1], NULL, 4, 0));
	T(lseek(in, 0, SEEK_CUR));
	T(splice(in, &off, fds[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE));
	T(off);
	T(lseek(in, 0, SEEK_CUR));
	T(splice(in, &off, fds[1], NULL, 100, 0));
	off = 2;
	T(splice(fds[0], NULL, out, &off, 6, 0));
	T(off);
	T(splice(fds[0], NULL, out, NULL, 2, 0));
	T(lseek(out, 0, SEEK_CUR));
	abi_show("out");
	drain("left in the pipe", fds[0]);
	T(splice(fds[0], NULL, out, NULL, 5, SPLICE_F_NONBLOCK));
	close(fds[1]);
	T(splice(fds[0], NULL, out, NULL, 5, 0));
	close(fds[0]);
	close(in);
	close(out);
}

static void between_pipes(void)
{
	int a[2], b[2];

	T(pipe(a));
	T(pipe(b));
	T(write(a[1], "abcdef", 6));
	T(tee(a[0], b[1], 4, 0));
	drain("copy", b[0]);
	T(splice(a[0], NULL, b[1], NULL, 2, 0));
	T(tee(a[0], b[1], 100, 0));
	drain("moved and copied", b[0]);
	drain("original", a[0]);
	T(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK));
	T(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK));
	T(fcntl(a[0], F_SETFL, O_NONBLOCK));
	T(splice(a[0], NULL, b[1], NULL, 1, 0));
	T(tee(a[0], b[1], 1, 0));
	T(splice(a[0], NULL, a[1], NULL, 1, 0));
	T(tee(a[0], a[1], 1, 0));
	T(write(a[1], "x", 1));
	close(b[0]);
	T(tee(a[0], b[1], 1, 0)); /* SIGPIPE is ignored */
	T(splice(a[0], NULL, b[1], NULL, 1, 0));
	drain("still there", a[0]);
	close(a[1]);
	T(pipe(b));
	T(tee(a[0], b[1], 1, 0));
	T(splice(a[0], NULL, b[1], NULL, 1, 0));
	close(a[0]);
	close(b[0]);
	close(b[1]);
}

static void full(void)
{
	static char page[4096];
	int a[2], b[2], n = 0;

	T(pipe2(a, O_NONBLOCK));
	T(pipe(b));
	while (write(a[1], page, sizeof(page)) > 0)
		n++;
	T(n);
	T(write(b[1], "abc", 3));
	T(splice(b[0], NULL, a[1], NULL, 3, 0));
	T(splice(b[0], NULL, a[1], NULL, 3, SPLICE_F_NONBLOCK));
	T(tee(b[0], a[1], 3, SPLICE_F_NONBLOCK));
	T(read(a[0], page, 4096));
	T(splice(b[0], NULL, a[1], NULL, 3, SPLICE_F_NONBLOCK));
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void memory(void)
{
	char x[4], y[4];
	struct iovec out[2] = {{"one ", 4}, {"two", 3}}, in[2] = {{x, 4}, {y, 4}}, none = {x, 0}, bad = {BAD, 4};
	int fds[2], file = OK(open("in", O_RDWR));

	T(pipe(fds));
	T(vmsplice(fds[1], out, 2, 0));
	T(vmsplice(fds[0], in, 2, 0));
	abi_bytes("first", x, 4);
	abi_bytes("second", y, 3);
	T(vmsplice(fds[0], in, 1, SPLICE_F_NONBLOCK));
	T(vmsplice(fds[1], &none, 1, 0));
	T(vmsplice(fds[1], out, 0, 0));
	T(vmsplice(fds[1], &bad, 1, 0));
	T(vmsplice(fds[1], BAD, 1, 0));
	T(vmsplice(fds[1], out, 1025, 0));
	T(vmsplice(fds[1], out, 1, 0x10));
	T(vmsplice(file, out, 1, 0));
	T(vmsplice(99, out, 1, 0));
	close(fds[0]);
	T(vmsplice(fds[1], out, 1, 0));
	close(fds[1]);
	close(file);
}

static void errors(void)
{
	loff_t off = 0, negative = -1;
	int fds[2], file = OK(open("in", O_RDWR)), ro = OK(open("in", O_RDONLY)), app, dir = OK(open(".", O_RDONLY));

	T(pipe(fds));
	app = OK(open("app", O_WRONLY | O_CREAT | O_APPEND, 0644));
	T(write(fds[1], "data", 4));
	T(splice(fds[0], NULL, file, NULL, 0, 0x10));
	T(splice(fds[0], NULL, file, NULL, 1, 0x10));
	T(splice(99, NULL, file, NULL, 1, 0));
	T(splice(fds[0], NULL, 99, NULL, 1, 0));
	T(splice(fds[1], NULL, file, NULL, 1, 0));
	T(splice(fds[0], NULL, ro, NULL, 1, 0));
	T(splice(fds[0], NULL, app, NULL, 1, 0));
	T(splice(file, NULL, ro, NULL, 1, 0));
	T(splice(file, NULL, file, NULL, 1, 0));
	T(splice(fds[0], &off, file, NULL, 1, 0));
	T(splice(file, NULL, fds[1], &off, 1, 0));
	T(splice(file, BAD, fds[1], NULL, 1, 0));
	T(splice(file, &negative, fds[1], NULL, 1, 0));
	T(splice(fds[0], NULL, file, &negative, 1, 0));
	T(splice(dir, NULL, fds[1], NULL, 1, 0));
	T(tee(fds[0], fds[1], 0, 0x10));
	T(tee(fds[0], fds[1], 0, 0));
	T(tee(99, fds[1], 1, 0));
	T(tee(fds[0], 99, 1, 0));
	T(tee(file, fds[1], 1, 0));
	T(tee(fds[1], fds[1], 1, 0));
	drain("untouched", fds[0]);
	close(fds[0]);
	close(fds[1]);
	close(file);
	close(ro);
	close(app);
	close(dir);
}

static int slow[2];

static void *writes_later(void *arg)
{
	usleep(30000);
	if (write(slow[1], "late", 4) != 4)
		SAY("cannot write\n");
	return NULL;
}

static void *big(void *arg)
{
	static char buf[70000];

	memset(buf, 'b', sizeof(buf));
	if (write(slow[1], buf, sizeof(buf)) != sizeof(buf))
		SAY("cannot write\n");
	close(slow[1]);
	return NULL;
}

static void waits(void)
{
	int out = OK(open("late", O_RDWR | O_CREAT | O_TRUNC, 0644));
	pthread_t t;
	ssize_t n, sum = 0;

	T(pipe(slow));
	pthread_create(&t, NULL, writes_later, NULL);
	T(splice(slow[0], NULL, out, NULL, 100, 0));
	pthread_join(t, NULL);
	abi_show("late");
	pthread_create(&t, NULL, big, NULL);
	while ((n = splice(slow[0], NULL, out, NULL, 1 << 20, 0)) > 0)
		sum += n;
	pthread_join(t, NULL);
	T(sum);
	T(lseek(out, 0, SEEK_END));
	close(slow[0]);
	close(out);
}

static void sockets(void)
{
	int s[2], p[2];

	T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	T(pipe(p));
	T(write(p[1], "through", 7));
	T(splice(p[0], NULL, s[0], NULL, 7, 0));
	T(splice(s[1], NULL, p[1], NULL, 100, 0));
	drain("back", p[0]);
	close(s[0]);
	close(s[1]);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	between_file_and_pipe();
	between_pipes();
	full();
	memory();
	errors();
	waits();
	sockets();
	return 0;
}

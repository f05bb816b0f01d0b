/* SPDX-License-Identifier: MIT */
/* Linux AIO by its system calls: io_setup, io_submit, io_getevents, io_cancel, io_destroy, and their errors. */
#include "abi.h"
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <time.h>

#define io_setup(...)	  syscall(SYS_io_setup, __VA_ARGS__)
#define io_destroy(...)	  syscall(SYS_io_destroy, __VA_ARGS__)
#define io_submit(...)	  syscall(SYS_io_submit, __VA_ARGS__)
#define io_getevents(...) syscall(SYS_io_getevents, __VA_ARGS__)
#define io_cancel(...)	  syscall(SYS_io_cancel, __VA_ARGS__)

static aio_context_t ctx;
static int fd;

static struct iocb make(int op, int file, void *buf, size_t n, long off, unsigned long data)
{
	return (struct iocb){.aio_data = data, .aio_lio_opcode = (uint16_t)op, .aio_fildes = (uint32_t)file, .aio_buf = (uint64_t)buf,
			     .aio_nbytes = n, .aio_offset = off};
}

static void events(long min, long max)
{
	struct timespec t = {0, 10000000};
	struct io_event e[8];
	long n = T(io_getevents(ctx, min, max, e, &t));

	for (long i = 0; i < n; i++)
		printf(" %llu: %s %lld\n", (unsigned long long)e[i].data, e[i].res < 0 ? strerrorname_np((int)-e[i].res) : "ok",
		       e[i].res < 0 ? -1 : (long long)e[i].res);
}

static void *submits(void *arg)
{
	struct iocb *p = arg;

	usleep(20000);
	if (io_submit(ctx, 1, &p) != 1)
		printf("not submitted\n");
	return NULL;
}

int main(void)
{
	char text[] = "asynchronous", in[32] = "", more[16] = "";
	struct iovec v[2] = {{in, 5}, {more, 16}};
	struct iocb a, b, c, *list[3] = {&a, &b, &c}, *bad[2] = {&a, BAD};
	struct timespec zero = {0, 0}, wait = {5, 0};
	struct io_event e[4];
	int efd = eventfd(0, EFD_NONBLOCK), ro;
	uint64_t count = 0;
	pthread_t t;

	fd = open("aio-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ro = open("aio-file", O_RDONLY);
	T(io_setup(0, &ctx));
	T(io_setup(8, BAD));
	T(io_setup(1u << 30, &ctx));
	T(io_setup(8, &ctx));
	IS(ctx != 0);
	T(io_setup(8, &ctx));
	a = make(IOCB_CMD_PWRITE, fd, text, 12, 0, 1);
	b = make(IOCB_CMD_PREADV, fd, v, 2, 0, 2);
	c = make(IOCB_CMD_FSYNC, fd, NULL, 0, 0, 3);
	T(io_submit(ctx, 1, list));
	events(1, 4);
	T(io_submit(ctx, 2, list + 1));
	events(2, 4);
	abi_bytes("in", in, 5);
	abi_bytes("more", more, 7);
	a = make(IOCB_CMD_PREAD, fd, in, 4, 100, 1);
	b = make(IOCB_CMD_PREAD, fd, BAD, 4, 0, 2);
	c = make(IOCB_CMD_PWRITE, ro, text, 4, 0, 3);
	T(io_submit(ctx, 3, list)); /* the third is refused */
	events(2, 4);
	T(io_submit(ctx, 1, list + 2));
	a = make(99, fd, in, 4, 0, 1);
	T(io_submit(ctx, 1, list));
	a = make(IOCB_CMD_PREAD, 99, in, 4, 0, 1);
	T(io_submit(ctx, 1, list));
	a = make(IOCB_CMD_PREAD, fd, in, 4, -1, 1);
	T(io_submit(ctx, 1, list));
	events(0, 4);
	a = make(IOCB_CMD_PREAD, fd, in, (size_t)-1, 0, 1);
	T(io_submit(ctx, 1, list));
	a = make(IOCB_CMD_PREAD, fd, in, 4, 0, 1);
	a.aio_reserved2 = 1;
	T(io_submit(ctx, 1, list));
	a = make(IOCB_CMD_FSYNC, efd, NULL, 0, 0, 1);
	T(io_submit(ctx, 1, list));
	a = make(IOCB_CMD_PREAD, fd, in, 4, 0, 1);
	T(io_submit(ctx, 2, bad));
	events(1, 4);
	T(io_submit(ctx, 1, bad + 1));
	T(io_submit(ctx, 1, BAD));
	T(io_submit(ctx, -1l, list));
	T(io_submit(ctx, 0, list));
	T(io_submit(ctx + 1, 1, list));
	a.aio_flags = IOCB_FLAG_RESFD;
	a.aio_resfd = (uint32_t)efd;
	T(io_submit(ctx, 1, list));
	T(read(efd, &count, 8));
	IS(count == 1);
	events(1, 4);
	a.aio_resfd = 99;
	T(io_submit(ctx, 1, list));
	a.aio_resfd = (uint32_t)fd;
	T(io_submit(ctx, 1, list));
	events(1, 4);
	T(io_getevents(ctx, 1, 4, e, &zero));
	T(io_getevents(ctx, 2l, 1l, e, &zero));
	T(io_getevents(ctx, -1l, 1l, e, &zero));
	T(io_getevents(ctx + 1, 0, 1, e, &zero));
	T(io_getevents(ctx, 0, 1, e, BAD));
	a = make(IOCB_CMD_PREAD, fd, in, 4, 0, 1);
	T(io_submit(ctx, 1, list));
	T(io_getevents(ctx, 1, 1, BAD, &zero));
	pthread_create(&t, NULL, submits, &a);
	T(io_getevents(ctx, 1, 1, e, &wait));
	pthread_join(t, NULL);
	T(io_cancel(ctx, &a, e));
	T(io_cancel(ctx, BAD, e));
	T(io_destroy(ctx));
	T(io_destroy(ctx));
	T(io_submit(ctx, 1, list));
	unlink("aio-file");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* RLIMIT_FSIZE: what would make a file longer than that is cut or fails, with SIGXFSZ. */
#include "abi.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static volatile int signals, from_self;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	signals++;
	from_self += info->si_code == SI_USER && info->si_pid == getpid();
}

static void limit(rlim_t size)
{
	struct rlimit r = {size, RLIM_INFINITY};

	T(setrlimit(RLIMIT_FSIZE, &r));
}

static void tell(int fd)
{
	struct stat st;

	T(fstat(fd, &st));
	SAY("size %ld, at %ld, %d signals, %d of them our own\n", (long)st.st_size, (long)lseek(fd, 0, SEEK_CUR), signals, from_self);
}

int main(int argc, char **argv)
{
	static char data[100000], buf[1 << 16];
	struct iovec iov[3] = {{data, 3000}, {data, 3000}, {data, 3000}};
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	int fd, other, p[2];
	loff_t off = 0;
	char *m;

	/* The limit is for stdout too where that is a file: nothing goes out while it is low. */
	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(data, 'x', sizeof(data));
	sigaction(SIGXFSZ, &sa, NULL);
	fd = OK(open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600));
	limit(5000);
	T(write(fd, data, 4000));
	T(write(fd, data, 4000));
	tell(fd);
	T(write(fd, data, 1));
	T(write(fd, data, 0));
	tell(fd);
	/* What lies within may be written, wherever it lies. */
	T(pwrite(fd, data, 100, 4950));
	T(pwrite(fd, data, 100, 5000));
	T(pwrite(fd, data, 100, 1ll << 40));
	T(pwritev(fd, iov, 3, 1000));
	T(pwritev(fd, iov, 3, 4999));
	T(pwritev2(fd, iov, 3, 6000, 0));
	T(pwrite(fd, BAD, 100, 5000));
	tell(fd);
	/* Cut and lengthened. */
	T(ftruncate(fd, 5001));
	T(ftruncate(fd, 5000));
	T(ftruncate(fd, 10));
	T(truncate("limited", 5001));
	T(truncate("limited", 4000));
	T(fallocate(fd, 0, 0, 5001));
	tell(fd);
	/* At the end. */
	other = OK(open("limited", O_WRONLY | O_APPEND));
	T(write(other, data, 600));
	T(write(other, data, 600));
	T(write(other, data, 600));
	tell(other);
	/* Without the program's memory in between. */
	close(other);
	other = OK(open("source", O_RDWR | O_CREAT | O_TRUNC, 0600));
	limit(RLIM_INFINITY);
	T(write(other, data, sizeof(data)));
	limit(5000);
	T(ftruncate(fd, 0));
	T(lseek(fd, 4500, SEEK_SET));
	off = 0;
	T(sendfile(fd, other, &off, 1000));
	SAY("offset %ld\n", (long)off);
	T(sendfile(fd, other, &off, 1000));
	IS(signals > 9); /* the first may have tried the rest at once */
	signals = from_self = 0;
	tell(fd);
	/* A file that is too long already: read, written below, cut to what is too long still. */
	T(pwrite(other, data, 10, 4995));
	T(pwrite(other, data, 10, 90000));
	T(ftruncate(other, 50000));
	T(pread(other, data, 10, 49990));
	m = mmap(NULL, 50000, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	IS(m != MAP_FAILED);
	m[40000] = 'm';
	T(msync(m, 50000, MS_SYNC));
	T(pread(other, data, 1, 40000));
	IS(data[0] == 'm');
	tell(other);
	/* Only files. */
	limit(0);
	T(pipe(p));
	T(write(p[1], data, 10));
	other = OK(open("/dev/null", O_WRONLY));
	T(write(other, data, 10));
	T(mkdir("folder", 0700));
	other = OK(open("nothing", O_RDWR | O_CREAT, 0600));
	T(write(other, data, 1));
	T(ftruncate(other, 0));
	tell(other);
	signal(SIGXFSZ, SIG_IGN);
	T(write(other, data, 1));
	signal(SIGXFSZ, SIG_DFL);
	limit(RLIM_INFINITY);
	fflush(stdout);
	limit(100);
	pwrite(other, data, 1, 100);
	SAY("not reached\n");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Disks.  `disk calls RW RO`: what the calls say of a disk to write and of one to read only, the same on
 * Linux with such a disk (tests/kvm/disk-test).  `disk random DEV SEED ROUNDS`: any offset, any length,
 * against a copy in memory.  `disk threads DEV`: threads that write bytes of the same blocks.  `disk bytes
 * DEV`: all of it on stdout.  put, get, fill, size: one access.
 */
#include "../abi/abi.h"

#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

static void ask(int fd)
{
	uint64_t size = 0;
	unsigned long sectors = 0;
	int n = -1;
	unsigned u = 1;

	T(ioctl(fd, BLKGETSIZE64, &size));
	SAY("size %llu\n", (unsigned long long)size);
	T(ioctl(fd, BLKGETSIZE, &sectors));
	SAY("sectors %lu\n", sectors);
	T(ioctl(fd, BLKSSZGET, &n));
	SAY("block %d\n", n);
	T(ioctl(fd, BLKPBSZGET, &u));
	SAY("physical block %u\n", u);
	T(ioctl(fd, BLKROGET, &n));
	SAY("read-only %d\n", n);
	T(ioctl(fd, BLKGETSIZE64, BAD));
	T(ioctl(fd, FIONREAD, &n));
	T(ioctl(fd, 0x1299, &n));
}

static void what_it_is(const char *path)
{
	struct stat st;

	T(stat(path, &st));
	IS(S_ISBLK(st.st_mode));
	IS(st.st_size == 0);
	IS(st.st_rdev != 0);
}

static void ends(int fd, int64_t size)
{
	char buf[4096];

	memset(buf, 'e', sizeof(buf));
	T(lseek(fd, 0, SEEK_END));
	T(read(fd, buf, 10));
	T(write(fd, buf, 10));
	T(lseek(fd, -5, SEEK_END));
	T(write(fd, buf, 10));
	T(read(fd, buf, 10));
	T(pread(fd, buf, sizeof(buf), size - 100));
	T(pread(fd, buf, 1, size));
	T(pread(fd, buf, 1, size + 4096));
	T(pwrite(fd, buf, 1, size));
	T(pwrite(fd, buf, 1, size + 4096));
	T(pwrite(fd, buf, 0, size));
	T(lseek(fd, 1, SEEK_END));
	T(lseek(fd, size, SEEK_SET));
	T(lseek(fd, size + 1, SEEK_SET));
	T(lseek(fd, -1, SEEK_SET));
	T(lseek(fd, 5, SEEK_SET));
	T(lseek(fd, -6, SEEK_CUR));
	T(lseek(fd, 1000, SEEK_SET));
	T(write(fd, "one", 3));
	T(write(fd, "two", 3));
	T(lseek(fd, 0, SEEK_CUR));
	T(lseek(fd, -6, SEEK_CUR));
	T(read(fd, buf, 4));
	T(read(fd, buf + 4, 2));
	abi_bytes("in a row", buf, 6);
	T(lseek(fd, 100, SEEK_DATA));
	T(lseek(fd, 100, SEEK_HOLE));
	T(lseek(fd, size, SEEK_DATA));
	T(ftruncate(fd, 0));
	T(fsync(fd));
	T(fdatasync(fd));
	T(pread(fd, BAD, 100, 0));
	T(pwrite(fd, BAD, 100, 0));
}

static void discard(int fd, int64_t size)
{
	uint64_t r[2] = {8192, 4096};
	char buf[8192];

	memset(buf, 'd', sizeof(buf));
	T(pwrite(fd, buf, sizeof(buf), 8192));
	T(ioctl(fd, BLKZEROOUT, r));
	T(pread(fd, buf, sizeof(buf), 8192));
	IS(buf[0] == 0 && buf[4095] == 0 && buf[4096] == 'd');
	T(ioctl(fd, BLKDISCARD, r));
	T(ioctl(fd, BLKDISCARD, BAD));
	r[0] = 100;
	T(ioctl(fd, BLKDISCARD, r));
	T(ioctl(fd, BLKZEROOUT, r));
	r[0] = (uint64_t)size - 512;
	r[1] = 1024;
	T(ioctl(fd, BLKDISCARD, r));
	T(ioctl(fd, BLKZEROOUT, r));
	r[1] = 0;
	T(ioctl(fd, BLKZEROOUT, r));
	r[0] = UINT64_MAX - 511;
	r[1] = 512;
	T(ioctl(fd, BLKDISCARD, r));
}

static void read_only(const char *path)
{
	uint64_t r[2] = {0, 4096};
	char buf[10] = "";
	int fd = OK(open(path, O_RDWR));

	ask(fd);
	T(write(fd, buf, 10));
	T(pread(fd, buf, 10, 0));
	T(fsync(fd));
	T(ioctl(fd, BLKDISCARD, r));
	T(ioctl(fd, BLKZEROOUT, r));
	close(fd);
	fd = OK(open(path, O_RDONLY));
	T(write(fd, buf, 10));
	T(ioctl(fd, BLKDISCARD, r));
	T(ioctl(fd, BLKZEROOUT, r));
	T(ioctl(fd, BLKFLSBUF, 0));
	close(fd);
}

static void mapping(const char *path, int fd)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096), got[6];
	int ro;

	T(pwrite(fd, "mapped", 6, 4096 + 4090));
	IS(p != MAP_FAILED && !memcmp(p + 4090, "mapped", 6));
	if (p != MAP_FAILED)
		p[4090] = 'M';
	abi_bytes("in memory", p + 4090, 6);
	munmap(p, 8192);
	ro = OK(open(path, O_RDONLY));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 8192 - 4096);
	IS(p != MAP_FAILED && !memcmp(p + 4090, "mapped", 6));
	close(ro);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	IS(p != MAP_FAILED);
	if (p != MAP_FAILED) {
		memcpy(p + 4000, "stored", 6);
		T(pread(fd, got, 6, 4096 + 4000));
		abi_bytes("read", got, 6);
		T(pwrite(fd, "wr", 2, 4096 + 4001));
		abi_bytes("in memory", p + 4000, 6);
		memcpy(p + 5000, "last", 4);
		T(msync(p, 8192, MS_SYNC));
		munmap(p, 8192);
	}
	T(pread(fd, got, 6, 4096 + 5000));
	abi_bytes("read", got, 4);
	T(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED);
}

static int calls(const char *rw, const char *ro)
{
	struct iovec v[3];
	char a[700], b[1], c[1000];
	int64_t size;
	int fd;

	what_it_is(rw);
	fd = OK(open(rw, O_RDWR | O_EXCL));
	size = lseek(fd, 0, SEEK_END);
	ask(fd);
	ends(fd, size);
	discard(fd, size);
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	memset(c, 'c', sizeof(c));
	v[0] = (struct iovec){a, sizeof(a)};
	v[1] = (struct iovec){b, sizeof(b)};
	v[2] = (struct iovec){c, sizeof(c)};
	T(pwritev(fd, v, 3, 333));
	T(preadv(fd, v, 3, 334));
	abi_bytes("a's end", a + 690, 10);
	abi_bytes("c's end", c + 990, 10);
	mapping(rw, fd);
	T(ioctl(fd, BLKFLSBUF, 0));
	T(close(fd));
	fd = OK(open(rw, O_WRONLY | O_TRUNC | O_SYNC));
	T(read(fd, a, 1));
	T(write(fd, "synced", 6));
	T(close(fd));
	read_only(ro);
	T(open("/dev/vdz", O_RDONLY));
	return 0;
}

static uint64_t seed;

static uint64_t pick(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

/* Mostly small, mostly near the edges of blocks; at times long. */
static void pick_range(uint64_t size, uint64_t *off, uint64_t *len)
{
	*off = pick(size / 512) * 512;
	*len = pick(4) ? pick(2000) : pick(600000);
	if (pick(3))
		*off += pick(512);
	if (!pick(3))
		*len &= ~511ull;
	if (*off + *len > size)
		*len = size - *off;
}

static int random_io(const char *dev, unsigned rounds)
{
	int fd = open(dev, O_RDWR);
	int64_t size = lseek(fd, 0, SEEK_END);
	char *model, *buf;

	if (fd < 0 || size <= 0 || !(model = malloc(size)) || !(buf = malloc(size)) ||
	    pread(fd, model, size, 0) != size) {
		perror(dev);
		return 1;
	}
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t off, len;

		pick_range(size, &off, &len);
		if (pick(2)) {
			for (uint64_t k = 0; k < len; k++)
				buf[k] = (char)(pick(256));
			if (pwrite(fd, buf, len, off) != (ssize_t)len) {
				printf("round %u: pwrite(%lu, %lu): %m\n", i, len, off);
				return 1;
			}
			memcpy(model + off, buf, len);
		} else {
			if (pread(fd, buf, len, off) != (ssize_t)len || memcmp(buf, model + off, len)) {
				printf("round %u: pread(%lu, %lu) differs\n", i, len, off);
				return 1;
			}
		}
	}
	if (fsync(fd) || pread(fd, buf, size, 0) != size || memcmp(buf, model, size)) {
		printf("the disk differs at the end\n");
		return 1;
	}
	printf("random: ok\n");
	return 0;
}

#define THREADS 4
#define PIECE	97
#define PIECES	500

static const char *thread_dev;

/* Thread n writes each fourth piece of 97 bytes: each block has bytes of all. */
static void *thread_run(void *arg)
{
	long n = (long)arg;
	int fd = open(thread_dev, O_WRONLY);
	char buf[PIECE];

	memset(buf, 'A' + (int)n, sizeof(buf));
	for (long i = 0; i < PIECES; i++)
		if (pwrite(fd, buf, PIECE, (i * THREADS + n) * PIECE) != PIECE)
			return (void *)1;
	close(fd);
	return NULL;
}

static int threads(void)
{
	static char got[THREADS * PIECE * PIECES];
	pthread_t t[THREADS];
	void *bad;
	int wrong = 0;

	for (long n = 0; n < THREADS; n++)
		pthread_create(&t[n], NULL, thread_run, (void *)n);
	for (int n = 0; n < THREADS; n++) {
		pthread_join(t[n], &bad);
		wrong += bad != NULL;
	}
	int fd = open(thread_dev, O_RDONLY);

	if (wrong || pread(fd, got, sizeof(got), 0) != (ssize_t)sizeof(got)) {
		printf("%d writers failed: %m\n", wrong);
		return 1;
	}
	for (size_t i = 0; i < sizeof(got); i++)
		wrong += got[i] != 'A' + (char)(i / PIECE % THREADS);
	printf("threads: %d bytes lost\n", wrong);
	return wrong != 0;
}

static int put(const char *dev, const char *off, const char *text)
{
	int fd = open(dev, O_RDWR);
	ssize_t n = fd < 0 ? -1 : pwrite(fd, text, strlen(text), atol(off));

	abi_result("put", n, errno);
	return 0;
}

/* As many random bytes. */
static int fill(const char *dev, const char *off, const char *len)
{
	size_t n = strtoul(len, NULL, 0);
	char *buf = malloc(n);
	int fd = open(dev, O_RDWR);

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)pick(256);
	ssize_t done = pwrite(fd, buf, n, atol(off));

	abi_result("fill", done, errno);
	return 0;
}

static int get(const char *dev, const char *off, const char *len)
{
	static char buf[65536];
	int fd = open(dev, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, strtoul(len, NULL, 0) % sizeof(buf), atol(off));

	abi_result("get", n, errno);
	return 0;
}

static int size(const char *dev)
{
	int fd = open(dev, O_RDONLY), block = 0;
	uint64_t n = 0;

	if (ioctl(fd, BLKGETSIZE64, &n) || ioctl(fd, BLKSSZGET, &block))
		return 1;
	printf("%lu bytes in blocks of %d\n", n, block);
	return 0;
}

static int bytes(const char *dev)
{
	static char buf[100000];
	int fd = open(dev, O_RDONLY);
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			return 1;
	return n != 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "calls"))
		return calls(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "random")) {
		seed = strtoul(argv[3], NULL, 0);
		return random_io(argv[2], strtoul(argv[4], NULL, 0));
	}
	if (argc == 3 && !strcmp(argv[1], "threads")) {
		thread_dev = argv[2];
		return threads();
	}
	if (argc == 3 && !strcmp(argv[1], "bytes"))
		return bytes(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "put"))
		return put(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "get"))
		return get(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "fill"))
		return fill(argv[2], argv[3], argv[4]);
	if (argc == 3 && !strcmp(argv[1], "size"))
		return size(argv[2]);
	fprintf(stderr, "usage: disk calls|random|threads|bytes ...\n");
	return 2;
}

/* SPDX-License-Identifier: MIT */
/* memfd_create and seals: on writes, cuts, allocation, mappings, modes. */
#include "abi.h"
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC 16
#endif

static int sealed(unsigned seals)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

	if (write(fd, "0123456789", 10) != 10)
		SAY("cannot write\n");
	T(fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void creation(void)
{
	char name[300], path[64], link[300];
	struct stat st;
	ssize_t n;
	int fd, other;

	fd = OK(memfd_create("thing", 0));
	T(fcntl(fd, F_GETFD));
	T((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	T(fcntl(fd, F_GET_SEALS));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fstat(fd, &st));
	SAY("%o %ld %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	SAY("%s\n", link);
	T(write(fd, "hello", 5));
	T(lseek(fd, 0, SEEK_SET));
	T(read(fd, name, sizeof(name)));
	other = OK(open(path, O_RDONLY));
	T(read(other, name, sizeof(name)));
	T(fcntl(other, F_ADD_SEALS, F_SEAL_GROW));
	close(other);
	close(fd);
	fd = OK(memfd_create("", MFD_CLOEXEC));
	T(fcntl(fd, F_GETFD));
	close(fd);
	fd = OK(memfd_create("noexec", MFD_NOEXEC_SEAL));
	T(fcntl(fd, F_GET_SEALS));
	T(fstat(fd, &st));
	SAY("%o\n", st.st_mode);
	T(fchmod(fd, 0644));
	T(fchmod(fd, 0755));
	close(fd);

	T(memfd_create("x", 0x4000));
	T(memfd_create("x", MFD_NOEXEC_SEAL | MFD_EXEC));
	T(memfd_create(BAD, 0));
	memset(name, 'n', sizeof(name));
	name[250] = 0;
	T(memfd_create(name, 0));
	name[249] = 0;
	close((int)OK(memfd_create(name, 0)));
}

static void seal_errors(void)
{
	int fd = sealed(F_SEAL_SHRINK), ro, pipes[2];
	char path[64];

	T(fcntl(fd, F_GET_SEALS));
	T(fcntl(fd, F_ADD_SEALS, 0x40));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	T(fcntl(fd, F_GET_SEALS));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	T(fcntl(ro, F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(fd, F_GET_SEALS));
	close(ro);
	close(fd);
	T(pipe(pipes));
	T(fcntl(pipes[0], F_GET_SEALS));
	T(fcntl(pipes[1], F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(99, F_GET_SEALS));
	close(pipes[0]);
	close(pipes[1]);
}

static void sizes(void)
{
	static char page[8192];
	int fd = sealed(F_SEAL_SHRINK);

	T(ftruncate(fd, 5));
	T(ftruncate(fd, 10));
	T(ftruncate(fd, 20));
	close(fd);
	fd = sealed(F_SEAL_GROW);
	T(ftruncate(fd, 20));
	T(ftruncate(fd, 8));
	T(pwrite(fd, "xx", 2, 0));
	T(pwrite(fd, "xx", 2, 7));
	T(write(fd, "x", 1));
	T(fallocate(fd, 0, 0, 100));
	T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100));
	T(lseek(fd, 0, SEEK_END));
	close(fd);
	fd = memfd_create("pages", MFD_ALLOW_SEALING);
	T(ftruncate(fd, 4096));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	T(pwrite(fd, page, 8192, 0));
	T(pwrite(fd, page, 8192, 4096));
	close(fd);
}

static void writes(unsigned seal)
{
	struct iovec v = {"yy", 2};
	int fd = sealed(seal);
	char buf[16];
	void *p;

	T(fcntl(fd, F_GET_SEALS));
	T(write(fd, "x", 1));
	T(pwrite(fd, "x", 1, 0));
	T(pwritev(fd, &v, 1, 0));
	T(write(fd, "", 0));
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5));
	T(ftruncate(fd, 4));
	T(pread(fd, buf, sizeof(buf), 0));
	OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	p = OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	T(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	T(munmap(p, 4096));
	p = OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	memcpy(p, "own", 3);
	T(pread(fd, buf, 4, 0));
	abi_bytes("file", buf, 4);
	munmap(p, 4096);
	close(fd);
}

static void mappings(void)
{
	int fd = sealed(0);
	char *p = OK((char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)), buf[4];

	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(fd, F_GET_SEALS));
	T(mprotect(p, 4096, PROT_READ));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); /* it could become writable again */
	T(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	p[0] = 'Z'; /* mappings made before go on */
	T(pread(fd, buf, 4, 0));
	abi_bytes("file", buf, 4);
	T(munmap(p, 4096));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(fd, F_GET_SEALS));
	close(fd);
	fd = sealed(F_SEAL_EXEC);
	T(fcntl(fd, F_GET_SEALS));
	T(fchmod(fd, 0600));
	T(fchmod(fd, 0700));
	close(fd);
}

int main(void)
{
	creation();
	seal_errors();
	sizes();
	writes(F_SEAL_WRITE);
	writes(F_SEAL_FUTURE_WRITE);
	mappings();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* open(2): what each flag does, to the file and to the descriptor. */
#include "abi.h"

static void mode_of(const char *name)
{
	struct stat st;

	if (stat(name, &st) == 0)
		SAY("%s: mode %o size %ld\n", name, st.st_mode, (long)st.st_size);
	else
		SAY("%s: %s\n", name, strerrorname_np(errno));
}

int main(void)
{
	char buf[64];
	int fd;

	/* creation, and the mode under the mask */
	fd = T(open("made", O_WRONLY | O_CREAT, 0666));
	T(close(fd));
	mode_of("made");
	fd = T(open("made", O_WRONLY | O_CREAT, 0600));
	T(close(fd));
	mode_of("made");
	umask(077);
	fd = T(open("masked", O_WRONLY | O_CREAT, 0666));
	T(close(fd));
	mode_of("masked");
	umask(022);

	/* a file made read-only can still be written through the descriptor that made it */
	fd = T(open("readonly", O_WRONLY | O_CREAT | O_EXCL, 0444));
	T(write(fd, "abc", 3));
	T(close(fd));
	mode_of("readonly");

	T(open("made", O_WRONLY | O_CREAT | O_EXCL, 0666));

	/* truncation */
	abi_put("full", "0123456789");
	fd = T(open("full", O_WRONLY));
	T(write(fd, "AB", 2));
	T(close(fd));
	abi_show("full");
	fd = T(open("full", O_WRONLY | O_TRUNC));
	T(close(fd));
	mode_of("full");

	/* appending ignores the offset, and moves it to the end */
	abi_put("log", "first.");
	fd = T(open("log", O_RDWR | O_APPEND));
	T(lseek(fd, 0, SEEK_SET));
	T(write(fd, "second.", 7));
	T(lseek(fd, 0, SEEK_CUR));
	T(lseek(fd, 2, SEEK_SET));
	T(read(fd, buf, 4));
	abi_bytes("read at 2", buf, 4);
	T(write(fd, "third.", 6));
	T(close(fd));
	abi_show("log");

	/* access modes are kept */
	fd = T(open("log", O_RDONLY));
	T(write(fd, "x", 1));
	T(fcntl(fd, F_GETFL) & O_ACCMODE);
	T(close(fd));
	fd = T(open("log", O_WRONLY));
	T(read(fd, buf, 1));
	T(fcntl(fd, F_GETFL) & O_ACCMODE);
	T(close(fd));

	/* directories */
	T(mkdir("dir", 0755));
	fd = T(open("dir", O_RDONLY | O_DIRECTORY));
	T(read(fd, buf, 1));
	T(write(fd, buf, 1));
	T(close(fd));
	T(open("dir", O_WRONLY));
	T(open("dir", O_RDWR));
	T(open("dir", O_RDONLY | O_CREAT, 0666));
	T(open("log", O_RDONLY | O_DIRECTORY));

	/* close-on-exec and the lowest free descriptor */
	fd = T(open("log", O_RDONLY | O_CLOEXEC));
	T(fcntl(fd, F_GETFD));
	T(close(fd));
	T(open("log", O_RDONLY));
	T(open("log", O_RDONLY));
	T(open("log", O_RDONLY));
	T(close(4));
	T(open("log", O_RDONLY));
	T(close(3));
	T(close(4));
	T(close(5));
	T(creat("created", 0640));
	mode_of("created");
	return 0;
}

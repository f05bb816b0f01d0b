/* SPDX-License-Identifier: MIT */
/* O_APPEND in the shared directory: where bytes land, and where the position stands afterwards. */
#include "../abi/abi.h"

int main(void)
{
	int a = (int)T(open("log", O_RDWR | O_CREAT | O_APPEND, 0644)), b = (int)T(open("log", O_WRONLY | O_APPEND));
	char buf[100] = "";

	T(write(a, "one\n", 4));
	T(write(b, "two\n", 4));
	T(lseek(a, 0, SEEK_CUR));
	T(write(a, "three\n", 6));
	T(lseek(a, 0, SEEK_CUR));
	T(lseek(b, 0, SEEK_CUR));
	T(lseek(a, 2, SEEK_SET));
	T(write(a, "four\n", 5));
	T(lseek(a, 0, SEEK_CUR));
	T(pread(a, buf, sizeof(buf), 0));
	fputs(buf, stdout);
	T(fcntl(b, F_SETFL, 0));
	T(write(b, "!", 1));
	T(unlink("log"));
	T(write(a, "five\n", 5));
	T(lseek(a, 0, SEEK_CUR));
	memset(buf, 0, sizeof(buf));
	T(pread(a, buf, sizeof(buf), 0));
	fputs(buf, stdout);
	return 0;
}

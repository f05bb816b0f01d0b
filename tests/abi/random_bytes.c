/* SPDX-License-Identifier: MIT */
/* getrandom(2), /dev/urandom, AT_RANDOM: lengths, errors, and that no two blocks agree. */
#include "abi.h"
#include <sys/auxv.h>
#include <sys/random.h>

static char a[100000], b[100000];

/* Each value of a byte about as often as the others: 100,000 / 256 = 390, six deviations are 119. */
static bool even(const char *p)
{
	int n[256] = {0};

	for (size_t i = 0; i < sizeof(a); i++)
		n[(unsigned char)p[i]]++;
	for (int i = 0; i < 256; i++)
		if (n[i] < 271 || n[i] > 510)
			return false;
	return true;
}

int main(void)
{
	int fd;

	T(getrandom(a, 16, 0));
	T(getrandom(b, 16, GRND_NONBLOCK));
	IS(memcmp(a, b, 16) != 0);
	T(getrandom(a, 0, 0));
	T(getrandom(a, 16, GRND_RANDOM));
	T(getrandom(a, 16, 0x99));
	T(getrandom(BAD, 16, 0));
	T(getrandom(BAD, 0, 0));
	T(getrandom(a, sizeof(a), 0));
	IS(even(a));
	fd = T(open("/dev/urandom", O_RDONLY));
	T(read(fd, b, sizeof(b)));
	IS(even(b));
	IS(memcmp(a, b, 32) != 0);
	T(read(fd, BAD, 1));
	T(close(fd));
	fd = T(open("/dev/random", O_RDONLY));
	T(read(fd, b, 8));
	T(close(fd));
	IS(getauxval(AT_RANDOM) != 0);
	return 0;
}

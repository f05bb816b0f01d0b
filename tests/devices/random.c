/* SPDX-License-Identifier: MIT */
/* Prints random bytes of the kernel's. */
#include <stdio.h>
#include <sys/random.h>

int main(void)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return 1;
	printf("random ");
	for (unsigned i = 0; i < sizeof(b); i++)
		printf("%02x", b[i]);
	puts("");
	return 0;
}

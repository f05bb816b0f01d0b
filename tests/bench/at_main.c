/* SPDX-License-Identifier: MIT */
/* hello, whose main says first of all that it runs, and which waits for stdin's end when it has said its line. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	if (write(1, "!", 1) != 1)
		return 1;
	printf("Hello from Hermit!\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

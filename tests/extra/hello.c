/* SPDX-License-Identifier: MIT */
/* The first program anyone runs. */
#include <stdio.h>

int main(void)
{
	return puts("Hello from Hermit!") < 0;
}

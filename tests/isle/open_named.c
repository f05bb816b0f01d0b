/* SPDX-License-Identifier: MIT */
/* Prints the first line of each file that is named, or the error; a file behind -w is opened for writing. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	char line[256];

	for (int i = 1; i < argc; i++) {
		const char *mode = "r";

		if (strcmp(argv[i], "-w") == 0 && i + 1 < argc) {
			mode = "r+";
			i++;
		}
		FILE *f = fopen(argv[i], mode);

		if (!f)
			printf("%s\n", strerrorname_np(errno));
		else if (fgets(line, sizeof(line), f))
			fputs(line, stdout);
		if (f)
			fclose(f);
	}
	return 0;
}

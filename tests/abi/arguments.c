/* SPDX-License-Identifier: MIT */
/* Arguments, environment, working directory and umask arrive byte for byte. */
#include "abi.h"

extern char **environ;

static int cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	char name[16];
	int n = 0;

	T(argc);
	for (int i = 1; i < argc; i++)
		abi_bytes("arg", argv[i], strlen(argv[i]));
	IS(argv[argc] == NULL);
	while (environ[n])
		n++;
	qsort(environ, (size_t)n, sizeof(char *), cmp);
	for (int i = 0; i < n; i++)
		if (strncmp(environ[i], "ABI_", 4) == 0)
			abi_bytes("env", environ[i], strlen(environ[i]));
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "made-%d", i);
		abi_put(name, name);
	}
	SAY("%s\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') : argv[0]);
	return argc;
}

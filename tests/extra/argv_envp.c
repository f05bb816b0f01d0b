/* SPDX-License-Identifier: MIT */
/* Prints its arguments and its environment as they came, and checks how they lie in memory. */
#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static void print_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	puts("\"");
}

int main(int argc, char **argv, char **envp)
{
	unsigned char canary[16];
	int n;

	printf("argc = %d\n", argc);
	for (int i = 0; i < argc; i++) {
		printf("argv[%d] = ", i);
		print_quoted(argv[i]);
	}
	CHECK(argv[argc] == NULL);
	CHECK(envp == environ);
	/* System V ABI, 3.4.1: the environment's pointers follow the arguments' NULL. */
	CHECK(envp == argv + argc + 1);
	for (n = 0; envp[n]; n++) {
		printf("envp[%d] = ", n);
		print_quoted(envp[n]);
		CHECK(strchr(envp[n], '='));
	}
	for (int i = 0; i < n; i++) {
		char *name = strdup(envp[i]), *value;

		*strchr(name, '=') = 0;
		value = getenv(name);
		CHECK(value && strchr(envp[i], '='));
		free(name);
	}

	/* The auxiliary vector stands behind the environment. */
	CHECK(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE));
	CHECK(getauxval(AT_PHDR) && getauxval(AT_PHENT) == sizeof(Elf64_Phdr) && getauxval(AT_ENTRY));
	CHECK(getauxval(AT_RANDOM));
	memcpy(canary, (void *)getauxval(AT_RANDOM), sizeof(canary));
	n = 0;
	for (size_t i = 0; i < sizeof(canary); i++)
		n |= canary[i];
	CHECK(n); /* 16 random bytes that are all 0 happen once in 2^128 */
	CHECK(getauxval(AT_SECURE) == 0);
	CHECK(setenv("HERMIT_EXAMPLE", "changed", 1) == 0 && !strcmp(getenv("HERMIT_EXAMPLE"), "changed"));
	CHECK(unsetenv("HERMIT_EXAMPLE") == 0 && !getenv("HERMIT_EXAMPLE"));
	puts("argv_envp: ok");
	return 0;
}

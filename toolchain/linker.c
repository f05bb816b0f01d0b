/* SPDX-License-Identifier: MIT */
/*
 * The linker as the compilers see it (by -B) and as x86_64-hermit-ld: runs the
 * system's linker and marks the program it made with EI_OSABI 0xFF
 * (ELFOSABI_STANDALONE), as HermitCore's tools did. Linux runs such a file too.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

struct link {
	const char *output;
	bool partial; /* -r */
	bool shared;
	bool fortran; /* libgfortran takes part */
};

/*
 * libgfortran refers to the thread functions weakly. Nothing else in a static
 * link need pull them in, and those that stay 0 are called all the same once
 * one of them is there: a crash when the program ends. All or none.
 */
static const char *const fortran_needs[] = {
	"pthread_cond_broadcast", "pthread_cond_destroy", "pthread_cond_init", "pthread_cond_wait",
	"pthread_create", "pthread_getspecific", "pthread_setspecific", "pthread_join", "pthread_key_create",
	"pthread_key_delete", "pthread_mutex_destroy", "pthread_mutex_init", "pthread_mutex_lock",
	"pthread_mutex_trylock", "pthread_mutex_unlock", "pthread_self",
};

static bool is_fortran_library(const char *arg)
{
	static const char name[] = "libgfortran.a";
	size_t len = strlen(arg), want = sizeof(name) - 1;

	return !strcmp(arg, "-lgfortran") || (len >= want && !strcmp(arg + len - want, name));
}

static void link_read(struct link *l, const struct args *args)
{
	*l = (struct link){ .output = "a.out" };
	for (int i = 1; i < args->n; i++) {
		const char *arg = args->v[i];
		bool more = i + 1 < args->n;

		if ((!strcmp(arg, "-o") || !strcmp(arg, "--output")) && more)
			l->output = args->v[++i];
		else if (!strncmp(arg, "--output=", 9))
			l->output = arg + 9;
		else if ((!strcmp(arg, "-e") || !strcmp(arg, "-T") || !strcmp(arg, "-z") || !strcmp(arg, "-u") ||
			  !strcmp(arg, "-m") || !strcmp(arg, "-L") || !strcmp(arg, "-dynamic-linker")) && more)
			i++;
		else if (arg[0] == '-' && arg[1] == 'o' && arg[2])
			l->output = arg + 2;
		else if (!strcmp(arg, "-r") || !strcmp(arg, "-i") || !strcmp(arg, "--relocatable") ||
			 !strcmp(arg, "-Ur"))
			l->partial = true;
		else if (!strcmp(arg, "-shared") || !strcmp(arg, "--shared") || !strcmp(arg, "-Bshareable"))
			l->shared = true;
		else if (is_fortran_library(arg))
			l->fortran = true;
	}
}

/* Did the linker write it? "ld --version" leaves an old a.out as it is, and so must we. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* 0, or a negative errno. What is not an ELF program is left alone: ld may have been told to
 * write a binary image, or /dev/null. before: the file as it was, all 0 for none. */
static int mark(const char *path, const struct stat *before)
{
	static const unsigned char standalone = ELFOSABI_STANDALONE;
	struct stat st;
	Elf64_Ehdr h;
	int fd, err = 0;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno; /* --help, --version */
	if (!S_ISREG(st.st_mode) || same_file(&st, before))
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) && !memcmp(h.e_ident, ELFMAG, SELFMAG) &&
	    (h.e_type == ET_EXEC || h.e_type == ET_DYN) &&
	    pwrite(fd, &standalone, 1, EI_OSABI) != 1)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/*
 * GNU ld warns of dlopen in each static program with OpenMP, for the sake of libgomp's offloading,
 * which stays unused where there is no accelerator. Two lines that mend nothing and make configure
 * scripts doubt -fopenmp; a dlopen of the program's own is still warned of.
 */
static void drop_libgomp_warning(FILE *from, FILE *to)
{
	char *line = NULL, *held = NULL;
	size_t len = 0;

	while (getline(&line, &len, from) >= 0) {
		if (held && strstr(line, "Using 'dlopen' in statically linked applications")) {
			free(held);
			held = NULL;
			continue;
		}
		if (held)
			fputs(held, to);
		free(held);
		held = NULL;
		if (strstr(line, "libgomp.a(target.o): in function")) {
			held = line;
			line = NULL;
			len = 0;
			continue;
		}
		fputs(line, to);
		fflush(to);
	}
	if (held)
		fputs(held, to);
	free(held);
	free(line);
}

/* The linker the compiler would have run: the next one on its search path, then PATH's. */
static const char *linker_find(const char *name)
{
	const char *real = tool_find(name, getenv("COMPILER_PATH"));

	return real ? real : tool_find("ld", getenv("COMPILER_PATH"));
}

int linker_main(const struct tool *tool, const struct place *place, struct args *args)
{
	const char *real = linker_find(tool->real);
	struct stat before;
	struct args seen;
	struct link l;
	int status, err;

	if (!real)
		die(tool->real, "not found in PATH", "install it; on Debian: apt install binutils");
	args_expand(&seen, args);
	link_read(&l, &seen);
	if (l.shared)
		die("-shared", "a Hermit program is one static file and loads no shared library",
		    "build a static library with x86_64-hermit-ar, or configure with --disable-shared");
	args->v[0] = (char *)real;
	if (l.fortran && !l.partial)
		for (size_t i = 0; i < sizeof(fortran_needs) / sizeof(fortran_needs[0]); i++)
			args_insert(args, 1, xformat("--undefined=%s", fortran_needs[i]));
	if (stat(l.output, &before))
		memset(&before, 0, sizeof(before));
	status = run_filtered(real, args->v, STDERR_FILENO, drop_libgomp_warning);
	if (status || l.partial)
		return status;
	err = mark(l.output, &before);
	if (err)
		die(l.output, strerror(-err), "it was linked, but could not be marked as a Hermit program");
	return 0;
}

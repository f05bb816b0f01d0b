/* SPDX-License-Identifier: MIT */
/*
 * x86_64-hermit-gcc and its family: one program, told by its name what to be.
 * It runs the system's own compiler or binutils program and adds what a Hermit
 * program needs: __hermit__ for the preprocessor, a static link, and EI_OSABI
 * 0xFF in the result.
 *
 * The last of these cannot be done from outside, because make, libtool and
 * -flto all have their own idea of when a link takes place. So the compilers
 * get "-B <prefix>/lib/hermit/toolchain/", where the name "ld" is this program
 * again: it runs the linker that would have run, then marks its output.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

const char *driver_name = "x86_64-hermit-gcc";

static const char *const triplets[] = { "x86_64-hermit-linux-gnu", "x86_64-hermit" };

/*
 * One row a tool. "real" is looked up in PATH; where the distribution gives a
 * command a version in its name only (gccgo-12), the highest one is taken.
 */
static const struct tool tools[] = {
	{ "gcc", "gcc", compiler_main, LANG_C },
	{ "cc", "gcc", compiler_main, LANG_C },
	{ "g++", "g++", compiler_main, LANG_CXX },
	{ "c++", "g++", compiler_main, LANG_CXX },
	{ "gfortran", "gfortran", compiler_main, LANG_FORTRAN },
	{ "gccgo", "gccgo", compiler_main, LANG_GO },
	{ "cpp", "cpp", compiler_main, LANG_CPP },
	{ "ld", "ld", linker_main, 0 },
	{ "ld.bfd", "ld.bfd", linker_main, 0 },
	{ "ld.gold", "ld.gold", linker_main, 0 },
	{ "ld.lld", "ld.lld", linker_main, 0 },
	{ "ld.mold", "ld.mold", linker_main, 0 },
	{ "pkg-config", "pkg-config", pkgconfig_main, 0 },
	{ "addr2line", "addr2line", plain_main, 0 },
	{ "ar", "ar", plain_main, 0 },
	{ "as", "as", plain_main, 0 },
	{ "c++filt", "c++filt", plain_main, 0 },
	{ "elfedit", "elfedit", plain_main, 0 },
	{ "gcc-ar", "gcc-ar", plain_main, 0 },
	{ "gcc-nm", "gcc-nm", plain_main, 0 },
	{ "gcc-ranlib", "gcc-ranlib", plain_main, 0 },
	{ "gcov", "gcov", plain_main, 0 },
	{ "gdb", "gdb", plain_main, 0 },
	{ "nm", "nm", plain_main, 0 },
	{ "objcopy", "objcopy", plain_main, 0 },
	{ "objdump", "objdump", plain_main, 0 },
	{ "ranlib", "ranlib", plain_main, 0 },
	{ "readelf", "readelf", plain_main, 0 },
	{ "size", "size", plain_main, 0 },
	{ "strings", "strings", plain_main, 0 },
	{ "strip", "strip", plain_main, 0 },
};

void die(const char *what, const char *why, const char *mend)
{
	fprintf(stderr, "%s: %s: %s (%s)\n", driver_name, what, why, mend);
	exit(1);
}

int plain_main(const struct tool *tool, const struct place *place, struct args *args)
{
	const char *real = tool_find(tool->real, NULL);

	if (!real)
		die(tool->real, "not found", "install it, or put it into PATH; on Debian: apt install binutils gcc");
	args->v[0] = (char *)real;
	execv(real, args->v);
	die(real, strerror(errno), "check the installation");
	return 1;
}

/* A static link needs the private libraries of a package too. */
int pkgconfig_main(const struct tool *tool, const struct place *place, struct args *args)
{
	args_insert(args, 1, "--static");
	return plain_main(tool, place, args);
}

static const struct tool *tool_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (!strcmp(tools[i].name, name))
			return &tools[i];
	return NULL;
}

/* The prefix this program stands in; it can be moved, so it is never built in. */
static void place_init(struct place *place)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		die("/proc/self/exe", "cannot be read", "mount /proc");
	self[n] = 0;
	for (int i = 0; i < 2; i++) { /* bin/x86_64-hermit-gcc -> prefix */
		char *slash = strrchr(self, '/');

		if (!slash)
			die(self, "not below a bin directory", "reinstall Hermit");
		*slash = 0;
	}
	place->prefix = xstrdup(self);
	place->linker_dir = xformat("%s/lib/hermit/toolchain/", self);
}

int main(int argc, char **argv)
{
	struct place place = { .triplet = triplets[1] };
	struct args args;
	const struct tool *tool;
	const char *base, *name;

	if (argc < 1 || !argv[0])
		die("argv[0]", "is missing", "call it by one of its names");
	base = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	driver_name = name = base;
	for (size_t i = 0; i < sizeof(triplets) / sizeof(triplets[0]); i++) {
		size_t len = strlen(triplets[i]);

		if (!strncmp(base, triplets[i], len) && base[len] == '-') {
			place.triplet = triplets[i];
			name = base + len + 1;
			break;
		}
	}
	tool = tool_by_name(name);
	if (!tool)
		die(base, "no tool of this name", "names are x86_64-hermit-gcc, -g++, -gfortran, -gccgo, -ar, -ld, ...");
	place_init(&place);
	args_init(&args, argc, argv);
	return tool->main(tool, &place, &args);
}

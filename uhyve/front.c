/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "args.h"
#include "gdb_place.h"
#include "machine.h"
#include "msg.h"
#include "pump.h"
#include "stdio_state.h"

int front_run(const struct uhyve_options *o, char **argv)
{
	struct stdio_state stdio;
	struct machine m = { .stats = -1 };
	struct args a = { .n = 0 };
	int theirs[MACHINE_SOCKETS], r;

	stdio_inspect(&stdio);
	if (gdb_place_check(o->gdb) || machine_sockets(&m, theirs))
		return STATUS_LOADER;
	args_add(&a, "%s", argv[0]);
	args_add(&a, "--port=io=%d", theirs[SOCKET_IO]);
	args_add(&a, "--port=err=%d", theirs[SOCKET_ERR]);
	args_add(&a, "--port=ctl=%d", theirs[SOCKET_CTL]);
	args_add(&a, "--log=%d", theirs[SOCKET_SERIAL]);
	for (argv++; *argv; argv++)
		args_add(&a, "%s", *argv);
	r = machine_spawn(&m, "uhyve", NULL, "/proc/self/exe", &a, theirs, -1, false);
	args_free(&a);
	r = r ? STATUS_LOADER : pump_run(&m, &stdio, o->initrd ? o->initrd : o->kernel, false);
	gdb_place_clean(o->gdb);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Where gdb connects: a TCP port, or "unix:PATH", a socket that a run makes and that is gone when it has ended. */
#ifndef CLI_GDB_PLACE_H
#define CLI_GDB_PLACE_H

/* Whether it is free.  0, or a negative error after a message: nobody's file is replaced.  NULL is free. */
int gdb_place_check(const char *gdb);

/* After the run: a VMM that is locked in, or was killed, cannot remove its socket. */
void gdb_place_clean(const char *gdb);

#endif

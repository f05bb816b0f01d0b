/* SPDX-License-Identifier: MIT */
/*
 * The console as the standard descriptors' files see it: three streams of
 * bytes.  drivers/console*.c puts them on the ports hermit.io and hermit.err,
 * or on COM1 where there is no virtio-serial device.  Only threads may call
 * (they may sleep), with no spinlock held; takes the console's own locks.
 * Nothing here raises SIGPIPE: the file does that when it sees -EPIPE.
 */
#ifndef FS_CONSOLE_H
#define FS_CONSOLE_H

#include <hermit/boot.h>
#include <hermit/ctl.h>
#include "fs/uio.h"
#include "lib/types.h"
#include "proc/wait.h"

enum console_stream { CONSOLE_IN = 0, CONSOLE_OUT = 1, CONSOLE_ERR = 2 };

/*
 * Reads at most u->left bytes of stdin: sleeps until there is one, and asks the host for no more than is read.
 * The number of bytes; 0 at an end of file (once: the next read asks the host again, as a terminal needs it);
 * -EAGAIN if nonblock and there is nothing yet; -ERESTARTSYS; -EFAULT; -EIO if the device has failed.
 * For stdin that is a regular file, goes on until u is full or the file ends.
 */
ssize_t console_read(struct uio *u, bool nonblock);

/*
 * Writes all of u, sleeping while the host does not take it; up to PAGE_SIZE bytes go out in one piece.
 * Fewer if a signal, a fault or (nonblock) a full ring ended it after some; if before the first byte:
 * -ERESTARTSYS, -EFAULT, -EAGAIN, -EPIPE (the host has no reader any more), -EIO.
 */
ssize_t console_write(enum console_stream s, struct uio *u, bool nonblock);
/* The same from the kernel's own memory, for reports on stderr; sleeps uninterruptibly. */
ssize_t console_write_kernel(enum console_stream s, const void *buf, size_t n);

/* POLL* bits (poll(2)) that hold right now; asking for POLLIN makes the host look for input. */
unsigned console_poll(enum console_stream s, unsigned want);
/* Woken with POLL* bits when that may have changed. */
struct wait_queue *console_wait_queue(enum console_stream s);

/* The terminal's size; kept up to date by the host. */
void console_winsize(struct hermit_boot_winsize *ws);
/* Has the host do tcsetattr(3) on the terminal.  0, or -EIO. */
int console_set_termios(const struct hermit_ctl_termios *t);

/*
 * Power-off: waits until the host has taken all output, then sends it how the program ended (see
 * struct hermit_ctl_exit) and waits until that is taken too.  Gives up only if the device is dead.
 */
void console_shutdown(int status, int signal);

#endif

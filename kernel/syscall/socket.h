/* SPDX-License-Identifier: MIT */
/* What the socket calls share: descriptors and names.  Takes no lock. */
#ifndef SYSCALL_SOCKET_H
#define SYSCALL_SOCKET_H

#include "fs/fd.h"
#include "lib/uaccess.h"
#include "net/socket.h"

/* The socket behind a descriptor: 0, -EBADF, -ENOTSOCK.  End with fd_put() after success. */
int socket_get(int fd, struct fdref *r);
static inline const struct socket_ops *socket_ops_of(struct fdref r) { return socket_of(r.file)->ops; }
/* A name of the program's, the rest zeros: 0, -EINVAL (its length), -EFAULT. */
int socket_get_name(u8 name[SOCK_NAME_MAX], const void __user *addr, int len);
/* As much of a name as fits into *ulen bytes, and how long the whole is. */
int socket_put_name(void __user *addr, int __user *ulen, const u8 *name, unsigned len);
/* accept4(2) on a file that is a socket. */
long socket_accept(struct file *f, void __user *addr, int __user *len, int flags);

#endif

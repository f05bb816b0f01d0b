/* SPDX-License-Identifier: MIT */
/* Where the 9p file system finds the host's directories. */
#ifndef DRIVERS_VIRTIO_9P_H
#define DRIVERS_VIRTIO_9P_H

#include "fs/p9_client.h"

/* The device with that mount tag, for one session.  0; -ENODEV; -EBUSY: it has been given out.  May sleep. */
int virtio_9p_open(const char *tag, const struct p9_transport **t, void **device);

#endif

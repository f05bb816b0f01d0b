/* SPDX-License-Identifier: MIT */
#include "fs/vfs.h"

int procfs_mount(struct mount *m, struct superblock **out) { return -ENODEV; }
int sysfs_mount(struct mount *m, struct superblock **out) { return -ENODEV; }

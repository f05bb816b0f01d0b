/* SPDX-License-Identifier: MIT */
/* What uname(2) and /proc/version say.  The release is the Linux whose ABI is meant: C libraries look at it. */
#ifndef VERSION_H
#define VERSION_H

#define UTS_RELEASE "6.1.0-hermit"
#define UTS_VERSION "#1 SMP Hermit"
#define UTS_MACHINE "x86_64"

#endif

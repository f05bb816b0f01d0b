/* SPDX-License-Identifier: MIT */
#ifndef PLATFORM_SPACE_H
#define PLATFORM_SPACE_H

struct platform_space {
	int unused;
};

#endif

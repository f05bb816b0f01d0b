/* SPDX-License-Identifier: MIT */
#ifndef TEST_HOSTFS_FUZZ_H
#define TEST_HOSTFS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

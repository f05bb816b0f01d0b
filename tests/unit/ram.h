/* SPDX-License-Identifier: MIT */
/* Memory that the frame layer's tests manage: physical address p is unit_ram + p. */
#ifndef UNIT_RAM_H
#define UNIT_RAM_H

#include "mm/frame.h"

extern u8 *unit_ram;

/* Fresh memory of `size` bytes, and dirty metadata, known to frames_init; nothing is added yet. */
void unit_ram_init(u64 size);

#endif

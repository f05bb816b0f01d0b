/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own memory: kmalloc and friends.  Any CPU, also from event
 * handlers; takes the frame lock.  Never sleeps.  Returns NULL when memory is
 * short, which every caller handles.  16-byte aligned; sizes of a page and
 * more are page-aligned.  kfree(NULL) is allowed.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include "lib/types.h"

void *kmalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *kzalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *krealloc(void *p, size_t size) __attribute__((alloc_size(2)));
void kfree(void *p);
size_t kmalloc_size(const void *p); /* usable size of an allocation */

char *kstrdup(const char *s);

#endif

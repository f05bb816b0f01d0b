/* SPDX-License-Identifier: MIT */
/*
 * A directory to share, in a directory of its own; what lies beside it must never be seen nor change.  Removed when
 * the program ends.
 */
#ifndef TESTS_FUZZ_TREE_H
#define TESTS_FUZZ_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before each input: makes the tree, and now and then makes it anew, since inputs rename and remove in it. */
void tree_renew(void);
const char *tree_share(void); /* its path */
/* Ends the run if the file outside has changed. */
void tree_check_outside(void);
/* Whether these bytes hold what the file outside does. */
bool tree_is_secret(const uint8_t *p, size_t n);

#endif

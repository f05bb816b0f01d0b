/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space, in a balanced tree by address: the data
 * structure alone.  Areas never overlap.  The caller locks (mm/space.h is that
 * caller).  Addresses and lengths are multiples of PAGE_SIZE.
 */
#ifndef MM_AREA_H
#define MM_AREA_H

#include "lib/tree.h"
#include "lib/types.h"

struct file;

#define AREA_READ      (1u << 0)
#define AREA_WRITE     (1u << 1)
#define AREA_EXEC      (1u << 2)
#define AREA_SHARED    (1u << 3)
#define AREA_STACK     (1u << 4) /* a stack: 4 KiB pages only */
#define AREA_NORESERVE (1u << 5)
#define AREA_NOHUGE    (1u << 6)
#define AREA_GROWSDOWN (1u << 7)
#define AREA_KERNEL    (1u << 8) /* vDSO and its data: a program's munmap is allowed, mprotect for writing is not */
#define AREA_NOWRITE   (1u << 9) /* a shared mapping that may never be written: the file is sealed */
#define AREA_PROT      (AREA_READ | AREA_WRITE | AREA_EXEC)

struct area {
	struct tree_node node;
	vaddr_t start, end;  /* [start, end) */
	u32 flags;	     /* AREA_* */
	struct file *file;   /* a reference, or NULL: anonymous */
	u64 offset;	     /* of `start` in file, in bytes */
	const char *name;    /* "[heap]", "[stack]", "[vdso]"; static, or NULL */
	/* Of this node's subtree: its first address, its end, its greatest gap.  area.c's. */
	vaddr_t sub_start, sub_end;
	u64 sub_gap;
};

struct area_tree {
	struct tree tree;
	struct area *hint; /* last found */
	u64 bytes;	   /* sum of lengths */
	unsigned count;
};

void area_tree_init(struct area_tree *t);
/* The area that contains addr, or NULL. */
struct area *area_find(struct area_tree *t, vaddr_t addr);
/* The first area that ends above addr, or NULL. */
struct area *area_find_above(struct area_tree *t, vaddr_t addr);
struct area *area_next(const struct area *a);
struct area *area_prev(const struct area *a);
/* -EEXIST if it would overlap. */
int area_insert(struct area_tree *t, struct area *a);
void area_remove(struct area_tree *t, struct area *a);
/* Moves the bounds of `a` (never its start or end in place).  -EEXIST if it would overlap another. */
int area_resize(struct area_tree *t, struct area *a, vaddr_t start, vaddr_t end);
/*
 * Cuts `a` at addr (start < addr < end): `a` keeps the lower part; `upper`, from the caller, becomes
 * the rest, with flags, name and offset continued, and is inserted.  The caller takes file's second reference.
 */
void area_split(struct area_tree *t, struct area *a, struct area *upper, vaddr_t addr);
/* Whether b, which starts where a ends, may become part of a. */
bool area_can_merge(const struct area *a, const struct area *b);
/*
 * Where `len` bytes fit within [lo, hi): the highest place (mmap goes downwards), aligned to `align`.
 * 0 if there is none.
 */
vaddr_t area_find_gap(struct area_tree *t, vaddr_t lo, vaddr_t hi, u64 len, u64 align);

#endif

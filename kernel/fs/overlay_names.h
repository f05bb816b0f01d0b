/* SPDX-License-Identifier: MIT */
/*
 * The overlay's directories: their tables of names.  For overlay.c (nodes and changes) alone; overlay_names.c has the
 * functions.  All are called with the directory's inode.lock held, but for ovl_sweep_when_full() and ovl_readdir().
 */
#ifndef FS_OVERLAY_NAMES_H
#define FS_OVERLAY_NAMES_H

#include "fs/overlay.h"

struct ovl_super {
	struct superblock sb;
	struct spinlock lock; /* guards by_lower */
	struct tree by_lower; /* ovl_nodes of files with several names, by the lower inode's number */
	unsigned names, names_max; /* of all directories; where to look for some that can go */
};

/*
 * A name of a directory: the program's own, made or removed by it, or one that has been looked up or listed in the
 * lower directory.
 */
struct ovl_name {
	struct tree_node node; /* by hash, length, bytes */
	struct list link;
	u64 seq; /* position for readdir: 2 and up */
	struct inode *inode; /* a reference; NULL: absent, or listed and not looked up */
	u64 ino;
	u32 hash;
	u32 listing; /* the directory's last one that had it; 0: none */
	u8 dtype;
	bool present;
	bool own;
	u16 len;
	char name[];
};

static inline struct ovl_super *ovl_super_of(const struct inode *i) { return container_of(i->sb, struct ovl_super, sb); }

/* FIFOs keep their own things in priv. */
static inline bool ovl_has_node(const struct inode *i) { return S_ISDIR(i->mode) || S_ISREG(i->mode) || S_ISLNK(i->mode); }

/* Whether i may be forgotten, and found again in the lower tree.  (FIFOs and devices have nothing that could tell.) */
static inline bool ovl_untouched(const struct inode *i)
{
	return ovl_has_node(i) && i->priv && ovl_node_of(i)->lower && !READ_ONCE(ovl_node_of(i)->changed);
}

struct ovl_name *ovl_name_find(const struct ovl_node *dir, const char *name, size_t len);
/* The name's entry; a new one is absent.  NULL: no memory. */
struct ovl_name *ovl_name_make(struct ovl_node *dir, const char *name, size_t len);
/* The name is i's from now on; own: because the program says so. */
void ovl_name_give(struct ovl_node *dir, struct ovl_name *n, struct inode *i, bool own);
void ovl_name_free(struct ovl_node *dir, struct ovl_name *n);
/* The program has removed the name.  What the lower directory may have stays hidden. */
void ovl_name_hide(struct ovl_node *dir, const char *name, size_t len);
int ovl_lower_lookup(struct ovl_node *d, const char *name, size_t len, struct inode **out);
/* 0, -ENOTEMPTY, or why that is not known. */
int ovl_must_be_empty(struct inode *dir);
int ovl_readdir(struct file *f, u64 *pos, struct dir_sink *s);
/* Forgets names that nobody uses, if there are many.  A directory that somebody has locked is left alone, with what is below. */
void ovl_sweep_when_full(struct ovl_super *s);

#endif

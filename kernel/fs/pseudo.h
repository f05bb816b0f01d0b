/* SPDX-License-Identifier: MIT */
/*
 * File systems of made-up files, from one table: a row is a file, its
 * directories are implied.  A component of a row's path may end in '%' and a
 * letter, which stands for any number of that class ("%p/fd/%f", "cpu%c").
 * Nothing is kept: inodes are made as they are walked to, text when it is read.
 */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

#include "fs/vfs.h"

/* Text that grows. */
struct text {
	char *buf;
	size_t len, room;
	bool no_memory;
};
void text_printf(struct text *t, const char *fmt, ...) __printf(2, 3);
void text_add(struct text *t, const void *bytes, size_t n);

#define PSEUDO_NUMBERS 2

struct pseudo_row {
	const char *path;
	u32 mode; /* 0: S_IFREG | 0444; S_IFDIR for a directory without rows of its own */
	/* n: the numbers that the path's classes stand for. */
	void (*show)(struct text *t, const long *n);
	int (*link)(const long *n, char *buf, size_t size);	 /* the target's length or -errno */
	int (*follow)(const long *n, struct dentry **out);	 /* see inode_ops.follow; may be NULL */
	int (*store)(const long *n, const char *text, size_t len); /* NULL: not to be written */
};

struct pseudo_class {
	char letter;
	/* The least number >= from that is there now, or -1.  outer: the numbers before it in the path. */
	long (*next)(long from, const long *outer);
};

struct pseudo_fs {
	const struct pseudo_row *rows;
	unsigned count;
	const struct pseudo_class *classes;
	unsigned class_count;
	bool process_owned; /* files belong to the program's user, else to root */
};

struct superblock *pseudo_super(const struct pseudo_fs *fs, u32 magic, const char *type);
/* Whether an open directory is the one of fs that rows write as path ("%p"). */
bool pseudo_is_dir(struct file *f, const struct pseudo_fs *fs, const char *path);

#endif

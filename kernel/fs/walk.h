/* SPDX-License-Identifier: MIT */
/* A walk along a path that can stop before the last component and go on through a link found there. */
#ifndef FS_WALK_H
#define FS_WALK_H

#include "fs/dentry.h"

#define WALK_LINKS_MAX 40

struct walk {
	struct dentry *cur; /* a reference: where we are */
	struct dentry *top; /* a reference: where the walk began, if it must stay below (WALK_SCOPED); else NULL */
	const char *p;	    /* what is still to be walked */
	char *buf;	    /* holds p, if a link has been met */
	unsigned flags;	    /* WALK_* */
	unsigned links;
	/* When stopped before the last component: */
	const char *last; /* "" (len 0) if the path was only slashes */
	size_t len;
	bool slash; /* slashes follow it */
};

/* at: NULL for the working directory.  Takes path as it is: it must live as long as the walk. */
int walk_start(struct walk *w, struct dentry *at, const char *path, unsigned flags);
/* To the end; or, if stop, to the directory of the last component. */
int walk_run(struct walk *w, bool stop);
/* d, a link found in w->cur, is followed: w->p becomes its target and then `rest`. */
int walk_link(struct walk *w, struct dentry *d, const char *rest, bool slash);
int walk_enter_mount(struct walk *w, struct dentry **d); /* as vfs_enter_mount(), if w may */
void walk_end(struct walk *w);

#endif

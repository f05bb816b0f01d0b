/* SPDX-License-Identifier: MIT */
/*
 * What the files of hostfs/ share.  A node keeps a reference to the directory and the name by which it was reached
 * last: only to find it again when its descriptor has been closed to make room, and then what is found is verified.
 * Rules: a node's descriptor is asked for by node_fd() each time; it stays valid until KEEP_RECENT other nodes have
 * been asked for, which no operation does.
 */
#ifndef HOSTFS_SHARE_H
#define HOSTFS_SHARE_H

#include "hostfs.h"
#include "table.h"
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define KEEP_RECENT 16
#define FDS_MIN	    64
#define NODES_MAX   (1u << 19) /* a deep path is many nodes for one who holds its end */

struct hostfs_node {
	struct table_link link; /* in share.nodes, by device and inode */
	struct hostfs_share *share;
	struct hostfs_node *newer, *older; /* in share.recent, if its descriptor may be closed */
	struct hostfs_node *parent;	   /* a reference; NULL: the root, or nobody knows */
	char *name;			   /* in parent */
	struct hostfs_file *files;	   /* open */
	uint64_t ino, born;		   /* born: ns, 0 if the file system does not say */
	dev_t dev;
	uint32_t refs;
	int fd; /* O_PATH, or -1 */
	mode_t type;
	bool hashed;
	bool recent; /* in the list */
	bool pinned; /* its name is gone: the descriptor is all there is */
};

struct hostfs_file {
	struct hostfs_node *node; /* a reference */
	struct hostfs_file *next; /* of node.files */
	int fd;
	int access;   /* O_ACCMODE's bits */
	uint64_t pos; /* of a directory's descriptor */
};

struct hostfs_share {
	struct hostfs_node *root;
	struct table nodes, prefixes;
	struct hostfs_node *newest, *oldest; /* nodes whose descriptor may be closed */
	unsigned fds, max_fds, nrecent, max_nodes;
	int proc; /* /proc/self/fd */
	bool rdonly;
	uid_t uid;
	gid_t gid;
};

/* ---- share.c ---- */
/* openat2() beneath `dir`, which makes room when descriptors run out. */
int share_open_at(struct hostfs_share *s, int dir, const char *name, int flags, mode_t mode);
/* A held object opened anew. */
int share_reopen(struct hostfs_share *s, int fd, int flags);
/* "/proc/self/fd"'s name for a descriptor. */
struct proc_name {
	char text[12];
};
struct proc_name share_proc_name(int fd);

/* ---- node.c ---- */
/* The shared directory's, which takes fd over. */
int node_make_root(struct hostfs_share *s, int fd);
int node_fd(struct hostfs_node *n); /* or -errno: -ESTALE if it cannot be found again */
/* The node for `fd`, which it takes over (also if it fails), found in dir under that name; st as in hostfs_walk(). */
int node_make(struct hostfs_node *dir, const char *name, int fd, struct hostfs_node **out, struct statx *st);
/* The node, if there is one, that has that name now; no reference. */
struct hostfs_node *node_by_name(struct hostfs_node *dir, int dirfd, const char *name);
/* Whether n has that name now. */
bool node_is_at(struct hostfs_node *n, int dirfd, const char *name);
/* A file that is open for writing and is n's, by whatever name; or NULL. */
struct hostfs_file *node_writer(struct hostfs_node *n);
/* n will lose its name: its descriptor stays open from now on.  n may be NULL. */
int node_pin(struct hostfs_node *n);
void node_unpin(struct hostfs_node *n); /* it has kept it */
/* n is found under another name now. */
void node_moved(struct hostfs_node *n, struct hostfs_node *dir, const char *name);
/* n is in use, or its files or its pin have changed. */
void node_touch(struct hostfs_node *n);
/* A descriptor more: closes those of nodes if need be.  0 or -ENFILE. */
int node_make_room(struct hostfs_share *s);
/* Closes a descriptor of a node; false if there is none that could be spared. */
bool node_evict_one(struct hostfs_share *s);

/* ---- names.c ---- */
struct entry_name {
	char text[NAME_MAX + 1];
};
int name_check(struct entry_name *out, const char *name, size_t len);
bool name_is_dots(const struct entry_name *n);
/* Sets the owner of what has just been made in dir, behind fd. */
void node_own(struct hostfs_node *dir, int fd, struct hostfs_owner owner);

static inline bool mode_gains_rights(mode_t type, mode_t mode)
{
	return type != S_IFDIR && ((mode & S_ISUID) || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP));
}

#endif

/* SPDX-License-Identifier: MIT */
/* Nodes: the objects of a share, one for each name in use, and the descriptors they hold. */
#include "share.h"
#include <string.h>
#include <sys/sysmacros.h>

/* What tells one file from another: also one that has inherited a removed file's inode number. */
struct identity {
	dev_t dev;
	uint64_t ino, born;
	mode_t type;
};

/* `st` is filled in on the way; NULL: nobody wants it. */
static int identify_stat(int fd, const char *name, struct identity *id, struct statx *st)
{
	unsigned mask = STATX_TYPE | STATX_INO | STATX_BTIME;
	struct statx own;

	if (st)
		mask |= STATX_BASIC_STATS;
	else
		st = &own;
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH), mask, st))
		return -errno;
	id->dev = makedev(st->stx_dev_major, st->stx_dev_minor);
	id->ino = st->stx_ino;
	id->type = st->stx_mode & S_IFMT;
	id->born = st->stx_mask & STATX_BTIME
			   ? (uint64_t)st->stx_btime.tv_sec * 1000000000u + st->stx_btime.tv_nsec
			   : 0;
	return 0;
}

static int identify(int fd, const char *name, struct identity *id) { return identify_stat(fd, name, id, NULL); }

/*
 * While we hold a descriptor nobody else can get the number; overlayfs may change the time of birth then, when it copies
 * a file up.
 */
static bool is_node(struct hostfs_node *n, const struct identity *id)
{
	if (n->dev != id->dev || n->ino != id->ino || n->type != id->type ||
	    (n->fd < 0 && n->born != id->born))
		return false;
	n->born = id->born;
	return true;
}

/* A file with several names has a node for each: who removes or renames one by its node means that name. */
static struct hostfs_node *find(struct hostfs_node *dir, const char *name, const struct identity *id)
{
	struct table *t = &dir->share->nodes;

	for (struct table_link *l = table_first(t, table_hash(id->dev, id->ino)); l; l = table_next(l)) {
		struct hostfs_node *n = container_of(l, struct hostfs_node, link);

		if (n->parent == dir && is_node(n, id) && !strcmp(n->name, name))
			return n;
	}
	return NULL;
}

/* ---- those whose descriptor may be closed, by when it was last asked for ---- */

static void recent_remove(struct hostfs_node *n)
{
	struct hostfs_share *s = n->share;

	if (!n->recent)
		return;
	*(n->newer ? &n->newer->older : &s->newest) = n->older;
	*(n->older ? &n->older->newer : &s->oldest) = n->newer;
	n->recent = false;
	s->nrecent--;
}

void node_touch(struct hostfs_node *n)
{
	struct hostfs_share *s = n->share;

	if (s->newest == n && !n->files && !n->pinned)
		return;
	recent_remove(n);
	if (n->fd < 0 || n->pinned || n->files || !n->parent)
		return;
	n->newer = NULL;
	n->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = n;
	s->newest = n;
	n->recent = true;
	s->nrecent++;
}

static void drop_fd(struct hostfs_node *n)
{
	recent_remove(n);
	if (n->fd >= 0) {
		close(n->fd);
		n->share->fds--;
	}
	n->fd = -1;
}

bool node_evict_one(struct hostfs_share *s)
{
	while (s->nrecent > KEEP_RECENT) {
		struct hostfs_node *n = s->oldest;

		/* Has the host renamed or removed it behind our back?  Then it could not be found again. */
		if (n->parent->fd >= 0 && !node_is_at(n, n->parent->fd, n->name)) {
			n->pinned = true;
			recent_remove(n);
			continue;
		}
		drop_fd(n);
		return true;
	}
	return false;
}

int node_make_room(struct hostfs_share *s)
{
	while (s->fds >= s->max_fds)
		if (!node_evict_one(s))
			return -ENFILE;
	return 0;
}

/* ---- life ---- */

struct hostfs_node *hostfs_root(struct hostfs_share *s)
{
	return hostfs_get(s->root);
}

struct hostfs_node *hostfs_get(struct hostfs_node *n)
{
	n->refs++;
	return n;
}

/* Cuts n from its parent, which is returned: the caller gives that reference back. */
static struct hostfs_node *cut(struct hostfs_node *n)
{
	struct hostfs_node *parent = n->parent;

	n->parent = NULL;
	free(n->name);
	n->name = NULL;
	return parent;
}

void hostfs_put(struct hostfs_node *n)
{
	while (n && --n->refs == 0) { /* a path may be deep: no recursion */
		struct hostfs_node *parent;

		drop_fd(n);
		if (n->hashed)
			table_remove(&n->share->nodes, &n->link);
		parent = cut(n);
		free(n);
		n = parent;
	}
}

mode_t hostfs_type(const struct hostfs_node *n)
{
	return n->type;
}

void node_moved(struct hostfs_node *n, struct hostfs_node *dir, const char *name)
{
	char *copy;

	if (n == n->share->root)
		return;
	if (n->parent != dir || strcmp(n->name, name)) {
		/* The host may have turned the tree around, or mounted a directory within itself: no circle here. */
		for (struct hostfs_node *up = dir; up; up = up->parent)
			if (up == n)
				return;
		copy = strdup(name);
		if (!copy) /* the old name stays; it is verified before it is relied on */
			return;
		hostfs_put(cut(n));
		n->parent = hostfs_get(dir);
		n->name = copy;
	}
	n->pinned = false;
	node_touch(n);
}

static int node_new(struct hostfs_share *s, const struct identity *id, struct hostfs_node **out)
{
	struct hostfs_node *n;

	if (s->nodes.count >= s->max_nodes)
		return -ENFILE;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->share = s;
	n->dev = id->dev;
	n->ino = id->ino;
	n->born = id->born;
	n->type = id->type;
	n->refs = 1;
	n->fd = -1;
	if (table_insert(&s->nodes, &n->link, table_hash(id->dev, id->ino))) {
		free(n);
		return -ENOMEM;
	}
	n->hashed = true;
	*out = n;
	return 0;
}

int node_make_root(struct hostfs_share *s, int fd)
{
	struct identity id = {0};
	int err = identify(fd, "", &id);

	if (!err)
		err = node_new(s, &id, &s->root);
	if (err) {
		close(fd);
		return err;
	}
	s->root->fd = fd;
	s->fds++;
	return 0;
}

/* A descriptor for n: or -ENFILE, and it is closed. */
static int take_fd(struct hostfs_node *n, int fd)
{
	int err = node_make_room(n->share);

	if (err) {
		close(fd);
		return err;
	}
	n->fd = fd;
	n->share->fds++;
	return 0;
}

int node_make(struct hostfs_node *dir, const char *name, int fd, struct hostfs_node **out, struct statx *st)
{
	struct hostfs_share *s = dir->share;
	struct identity id = {0};
	struct hostfs_node *n;
	int err = identify_stat(fd, "", &id, st);

	if (err) {
		close(fd);
		return err;
	}
	n = find(dir, name, &id);
	if (n)
		hostfs_get(n);
	else
		err = node_new(s, &id, &n);
	if (err) {
		close(fd);
		return err;
	}
	if (n->fd >= 0)
		close(fd);
	else
		err = take_fd(n, fd);
	if (!err) {
		node_moved(n, dir, name);
		err = n->parent ? 0 : -ENOMEM;
	}
	if (err)
		hostfs_put(n);
	else
		*out = n;
	return err;
}

/* ---- descriptors ---- */

/* Is fd n's?  0 or -ESTALE. */
static int verify(struct hostfs_node *n, int fd)
{
	struct identity id = {0};
	int err = identify(fd, "", &id);

	if (!err && !is_node(n, &id))
		err = -ESTALE;
	return err;
}

/* Opens n's name in its parent's descriptor. */
static int open_child(struct hostfs_node *n, int dir)
{
	int fd = share_open_at(n->share, dir, n->name, O_PATH | O_NOFOLLOW, 0);
	int err = fd < 0 ? fd : verify(n, fd);

	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err == -ENOENT || err == -ENOTDIR || err == -EXDEV || err == -ELOOP ? -ESTALE : err;
}

/* Opens the names that lead to n from the first node above it that has a descriptor. */
static int node_find_again(struct hostfs_node *n)
{
	struct hostfs_node *top = n, **chain;
	size_t depth = 0, at;
	int fd;

	for (; top && top->fd < 0; top = top->parent)
		depth++;
	if (!top)
		return -ESTALE;
	node_touch(top);
	chain = calloc(depth + 1, sizeof(struct hostfs_node *));
	if (!chain)
		return -ENOMEM;
	at = depth;
	for (struct hostfs_node *i = n; i != top; i = i->parent)
		chain[--at] = i;
	fd = top->fd;
	for (at = 0; fd >= 0 && chain[at]; at++) {
		int above = fd;

		fd = open_child(chain[at], above);
		if (above != top->fd)
			close(above);
	}
	free(chain);
	return fd;
}

static int give_fd_again(struct hostfs_node *n)
{
	int fd = node_make_room(n->share);

	if (!fd)
		fd = node_find_again(n);
	if (fd < 0)
		return fd;
	n->fd = fd;
	n->share->fds++;
	node_touch(n);
	return 0;
}

int node_fd(struct hostfs_node *n)
{
	int err = 0;

	/* Siblings are likely to be asked for too: the parent first, so that it is there for them. */
	if (n->fd < 0 && n->parent && n->parent->fd < 0)
		err = give_fd_again(n->parent);
	if (!err && n->fd < 0)
		err = give_fd_again(n);
	node_touch(n);
	return err ? err : n->fd;
}

int node_pin(struct hostfs_node *n)
{
	int fd;

	if (!n)
		return 0;
	fd = node_fd(n);
	if (fd < 0)
		return fd == -ESTALE ? 0 : fd; /* nothing to be lost any more */
	n->pinned = true;
	recent_remove(n);
	return 0;
}

void node_unpin(struct hostfs_node *n)
{
	if (!n || !n->parent)
		return;
	n->pinned = false;
	node_touch(n);
}

bool node_is_at(struct hostfs_node *n, int dirfd, const char *name)
{
	struct identity id = {0};

	return !identify(dirfd, name, &id) && is_node(n, &id);
}

struct hostfs_file *node_writer(struct hostfs_node *n)
{
	struct table_link *l = table_first(&n->share->nodes, n->link.hash);

	for (; l; l = table_next(l)) {
		struct hostfs_node *same = container_of(l, struct hostfs_node, link);

		if (same->dev != n->dev || same->ino != n->ino || same->fd < 0 || n->fd < 0)
			continue;
		for (struct hostfs_file *f = same->files; f; f = f->next)
			if (f->access != O_RDONLY)
				return f;
	}
	return NULL;
}

struct hostfs_node *node_by_name(struct hostfs_node *dir, int dirfd, const char *name)
{
	struct identity id = {0};

	return identify(dirfd, name, &id) ? NULL : find(dir, name, &id);
}

/* For walks that ask the host nothing. */
static int walk_known(struct hostfs_node *n, struct hostfs_node **out, struct statx *st)
{
	int err = n ? 0 : -ESTALE;

	if (!err && st)
		err = hostfs_stat(n, st);
	if (!err)
		*out = hostfs_get(n);
	return err;
}

int hostfs_walk(struct hostfs_node *dir, const char *name, size_t len, struct hostfs_node **out, struct statx *st)
{
	struct entry_name n;
	int fd, err = name_check(&n, name, len);

	if (err)
		return err;
	if (dir->type != S_IFDIR)
		return -ENOTDIR;
	if (!strcmp(n.text, ".") || (!strcmp(n.text, "..") && dir == dir->share->root))
		return walk_known(dir, out, st);
	if (!strcmp(n.text, "..")) /* by what we know: the host is not asked, so it cannot lead us out */
		return walk_known(dir->parent, out, st);
	fd = node_fd(dir);
	if (fd >= 0)
		fd = share_open_at(dir->share, fd, n.text, O_PATH | O_NOFOLLOW, 0);
	return fd < 0 ? fd : node_make(dir, n.text, fd, out, st);
}

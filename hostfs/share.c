/* SPDX-License-Identifier: MIT */
/* Shares: opening one, opening beneath it, and numbers for its files. */
#include "share.h"
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void free_prefixes(struct table *t);

static unsigned default_fds(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return FDS_MIN;
	return r.rlim_cur / 4 < FDS_MIN	  ? FDS_MIN
	       : r.rlim_cur / 4 > INT_MAX ? INT_MAX
					  : (unsigned)(r.rlim_cur / 4);
}

static int open_root(struct hostfs_share *s, const char *path)
{
	/* The user named it: here, and only here, symlinks are followed. */
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t zero;
	int err;

	if (fd < 0)
		return -errno;
	err = node_make_root(s, fd);
	if (!err)
		err = hostfs_number(s, s->root->dev, 0, &zero); /* takes the prefix 0 */
	return err;
}

static int proc_fd = -1;

void hostfs_use_proc(int fd)
{
	proc_fd = fd;
}

int hostfs_share_open(const char *path, unsigned flags, unsigned max_fds, struct hostfs_share **out)
{
	struct hostfs_share *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->max_fds = max_fds ? max_fds : default_fds();
	if (s->max_fds < FDS_MIN)
		s->max_fds = FDS_MIN;
	s->max_nodes = NODES_MAX;
	s->rdonly = flags & HOSTFS_RDONLY;
	s->uid = geteuid();
	s->gid = getegid();
	umask(0);
	s->proc = proc_fd >= 0 ? fcntl(proc_fd, F_DUPFD_CLOEXEC, 0) :
				 open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		err = -errno;
	if (!err)
		err = open_root(s, path);
	if (err) {
		hostfs_share_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void hostfs_share_close(struct hostfs_share *s)
{
	hostfs_put(s->root);
	if (s->proc >= 0)
		close(s->proc);
	table_free(&s->nodes);
	free_prefixes(&s->prefixes);
	free(s);
}

bool hostfs_share_rdonly(const struct hostfs_share *s)
{
	return s->rdonly;
}
unsigned hostfs_share_fds(const struct hostfs_share *s)
{
	return s->fds;
}
unsigned hostfs_share_nodes(const struct hostfs_share *s)
{
	return (unsigned)s->nodes.count;
}

/* ---- opening ---- */

static bool out_of_fds(int err)
{
	return err == EMFILE || err == ENFILE;
}

int share_open_at(struct hostfs_share *s, int dir, const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		/* One component that is no symlink leads nowhere else; the kernel is asked to see to it all the same. */
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || (out_of_fds(errno) && node_evict_one(s))));
	return fd < 0 ? -errno : (int)fd;
}

struct proc_name share_proc_name(int fd)
{
	struct proc_name n;

	(void)snprintf(n.text, sizeof(n.text), "%d", fd);
	return n;
}

int share_reopen(struct hostfs_share *s, int fd, int flags)
{
	struct proc_name name = share_proc_name(fd);
	int new;

	do {
		/* A magic link: it leads to the object itself, whatever its name is by now. */
		new = openat(s->proc, name.text, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	} while (new < 0 && out_of_fds(errno) && node_evict_one(s));
	return new < 0 ? -errno : new;
}

/* ---- numbers ---- */

/*
 * Inode numbers above 2^48 come in few groups (overlayfs and the like put a device's index there): each group of each
 * device gets an index of 16 bits, as QEMU's multidevs=remap does it.
 */
#define PREFIX_SHIFT 48
#define PREFIX_MAX   65535u

struct prefix {
	struct table_link link;
	dev_t dev;
	uint64_t high;
	uint64_t index;
};

int hostfs_number(struct hostfs_share *s, dev_t dev, uint64_t ino, uint64_t *out)
{
	uint64_t high = ino >> PREFIX_SHIFT, low = ino & ((1ull << PREFIX_SHIFT) - 1);
	uint64_t hash = table_hash(dev, high);
	struct prefix *p = NULL;

	for (struct table_link *l = table_first(&s->prefixes, hash); l; l = table_next(l)) {
		p = container_of(l, struct prefix, link);
		if (p->dev == dev && p->high == high)
			break;
		p = NULL;
	}
	if (!p) {
		if (s->prefixes.count > PREFIX_MAX)
			return -ENFILE;
		p = malloc(sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->dev = dev;
		p->high = high;
		p->index = s->prefixes.count;
		if (table_insert(&s->prefixes, &p->link, hash)) {
			free(p);
			return -ENOMEM;
		}
	}
	*out = p->index << PREFIX_SHIFT | low;
	return 0;
}

static void free_prefixes(struct table *t)
{
	for (size_t i = 0; i < t->nslots; i++) {
		for (struct table_link *l = t->slots[i], *next; l; l = next) {
			next = l->next;
			free(container_of(l, struct prefix, link));
		}
	}
	table_free(t);
}

int hostfs_node_number(struct hostfs_node *n, uint64_t *out)
{
	return hostfs_number(n->share, n->dev, n->ino, out);
}

int hostfs_entry_number(struct hostfs_node *n, uint64_t ino, uint64_t *out)
{
	return hostfs_number(n->share, n->dev, ino, out);
}

/* SPDX-License-Identifier: MIT */
/* Names: making, moving and removing them. */
#include "share.h"
#include <stdio.h>
#include <string.h>

int name_check(struct entry_name *out, const char *name, size_t len)
{
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (len == 0 || memchr(name, '/', len) || memchr(name, 0, len))
		return -EINVAL;
	memcpy(out->text, name, len);
	out->text[len] = 0;
	return 0;
}

bool name_is_dots(const struct entry_name *n)
{
	return !strcmp(n->text, ".") || !strcmp(n->text, "..");
}

/* The descriptor of a directory in which `name` is to be made, or -errno. */
static int dir_for_new(struct hostfs_node *dir, struct entry_name *n, const char *name, size_t len)
{
	int err = name_check(n, name, len);

	if (err)
		return err;
	if (dir->type != S_IFDIR)
		return -ENOTDIR;
	if (name_is_dots(n))
		return -EEXIST;
	return dir->share->rdonly ? -EROFS : node_fd(dir);
}

void node_own(struct hostfs_node *dir, int fd, struct hostfs_owner owner)
{
	struct hostfs_share *s = dir->share;
	struct statx st;
	int dirfd;

	if (owner.uid == s->uid)
		owner.uid = (uid_t)-1;
	if (owner.gid == s->gid)
		owner.gid = (gid_t)-1;
	/* In a set-group-ID directory the host has chosen the group. */
	if (owner.gid != (gid_t)-1) {
		dirfd = node_fd(dir);
		if (dirfd < 0 || statx(dirfd, "", AT_EMPTY_PATH, STATX_MODE, &st) || st.stx_mode & S_ISGID)
			owner.gid = (gid_t)-1;
	}
	if (owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1)
		return;
	/* Who may not give files away keeps them: as QEMU's security_model=none. */
	if (fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return;
}

/* What has been made under that name in dir. */
static int made(struct hostfs_node *dir, const char *name, struct hostfs_owner owner,
		struct hostfs_node **out)
{
	struct hostfs_node *n;
	int fd, err = hostfs_walk(dir, name, strlen(name), &n, NULL);

	if (err)
		return err;
	fd = node_fd(n);
	if (fd >= 0)
		node_own(dir, fd, owner);
	if (out)
		*out = n;
	else
		hostfs_put(n);
	return 0;
}

int hostfs_mkdir(struct hostfs_node *dir, const char *name, size_t len, mode_t mode,
		 struct hostfs_owner owner, struct hostfs_node **out)
{
	struct entry_name n;
	int fd = dir_for_new(dir, &n, name, len);

	if (fd < 0)
		return fd;
	return mkdirat(fd, n.text, mode & 07777) ? -errno : made(dir, n.text, owner, out);
}

int hostfs_mknod(struct hostfs_node *dir, const char *name, size_t len, mode_t mode,
		 struct hostfs_owner owner, struct hostfs_node **out)
{
	struct entry_name n;
	int fd = dir_for_new(dir, &n, name, len);

	if (fd < 0)
		return fd;
	if (S_ISCHR(mode) || S_ISBLK(mode) || mode_gains_rights(S_IFREG, mode))
		return -EPERM;
	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return -EINVAL;
	return mknodat(fd, n.text, mode & (S_IFMT | 07777), 0) ? -errno : made(dir, n.text, owner, out);
}

int hostfs_symlink(struct hostfs_node *dir, const char *name, size_t len, const char *target,
		   struct hostfs_owner owner, struct hostfs_node **out)
{
	struct entry_name n;
	int fd = dir_for_new(dir, &n, name, len);

	if (fd < 0)
		return fd;
	return symlinkat(target, fd, n.text) ? -errno : made(dir, n.text, owner, out);
}

ssize_t hostfs_readlink(struct hostfs_node *n, char *buf, size_t size)
{
	ssize_t len;
	int fd;

	if (n->type != S_IFLNK)
		return -EINVAL;
	fd = node_fd(n);
	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", buf, size);
	return len < 0 ? -errno : len;
}

int hostfs_link(struct hostfs_node *n, struct hostfs_node *dir, const char *name, size_t len)
{
	struct entry_name new;
	struct proc_name proc;
	int fd = dir_for_new(dir, &new, name, len), old;

	if (fd < 0)
		return fd;
	if (n->share != dir->share)
		return -EXDEV;
	if (n->type == S_IFDIR)
		return -EPERM;
	old = node_fd(n);
	if (old < 0)
		return old;
	/* The magic link leads to the object, a symlink too; AT_EMPTY_PATH would need a capability. */
	proc = share_proc_name(old);
	return linkat(n->share->proc, proc.text, fd, new.text, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

int hostfs_unlink(struct hostfs_node *dir, const char *name, size_t len, bool directory)
{
	struct hostfs_node *gone;
	struct entry_name n;
	int fd, err = name_check(&n, name, len);

	if (err)
		return err;
	if (dir->type != S_IFDIR)
		return -ENOTDIR;
	if (name_is_dots(&n))
		return -EINVAL;
	if (dir->share->rdonly)
		return -EROFS;
	fd = node_fd(dir);
	if (fd < 0)
		return fd;
	/* Who has it open, or only walked to it, keeps it. */
	gone = node_by_name(dir, fd, n.text);
	err = node_pin(gone);
	if (!err && unlinkat(fd, n.text, directory ? AT_REMOVEDIR : 0)) {
		err = -errno;
		node_unpin(gone);
	}
	return err;
}

int hostfs_rename(struct hostfs_node *from, const char *name, size_t len, struct hostfs_node *to,
		  const char *new_name, size_t new_len)
{
	struct entry_name old, new;
	struct hostfs_node *moved, *replaced;
	int err = name_check(&old, name, len), a, b;

	if (!err)
		err = name_check(&new, new_name, new_len);
	if (err)
		return err;
	if (from->type != S_IFDIR || to->type != S_IFDIR)
		return -ENOTDIR;
	if (name_is_dots(&old) || name_is_dots(&new))
		return -EBUSY;
	if (from->share != to->share)
		return -EXDEV;
	if (from->share->rdonly)
		return -EROFS;
	a = node_fd(from);
	b = node_fd(to);
	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	/* What is replaced loses its name. */
	moved = node_by_name(from, a, old.text);
	replaced = node_by_name(to, b, new.text);
	err = node_pin(replaced);
	if (!err && renameat(a, old.text, b, new.text)) {
		err = -errno;
		node_unpin(replaced);
	}
	if (err || !moved)
		return err;
	if (node_is_at(moved, a, old.text)) /* rename(2) of one link over another does nothing */
		node_unpin(replaced);
	else if (node_is_at(moved, b, new.text))
		node_moved(moved, to, new.text);
	return 0;
}

/* The directory that n is in, if it is still there under its name. */
static int whereabouts(struct hostfs_node *n, struct hostfs_node **dir)
{
	int fd;

	if (n == n->share->root)
		return -EBUSY;
	if (!n->parent)
		return -ESTALE;
	fd = node_fd(n); /* so that it cannot be mistaken for a file that inherits its number */
	if (fd >= 0)
		fd = node_fd(n->parent);
	if (fd < 0)
		return fd;
	if (!node_is_at(n, fd, n->name))
		return -ESTALE;
	*dir = n->parent;
	return 0;
}

int hostfs_unlink_node(struct hostfs_node *n)
{
	struct hostfs_node *dir;
	int err;

	if (n->share->rdonly)
		return -EROFS;
	err = whereabouts(n, &dir);
	return err ? err : hostfs_unlink(dir, n->name, strlen(n->name), n->type == S_IFDIR);
}

int hostfs_rename_node(struct hostfs_node *n, struct hostfs_node *to, const char *new_name, size_t new_len)
{
	struct hostfs_node *dir;
	int err;

	if (n->share->rdonly)
		return -EROFS;
	err = whereabouts(n, &dir);
	return err ? err : hostfs_rename(dir, n->name, strlen(n->name), to, new_name, new_len);
}

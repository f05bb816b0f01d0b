/* SPDX-License-Identifier: MIT */
#include "syscall/args.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/wait.h"
#include "syscall/timeval.h"

int path_get(struct path_arg *p, int dirfd, const char __user *path) { return path_get_from(p, dirfd, path, false); }

int path_get_from(struct path_arg *p, int dirfd, const char __user *path, bool always)
{
	ssize_t n;

	p->at = NULL;
	p->ref = (struct fdref){NULL, false};
	p->name = p->small;
	n = copy_string_from_user(p->small, path, sizeof(p->small));
	if (n == -ENAMETOOLONG) {
		p->name = kmalloc(PATH_MAX);
		if (!p->name) {
			p->name = p->small;
			return -ENOMEM;
		}
		n = copy_string_from_user(p->name, path, PATH_MAX);
	}
	if (n < 0)
		return n;
	if (dirfd == AT_FDCWD || (p->name[0] == '/' && !always))
		return 0;
	p->ref = fd_get_raw(dirfd);
	if (!p->ref.file)
		return -EBADF;
	p->at = p->ref.file->dentry;
	if (p->name[0] && (!p->at || !S_ISDIR(p->at->inode->mode)))
		return -ENOTDIR;
	return 0;
}

void path_end(struct path_arg *p)
{
	if (p->name != p->small)
		kfree(p->name);
	if (p->ref.file)
		fd_put(p->ref);
}

int path_lookup(int dirfd, const char __user *path, unsigned walk_flags, struct dentry **out)
{
	struct path_arg p;
	int r = path_get(&p, dirfd, path);

	if (!r && !p.name[0] && (walk_flags & WALK_EMPTY) && p.ref.file && !p.at) {
		/* A file without a name: one for this call. */
		*out = dentry_alone(p.ref.file->inode, "");
		r = *out ? 0 : -ENOMEM;
	} else if (!r) {
		r = vfs_walk(p.at, p.name, walk_flags, out);
	}
	path_end(&p);
	return r;
}

int iov_get(struct iov_arg *a, const struct iovec __user *iov, u64 count)
{
	size_t total = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	a->iov = a->small;
	if (count > ARRAY_SIZE(a->small)) {
		a->iov = kmalloc(count * sizeof(*a->iov));
		if (!a->iov)
			return -ENOMEM;
	}
	if (copy_from_user(a->iov, iov, count * sizeof(*a->iov)))
		goto fault;
	for (u64 i = 0; i < count; i++) {
		struct iovec *v = &a->iov[i];

		if ((s64)v->len < 0) {
			iov_end(a);
			return -EINVAL;
		}
		if (!user_range_ok(v->base, v->len))
			goto fault;
		v->len = MIN(v->len, RW_MAX - total);
		total += v->len;
	}
	a->uio = (struct uio){.iov = a->iov, .count = count, .left = total};
	return 0;
fault:
	iov_end(a);
	return -EFAULT;
}

void iov_end(struct iov_arg *a)
{
	if (a->iov != a->small)
		kfree(a->iov);
}

nsec_t deadline_of_ms(int ms)
{
	if (ms < 0)
		return WAIT_FOREVER;
	return ms ? clock_deadline(ms * NSEC_PER_MSEC) : 0;
}

/* ---- files for the program ---- */

long fd_give(struct file *f, int from, bool cloexec)
{
	long r = f ? fd_install(f, from, cloexec) : -ENOMEM;

	if (r < 0 && f)
		file_unref(f);
	return r;
}

long fd_give_two(struct file *f[2], bool cloexec, int __user *out)
{
	long first = fd_give(f[0], 0, cloexec), second;
	int fd[2];

	if (first < 0) {
		file_unref(f[1]);
		return first;
	}
	second = fd_give(f[1], 0, cloexec);
	fd[0] = first;
	fd[1] = second;
	if (second >= 0 && !copy_to_user(out, fd, sizeof(fd)))
		return 0;
	fd_close(first);
	if (second < 0)
		return second;
	fd_close(second);
	return -EFAULT;
}

int get_timespec_nsec(const struct timespec64 __user *p, nsec_t *ns)
{
	struct timespec64 ts;

	if (get_user(ts, p))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*ns = timespec_to_nsec(&ts);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* execve(2) and execveat(2): their arguments.  What they do is proc/exec.c's. */
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/exec.h"
#include "proc/limits.h"
#include "proc/thread.h"
#include "syscall/args.h"

#define STRING_MAX  (32 * PAGE_SIZE) /* one argument, with its NUL: Linux's MAX_ARG_STRLEN */
#define STRINGS_MIN (32 * PAGE_SIZE) /* what all may have together, however small the stack is: ARG_MAX */
#define STRINGS_MAX (6 * MiB)	     /* ... and however large: 3/4 of its usual limit */

/* Strings copied from the program: the list, ended by NULL, and their bytes in pieces. */
struct strings {
	char **v;
	unsigned n, size;
	u64 bytes; /* with the pointers, as the new stack holds them */
};

static void strings_free(struct strings *l)
{
	for (unsigned i = 0; i < l->n; i++)
		kfree(l->v[i]);
	kfree(l->v);
}

static int strings_room(struct strings *l)
{
	char **v;

	if (l->n + 1 < l->size)
		return 0;
	v = krealloc(l->v, (l->size ? 2 * l->size : 16) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->size = l->size ? 2 * l->size : 16;
	l->v = v;
	return 0;
}

/* A copy of a string of any length up to STRING_MAX.  -E2BIG. */
static int string_get(const char __user *from, char **out)
{
	char small[256];
	ssize_t n = copy_string_from_user(small, from, sizeof(small));
	char *s;

	if (n >= 0) {
		*out = kstrdup(small);
		return *out ? 0 : -ENOMEM;
	}
	for (size_t size = 4096; n == -ENAMETOOLONG && size <= STRING_MAX; size *= 2) {
		s = kmalloc(size);
		if (!s)
			return -ENOMEM;
		n = copy_string_from_user(s, from, size);
		if (n >= 0) {
			*out = s;
			return 0;
		}
		kfree(s);
	}
	return n == -ENAMETOOLONG ? -E2BIG : (int)n;
}

/* list NULL: none, as Linux takes it. */
static int strings_get(struct strings *l, const u64 __user *list, u64 limit)
{
	int r = strings_room(l);

	for (u64 i = 0; !r && list; i++) {
		u64 at;

		if (get_user(at, user_at(list, i * sizeof(*list))))
			return -EFAULT;
		if (!at)
			break;
		r = strings_room(l);
		if (!r)
			r = string_get((const char __user *)at, &l->v[l->n]);
		if (!r) {
			l->bytes += strlen(l->v[l->n++]) + 1 + sizeof(u64);
			r = l->bytes > limit ? -E2BIG : 0;
		}
	}
	if (l->v)
		l->v[l->n] = NULL;
	return r;
}

static u64 strings_limit(void)
{
	u64 quarter = current->process->limits[RLIMIT_STACK].cur / 4;

	return MAX(MIN(quarter, STRINGS_MAX), STRINGS_MIN);
}

static int strings_both(struct strings *argv, struct strings *envp, const u64 __user *uargv, const u64 __user *uenvp)
{
	u64 limit = strings_limit();
	int r = strings_get(argv, uargv, limit);

	if (!r && !argv->n) { /* a program always has a name */
		r = strings_room(argv);
		if (!r)
			argv->v[0] = kstrdup("");
		if (!r && !argv->v[0])
			r = -ENOMEM;
		if (!r)
			argv->v[++argv->n] = NULL;
	}
	return r ? r : strings_get(envp, uenvp, limit - argv->bytes);
}

/* What the program to come is given, in our memory: the old program's is gone when it is used. */
struct given {
	struct strings argv, envp;
	char name[];
};

static void given_free(void *arg)
{
	struct given *g = arg;

	strings_free(&g->argv);
	strings_free(&g->envp);
	kfree(g);
}

/* How a script's interpreter comes to what execveat(2) was given: by its descriptor (Linux's bprm->fdpath). */
static struct given *given_make(int dirfd, const struct path_arg *p)
{
	size_t size = strlen(p->name) + 32;
	struct given *g = kzalloc(sizeof(*g) + size);

	if (!g)
		return NULL;
	if (dirfd == AT_FDCWD || p->name[0] == '/')
		string_copy(g->name, p->name, size);
	else if (!p->name[0])
		format_string(g->name, size, "/dev/fd/%d", dirfd);
	else
		format_string(g->name, size, "/dev/fd/%d/%s", dirfd, p->name);
	return g;
}

/* Opens the file.  *closes: its name leads through a descriptor that is closed on the way. */
static int open_named(int dirfd, const struct path_arg *p, int flags, struct file **out, bool *closes)
{
	unsigned walk = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;

	*closes = dirfd != AT_FDCWD && p->name[0] != '/' && fd_cloexec(dirfd, -1) == 1;
	if (!p->name[0] && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (!p->name[0] && p->ref.file && !p->at) { /* a file without a name: a memfd */
		struct dentry *d = dentry_alone(p->ref.file->inode, "");
		int r = d ? exec_open(d, "", walk | WALK_EMPTY, out) : -ENOMEM;

		if (d)
			dentry_unref(d);
		return r;
	}
	return exec_open(p->at, p->name, walk | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0), out);
}

static long execute(int dirfd, const char __user *path, const u64 __user *argv, const u64 __user *envp, int flags)
{
	struct exec_args args = {.free = given_free};
	struct given *g = NULL;
	struct file *f = NULL;
	struct path_arg p;
	struct exec *e;
	const char *why;
	bool unnamed = false;
	int r = path_get(&p, dirfd, path);

	if (!r) {
		unnamed = !p.name[0];
		g = given_make(dirfd, &p);
		r = g ? open_named(dirfd, &p, flags, &f, &args.unreachable) : -ENOMEM;
	}
	path_end(&p);
	if (!r)
		r = strings_both(&g->argv, &g->envp, argv, envp);
	if (r) {
		if (f)
			file_unref(f);
		if (g)
			given_free(g);
		return r;
	}
	args.path = args.name = g->name;
	args.argv = g->argv.v;
	args.argc = g->argv.n;
	args.envp = g->envp.v;
	args.envc = g->envp.n;
	args.free_arg = g;
	args.by_fd = unnamed;
	r = exec_prepare(&args, f, &e, &why);
	return r ? r : exec_replace(e);
}

long sys_execve(const char __user *path, const u64 __user *argv, const u64 __user *envp)
{
	return execute(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dirfd, const char __user *path, const u64 __user *argv, const u64 __user *envp, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return execute(dirfd, path, argv, envp, flags);
}

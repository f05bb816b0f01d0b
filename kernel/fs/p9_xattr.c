/* SPDX-License-Identifier: MIT */
/* Extended attributes over 9p: a value is read and written by way of a fid of its own (diod's protocol.md). */
#include "fs/p9.h"
#include "fs/xattr.h"
#include "lib/errno.h"

/* The value of `name`, or the list of names if that is empty. */
static ssize_t value_get(struct inode *inode, const char *name, void *buf, size_t size)
{
	struct p9_fs *fs = p9_fs_of(inode);
	struct p9_fid *f = p9_fid_get(p9_inode_of(inode));
	size_t done = 0;
	bool full;
	ssize_t n = 0;
	u64 len;
	u32 fid;
	int err = p9_xattrwalk(&fs->client, f->fid, name, &fid, &len);

	p9_fid_put(fs, f);
	if (err)
		return err;
	if (len > XATTR_SIZE_MAX)
		n = -E2BIG;
	else if (size && len > size)
		n = -ERANGE;
	while (size && n >= 0 && done < len) {
		struct uio u;

		uio_init_kernel(&u, (char *)buf + done, len - done);
		n = p9_read(&fs->client, fid, &u, done, &full);
		if (n == 0)
			n = -EIO; /* less than it said */
		if (n > 0)
			done += (size_t)n;
	}
	p9_clunk(&fs->client, fid);
	return n < 0 ? n : (ssize_t)len;
}

ssize_t p9_op_getxattr(struct inode *i, const char *name, void *buf, size_t size)
{
	return value_get(i, name, buf, size);
}

ssize_t p9_op_listxattr(struct inode *i, char *buf, size_t size) { return value_get(i, "", buf, size); }

int p9_op_setxattr(struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	struct p9_fs *fs = p9_fs_of(inode);
	struct p9_fid *f = p9_fid_get(p9_inode_of(inode));
	size_t done = 0;
	u32 fid;
	int err, err2;

	/* The server knows an empty value that has to replace another only as a removal. */
	if (value && !size && flags == XATTR_REPLACE) {
		ssize_t n = value_get(inode, name, NULL, 0);

		flags = 0;
		if (n < 0) {
			p9_fid_put(fs, f);
			return (int)n;
		}
	}
	err = p9_walk(&fs->client, f->fid, NULL, 0, &fid, NULL);
	p9_fid_put(fs, f);
	if (err)
		return err;
	err = p9_xattrcreate(&fs->client, fid, name, size, flags);
	while (!err && done < size) {
		struct uio u;
		ssize_t n;

		uio_init_kernel(&u, (const char *)value + done, size - done);
		n = p9_write(&fs->client, fid, &u, done);
		if (n < 0)
			err = (int)n;
		else
			done += (size_t)n;
	}
	/* It is set now, and only now the server knows whether it can be. */
	err2 = p9_clunk_wait(&fs->client, fid);
	if (err)
		return err;
	/* QEMU's server takes every empty value for a removal: that must not look like success. */
	if (value && !size && !err2)
		err2 = (int)value_get(inode, name, NULL, 0);
	return value && !size && err2 == -ENODATA ? -EOPNOTSUPP : err2;
}

/* SPDX-License-Identifier: MIT */
/*
 * The 9p device, as QEMU has it (device 9; no section of the standard): a mount tag in the configuration space and one
 * queue of requests, each a 9P message out and a reply in.  hostfs/p9 serves them, on the device's own thread, since
 * the host's file systems make it wait; data goes between the guest's memory and the file without a copy.
 */
#include "hostfs/p9/p9.h"
#include "virtio/devices.h"

#include <errno.h>
#include <linux/virtio_9p.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#define TAG_MAX 63

struct fs9p {
	struct virtio_device virtio; /* first */
	struct p9_server *server;
	struct { /* struct virtio_9p_config */
		uint16_t tag_len; /* little-endian, as we are */
		unsigned char tag[TAG_MAX];
	} __attribute__((packed)) config;
};

static void fs9p_kick(struct virtio_device *d, unsigned int q)
{
	struct fs9p *f = (struct fs9p *)d;
	struct virtio_chain c;

	while (virtio_take(d, q, &c)) {
		size_t len = p9_serve(f->server, c.iov, c.nout, chain_in(&c), c.nin);

		/* No message, or no room to answer it: not even an error can be told. */
		if (len == 0)
			virtio_break(d);
		virtio_return(d, q, &c, (uint32_t)len);
	}
}

static void fs9p_reset(struct virtio_device *d)
{
	p9_server_reset(((struct fs9p *)d)->server);
}

static const struct virtio_class fs9p_class = {
	.name = "9p",
	.id = VIRTIO_ID_9P,
	.queues = 1,
	.queue_size = 128,
	.own_thread = true,
	.kick = fs9p_kick,
	.reset = fs9p_reset,
};

int fs9p_add(struct virtio_bus *bus, const char *tag, const char *dir, bool rdonly, unsigned int max_fds)
{
	struct fs9p *f = calloc(1, sizeof(*f));
	struct hostfs_share *share;
	size_t len = strlen(tag);
	int r;

	if (!f)
		return -ENOMEM;
	if (len == 0 || len > TAG_MAX) {
		free(f);
		return -EINVAL;
	}
	r = hostfs_share_open(dir, rdonly ? HOSTFS_RDONLY : 0, max_fds, &share);
	if (r) {
		free(f);
		return r;
	}
	r = p9_server_new(share, &f->server);
	if (r) {
		hostfs_share_close(share);
		free(f);
		return r;
	}
	f->config.tag_len = (uint16_t)len;
	memcpy(f->config.tag, tag, len); /* NOLINT(bugprone-not-null-terminated-result): it has its length */
	f->virtio.class = &fs9p_class;
	f->virtio.features = 1ull << VIRTIO_9P_MOUNT_TAG;
	f->virtio.config = &f->config;
	f->virtio.config_len = (unsigned int)(sizeof(f->config.tag_len) + len);
	/* Lives as long as the machine. */
	return virtio_add(bus, &f->virtio);
}

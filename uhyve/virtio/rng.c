/* SPDX-License-Identifier: MIT */
/* The entropy device (virtio 1.2, 5.4): the host's random bytes. */
#include "virtio/devices.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#define RNG_MOST 256 /* bytes per request, which getrandom(2) gives in one piece; the driver asks again */

static void rng_kick(struct virtio_device *d, unsigned int q)
{
	unsigned char bytes[RNG_MOST];
	struct virtio_chain c;

	while (virtio_take(d, q, &c)) {
		ssize_t n = getrandom(bytes, c.in_len < sizeof(bytes) ? c.in_len : sizeof(bytes), 0);

		virtio_return(d, q, &c, n > 0 ? (uint32_t)chain_write(&c, 0, bytes, (size_t)n) : 0);
	}
}

static const struct virtio_class rng_class = {
	.name = "rng",
	.id = VIRTIO_ID_RNG,
	.queues = 1,
	.queue_size = 8,
	.kick = rng_kick,
};

int rng_add(struct virtio_bus *bus)
{
	static struct virtio_device rng = { .class = &rng_class };

	return virtio_add(bus, &rng);
}

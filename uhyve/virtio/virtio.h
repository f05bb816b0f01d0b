/* SPDX-License-Identifier: MIT */
/*
 * Virtio devices (virtio 1.2) on the transport MMIO (section 4.2).
 *
 * To add a device: a file of its own with a struct that holds a struct
 * virtio_device as its first member, a constant struct virtio_class (copy
 * rng.c), and a function `NAME_add(struct virtio_bus *, ...)` that fills in
 * `class`, `features`, `config` and calls virtio_add(); main.c calls that.
 *
 * Threads: a device's state belongs to its thread (the I/O thread, or one of its
 * own if the class says so), on which all of the class's functions run, reset
 * too.  A vCPU only takes `lock`, for the registers; virtio_take(), _untake() and
 * _return() take it for the rings.  It is never held during a host call.
 */
#ifndef UHYVE_VIRTIO_H
#define UHYVE_VIRTIO_H

#include "kvm/vm.h"
#include "virtio/loop.h"
#include "virtio/queue.h"

#include <pthread.h>

#define VIRTIO_DEVICES_MAX 19 /* as many IOAPIC pins are free */
#define VIRTIO_QUEUES_MAX  10

struct virtio_device;

struct virtio_class {
	const char *name; /* for messages and the thread's name */
	uint32_t id; /* linux/virtio_ids.h */
	unsigned int queues;
	uint16_t queue_size; /* a power of two up to QUEUE_SIZE_MAX */
	bool own_thread; /* its host calls block */
	/*
	 * Requests wait on queue `q` (or perhaps none): virtio_take() until that gives 0.  It gives no more than
	 * a queue's length for one kick; the rest is kicked again when others have had their turn.
	 */
	void (*kick)(struct virtio_device *d, unsigned int q);
	/* The driver has reset the device: forget what it said.  No request is out.  May be NULL. */
	void (*reset)(struct virtio_device *d);
	/* The driver is ready (DRIVER_OK).  May be NULL. */
	void (*start)(struct virtio_device *d);
};

struct virtio_device {
	const struct virtio_class *class;
	uint64_t features; /* offered, beside VERSION_1 */
	const void *config; /* the configuration space, constant; the device's own memory */
	unsigned int config_len;

	/* the transport's */
	struct virtio_bus *bus;
	pthread_mutex_t lock;
	pthread_cond_t reset_done;
	bool reset_wanted, start_wanted, started;
	uint32_t status, features_sel, driver_features_sel, queue_sel;
	uint64_t driver_features; /* what the driver has accepted */
	uint32_t interrupts; /* InterruptStatus; atomic */
	unsigned int budget; /* of the kick that runs */
	struct virtqueue queue[VIRTIO_QUEUES_MAX];
	int kick, irq; /* eventfds: the driver's notifications, the device's interrupts */
};

struct virtio_bus {
	struct vm *vm;
	struct loop *loop; /* the I/O thread's */
	/* Called first thing on each thread of a device's own.  May be NULL. */
	void (*thread_begin)(const struct virtio_class *class);
	struct virtio_device *devices[VIRTIO_DEVICES_MAX];
	unsigned int count;
};

void virtio_bus_init(struct virtio_bus *bus, struct vm *vm, struct loop *loop);

/* Gives the device its place in the machine.  *d must be zeros but for the first four members, and stay. */
int virtio_add(struct virtio_bus *bus, struct virtio_device *d);

/* Connects the devices to the VM and starts the threads of those that have their own.  0 or a negative error. */
int virtio_run(struct virtio_bus *bus);

/* The words for the kernel's command line that name the devices.  -ENOSPC if they do not fit. */
int virtio_cmdline(const struct virtio_bus *bus, char *line, size_t size);

/* --- for devices, on their thread --- */

/* 1: *c is the next request of queue `q`, checked; 0: none now. */
int virtio_take(struct virtio_device *d, unsigned int q, struct virtio_chain *c);

/* The request that was taken last cannot be done yet: virtio_take() will give it again. */
void virtio_untake(struct virtio_device *d, unsigned int q);

/* The request is done; `written` bytes of its in-pieces are filled.  Interrupts the driver if it wants. */
void virtio_return(struct virtio_device *d, unsigned int q, const struct virtio_chain *c, uint32_t written);

/* The driver has broken the device's protocol: nothing more is done until it resets the device. */
void virtio_break(struct virtio_device *d);

/* Something other than a kick (a file that became readable) begins: virtio_take() gives anew. */
void virtio_turn(struct virtio_device *d);

/* Copies up to `len` bytes of a chain's out-pieces from `at` on, or into its in-pieces.  Gives how many. */
size_t chain_read(const struct virtio_chain *c, size_t at, void *buf, size_t len);
size_t chain_write(const struct virtio_chain *c, size_t at, const void *buf, size_t len);

/* At most `len` bytes of n pieces from offset `at` on, as pieces in `out` (room for n).  Gives their number. */
unsigned int iov_part(const struct iovec *iov, unsigned int n, size_t at, size_t len, struct iovec *out);

static inline const struct iovec *chain_in(const struct virtio_chain *c) { return c->iov + c->nout; }

#endif

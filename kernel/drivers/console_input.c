/* SPDX-License-Identifier: MIT */
/* The console: stdin, which the host sends only as far as it has been asked for (hermit/ctl.h). */
#include <arch/thread.h>
#include "drivers/console_port.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"

#define INPUT_SLOTS    CONSOLE_QUEUE
#define INPUT_MAX      (INPUT_SLOTS * PAGE_SIZE) /* asked for at once at most */

static struct {
	struct mutex lock;
	struct wait_queue wait;
	u8 *slot[INPUT_SLOTS];
	unsigned made;
	u8 *cur; /* the buffer being read */
	u32 cur_off, cur_len;
	u64 pos;  /* bytes of stdin that the program has read */
	u64 want; /* the last STDIN_WANT */
	bool asked; /* ... which has not been answered */
	bool eof;   /* the stream has a mark */
	u64 eof_at; /* ... here */
	bool polled;   /* STDIN_POLL has been sent, and the host has not said yes since */
	bool answered; /* ... but something */
	struct hermit_ctl_ready ready;
} input = {.lock = {.wait = WAIT_QUEUE_INIT(input.lock.wait)}, .wait = WAIT_QUEUE_INIT(input.wait)};

/* Under input.lock: buffers for n bytes, and the host may send them. */
static int input_ask(struct port *p, size_t n)
{
	u64 want = input.pos + MIN(n, INPUT_MAX);
	bool posted = false;

	while (input.made < p->rx.size && (input.made < 2 || input.made * PAGE_SIZE < n)) {
		u8 *slot = kmalloc(PAGE_SIZE);

		if (!slot)
			break;
		input.slot[input.made++] = slot;
		if (console_post(&p->rx, slot, PAGE_SIZE))
			return -EIO;
		posted = true;
	}
	if (input.made == 0)
		return -ENOMEM;
	if (posted)
		virtio_notify(&p->rx);
	if (console.no_ctl || (READ_ONCE(input.asked) && want <= input.want))
		return 0;
	input.want = want;
	WRITE_ONCE(input.asked, true);
	return console_ctl_send(HERMIT_CTL_STDIN_WANT, &want, sizeof(want));
}

#define ANSWER_NSEC NSEC_PER_SEC /* a host that does not answer for so long is taken to have said no */

static unsigned host_answer(void)
{
	unsigned long ev = spin_lock(&console.lock);
	struct hermit_ctl_ready r = input.ready;

	spin_unlock(&console.lock, ev);
	return r.sent == input.pos ? r.events & (POLLIN | POLLHUP | POLLERR) : 0; /* else it is about bytes long read */
}

/*
 * Under input.lock, with nothing queued: what the host's poll(2) says of its stdin, POLL* bits.  If that is none, the
 * host will say so when it changes.
 */
static unsigned input_poll_host(void)
{
	unsigned bits = host_answer();

	if (console.no_ctl || bits)
		return bits;
	if (!READ_ONCE(input.polled)) {
		WRITE_ONCE(input.answered, false);
		WRITE_ONCE(input.polled, true);
		if (console_ctl_send(HERMIT_CTL_STDIN_POLL, NULL, 0))
			return POLLERR;
		(void)WAIT_EVENT(&input.wait, __atomic_load_n(&input.answered, __ATOMIC_ACQUIRE),
				 clock_deadline(ANSWER_NSEC), WAIT_UNINTERRUPTIBLE);
	}
	return host_answer();
}

static bool input_at_eof(void)
{
	return __atomic_load_n(&input.eof, __ATOMIC_ACQUIRE) && input.eof_at <= input.pos;
}

static bool input_ready(struct port *p)
{
	return input.cur || virtqueue_has_used(&p->rx) || input_at_eof() || p->closed || console_port_dead(p);
}

/* Under input.lock: what is there into u.  Bytes; 0 at the end; -EAGAIN: nothing is there; -errno. */
static ssize_t input_take(struct port *p, struct uio *u)
{
	size_t n;

	if (!input.cur) {
		input.cur = virtqueue_take(&p->rx, &input.cur_len);
		input.cur_off = 0;
		if (input.cur)
			WRITE_ONCE(input.asked, false);
	}
	if (!input.cur) {
		if (input_at_eof() || p->closed)
			return 0;
		return console_port_dead(p) ? -EIO : -EAGAIN;
	}
	n = uio_copy_to(u, input.cur + input.cur_off, MIN((size_t)(input.cur_len - input.cur_off), u->left));
	input.cur_off += (u32)n;
	input.pos += n;
	WRITE_ONCE(input.ready.events, 0);
	if (input.cur_off == input.cur_len) {
		u8 *buf = input.cur;

		input.cur = NULL;
		if (console_post(&p->rx, buf, PAGE_SIZE) == 0)
			virtio_notify(&p->rx);
		if (input.cur_len == 0) /* an empty buffer says nothing */
			return -EAGAIN;
	}
	return n ? (ssize_t)n : -EFAULT;
}

ssize_t console_input_read(struct port *p, struct uio *u, bool nonblock)
{
	bool whole = boot_info.stdio.kind[0] == HERMIT_STDIO_FILE;
	size_t before = u->left;
	ssize_t r = 1;
	bool wait;

	while (u->left && (whole || u->left == before)) {
		mutex_lock(&input.lock);
		r = input_take(p, u);
		if (r == 0 && u->left == before) {
			WRITE_ONCE(input.eof, false); /* the mark has been seen */
			WRITE_ONCE(input.ready.events, 0);
		}
		wait = r == -EAGAIN && (!nonblock || whole || input_ready(p) || input_poll_host());
		if (wait) {
			int err = input_ready(p) ? 0 : input_ask(p, u->left);

			if (err)
				r = err;
		}
		mutex_unlock(&input.lock);
		if (wait && r == -EAGAIN)
			r = WAIT_EVENT(&input.wait, input_ready(p), WAIT_FOREVER, WAIT_INTERRUPTIBLE) ?: 1;
		if (r <= 0)
			break;
	}
	return before != u->left ? (ssize_t)(before - u->left) : r > 0 ? 0 : r;
}

unsigned console_input_poll(struct port *p, bool ask)
{
	unsigned bits = 0;

	mutex_lock(&input.lock);
	if (input_ready(p))
		bits = POLLIN | (p->closed ? POLLHUP : 0);
	else if (ask)
		bits = input_poll_host();
	mutex_unlock(&input.lock);
	return bits | (bits & POLLIN ? POLLRDNORM : 0);
}

struct wait_queue *console_input_queue(void) { return &input.wait; }

void console_input_eof(u64 at)
{
	input.eof_at = at;
	WRITE_ONCE(input.asked, false);
	__atomic_store_n(&input.eof, true, __ATOMIC_RELEASE);
	wait_wake(&input.wait, POLLIN | POLLRDNORM);
}

void console_input_answer(const struct hermit_ctl_ready *ready)
{
	input.ready = *ready;
	WRITE_ONCE(input.polled, ready->events == 0);
	__atomic_store_n(&input.answered, true, __ATOMIC_RELEASE);
	wait_wake_all(&input.wait, ready->events & (POLLIN | POLLHUP | POLLERR));
}

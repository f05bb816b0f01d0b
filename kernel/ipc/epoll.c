/* SPDX-License-Identifier: MIT */
#include "ipc/epoll.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/tree.h"
#include "mm/heap.h"
#include "proc/thread.h"

#define EPOLL_NESTING_MAX 5
#define EPOLL_QUEUES	  2 /* a file has at most one to read and one to write */
#define EPOLL_PRIVATE	  (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

struct epoll {
	struct file *file; /* whose it is: no reference */
	struct mutex lock;
	struct tree items; /* by file and descriptor */
	int count;	   /* of items */
	struct spinlock ready_lock;
	struct list ready;
	struct wait_queue wait;
};

struct epoll_item {
	struct tree_node node;
	struct list ready_link; /* under ready_lock */
	struct list file_link;	/* in file.epolls, under gone_lock */
	struct epoll *ep;
	struct file *file; /* no reference: file_free tells us */
	int fd;
	unsigned queues;
	struct waiter waiter[EPOLL_QUEUES];
	struct wait_queue *queue[EPOLL_QUEUES];
	struct epoll_event event;
};

static struct mutex gone_lock = {.wait = WAIT_QUEUE_INIT(gone_lock.wait)};
static const struct file_ops epoll_ops;

static int item_cmp(const struct tree_node *a, const struct tree_node *b)
{
	const struct epoll_item *x = tree_entry(a, struct epoll_item, node);
	const struct epoll_item *y = tree_entry(b, struct epoll_item, node);

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static struct epoll_item *item_find(struct epoll *ep, struct file *f, int fd)
{
	struct epoll_item key = {.file = f, .fd = fd};
	struct tree_node *n = ep->items.root;

	while (n) {
		int c = item_cmp(&key.node, n);

		if (!c)
			return tree_entry(n, struct epoll_item, node);
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

/* Puts an item on the list of what may be ready and wakes one who waits. */
static bool item_ready(struct epoll_item *it)
{
	struct epoll *ep = it->ep;
	unsigned long ev = spin_lock(&ep->ready_lock);

	if (list_empty(&it->ready_link))
		list_push_back(&ep->ready, &it->ready_link);
	spin_unlock(&ep->ready_lock, ev);
	wait_wake(&ep->wait, POLLIN | POLLRDNORM);
	return true;
}

/* A watched file's state has changed: called with its queue's lock held. */
static bool item_notify(struct waiter *w, unsigned events)
{
	struct epoll_item *it = w->priv;
	u32 want = READ_ONCE(it->event.events);

	if (!(want & ~EPOLL_PRIVATE)) /* one shot, and it has been fired */
		return false;
	if (events && !(events & want))
		return false;
	return item_ready(it);
}

struct item_hook {
	struct poll_hook hook;
	struct epoll_item *it;
};

static void item_queue(struct poll_hook *h, struct wait_queue *q)
{
	struct epoll_item *it = container_of(h, struct item_hook, hook)->it;
	struct waiter *w;

	if (it->queues == EPOLL_QUEUES)
		return;
	w = &it->waiter[it->queues];
	*w = (struct waiter){.notify = item_notify, .priv = it, .exclusive = it->event.events & EPOLLEXCLUSIVE};
	list_init(&w->link);
	it->queue[it->queues++] = q;
	wait_add(q, w);
}

/* With gone_lock and ep->lock held. */
static void item_free(struct epoll_item *it)
{
	struct epoll *ep = it->ep;
	unsigned long ev;

	for (unsigned i = 0; i < it->queues; i++)
		wait_remove(it->queue[i], &it->waiter[i]);
	ev = spin_lock(&ep->ready_lock);
	list_remove(&it->ready_link);
	spin_unlock(&ep->ready_lock, ev);
	list_remove(&it->file_link);
	tree_remove(&ep->items, &it->node);
	WRITE_ONCE(ep->count, ep->count - 1);
	kfree(it);
}

void epoll_file_gone(struct file *f)
{
	mutex_lock(&gone_lock);
	/* Sets that are being closed take their items away under gone_lock too: only now there are none under way. */
	while (!list_empty(&f->epolls)) {
		struct epoll_item *it = list_first(&f->epolls, struct epoll_item, file_link);
		struct epoll *ep = it->ep;

		mutex_lock(&ep->lock);
		item_free(it);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&gone_lock);
}

static unsigned item_poll(struct epoll_item *it, struct poll_hook *hook)
{
	u32 want = it->event.events;

	return file_poll(it->file, want & 0xffff, hook) & (want & ~EPOLL_PRIVATE);
}

/* How deep sets lie within sets below f; more than the limit, or `ep` itself among them: -ELOOP. */
static int nesting(struct file *f, struct file *ep, int depth)
{
	struct epoll *sub;
	int max = depth;

	if (f->ops != &epoll_ops)
		return depth;
	if (f == ep || depth >= EPOLL_NESTING_MAX)
		return -ELOOP;
	sub = f->priv;
	for (struct tree_node *n = tree_first(&sub->items); n; n = tree_next(n)) {
		int d = nesting(tree_entry(n, struct epoll_item, node)->file, ep, depth + 1);

		if (d < 0)
			return d;
		max = MAX(max, d);
	}
	return max;
}

/* How many sets lie above f at most. */
static int nested_in(struct file *f)
{
	int max = 0;

	list_for_each(l, &f->epolls) {
		int n = 1 + nested_in(list_entry(l, struct epoll_item, file_link)->ep->file);

		max = MAX(max, n);
	}
	return max;
}

static int item_add(struct file *epf, int fd, struct file *f, const struct epoll_event *ev)
{
	struct epoll *ep = epf->priv;
	struct epoll_item *it = kzalloc(sizeof(*it));
	struct item_hook h = {.hook.add = item_queue, .it = it};

	if (!it)
		return -ENOMEM;
	list_init(&it->ready_link);
	it->ep = ep;
	it->file = f;
	it->fd = fd;
	it->event = *ev;
	it->event.events |= POLLERR | POLLHUP;
	tree_insert(&ep->items, &it->node, item_cmp);
	WRITE_ONCE(ep->count, ep->count + 1);
	list_push_back(&f->epolls, &it->file_link);
	f->watched = true;
	if (item_poll(it, &h.hook))
		item_ready(it);
	return 0;
}

int epoll_control(struct file *epf, int op, int fd, struct file *f, const struct epoll_event *ev)
{
	struct epoll *ep = epf->priv;
	struct epoll_item *it;
	int r = 0;

	if (!f->ops->poll)
		return -EPERM;
	if (epf->ops != &epoll_ops || f == epf)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (ev->events & EPOLLEXCLUSIVE)) {
		const u32 allowed = EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP | POLLIN | POLLOUT | POLLERR | POLLHUP;

		if (op == EPOLL_CTL_MOD || f->ops == &epoll_ops || (ev->events & ~allowed))
			return -EINVAL;
	}
	mutex_lock(&gone_lock);
	if (op == EPOLL_CTL_ADD && f->ops == &epoll_ops && nesting(f, epf, 1 + nested_in(epf)) < 0) {
		mutex_unlock(&gone_lock);
		return -ELOOP;
	}
	mutex_lock(&ep->lock);
	it = item_find(ep, f, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		r = it ? -EEXIST : item_add(epf, fd, f, ev);
		break;
	case EPOLL_CTL_DEL:
		if (it)
			item_free(it);
		else
			r = -ENOENT;
		break;
	case EPOLL_CTL_MOD:
		if (!it) {
			r = -ENOENT;
		} else if (it->event.events & EPOLLEXCLUSIVE) {
			r = -EINVAL;
		} else {
			it->event.data = ev->data;
			WRITE_ONCE(it->event.events, ev->events | POLLERR | POLLHUP);
			__atomic_thread_fence(__ATOMIC_SEQ_CST); /* an event after this sees the new mask, one before is seen */
			if (item_poll(it, NULL))
				item_ready(it);
		}
		break;
	default:
		r = -EINVAL;
	}
	mutex_unlock(&ep->lock);
	mutex_unlock(&gone_lock);
	return r;
}

/* Takes up to max events from the list.  What stays ready (level-triggered) goes to its end again. */
static int collect(struct epoll *ep, struct epoll_event *out, int max)
{
	struct list taken;
	unsigned long ev;
	int n = 0;

	mutex_lock(&ep->lock);
	list_init(&taken);
	ev = spin_lock(&ep->ready_lock);
	while (!list_empty(&ep->ready)) {
		struct epoll_item *it = list_first(&ep->ready, struct epoll_item, ready_link);
		unsigned now;

		if (n == max)
			break;
		list_remove(&it->ready_link); /* from here on, an event puts it back */
		spin_unlock(&ep->ready_lock, ev);
		now = item_poll(it, NULL);
		if (now) {
			out[n].events = now;
			out[n].data = it->event.data;
			n++;
			if (it->event.events & EPOLLONESHOT)
				WRITE_ONCE(it->event.events, it->event.events & EPOLL_PRIVATE);
		}
		ev = spin_lock(&ep->ready_lock);
		if (now && !(it->event.events & (EPOLLONESHOT | EPOLLET))) {
			list_remove(&it->ready_link);
			list_push_back(&taken, &it->ready_link);
		}
	}
	while (!list_empty(&taken)) {
		struct list *l = taken.next;

		list_remove(l);
		list_push_back(&ep->ready, l);
	}
	spin_unlock(&ep->ready_lock, ev);
	mutex_unlock(&ep->lock);
	return n;
}

int epoll_size(struct file *epf)
{
	return epf->ops == &epoll_ops ? READ_ONCE(((struct epoll *)epf->priv)->count) : 0;
}

int epoll_collect(struct file *epf, struct epoll_event *out, int max, nsec_t deadline)
{
	struct epoll *ep = epf->priv;

	if (epf->ops != &epoll_ops)
		return -EINVAL;
	for (;;) {
		int n = list_empty(&ep->ready) ? 0 : collect(ep, out, max), r;

		if (n || !deadline)
			return n;
		r = WAIT_EVENT(&ep->wait, !list_empty(&ep->ready), deadline, WAIT_INTERRUPTIBLE);
		if (r == -ETIMEDOUT)
			return 0;
		if (r)
			return -EINTR; /* never restarted (signal(7)) */
	}
}

static unsigned epoll_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct epoll *ep = f->priv;
	unsigned r = 0;

	poll_add(hook, &ep->wait);
	if (list_empty(&ep->ready))
		return 0;
	mutex_lock(&ep->lock);
	for (struct tree_node *n = tree_first(&ep->items); n && !r; n = tree_next(n))
		if (item_poll(tree_entry(n, struct epoll_item, node), NULL))
			r = POLLIN | POLLRDNORM;
	mutex_unlock(&ep->lock);
	return r;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->priv;

	mutex_lock(&gone_lock);
	mutex_lock(&ep->lock);
	while (ep->items.root)
		item_free(tree_entry(ep->items.root, struct epoll_item, node)); /* NOLINT: it leaves the tree */
	mutex_unlock(&ep->lock);
	mutex_unlock(&gone_lock);
	kfree(ep);
}

static int epoll_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[eventpoll]");
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.describe = epoll_describe,
};

struct file *epoll_create_file(void)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	struct file *f = ep ? file_anon(0600, 0, &epoll_ops, ep) : NULL;

	if (!f) {
		kfree(ep);
		return NULL;
	}
	mutex_init(&ep->lock);
	spin_init(&ep->ready_lock);
	list_init(&ep->ready);
	wait_queue_init(&ep->wait);
	ep->file = f;
	return f;
}

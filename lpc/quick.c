// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quick channels: an event pair and a section that belong to a connection.
 *
 * QUICK on one end makes both and keeps the other side's half here; QUICK_OPEN
 * on the other end takes it. So each process makes its own fd and its own view,
 * in its own context, of what it asked for; nothing is put into another.
 *
 * A channel lives as long as its event pair. Until it is opened it holds a
 * reference of that for the one to come; from its connection it is taken off
 * when that ends, so that a page somebody keeps mapped pins nothing but itself.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "conn.h"
#include "evpair.h"
#include "quick.h"
#include "quota.h"
#include "section.h"

/**
 * struct lpc_quick - a quick channel
 * @owner: how its event pair speaks of it
 * @node: in its connection's channels; port->lock
 * @conn: its connection, one of its users; NULL when that has ended. Written
 *	under port->lock and lpc_quick_lock, read under either.
 * @pair: its event pair, which it lives as long as. A reference while it waits
 *	to be opened.
 * @offer: the section, until it has been opened; port->lock, then the one who
 *	opens it
 * @half: what the other side opens
 * @waits: to be opened, and nobody is at it; port->lock
 * @gone: who made it has closed its end; port->lock
 * @id: unique within the port
 */
struct lpc_quick {
	struct lpc_evowner owner;
	struct list_head node;
	struct lpc_conn *conn;
	struct lpc_evpair *pair;
	struct lpc_offer offer;
	enum lpc_half half;
	bool waits;
	bool gone;
	u64 id;
};

static struct kmem_cache *lpc_quick_cache;

/* Inside port->lock. Says whether a channel still has a connection to lock. */
static DEFINE_SPINLOCK(lpc_quick_lock);

static enum lpc_half half_of(const struct lpc_end *end)
{
	return end->kind == LPC_KIND_SERVER ? LPC_HALF_LOW : LPC_HALF_HIGH;
}

/*
 * Return: the port of its connection, with a reference; NULL if that connection
 * has ended. It may do so before the port is locked.
 */
static struct lpc_port *get_port(struct lpc_quick *quick)
{
	struct lpc_port *port = NULL;

	spin_lock(&lpc_quick_lock);
	if (quick->conn) {
		port = quick->conn->port;
		lpc_port_get(port);
	}
	spin_unlock(&lpc_quick_lock);
	return port;
}

/* Nobody will open it any more. Locks may be held: the files go later. */
static void give_up(struct lpc_quick *quick)
{
	quick->waits = false;
	lpc_offer_drop(&quick->offer);
	lpc_evpair_put(quick->pair);
}

static void leave_conn(struct lpc_quick *quick)
{
	struct lpc_conn *conn = quick->conn;

	lockdep_assert_held(&conn->port->lock);
	list_del_init(&quick->node);
	conn->nr_quicks--;
	spin_lock(&lpc_quick_lock);
	quick->conn = NULL;
	spin_unlock(&lpc_quick_lock);
	lpc_conn_drop(conn);
}

/* The maker's end is closed: there is nobody to open it for. */
static void quick_closed(struct lpc_evowner *owner, struct lpc_evend *end)
{
	struct lpc_quick *quick = container_of(owner, struct lpc_quick, owner);
	struct lpc_port *port;

	if (end->half == quick->half)
		return;
	port = get_port(quick);
	if (!port)
		return;
	lpc_lock(port);
	quick->gone = true;
	if (quick->waits)
		give_up(quick);
	lpc_unlock(port);
	lpc_port_put(port);
}

/* The event pair is gone: ends and mappings. */
static void quick_freed(struct lpc_evowner *owner)
{
	struct lpc_quick *quick = container_of(owner, struct lpc_quick, owner);
	struct lpc_port *port = get_port(quick);

	if (port) {
		lpc_lock(port);
		if (quick->conn)
			leave_conn(quick);
		lpc_unlock(port);
		lpc_port_put(port);
	}
	kmem_cache_free(lpc_quick_cache, quick);
}

/**
 * lpc_quick_over - a connection has ended, and its channels with it
 * @conn: locked, with a user besides them
 */
void lpc_quick_over(struct lpc_conn *conn)
{
	struct lpc_quick *quick, *next;

	lockdep_assert_held(&conn->port->lock);
	list_for_each_entry_safe(quick, next, &conn->quicks, node) {
		lpc_evpair_over(quick->pair);
		if (quick->waits)
			give_up(quick);
		/* Last: from here on quick_freed() waits for no lock. */
		leave_conn(quick);
	}
}

static int conn_ready(const struct lpc_end *end)
{
	const struct lpc_conn *conn = end->conn;

	lockdep_assert_held(&end->port->lock);
	if (conn->paired)
		return -EOPNOTSUPP;
	if (conn->state < LPC_CONN_CONNECTED)
		return -ENOTCONN;
	return conn->state == LPC_CONN_CONNECTED ? 0 : -EPIPE;
}

static int enter_conn(struct lpc_quick *quick, struct lpc_end *end,
		      struct lpc_quick_make *args)
{
	struct lpc_port *port = end->port;
	struct lpc_conn *conn = end->conn;
	int ret;

	lpc_lock(port);
	ret = conn_ready(end);
	if (!ret && conn->nr_quicks >= lpc_limit(LPC_LIMIT_QUICK)) {
		args->limit = LPC_LIMIT_QUICK;
		args->in_use = conn->nr_quicks;
		ret = -ENOBUFS;
	}
	if (!ret) {
		quick->id = ++port->next_quick;
		/* No lock: nobody else knows it yet. */
		quick->conn = conn;
		quick->waits = true;
		lpc_evpair_get(quick->pair);
		lpc_conn_use(conn);
		conn->nr_quicks++;
		list_add_tail(&quick->node, &conn->quicks);
	}
	lpc_unlock(port);
	return ret;
}

static struct lpc_quick *quick_new(struct lpc_end *end,
				   struct lpc_quick_make *args)
{
	struct lpc_quick *quick;
	struct lpc_evpair *pair;
	int ret;

	quick = kmem_cache_alloc(lpc_quick_cache, GFP_KERNEL_ACCOUNT);
	if (!quick)
		return ERR_PTR(-ENOMEM);
	memset(quick, 0, sizeof(*quick));
	INIT_LIST_HEAD(&quick->node);
	quick->owner.closed = quick_closed;
	quick->owner.freed = quick_freed;
	quick->half = lpc_other_half(half_of(end));
	ret = lpc_offer_make(&quick->offer, &args->own);
	if (ret)
		goto err_quick;
	pair = lpc_evpair_new(&args->limit, &args->in_use);
	if (IS_ERR(pair)) {
		ret = PTR_ERR(pair);
		goto err_offer;
	}
	quick->pair = pair;
	pair->owner = &quick->owner;
	return quick;

err_offer:
	lpc_offer_drop(&quick->offer);
err_quick:
	kmem_cache_free(lpc_quick_cache, quick);
	return ERR_PTR(ret);
}

/**
 * lpc_quick_make - QUICK, up to where its results are copied out
 * @end: of a connection
 * @args: of the ioctl
 * @fd: will be this side's end; to abort it undoes the channel
 * @view: what has been mapped at @args->own.base, to be unmapped if the results
 *	cannot be copied out, and to be dropped; empty on errors
 */
int lpc_quick_make(struct lpc_end *end, struct lpc_quick_make *args,
		   struct lpc_fd *fd, struct lpc_offer *view)
{
	struct lpc_evpair *pair;
	struct lpc_quick *quick;
	int ret;

	memset(view, 0, sizeof(*view));
	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	args->own.base = 0;
	args->own.peer_base = 0;
	if (args->flags)
		return -EINVAL;
	lpc_lock(end->port);
	ret = conn_ready(end);
	lpc_unlock(end->port);
	if (ret)
		return ret;
	quick = quick_new(end, args);
	if (IS_ERR(quick))
		return PTR_ERR(quick);
	pair = quick->pair;
	/* Once it is entered, its own may be taken and dropped. */
	*view = quick->offer;
	lpc_section_get(view->section);

	ret = lpc_offer_map(view, false, &args->own.base);
	if (!ret)
		ret = lpc_evend_open(&pair->end[half_of(end)], fd);
	if (!ret)
		ret = enter_conn(quick, end, args);
	if (!ret) {
		args->id = quick->id;
		args->fd = fd->fd;
		args->own.size = view->size;
	} else {
		lpc_offer_unmap(view, args->own.base);
		lpc_offer_drop(view);
		lpc_offer_drop(&quick->offer);
		args->own.base = 0;
	}
	lpc_evpair_put(pair);
	return ret;
}

static struct lpc_quick *find(struct lpc_end *end, u64 id)
{
	struct lpc_quick *quick;

	list_for_each_entry(quick, &end->conn->quicks, node)
		if (quick->id == id && quick->half == half_of(end) &&
		    quick->waits)
			return quick;
	return NULL;
}

/* While it is claimed its reference of the pair is the caller's. */
static int claim(struct lpc_end *end, struct lpc_quick_open *args,
		 struct lpc_quick **claimed)
{
	struct lpc_quick *quick;
	int ret;

	lpc_lock(end->port);
	ret = conn_ready(end);
	if (ret)
		goto out;
	quick = find(end, args->id);
	if (!quick) {
		ret = -ESTALE;
	} else if (quick->offer.size > args->theirs.size) {
		args->theirs.size = quick->offer.size;
		ret = -EMSGSIZE;
	} else {
		quick->waits = false;
		*claimed = quick;
	}
out:
	lpc_unlock(end->port);
	return ret;
}

/**
 * lpc_quick_open - QUICK_OPEN, up to where its results are copied out
 * @end: of a connection
 * @args: of the ioctl
 * @fd: will be this side's end
 * @claimed: the channel, to be given to lpc_quick_open_commit() or _undo();
 *	NULL on errors
 */
int lpc_quick_open(struct lpc_end *end, struct lpc_quick_open *args,
		   struct lpc_fd *fd, struct lpc_quick **claimed)
{
	struct lpc_view *theirs = &args->theirs;
	struct lpc_quick *quick;
	int ret;

	*claimed = NULL;
	theirs->base = 0;
	theirs->peer_base = 0;
	if (args->flags || theirs->flags || theirs->fd || theirs->offset)
		return -EINVAL;
	ret = claim(end, args, &quick);
	if (ret)
		return ret;
	ret = lpc_fd_reserve(fd);
	if (!ret)
		ret = lpc_fd_open(fd, LPC_KIND_EVENT, NULL);
	if (!ret)
		ret = lpc_offer_map(&quick->offer, quick->offer.readonly,
				    &theirs->base);
	if (ret) {
		lpc_quick_open_undo(quick, args);
		return ret;
	}
	args->fd = fd->fd;
	theirs->size = quick->offer.size;
	*claimed = quick;
	return 0;
}

/**
 * lpc_quick_open_commit - it is this side's now; cannot fail
 * @quick: claimed
 * @fd: takes over the claim's reference of the event pair
 */
void lpc_quick_open_commit(struct lpc_quick *quick, struct lpc_fd *fd)
{
	lpc_offer_drop(&quick->offer);
	fd->file->private_data = &quick->pair->end[quick->half];
}

/**
 * lpc_quick_open_undo - it waits again, if somebody is left to open it for
 * @quick: claimed
 * @args: of the ioctl
 */
void lpc_quick_open_undo(struct lpc_quick *quick, struct lpc_quick_open *args)
{
	struct lpc_port *port;

	lpc_offer_unmap(&quick->offer, args->theirs.base);
	args->theirs.base = 0;
	port = get_port(quick);
	if (!port) {
		give_up(quick);
		return;
	}
	lpc_lock(port);
	if (quick->conn && !quick->gone)
		quick->waits = true;
	else
		give_up(quick);
	lpc_unlock(port);
	lpc_port_put(port);
}

static void quick_ctor(void *object)
{
	/* A constructor keeps the cache from being merged: a leak shows. */
	memset(object, 0, sizeof(struct lpc_quick));
}

/**
 * lpc_quick_init - make the cache
 */
int lpc_quick_init(void)
{
	lpc_quick_cache = kmem_cache_create("lpc_quick",
					    sizeof(struct lpc_quick), 0,
					    SLAB_ACCOUNT, quick_ctor);
	return lpc_quick_cache ? 0 : -ENOMEM;
}

/**
 * lpc_quick_exit - undo lpc_quick_init()
 */
void lpc_quick_exit(void)
{
	kmem_cache_destroy(lpc_quick_cache);
}

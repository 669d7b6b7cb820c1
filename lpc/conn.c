// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: their memory, how long it lives, which end talks to which
 * queue, what polling an end tells.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "conn.h"
#include "message.h"
#include "quota.h"
#include "views.h"

static struct kmem_cache *lpc_conn_cache;
static struct kmem_cache *lpc_share_cache;

/**
 * lpc_conn_new - a connection that the port does not know yet
 * @port: whose reference count grows by one
 *
 * What may have to be told of this connection later is allocated now: its
 * request, PORT_CLOSED, and the share its user will have of the port.
 *
 * Return: with one user, the client end; or an error.
 */
struct lpc_conn *lpc_conn_new(struct lpc_port *port)
{
	struct lpc_conn *conn;

	conn = kmem_cache_alloc(lpc_conn_cache, GFP_KERNEL_ACCOUNT);
	if (!conn)
		return ERR_PTR(-ENOMEM);
	memset(conn, 0, sizeof(*conn));
	lpc_port_get(port);
	conn->port = port;
	INIT_LIST_HEAD(&conn->node);
	INIT_LIST_HEAD(&conn->quicks);
	init_waitqueue_head(&conn->settled);
	lpc_end_init(&conn->client, LPC_KIND_CLIENT, port, conn);
	lpc_end_init(&conn->server, LPC_KIND_SERVER, port, conn);
	conn->server.recv = &port->self.queue;
	conn->users = 1;
	conn->since = ktime_get_ns();
	lpc_ident_current(&conn->connector);
	lpc_ident_get(&conn->connector);
	rcu_read_lock();
	conn->start = READ_ONCE(current->group_leader)->start_boottime;
	rcu_read_unlock();

	conn->request = lpc_call_alloc();
	conn->share = kmem_cache_alloc(lpc_share_cache, GFP_KERNEL_ACCOUNT);
	conn->user = lpc_user_current();
	if (!conn->request || !conn->share || !conn->user) {
		lpc_conn_free(conn);
		return ERR_PTR(-ENOMEM);
	}
	memset(conn->share, 0, sizeof(*conn->share));
	return conn;
}

/**
 * lpc_conn_free - free it and all it has reserved
 * @conn: that nobody knows or uses; no lock is held
 */
void lpc_conn_free(struct lpc_conn *conn)
{
	struct lpc_port *port = conn->port;

	if (conn->listed)
		lpc_uncharge(conn->user, LPC_LIMIT_CONNS);
	if (conn->request)
		lpc_ident_put(&conn->request->sender);
	lpc_call_destroy(conn->request);
	lpc_call_destroy(conn->closed);
	lpc_call_destroy(xchg(&conn->client.spare, NULL));
	lpc_call_destroy(xchg(&conn->server.spare, NULL));
	if (conn->share)
		kmem_cache_free(lpc_share_cache, conn->share);
	lpc_views_free(conn->views);
	put_cred(conn->cred);
	lpc_user_put(conn->user);
	lpc_ident_put(&conn->connector);
	lpc_ident_put(&conn->acceptor);
	kmem_cache_free(lpc_conn_cache, conn);
	lpc_port_put(port);
}

static struct lpc_share *share_find(struct lpc_port *port,
				    struct lpc_user *top)
{
	struct lpc_share *share;

	list_for_each_entry(share, &port->shares, node)
		if (share->top == top)
			return share;
	return NULL;
}

static u32 share_of(u32 whole)
{
	u32 percent = lpc_limit(LPC_LIMIT_SHARE);

	return max(1u, whole / 100 * percent + whole % 100 * percent / 100);
}

static int full(u32 used, u32 most, enum lpc_limit what, u32 *limit,
		u32 *in_use)
{
	if (used < most)
		return 0;
	*limit = what;
	*in_use = used;
	return -ENOBUFS;
}

static int port_has_room(struct lpc_port *port, struct lpc_share *share,
			 u32 *limit, u32 *in_use)
{
	u32 conns = lpc_limit(LPC_LIMIT_PORT_CONNS);
	u32 pending = lpc_limit(LPC_LIMIT_PENDING);
	int ret;

	if (port->backlog)
		pending = min(pending, port->backlog);
	ret = full(port->nr_conns, conns, LPC_LIMIT_PORT_CONNS, limit, in_use);
	if (!ret)
		ret = full(port->pending, pending, LPC_LIMIT_PENDING, limit,
			   in_use);
	if (ret || !share)
		return ret;
	ret = full(share->conns, share_of(conns), LPC_LIMIT_SHARE, limit,
		   in_use);
	if (!ret)
		ret = full(share->pending, share_of(pending), LPC_LIMIT_SHARE,
			   limit, in_use);
	/* Asked only where it matters: capabilities are audited. */
	if (ret && lpc_is_owner(port->access.owner, port->ipc_ns))
		ret = 0;
	return ret;
}

/**
 * lpc_conn_admit - enter it among the port's connections, as pending
 * @conn: new; its user has been charged for it
 * @limit: on -ENOBUFS: which
 * @in_use: on -ENOBUFS: how much
 *
 * The port is locked.
 */
int lpc_conn_admit(struct lpc_conn *conn, u32 *limit, u32 *in_use)
{
	struct lpc_port *port = conn->port;
	struct lpc_user *top = lpc_user_top(conn->user);
	struct lpc_share *share = share_find(port, top);
	int ret;

	lockdep_assert_held(&port->lock);
	if (!conn->paired) {
		ret = port_has_room(port, share, limit, in_use);
		if (ret)
			return ret;
	}
	if (!share) {
		share = conn->share;
		conn->share = NULL;
		share->top = top;
		list_add(&share->node, &port->shares);
	}
	share->conns++;
	share->pending++;
	port->nr_conns++;
	port->pending++;
	conn->is_pending = true;
	conn->listed = true;
	conn->serial = ++port->next_conn;
	list_add_tail(&conn->node, &port->conns);
	return 0;
}

/**
 * lpc_conn_not_pending - it has been accepted, refused or given up
 * @conn: locked
 */
void lpc_conn_not_pending(struct lpc_conn *conn)
{
	struct lpc_port *port = conn->port;

	lockdep_assert_held(&port->lock);
	if (!conn->is_pending)
		return;
	conn->is_pending = false;
	port->pending--;
	share_find(port, lpc_user_top(conn->user))->pending--;
	lpc_uncharge(conn->user, LPC_LIMIT_USER_PENDING);
}

/**
 * lpc_conn_set_live - it has been accepted, or an end is gone
 * @conn: locked
 * @live: which
 */
void lpc_conn_set_live(struct lpc_conn *conn, bool live)
{
	lockdep_assert_held(&conn->port->lock);
	if (conn->live != live)
		conn->port->live += live ? 1 : -1;
	conn->live = live;
}

/**
 * lpc_conn_unused - the last user has gone
 * @conn: locked; freed by the next lpc_unlock()
 */
void lpc_conn_unused(struct lpc_conn *conn)
{
	struct lpc_port *port = conn->port;
	struct lpc_share *share;

	lockdep_assert_held(&port->lock);
	if (conn->listed) {
		lpc_conn_not_pending(conn);
		share = share_find(port, lpc_user_top(conn->user));
		port->nr_conns--;
		if (!--share->conns) {
			list_del(&share->node);
			/* Freed with this connection, if it has none left. */
			if (conn->share)
				kmem_cache_free(lpc_share_cache, share);
			else
				conn->share = share;
		}
	}
	list_move(&conn->node, &port->reap);
}

/**
 * lpc_conn_reap - free connections that nobody uses any more
 * @port: locked, with some; unlocked by this
 */
void lpc_conn_reap(struct lpc_port *port)
	__releases(&port->lock)
{
	struct lpc_conn *conn, *next;
	LIST_HEAD(reap);

	list_splice_init(&port->reap, &reap);
	spin_unlock(&port->lock);
	list_for_each_entry_safe(conn, next, &reap, node)
		lpc_conn_free(conn);
}

/**
 * lpc_conn_answered - the connection request has its answer
 * @conn: locked, with a request that a server has received
 *
 * What is left of that keeps the server's data until the client has come for
 * it, and is the reserve for PORT_CLOSED.
 */
void lpc_conn_answered(struct lpc_conn *conn)
{
	struct lpc_call *request = conn->request;

	lockdep_assert_held(&conn->port->lock);
	conn->request = NULL;
	lpc_slots_del(&conn->port->slots, request, false);
	lpc_ident_put(&request->sender);
	conn->closed = request;
	if (request->holds_conn) {
		request->holds_conn = false;
		lpc_conn_drop(conn);
	}
}

static bool datagram_fits(const struct lpc_end *end)
{
	return end->datagrams < lpc_limit(LPC_LIMIT_DATAGRAMS);
}

static __poll_t poll_pending(struct lpc_conn *conn)
{
	if (conn->state == LPC_CONN_REFUSED)
		return EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	return conn->completed ? EPOLLOUT | EPOLLWRNORM : 0;
}

static __poll_t poll_queue(const struct lpc_queue *queue)
{
	__poll_t events = 0;

	if (!list_empty(&queue->messages))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/**
 * lpc_end_poll - poll of a port or an end
 * @end: the file's
 * @file: the file
 * @wait: from the VFS
 *
 * Messages for a port wake who polls the port, never who polls one of its
 * server ends: with ten thousand of these in one epoll set each message would
 * cost a walk over all of them. All wait queues lie in what the file pins.
 */
__poll_t lpc_end_poll(struct lpc_end *end, struct file *file,
		      poll_table *wait)
{
	struct lpc_conn *conn = end->conn;
	__poll_t events = 0;

	poll_wait(file, &end->queue.poll, wait);
	poll_wait(file, &end->room, wait);
	if (end->kind == LPC_KIND_CLIENT)
		poll_wait(file, &conn->settled, wait);

	lpc_lock(end->port);
	/* What is queued for a client whose server has gone is still there. */
	if (end->kind == LPC_KIND_CLIENT &&
	    conn->state != LPC_CONN_CONNECTED &&
	    conn->state != LPC_CONN_GONE) {
		events = poll_pending(conn);
		goto out;
	}
	events = poll_queue(&end->queue);
	if (datagram_fits(end))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (end->shut & LPC_SHUT_RECEIVE)
		events |= EPOLLIN | EPOLLRDHUP;
	if (lpc_end_dead(end) || (conn && lpc_end_dead(lpc_end_peer(end))))
		events |= EPOLLHUP;
out:
	lpc_unlock(end->port);
	return events;
}

static void conn_ctor(void *object)
{
	memset(object, 0, sizeof(struct lpc_conn));
}

static void share_ctor(void *object)
{
	memset(object, 0, sizeof(struct lpc_share));
}

/**
 * lpc_conn_init - make the caches
 */
int lpc_conn_init(void)
{
	lpc_conn_cache = kmem_cache_create("lpc_conn", sizeof(struct lpc_conn),
					   0, SLAB_ACCOUNT, conn_ctor);
	if (!lpc_conn_cache)
		return -ENOMEM;
	lpc_share_cache = kmem_cache_create("lpc_share",
					    sizeof(struct lpc_share), 0,
					    SLAB_ACCOUNT, share_ctor);
	if (lpc_share_cache)
		return 0;
	kmem_cache_destroy(lpc_conn_cache);
	return -ENOMEM;
}

/**
 * lpc_conn_exit - undo lpc_conn_init()
 */
void lpc_conn_exit(void)
{
	kmem_cache_destroy(lpc_share_cache);
	kmem_cache_destroy(lpc_conn_cache);
}

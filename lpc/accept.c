// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's half of the handshake: ACCEPT and COMPLETE.
 *
 * Without views ACCEPT is one act under the lock, after its results have been
 * copied out. With views the request is claimed first, so that no other ACCEPT
 * takes it meanwhile; then they are mapped into the server without any lock,
 * the results copied out, and the claim is made good or undone. The client may
 * give up at any point of that.
 *
 * Nothing here waits for the client, but LPC_ACCEPT_MAP_NOW, which has a
 * deadline: the client's own thread maps the server's section, inside its
 * CONNECT, and sleeps on.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/string.h>

#include "accept.h"
#include "close.h"
#include "conn.h"
#include "fail.h"
#include "inflight.h"
#include "limits.h"
#include "message.h"
#include "trace.h"

/* The request that waits for an answer under this id. Locked. */
static struct lpc_conn *find_request(struct lpc_port *port, u64 id)
{
	struct lpc_call *request = lpc_slots_find(&port->slots, id);

	if (IS_ERR(request) || request->type != LPC_CONNECTION_REQUEST ||
	    request->state != LPC_CALL_TAKEN)
		return ERR_PTR(-ESTALE);
	return request->conn;
}

static void accept_answer(struct lpc_conn *conn, const struct lpc_accept *args,
			  const u8 *data)
{
	conn->answer_len = args->data_len;
	memcpy(conn->request->data, data, args->data_len);
	lpc_ident_current(&conn->acceptor);
	lpc_ident_get(&conn->acceptor);
}

static void refuse(struct lpc_conn *conn)
{
	lpc_count(conn->port, conn, refused, 1);
	trace_lpc_refuse(conn->port->serial, conn->serial,
			 conn->port->name.text, -ECONNREFUSED);
	lpc_conn_answered(conn);
	lpc_conn_give_up(conn, LPC_CONN_REFUSED);
}

static void share_views(struct lpc_conn *conn, struct lpc_accepting *a)
{
	struct lpc_views *views = conn->views;

	if (a->own_base) {
		views->server = a->offer;
		a->offer.section = NULL;
		views->server_shared = true;
	}
	if (a->base) {
		views->client_shared = true;
		if (a->tells)
			views->server_base = a->base;
	}
}

static void accept_conn(struct lpc_conn *conn, struct lpc_accepting *a)
{
	struct lpc_port *port = conn->port;

	conn->state = LPC_CONN_ACCEPTED;
	lpc_conn_set_live(conn, true);
	conn->context = a->args->context;
	conn->flags = a->args->flags & LPC_ACCEPT_OWN_QUEUE;
	if (a->args->flags & LPC_ACCEPT_OWN_QUEUE)
		conn->server.recv = &conn->server.queue;
	lpc_conn_use(conn);
	a->fd.file->private_data = &conn->server;
	lpc_conn_answered(conn);
	lpc_conn_not_pending(conn);
	share_views(conn, a);
	trace_lpc_accept(port->serial, conn->serial, port->name.text, 0);
}

static int accept_check(const struct lpc_accept *args)
{
	bool gives = args->flags & LPC_ACCEPT_VIEW;
	bool takes = args->theirs.size;

	if (args->flags & ~LPC_MASK_ACCEPT)
		return -EINVAL;
	if (args->flags & LPC_ACCEPT_REFUSE &&
	    (args->flags != LPC_ACCEPT_REFUSE || takes))
		return -EINVAL;
	if (!lpc_views_check(gives, &args->own, &args->theirs))
		return -EINVAL;
	/* To wait for a stranger without end is what nobody may be made to. */
	if (args->flags & LPC_ACCEPT_MAP_NOW)
		return gives && lpc_deadline_in(args->deadline) !=
				LPC_FOREVER ? 0 : -EINVAL;
	return args->deadline ? -EINVAL : 0;
}

/* Does each side take what the other gives? Locked. */
static int views_agree(const struct lpc_views *views, struct lpc_accepting *a)
{
	struct lpc_accept *args = a->args;

	if (views && args->theirs.size &&
	    views->client.size > args->theirs.size) {
		args->theirs.size = views->client.size;
		return -EMSGSIZE;
	}
	if (views && views->client_takes && a->offer.section &&
	    a->offer.size > views->client_takes) {
		args->own.size = views->client_takes;
		return -EMSGSIZE;
	}
	return 0;
}

/* Does the client insist on the creator's uid, and is this another's? Locked. */
static bool is_wrong_server(const struct lpc_conn *conn)
{
	return conn->flags & LPC_CONNECT_SAME_SERVER &&
	       !uid_eq(current_fsuid(), conn->port->creator.uid);
}

/*
 * Take the request for this ACCEPT alone, until it commits or undoes. Whom the
 * client does not want gets nothing mapped.
 */
static int claim(struct lpc_accepting *a)
{
	struct lpc_port *port = a->port;
	struct lpc_conn *conn;
	int ret = 0;

	lpc_lock(port);
	conn = find_request(port, a->args->id);
	if (IS_ERR(conn))
		ret = PTR_ERR(conn);
	else if (conn->accepting)
		ret = -ESTALE;
	else
		ret = views_agree(conn->views, a);
	if (!ret) {
		conn->accepting = true;
		lpc_conn_use(conn);
		a->conn = conn;
		a->refuse = is_wrong_server(conn);
		if (a->refuse) {
			lpc_fail_seen();
			ret = -EPERM;
		}
	}
	lpc_unlock(port);
	return ret;
}

/*
 * Have the client's own thread map the server's section, and learn where. It
 * may be on its way into or out of CONNECT; then it finds this when it comes.
 */
static int map_now(struct lpc_accepting *a)
{
	struct lpc_views *views = a->conn->views;
	struct lpc_map_now now = { .offer = &a->offer };
	u64 deadline = lpc_deadline_in(a->args->deadline);
	int ret;

	a->refuse = lpc_deadline_past(deadline);
	if (a->refuse)
		return -ETIMEDOUT;
	lpc_lock(a->port);
	ret = 0;
	if (a->conn->state >= LPC_CONN_ACCEPTED)
		ret = -ESTALE;
	else if (views->async)
		ret = -EOPNOTSUPP;
	if (ret) {
		lpc_unlock(a->port);
		return ret;
	}
	lpc_waiter_arm(&now.waiter);
	views->map_now = &now;
	if (a->conn->waiter.task)
		lpc_waiter_wake(&a->conn->waiter);
	lpc_unlock(a->port);

	ret = lpc_wait(&now.waiter, deadline, NULL, NULL);

	lpc_lock(a->port);
	if (now.waiter.done)
		ret = now.error;
	if (views->map_now == &now)
		views->map_now = NULL;
	lpc_unlock(a->port);
	/* The client's own errno is nothing to this caller. */
	if (ret && ret != -ERESTARTSYS && ret != -ESTALE && ret != -ETIMEDOUT &&
	    ret != -EOPNOTSUPP)
		ret = -ENOMEM;
	a->refuse = ret == -ETIMEDOUT || ret == -ENOMEM;
	if (!ret && views->client_tells)
		a->args->own.peer_base = now.base;
	return ret;
}

/* One view into this process. What cannot be refuses the client. */
static int map_view(struct lpc_accepting *a, const struct lpc_offer *offer,
		    bool readonly, u64 *base)
{
	int ret = lpc_offer_map(offer, readonly, base);

	/* Killed while it waited for mmap_lock: another may accept. */
	if (!ret || ret == -EINTR)
		return ret;
	a->refuse = true;
	return ret == -EPERM ? ret : -ENOMEM;
}

/* Map what was agreed into the calling process. */
static int map_views(struct lpc_accepting *a)
{
	struct lpc_views *views = a->conn->views;
	struct lpc_accept *args = a->args;
	bool own = views && views->client_takes && a->offer.section;
	bool theirs = views && views->client.section && args->theirs.size;
	int ret = 0;

	/* What cannot be mapped refuses the client. */
	lpc_fail_seen();
	if (theirs)
		ret = map_view(a, &views->client, views->client.readonly,
			       &a->base);
	if (!ret && own)
		ret = map_view(a, &a->offer, false, &a->own_base);
	if (!ret && own && args->flags & LPC_ACCEPT_MAP_NOW)
		ret = map_now(a);
	if (ret)
		return ret;
	args->own.size = own ? a->offer.size : 0;
	args->own.flags = own ? LPC_VIEW_SHARED : 0;
	args->own.base = a->own_base;
	a->tells = args->theirs.flags & LPC_VIEW_TELL_BASE;
	args->theirs.size = theirs ? views->client.size : 0;
	args->theirs.flags = theirs ? LPC_VIEW_SHARED : 0;
	args->theirs.base = a->base;
	return 0;
}

/**
 * lpc_accept - ACCEPT, up to where its results are copied out
 * @a: with @port, @args and @data
 *
 * Whatever follows, lpc_accept_commit() or lpc_accept_undo() does.
 */
int lpc_accept(struct lpc_accepting *a)
{
	struct lpc_accept *args = a->args;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	args->room = 0;
	ret = accept_check(args);
	if (ret)
		return ret;
	args->fd = -1;
	if (args->flags & LPC_ACCEPT_REFUSE)
		return 0;
	args->own.peer_base = 0;
	args->own.base = 0;
	args->theirs.base = 0;
	args->theirs.peer_base = 0;
	ret = lpc_fd_reserve(&a->fd);
	if (!ret)
		ret = lpc_fd_open(&a->fd, LPC_KIND_SERVER, NULL);
	if (!ret && args->flags & LPC_ACCEPT_VIEW)
		ret = lpc_offer_make(&a->offer, &args->own);
	if (!ret && (a->offer.section || args->theirs.size)) {
		ret = claim(a);
		if (!ret)
			ret = map_views(a);
	}
	args->fd = a->fd.fd;
	return ret;
}

/**
 * lpc_accept_commit - ACCEPT, once its results are copied out
 * @a: the file is installed after this has succeeded
 *
 * Whoever holds the port may accept (NT: its creator; deviation).
 */
int lpc_accept_commit(struct lpc_accepting *a)
{
	struct lpc_port *port = a->port;
	struct lpc_conn *conn;
	int ret = 0;

	lpc_lock(port);
	conn = find_request(port, a->args->id);
	if (IS_ERR(conn)) {
		ret = PTR_ERR(conn);
	} else if (conn->accepting && conn != a->conn) {
		ret = -ESTALE;
	} else {
		accept_answer(conn, a->args, a->data);
		if (a->args->flags & LPC_ACCEPT_REFUSE) {
			refuse(conn);
		} else if (is_wrong_server(conn)) {
			lpc_fail_seen();
			ret = -EPERM;
			conn->answer_len = 0;
			refuse(conn);
		} else {
			accept_conn(conn, a);
		}
	}
	if (!ret && a->conn) {
		conn->accepting = false;
		lpc_conn_drop(conn);
		a->conn = NULL;
	}
	lpc_unlock(port);
	return ret;
}

/**
 * lpc_accept_undo - ACCEPT is over: leave nothing of it that is not needed
 * @a: in any state; its file is still there
 * @error: what ACCEPT returns
 */
void lpc_accept_undo(struct lpc_accepting *a, int error)
{
	struct lpc_conn *conn = a->conn;

	/* First the claim: unmapping may have to wait for mmap_lock. */
	if (conn) {
		lpc_lock(a->port);
		conn->accepting = false;
		if (a->refuse && conn->state == LPC_CONN_RECEIVED)
			refuse(conn);
		lpc_unlock(a->port);
	}
	if (error) {
		if (a->base)
			lpc_offer_unmap(&conn->views->client, a->base);
		if (a->own_base)
			lpc_offer_unmap(&a->offer, a->own_base);
		a->args->fd = -1;
		a->args->own.base = 0;
		a->args->own.peer_base = 0;
		a->args->theirs.base = 0;
	}
	if (conn) {
		lpc_lock(a->port);
		lpc_conn_drop(conn);
		lpc_unlock(a->port);
		a->conn = NULL;
	}
	lpc_offer_drop(&a->offer);
	lpc_fd_abort(&a->fd);
}

/**
 * lpc_complete - COMPLETE: let the client go on
 * @end: the server end
 * @args: of the ioctl
 *
 * Return: 0, for a client that has gone too; -EINVAL the second time.
 */
int lpc_complete(struct lpc_end *end, struct lpc_complete *args)
{
	struct lpc_conn *conn = end->conn;
	int ret = 0;

	if (args->flags || args->reserved)
		return -EINVAL;
	lpc_lock(end->port);
	if (conn->completed) {
		ret = -EINVAL;
	} else {
		conn->completed = true;
		if (conn->waiter.task)
			lpc_waiter_wake(&conn->waiter);
		lpc_poll_wake(&conn->settled, EPOLLOUT | EPOLLWRNORM);
	}
	lpc_unlock(end->port);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of ports and ends: by SHUTDOWN, for every holder at once, or by the
 * last close, which may run in any process, with current->mm and ->nsproxy
 * NULL; it uses only what the object holds.
 *
 * In stages, all in one hold of port->lock: unlink (no new messages), end the
 * calls in both directions, empty the queues, send parked threads and pollers
 * away, tell the other side. Memory goes with the last user.
 */
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/string.h>

#include "close.h"
#include "conn.h"
#include "died.h"
#include "held.h"
#include "inflight.h"
#include "limits.h"
#include "quick.h"
#include "trace.h"
#include "views.h"
#include "watch.h"

static void wake_end(struct lpc_end *end, __poll_t events)
{
	lpc_queue_wake_pollers(&end->queue, events);
	lpc_poll_wake(&end->room, events);
}

/*
 * End every call sent on this end. With @abandon nobody comes back for those
 * that are open. Ending one may end callbacks below it that stand further on
 * in the list, and they leave it then; so always take what is first.
 */
static void end_sent(struct lpc_end *end, enum lpc_call_state state,
		     bool abandon)
{
	struct lpc_call *call;
	HLIST_HEAD(sent);
	bool kept;

	hlist_move_list(&end->sent, &sent);
	while (!hlist_empty(&sent)) {
		call = hlist_entry(sent.first, struct lpc_call, sent);
		hlist_del(&call->sent);
		hlist_add_head(&call->sent, &end->sent);
		kept = call->open == LPC_OPEN_PENDING ||
		       call->open == LPC_OPEN_AWAY;
		lpc_call_end(call, state, lpc_call_gone_error(call));
		if (kept && abandon)
			lpc_call_abandon(call);
	}
}

static void end_queued_requests(struct lpc_queue *queue,
				const struct lpc_conn *conn)
{
	struct lpc_call *call, *next;

	list_for_each_entry_safe(call, next, &queue->messages, node) {
		if (call->type != LPC_REQUEST || (conn && call->conn != conn))
			continue;
		lpc_call_end(call, LPC_CALL_LOST, -EPIPE);
	}
}

static void drop_message(struct lpc_call *call)
{
	if (call->type == LPC_DATAGRAM) {
		call->from->datagrams--;
		lpc_count(call->port, call->conn, dropped, 1);
	}
	lpc_queue_remove(call);
	lpc_call_put(call);
}

/*
 * Requests have been ended before. What is left is owned by the queue; a
 * connection request belongs to the handshake.
 */
static void purge(struct lpc_queue *queue, const struct lpc_conn *conn)
{
	struct lpc_call *call, *next;

	list_for_each_entry_safe(call, next, &queue->messages, node)
		if (call->conn == conn && call->type != LPC_REQUEST &&
		    call->type != LPC_CONNECTION_REQUEST)
			drop_message(call);
}

/**
 * lpc_conn_give_up - a handshake is over without a connection
 * @conn: not connected; locked
 * @state: LPC_CONN_REFUSED or LPC_CONN_GONE
 */
void lpc_conn_give_up(struct lpc_conn *conn, enum lpc_conn_state state)
{
	struct lpc_call *request = conn->request;
	struct lpc_port *port = conn->port;

	lockdep_assert_held(&port->lock);
	if (conn->state >= LPC_CONN_CONNECTED)
		return;
	conn->state = state;
	lpc_conn_not_pending(conn);
	if (request) {
		conn->request = NULL;
		if (request->state == LPC_CALL_QUEUED)
			lpc_queue_remove(request);
		request->state = LPC_CALL_CANCELED;
		lpc_slots_del(&port->slots, request, false);
		lpc_call_put(request);
	}
	if (conn->views)
		lpc_map_now_done(conn->views, NULL, -ESTALE);
	if (conn->waiter.task)
		lpc_waiter_wake(&conn->waiter);
	lpc_poll_wake(&conn->settled, EPOLLOUT | EPOLLHUP);
}

/**
 * lpc_conn_post_closed - queue PORT_CLOSED, now that nothing comes after it
 * @conn: whose client is gone and whose messages were received; locked
 */
void lpc_conn_post_closed(struct lpc_conn *conn)
{
	struct lpc_port *port = conn->port;
	struct lpc_call *closed = conn->closed;
	struct task_struct *task;

	lockdep_assert_held(&port->lock);
	conn->owes_closed = false;
	if (!closed || lpc_end_dead(&conn->server))
		return;
	conn->closed = NULL;
	memset(&closed->fresh, 0, sizeof(closed->fresh));
	closed->port = port;
	closed->conn = conn;
	closed->from = &conn->client;
	closed->type = LPC_PORT_CLOSED;
	closed->refs = 1;
	closed->since = ktime_get_mono_fast_ns();
	closed->key = 0;
	closed->id = lpc_slots_number(&port->slots);
	closed->code = 0;
	memset(&closed->piece, 0, sizeof(closed->piece));
	closed->sender = conn->connector;
	closed->sender.counted = false;
	lpc_ident_get(&closed->sender);
	closed->len = sizeof(conn->start);
	memcpy(closed->data, &conn->start, sizeof(conn->start));
	lpc_call_hold(closed);
	task = lpc_queue_post(conn->server.recv, closed);
	if (task)
		wake_up_process(task);
	/* Nothing comes here any more for who else waits. */
	if (conn->server.recv == &conn->server.queue)
		lpc_queue_stop(conn->server.recv, NULL, -EPIPE);
}

static void client_dies(struct lpc_conn *conn)
{
	bool accepted = conn->state == LPC_CONN_ACCEPTED ||
			conn->state == LPC_CONN_CONNECTED;

	conn->client.shut = LPC_MASK_SHUT_END;
	lpc_died_forget(&conn->client);
	end_sent(&conn->client, LPC_CALL_CANCELED, true);
	end_sent(&conn->server, LPC_CALL_LOST, false);
	lpc_held_forget(conn);
	purge(&conn->client.queue, conn);
	lpc_queue_stop(&conn->client.queue, NULL, -EPIPE);
	if (accepted) {
		conn->state = LPC_CONN_GONE;
		lpc_conn_not_pending(conn);
		lpc_conn_set_live(conn, false);
		if (conn->unread)
			conn->owes_closed = true;
		else
			lpc_conn_post_closed(conn);
	} else {
		lpc_conn_give_up(conn, LPC_CONN_GONE);
	}
	lpc_quick_over(conn);
	wake_end(&conn->client, EPOLLHUP | EPOLLIN);
	wake_end(&conn->server, EPOLLHUP | EPOLLIN);
}

/*
 * With @sweep the port's whole queue is emptied afterwards, once, and not for
 * each of its connections.
 */
static void server_dies(struct lpc_conn *conn, bool sweep)
{
	bool own = conn->server.recv == &conn->server.queue;

	conn->server.shut = LPC_MASK_SHUT_END;
	conn->owes_closed = false;
	lpc_died_forget(&conn->client);
	lpc_conn_set_live(conn, false);
	end_sent(&conn->server, LPC_CALL_CANCELED, true);
	end_sent(&conn->client, LPC_CALL_LOST, false);
	lpc_held_forget(conn);
	if (own || !sweep) {
		purge(conn->server.recv, conn);
		lpc_queue_stop(conn->server.recv, &conn->server, -EPIPE);
	}
	lpc_queue_stop(&conn->client.queue, NULL, -EPIPE);
	if (conn->state == LPC_CONN_CONNECTED)
		conn->state = LPC_CONN_GONE;
	else
		lpc_conn_give_up(conn, LPC_CONN_GONE);
	lpc_quick_over(conn);
	wake_end(&conn->client, EPOLLHUP | EPOLLIN);
	wake_end(&conn->server, EPOLLHUP | EPOLLIN);
}

static void end_dies(struct lpc_end *end, bool sweep)
{
	if (lpc_end_dead(end))
		return;
	if (end->kind == LPC_KIND_CLIENT)
		client_dies(end->conn);
	else
		server_dies(end->conn, sweep);
	trace_lpc_close(end->port->serial, end->conn->serial,
			end->port->name.text, end->kind);
}

static void refuse_pending(struct lpc_port *port)
{
	struct lpc_conn *conn, *next;

	list_for_each_entry_safe(conn, next, &port->conns, node)
		if (conn->state < LPC_CONN_ACCEPTED)
			lpc_conn_give_up(conn, LPC_CONN_REFUSED);
}

static void end_servers(struct lpc_port *port)
{
	struct lpc_conn *conn, *next;

	list_for_each_entry_safe(conn, next, &port->conns, node)
		end_dies(&conn->server, true);
}

static void end_pairs(struct lpc_port *port)
{
	struct lpc_conn *conn, *next;

	list_for_each_entry_safe(conn, next, &port->conns, node) {
		if (!conn->paired)
			continue;
		end_dies(&conn->server, false);
		lpc_conn_drop(conn);
	}
}

/* The port as a sender and receiver of its own is no more. */
static void self_dies(struct lpc_port *port)
{
	port->self.shut = LPC_MASK_SHUT;
	lpc_died_forget(&port->self);
	refuse_pending(port);
	end_sent(&port->self, LPC_CALL_CANCELED, true);
	purge(&port->self.queue, NULL);
}

static void sweep_queue(struct lpc_queue *queue)
{
	struct lpc_call *call, *next;

	list_for_each_entry_safe(call, next, &queue->messages, node)
		if (call->type != LPC_REQUEST &&
		    call->type != LPC_CONNECTION_REQUEST)
			drop_message(call);
}

static void port_dies(struct lpc_port *port)
{
	if (lpc_end_dead(&port->self))
		return;
	self_dies(port);
	lpc_queue_stop(&port->self.queue, NULL, -EPIPE);
	end_servers(port);
	sweep_queue(&port->self.queue);
	wake_end(&port->self, EPOLLHUP | EPOLLIN);
}

static void stop_requests(struct lpc_end *end)
{
	struct lpc_conn *conn;

	if (end->kind == LPC_KIND_PORT) {
		end_queued_requests(&end->queue, NULL);
		list_for_each_entry(conn, &end->port->conns, node)
			if (conn->flags & LPC_ACCEPT_OWN_QUEUE)
				end_queued_requests(&conn->server.queue, NULL);
	} else {
		end_queued_requests(end->recv, end->conn);
	}
}

static void stop_receiving(struct lpc_end *end)
{
	struct lpc_queue *queue = end->recv;

	if (queue == &end->queue) {
		queue->shut = true;
		lpc_queue_stop(queue, NULL, -ESHUTDOWN);
	} else {
		lpc_queue_stop(queue, end, -ESHUTDOWN);
	}
	wake_end(end, EPOLLIN | EPOLLRDHUP);
}

/**
 * lpc_shutdown - SHUTDOWN: end so much of it at once, for every holder
 * @end: a port or an end
 * @args: of the ioctl
 */
int lpc_shutdown(struct lpc_end *end, struct lpc_shutdown *args)
{
	bool is_port = end->kind == LPC_KIND_PORT;
	u32 flags = args->flags;

	if (!flags || args->reserved ||
	    flags & ~(is_port ? LPC_MASK_SHUT : LPC_MASK_SHUT_END))
		return -EINVAL;
	if (is_port && flags & (LPC_SHUT_NEW | LPC_SHUT_ALL))
		lpc_name_del(&end->port->name);

	lpc_lock(end->port);
	if (flags & LPC_SHUT_ALL) {
		if (is_port)
			port_dies(end->port);
		else
			end_dies(end, false);
	} else {
		end->shut |= flags;
		if (flags & LPC_SHUT_NEW)
			refuse_pending(end->port);
		if (flags & LPC_SHUT_REQUESTS)
			stop_requests(end);
		if (flags & LPC_SHUT_RECEIVE)
			stop_receiving(end);
	}
	lpc_unlock(end->port);
	return 0;
}

/**
 * lpc_port_release - the last fd of a port is closed
 * @port: its reference is given back
 *
 * Accepted connections live on, served through their server ends; a pair has
 * none and dies.
 */
void lpc_port_release(struct lpc_port *port)
{
	lpc_watch_drain();
	lpc_name_del(&port->name);
	lpc_lock(port);
	self_dies(port);
	end_pairs(port);
	lpc_unlock(port);
	lpc_port_uncharge(port);
	trace_lpc_close(port->serial, 0, port->name.text, LPC_KIND_PORT);
	lpc_port_put(port);
}

/**
 * lpc_end_drop - an end is not used any more
 * @end: its connection has a user less
 */
void lpc_end_drop(struct lpc_end *end)
{
	struct lpc_port *port = end->port;

	lpc_port_get(port);
	lpc_lock(port);
	end_dies(end, false);
	lpc_conn_drop(end->conn);
	lpc_unlock(port);
	lpc_port_put(port);
}

/**
 * lpc_end_release - the last fd of an end is closed
 * @end: of a connection
 */
void lpc_end_release(struct lpc_end *end)
{
	/* CLIENT_DIED of threads that have exited goes before PORT_CLOSED. */
	lpc_watch_drain();
	lpc_end_drop(end);
}

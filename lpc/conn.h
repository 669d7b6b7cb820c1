/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CONN_H
#define _LPC_CONN_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "identity.h"
#include "port.h"

struct cred;
struct lpc_call;
struct lpc_share;
struct lpc_user;
struct lpc_views;

/**
 * struct lpc_conn - a connection, pending or accepted, with its two ends
 * @node: in the port's conns, later in its reap
 * @port: its port, a reference
 * @client: the client end
 * @server: the server end
 * @users: files of its ends, the port for a pair, messages and loans that
 *	point here; freed when there are none
 * @calls: requests in progress or not collected, both directions
 * @unread: messages of the client that nobody has received yet
 * @state: enum lpc_conn_state
 * @flags: LPC_ACCEPT_OWN_QUEUE
 * @paired: has no server end; the port is its server
 * @completed: COMPLETE has been called
 * @seen: a server has received the connection request
 * @live: accepted, and neither end is gone: among the port's live
 * @listed: among the port's connections
 * @is_pending: counted as pending
 * @owes_closed: PORT_CLOSED is to be queued once nothing is unread
 * @waiter: the thread in CONNECT
 * @settled: who polls a pending end
 * @id: of the connection request
 * @serial: unique within the port
 * @context: what the server calls it
 * @since: when it was made
 * @request: the connection request, until it is answered
 * @closed: what was the request, once that is answered: holds the server's
 *	connect data, and is PORT_CLOSED when that is due
 * @connector: who connected, counted
 * @start: start time of the connecting process, nanoseconds since boot
 * @cred: what who connected could do then, a reference, where the client allows
 *	that to be used (static tracking); or NULL
 * @level: enum lpc_level
 * @tracking: enum lpc_tracking
 * @acceptor: who accepted, counted
 * @user: who is charged
 * @share: where it counts on the port
 * @views: what the two sides share; NULL if the client neither gives nor takes
 * @accepting: a thread in ACCEPT maps views for it
 * @answer_len: of the server's connect data
 * @quicks: its quick channels
 * @nr_quicks: how many
 * @counters: what has happened
 *
 * Guarded by port->lock, but for what does not change after it was made:
 * @port, @connector, @start, @since, @user, @paired, @views, @cred, @level,
 * @tracking.
 */
struct lpc_conn {
	struct list_head node;
	struct lpc_port *port;
	struct lpc_end client;
	struct lpc_end server;
	u32 users;
	u32 calls;
	u32 unread;
	u8 state;
	u32 flags;
	bool paired;
	bool completed;
	bool seen;
	bool live;
	bool listed;
	bool is_pending;
	bool owes_closed;
	struct lpc_waiter waiter;
	wait_queue_head_t settled;
	u64 id;
	u64 serial;
	u64 context;
	u64 since;
	struct lpc_call *request;
	struct lpc_call *closed;
	struct lpc_ident connector;
	u64 start;
	const struct cred *cred;
	u8 level;
	u8 tracking;
	struct lpc_ident acceptor;
	struct lpc_user *user;
	struct lpc_share *share;
	struct lpc_views *views;
	bool accepting;
	u32 answer_len;
	struct list_head quicks;
	u32 nr_quicks;
	struct lpc_counters counters;
};

struct lpc_conn *lpc_conn_new(struct lpc_port *port);
void lpc_conn_free(struct lpc_conn *conn);
int lpc_conn_admit(struct lpc_conn *conn, u32 *limit, u32 *in_use);
void lpc_conn_not_pending(struct lpc_conn *conn);
void lpc_conn_set_live(struct lpc_conn *conn, bool live);
void lpc_conn_unused(struct lpc_conn *conn);
void lpc_conn_answered(struct lpc_conn *conn);
void lpc_conn_reap(struct lpc_port *port) __releases(&port->lock);

int lpc_conn_init(void);
void lpc_conn_exit(void);

__poll_t lpc_end_poll(struct lpc_end *end, struct file *file,
		      poll_table *wait);

/**
 * lpc_lock - lock a port
 * @port: of which the caller has a reference
 */
static inline void lpc_lock(struct lpc_port *port)
	__acquires(&port->lock)
{
	spin_lock(&port->lock);
}

/**
 * lpc_unlock - unlock a port and free what nobody uses any more
 * @port: locked, and the caller has a reference
 */
static inline void lpc_unlock(struct lpc_port *port)
	__releases(&port->lock)
{
	if (unlikely(!list_empty(&port->reap)))
		lpc_conn_reap(port);
	else
		spin_unlock(&port->lock);
}

/**
 * lpc_conn_use - one more user
 * @conn: locked
 */
static inline void lpc_conn_use(struct lpc_conn *conn)
{
	lockdep_assert_held(&conn->port->lock);
	conn->users++;
}

/**
 * lpc_unlock_handoff - unlock, and wake the thread that goes on from here
 * @port: locked
 * @task: found under the lock; or NULL
 *
 * For a thread that is about to sleep in this very ioctl.
 *
 * Return: true if @task runs as soon as this CPU is given away.
 */
static inline bool lpc_unlock_handoff(struct lpc_port *port,
				      struct task_struct *task)
	__releases(&port->lock)
{
	bool here;

	if (!task) {
		lpc_unlock(port);
		return false;
	}
	if (likely(lpc_is_awake(task))) {
		here = lpc_is_here(task);
		lpc_unlock(port);
		return here;
	}
	/* Entered under the lock: the task cannot be freed before it ends. */
	rcu_read_lock();
	lpc_unlock(port);
	lpc_debug_wake_delay();
	here = lpc_wake_handoff(task);
	rcu_read_unlock();
	return here;
}

/**
 * lpc_conn_drop - one user less
 * @conn: locked; with the last one it is freed by the next lpc_unlock()
 */
static inline void lpc_conn_drop(struct lpc_conn *conn)
{
	lockdep_assert_held(&conn->port->lock);
	if (!--conn->users)
		lpc_conn_unused(conn);
}

/**
 * lpc_end_peer - the other side
 * @end: of a connection
 *
 * Return: the other end; the port for the client of a pair.
 */
static inline struct lpc_end *lpc_end_peer(struct lpc_end *end)
{
	if (end->kind == LPC_KIND_SERVER)
		return &end->conn->client;
	return &end->conn->server;
}

/**
 * lpc_end_dead - has SHUTDOWN or the last close ended this?
 * @end: locked
 */
static inline bool lpc_end_dead(const struct lpc_end *end)
{
	return end->shut & LPC_SHUT_ALL;
}

/**
 * lpc_end_target - where what is sent here is received
 * @end: any
 */
static inline struct lpc_queue *lpc_end_target(struct lpc_end *end)
{
	switch (end->kind) {
	case LPC_KIND_CLIENT:
		return end->conn->server.recv;
	case LPC_KIND_SERVER:
		return &end->conn->client.queue;
	default:
		return &end->queue;
	}
}

/**
 * lpc_end_ready - may anything be sent or received here?
 * @end: locked
 *
 * Return: 0; -ENOTCONN before the handshake is over; -EPIPE, also when it was
 * refused.
 */
static inline int lpc_end_ready(const struct lpc_end *end)
{
	const struct lpc_conn *conn = end->conn;

	if (lpc_end_dead(end))
		return -EPIPE;
	if (end->kind != LPC_KIND_CLIENT)
		return 0;
	if (conn->state < LPC_CONN_CONNECTED)
		return -ENOTCONN;
	return conn->state == LPC_CONN_REFUSED ? -EPIPE : 0;
}

/**
 * lpc_end_may_answer - is this the side that a request was sent to?
 * @end: where the answer comes from
 * @call: a request of the same port
 *
 * The sender's own end never is (NT allows that: deviation).
 */
static inline bool lpc_end_may_answer(const struct lpc_end *end,
				      const struct lpc_call *call)
{
	if (!call->conn)
		return end->kind == LPC_KIND_PORT && end->port == call->port;
	if (call->to_client)
		return end->kind == LPC_KIND_CLIENT && end->conn == call->conn;
	if (end->kind == LPC_KIND_PORT)
		return end->port == call->port;
	return end->kind == LPC_KIND_SERVER && end->conn == call->conn;
}

/**
 * lpc_count - count something on a port and on its connection
 * @port: locked
 * @conn: may be NULL
 * @field: of struct lpc_counters
 * @n: how much
 */
#define lpc_count(port, conn, field, n)					\
	lpc_count_at(port, conn, offsetof(struct lpc_counters, field), n)

/**
 * lpc_trace - tell what happens to a message
 * @event: a trace event of messages; while it is off nothing is looked at
 * @call: the message; locked
 * @result: what the event says besides
 */
/* checkpatch: MACRO_ARG_REUSE: a name and a variable */
#define lpc_trace(event, call, result)					\
do {									\
	if (trace_##event##_enabled())					\
		trace_##event((call)->port->serial,			\
			      (call)->conn ? (call)->conn->serial : 0,	\
			      (call)->id, (call)->callback,		\
			      (call)->code, lpc_payload(call), result);	\
} while (0)

/**
 * lpc_count_at - what lpc_count() does
 * @port: locked
 * @conn: may be NULL
 * @at: offset of the counter
 * @n: how much
 */
static inline void lpc_count_at(struct lpc_port *port, struct lpc_conn *conn,
				size_t at, u64 n)
{
	*(__u64 *)((u8 *)&port->counters + at) += n;
	if (conn)
		*(__u64 *)((u8 *)&conn->counters + at) += n;
}

#endif /* _LPC_CONN_H */

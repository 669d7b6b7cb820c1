/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CONN_H
#define _LPC_CONN_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "identity.h"
#include "port.h"

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
 * @closed: PORT_CLOSED, until it is due
 * @connector: who connected, counted
 * @start: start time of the connecting process, nanoseconds since boot
 * @acceptor: who accepted, counted
 * @user: who is charged
 * @share: where it counts on the port
 * @views: what the two sides share; NULL if the client neither gives nor takes
 * @accepting: a thread in ACCEPT maps views for it
 * @answer_len: of @answer
 * @answer: the server's connect data
 * @quicks: its quick channels
 * @nr_quicks: how many
 * @counters: what has happened
 *
 * Guarded by port->lock, but for what does not change after it was made:
 * @port, @connector, @start, @since, @user, @paired, @views.
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
	struct lpc_ident acceptor;
	struct lpc_user *user;
	struct lpc_share *share;
	struct lpc_views *views;
	bool accepting;
	u32 answer_len;
	u8 answer[LPC_CONNECT_MAX];
	struct list_head quicks;
	u32 nr_quicks;
	struct lpc_counters counters;
};

struct lpc_conn *lpc_conn_new(struct lpc_port *port);
void lpc_conn_free(struct lpc_conn *conn);
int lpc_conn_admit(struct lpc_conn *conn, u32 *limit, u32 *in_use);
void lpc_conn_not_pending(struct lpc_conn *conn);
void lpc_conn_set_live(struct lpc_conn *conn, bool live);
void lpc_conn_use(struct lpc_conn *conn);
void lpc_conn_drop(struct lpc_conn *conn);
void lpc_unlock(struct lpc_port *port) __releases(&port->lock);
bool lpc_unlock_handoff(struct lpc_port *port, struct task_struct *task)
	__releases(&port->lock);

int lpc_conn_init(void);
void lpc_conn_exit(void);

bool lpc_end_dead(const struct lpc_end *end);
bool lpc_end_may_answer(const struct lpc_end *end,
			const struct lpc_call *call);
struct lpc_end *lpc_end_peer(struct lpc_end *end);
struct lpc_queue *lpc_end_target(struct lpc_end *end);
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
 * lpc_count - count something on a port and on its connection
 * @port: locked
 * @conn: may be NULL
 * @field: of struct lpc_counters
 * @n: how much
 */
#define lpc_count(port, conn, field, n)					\
	lpc_count_at(port, conn, offsetof(struct lpc_counters, field), n)

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

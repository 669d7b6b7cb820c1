/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_PORT_H
#define _LPC_PORT_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "acl.h"
#include "identity.h"
#include "name.h"
#include "object.h"
#include "queue.h"
#include "slots.h"

struct lpc_user;

/**
 * struct lpc_end - what messages are sent on and received by
 * @kind: of its file
 * @port: its port
 * @conn: its connection; NULL for the port itself
 * @queue: its own: of a client end what the server sends, of the port what
 *	everybody sends, of a server end used with LPC_ACCEPT_OWN_QUEUE only
 * @recv: the queue that receiving here drains
 * @room: who polls to send; port->lock
 * @sent: its calls that have not ended or are still open; port->lock
 * @watches: threads registered here by WATCH_THREAD; port->lock
 * @nr_watches: how many; port->lock
 * @died: CLIENT_DIED of threads registered here, not received; port->lock
 * @datagrams: sent here and still queued; port->lock
 * @calls: sent here and in progress or not collected, for the port alone;
 *	port->lock
 * @shut: LPC_SHUT_* in force; port->lock
 * @spare: one call to use again, taken and left by xchg
 * @spin: how long polling has been worth it here
 * @turn: whether giving the CPU away has been
 */
struct lpc_end {
	enum lpc_kind kind;
	struct lpc_port *port;
	struct lpc_conn *conn;
	struct lpc_queue queue;
	struct lpc_queue *recv;
	wait_queue_head_t room;
	struct hlist_head sent;
	struct list_head watches;
	u32 nr_watches;
	u32 died;
	u32 datagrams;
	u32 calls;
	u32 shut;
	struct lpc_call *spare;
	struct lpc_spin spin;
	struct lpc_turn turn;
};

/**
 * struct lpc_port - a connection port
 * @lock: guards everything of the port, its connections and their calls that
 *	does not say otherwise. Order: lpc_names_lock and lpc_ports are never
 *	held with it; inside it only wait queues' own locks, lpc_watch_lock,
 *	lpc_users_lock, lpc_quick_lock and an event pair's lock are taken. No
 *	two ports are ever locked together. It is never taken from interrupt,
 *	tracepoint or wait-queue callback context.
 * @self: the port as an end: the receive queue of all its clients
 * @slots: calls in flight by id
 * @conns: connections, oldest first
 * @reap: connections nobody uses, freed after the next unlock
 * @shares: struct lpc_share by user
 * @nr_conns: of @conns
 * @pending: of these, those not accepted yet
 * @live: of these, those accepted whose ends are both there
 * @next_conn: serial of the next connection
 * @next_callback: id of the next callback
 * @next_quick: id of the last quick channel
 * @last: when the last message was sent
 * @counters: what has happened
 * @access: who may do what
 * @refs: the file, each connection, who has found it by name or serial
 * @serial: never used again while the module is loaded
 * @name: its entry in the name table; empty for a private port
 * @ipc_ns: where it lives, a reference
 * @user: who is charged
 * @creator: "the server", counted
 * @flags: LPC_PORT_*
 * @inline_max: longest payload
 * @connect_max: longest connect data
 * @backlog: pending connects at most
 * @created: when
 *
 * What follows @refs does not change once the port is published.
 */
struct lpc_port {
	spinlock_t lock;	/* all that does not say otherwise */
	struct lpc_end self;
	struct lpc_slots slots;
	struct list_head conns;
	struct list_head reap;
	struct list_head shares;
	u32 nr_conns;
	u32 pending;
	u32 live;
	u64 next_conn;
	u64 next_callback;
	u64 next_quick;
	u64 last;
	struct lpc_counters counters;
	struct lpc_access access;

	refcount_t refs;
	u64 serial;
	struct lpc_name name;
	struct ipc_namespace *ipc_ns;
	struct lpc_user *user;
	struct lpc_ident creator;
	u32 flags;
	u32 inline_max;
	u32 connect_max;
	u32 backlog;
	u64 created;
};

/**
 * struct lpc_share - what one user, with all below, has of a port
 * @node: in the port's shares
 * @top: the user, a reference of each connection counted here
 * @conns: connections
 * @pending: of these, not accepted yet
 *
 * Guarded by port->lock.
 */
struct lpc_share {
	struct list_head node;
	struct lpc_user *top;
	u32 conns;
	u32 pending;
};

void lpc_end_init(struct lpc_end *end, enum lpc_kind kind,
		  struct lpc_port *port, struct lpc_conn *conn);
struct lpc_port *lpc_port_new(struct lpc_create *args, const char *name,
			      const struct lpc_acl_entry *acl);
int lpc_port_publish(struct lpc_port *port);
struct lpc_port *lpc_port_find(const char *text, u32 len);
struct lpc_port *lpc_port_find_visible(const char *text, u32 len, u32 want);
struct lpc_port *lpc_port_next(u64 *serial);
void lpc_port_put(struct lpc_port *port);
void lpc_port_uncharge(struct lpc_port *port);
int lpc_port_may(struct lpc_port *port, u32 want);
bool lpc_port_allows(struct lpc_port *port, u32 want);
bool lpc_port_is_owner(struct lpc_port *port);
int lpc_port_give(struct lpc_port *port, kuid_t owner, kgid_t group);
int lpc_port_grow_slots(struct lpc_port *port);
int lpc_port_init(void);
void lpc_port_exit(void);

/**
 * lpc_port_get - one more reference
 * @port: of which the caller has one
 */
static inline void lpc_port_get(struct lpc_port *port)
{
	refcount_inc(&port->refs);
}

#endif /* _LPC_PORT_H */

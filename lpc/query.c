// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen: INFO, QUERY, LIST, fdinfo. Rows are collected under a lock
 * into kernel memory, a few in one hold, and copied out without it.
 */
#include <linux/err.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "caller.h"
#include "compat.h"
#include "conn.h"
#include "data.h"
#include "held.h"
#include "inflight.h"
#include "limits.h"
#include "message.h"
#include "query.h"
#include "quota.h"
#include "views.h"
#include "watch.h"

/* One row of any kind. */
union lpc_row {
	struct lpc_port_info port;
	struct lpc_conn_info conn;
	struct lpc_call_info call;
};

/**
 * lpc_info - INFO
 * @args: of the ioctl
 */
int lpc_info(struct lpc_info *args)
{
	if (args->flags || args->reserved)
		return -EINVAL;
	memset(args, 0, sizeof(*args));
	args->abi = LPC_ABI_VERSION;
	if (lpc_watch_works())
		args->features |= LPC_HAS_WATCH;
	if (LPC_CAN_HANDOFF)
		args->features |= LPC_HAS_HANDOFF;
	args->features |= LPC_HAS_SECTIONS | LPC_HAS_QUICK |
			  LPC_HAS_IMPERSONATE | LPC_HAS_SECURITY |
			  LPC_HAS_CALLER | LPC_HAS_SPLIT;
#ifdef LPC_DEBUG
	args->features |= LPC_HAS_DEBUG;
#endif
	args->inline_max = LPC_INLINE_MAX;
	args->connect_max = LPC_CONNECT_MAX;
	args->callback_ms = READ_ONCE(lpc_callback_ms);
	lpc_quota_show(args->limits);
	return 0;
}

static u32 in_progress(const struct lpc_counters *c)
{
	return c->calls - c->replied - c->canceled - c->lost - c->withdrawn;
}

static void port_row(struct lpc_port *port, const struct lpc_reader *reader,
		     struct lpc_port_info *row)
{
	struct lpc_queue *queue = &port->self.queue;
	u32 backlog = lpc_limit(LPC_LIMIT_PENDING);
	struct lpc_shown shown;

	lockdep_assert_held(&port->lock);
	memset(row, 0, sizeof(*row));
	row->serial = port->serial;
	row->created = lpc_time_out(port->created);
	row->last = lpc_time_out(port->last);
	row->mode = port->access.mode;
	row->acl_count = port->access.count;
	row->flags = port->flags;
	row->owner = from_kuid(reader->user_ns, port->access.owner);
	row->group = from_kgid(reader->user_ns, port->access.group);
	lpc_ident_show(&port->creator, reader, &shown);
	row->server_pid = shown.pid;
	row->server_uid = shown.uid;
	row->server_gid = shown.gid;
	row->inline_max = port->inline_max;
	row->connect_max = port->connect_max;
	row->backlog = port->backlog ? min(port->backlog, backlog) : backlog;
	row->pending = port->pending;
	row->connections = port->live;
	row->queued = queue->depth;
	row->queued_peak = queue->peak;
	row->waiting = queue->parked;
	row->waiting_peak = queue->parked_peak;
	row->calls_now = in_progress(&port->counters);
	row->shut = port->self.shut;
	row->counters = port->counters;
	row->counters.unattended = queue->unattended;
	row->name_len = port->name.len;
	memcpy(row->name, port->name.text, port->name.len);
}

static void conn_row(struct lpc_conn *conn, const struct lpc_reader *reader,
		     struct lpc_conn_info *row)
{
	const struct lpc_views *views = conn->views;
	struct lpc_shown shown;

	lockdep_assert_held(&conn->port->lock);
	memset(row, 0, sizeof(*row));
	row->serial = conn->serial;
	row->since = lpc_time_out(conn->since);
	row->state = conn->state;
	if (conn->state == LPC_CONN_PENDING && conn->request &&
	    conn->request->state == LPC_CALL_TAKEN)
		row->state = LPC_CONN_RECEIVED;
	row->flags = conn->flags & LPC_ACCEPT_OWN_QUEUE;
	lpc_ident_show(&conn->connector, reader, &shown);
	row->pid = shown.pid;
	row->tid = shown.tid;
	row->uid = shown.uid;
	row->gid = shown.gid;
	row->server_uid = (u32)-1;
	if (conn->acceptor.tgid) {
		lpc_ident_show(&conn->acceptor, reader, &shown);
		row->server_pid = shown.pid;
		row->server_uid = shown.uid;
	}
	row->calls_now = in_progress(&conn->counters);
	row->datagrams_now = conn->client.datagrams + conn->server.datagrams;
	row->datagrams_max = lpc_limit(LPC_LIMIT_DATAGRAMS);
	row->watches = conn->client.nr_watches;
	row->level = conn->level;
	row->tracking = conn->tracking;
	row->counters = conn->counters;
	if (views) {
		row->client_view = views->client_shared ? views->client.size : 0;
		row->server_view = views->server_shared ? views->server.size : 0;
		row->held_bytes = views->held_bytes;
		row->held = views->nr_held;
	}
}

static void piece_row(const struct lpc_piece *piece, struct lpc_call_info *row)
{
	row->section = piece->section;
	row->offset = piece->offset;
	row->length = piece->length;
}

static void call_row(struct lpc_call *call, const struct lpc_reader *reader,
		     struct lpc_call_info *row)
{
	struct lpc_shown shown;

	lockdep_assert_held(&call->port->lock);
	memset(row, 0, sizeof(*row));
	row->id = call->id;
	row->callback = call->callback;
	row->conn = call->conn ? call->conn->serial : 0;
	row->sent = lpc_time_out(call->since);
	row->start = lpc_start_out(call->sender.start);
	row->state = call->state;
	if (call->open == LPC_OPEN_ASYNC)
		row->flags |= LPC_CALL_ASYNC;
	if (call->callback)
		row->flags |= LPC_CALLBACK;
	row->flags |= call->consent;
	row->code = call->code;
	row->len = lpc_payload(call);
	lpc_ident_show(&call->sender, reader, &shown);
	row->pid = shown.pid;
	row->tid = shown.tid;
	if (call->taken)
		row->server_tid = lpc_tid_show(call->taker);
	row->to_client = call->to_client;
	row->buffers = call->buffers ? call->buffers->count : 0;
	piece_row(&call->piece, row);
}

static void held_row(const struct lpc_held *held, struct lpc_call_info *row)
{
	lockdep_assert_held(&held->conn->port->lock);
	memset(row, 0, sizeof(*row));
	row->id = held->id;
	row->conn = held->conn->serial;
	row->sent = lpc_time_out(held->since);
	row->state = LPC_CALL_CANCELED;
	row->flags = LPC_CALL_HELD;
	row->code = held->code;
	row->to_client = held->to_client;
	piece_row(&held->piece, row);
}

/* NT's programs know no more of an id than its low half. */
static struct lpc_call *find_call(struct lpc_end *end,
				  const struct lpc_query *args)
{
	struct lpc_slots *slots = &end->port->slots;

	return args->flags & LPC_QUERY_SHORT_ID ?
	       lpc_slots_find_short(slots, args->id) :
	       lpc_slots_find(slots, args->id);
}

static int query_call(struct lpc_end *end, const struct lpc_query *args,
		      const struct lpc_reader *reader,
		      struct lpc_call_info *row)
{
	struct lpc_call *call = find_call(end, args);
	u64 id = args->id;
	struct lpc_held *held;

	if (IS_ERR(call)) {
		held = lpc_held_find(end, id);
		if (!held)
			return -ESTALE;
		held_row(held, row);
		return 0;
	}
	/* Over, its maker does not know it yet, and the peer still has it. */
	if (call->type == LPC_REQUEST && call->from == end && call->taken &&
	    lpc_call_over(call) && call->state != LPC_CALL_REPLIED &&
	    call->piece.section && !call->late) {
		call_row(call, reader, row);
		row->flags |= LPC_CALL_HELD;
		return 0;
	}
	if (args->flags & LPC_QUERY_SHORT_ID && end->kind == LPC_KIND_PORT &&
	    call->type == LPC_CONNECTION_REQUEST &&
	    call->state == LPC_CALL_TAKEN) {
		call_row(call, reader, row);
		return 0;
	}
	if (call->type != LPC_REQUEST || !lpc_end_may_answer(end, call))
		return -ESTALE;
	if (call->state >= LPC_CALL_REPLIED)
		return -ESTALE;
	call_row(call, reader, row);
	return 0;
}

static int query_end(struct lpc_end *end, const struct lpc_query *args,
		     union lpc_row *row)
{
	struct lpc_reader reader;
	int ret = 0;

	lpc_reader_current(&reader);
	lpc_lock(end->port);
	switch (args->what) {
	case LPC_WHAT_PORT:
		port_row(end->port, &reader, &row->port);
		break;
	case LPC_WHAT_CONN:
		if (end->conn)
			conn_row(end->conn, &reader, &row->conn);
		else
			ret = -EOPNOTSUPP;
		break;
	default:
		ret = query_call(end, args, &reader, &row->call);
	}
	lpc_unlock(end->port);
	return ret;
}

static int wait_for_name(struct lpc_query *args, const char *name, u64 seen)
{
	struct lpc_user *user = lpc_user_current();
	int ret;

	if (!user)
		return -ENOMEM;
	ret = lpc_charge(user, LPC_LIMIT_NAME_WAITERS, &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_NAME_WAITERS;
	} else {
		ret = lpc_name_wait(current->nsproxy->ipc_ns, name,
				    args->name_len,
				    lpc_deadline_in(args->deadline), seen);
		lpc_uncharge(user, LPC_LIMIT_NAME_WAITERS);
	}
	lpc_user_put(user);
	return ret;
}

static int query_name(struct lpc_query *args, const char *name,
		      union lpc_row *row)
{
	struct lpc_port *port;
	u64 seen;
	int ret;

	ret = lpc_name_check(name, args->name_len);
	if (ret)
		return ret;
	for (;;) {
		seen = lpc_name_changes();
		port = lpc_port_find_visible(name, args->name_len,
					     LPC_MAY_QUERY);
		if (port || !(args->flags & LPC_QUERY_WAIT_NAME))
			break;
		ret = wait_for_name(args, name, seen);
		if (ret)
			return ret;
	}
	if (!port)
		return -ENOENT;
	ret = lpc_port_may(port, LPC_MAY_QUERY);
	if (!ret)
		ret = query_end(&port->self, args, row);
	lpc_port_put(port);
	return ret;
}

static u32 row_size(u32 what)
{
	switch (what) {
	case LPC_WHAT_PORT:
		return sizeof(struct lpc_port_info);
	case LPC_WHAT_CONN:
		return sizeof(struct lpc_conn_info);
	case LPC_WHAT_CALL:
		return sizeof(struct lpc_call_info);
	}
	return 0;
}

/**
 * lpc_query - QUERY
 * @end: a port or an end; NULL: by name
 * @args: of the ioctl
 * @name: copied in, NUL behind it
 */
int lpc_query(struct lpc_end *end, struct lpc_query *args, const char *name)
{
	u32 room = args->size;
	union lpc_row *row;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	if (args->flags & ~LPC_MASK_QUERY || args->reserved)
		return -EINVAL;
	if (end && args->what == LPC_WHAT_CALLER) {
		if (args->name_len || args->flags & ~LPC_QUERY_CAPABLE)
			return -EINVAL;
		return lpc_query_caller(end, args);
	}
	if (!row_size(args->what) || args->flags & LPC_QUERY_CAPABLE ||
	    args->capability)
		return -EINVAL;
	if (end ? args->name_len || args->flags & LPC_QUERY_WAIT_NAME :
		  args->what != LPC_WHAT_PORT)
		return -EINVAL;
	if (args->flags & LPC_QUERY_SHORT_ID &&
	    (args->what != LPC_WHAT_CALL || args->id >> 32))
		return -EINVAL;
	row = kzalloc(sizeof(*row), GFP_KERNEL_ACCOUNT);
	if (!row)
		return -ENOMEM;
	ret = end ? query_end(end, args, row) : query_name(args, name, row);
	if (!ret) {
		args->size = row_size(args->what);
		ret = lpc_copy_out(args->out, row, min(room, args->size));
	}
	kfree(row);
	return ret;
}

/**
 * struct lpc_walk - LIST on its way
 * @args: of the ioctl
 * @row: LPC_LIST_BATCH of them
 * @rows: how many are filled
 * @reader: whose eyes
 */
struct lpc_walk {
	struct lpc_list *args;
	union lpc_row *row;
	u32 rows;
	struct lpc_reader reader;
};

static bool port_visible(struct lpc_port *port)
{
	return port->ipc_ns == current->nsproxy->ipc_ns &&
	       lpc_port_allows(port, LPC_MAY_QUERY);
}

/* Return: true at the end. */
static bool list_ports(struct lpc_walk *walk, u32 want)
{
	struct lpc_list *args = walk->args;
	struct lpc_port *port;
	u32 passed = 0;
	u64 serial;

	/* Of many that are not for this caller to see, some in one go. */
	while (walk->rows < want && passed++ < 1024) {
		serial = args->cursor + 1;
		port = lpc_port_next(&serial);
		if (!port)
			return true;
		args->cursor = serial;
		if (port_visible(port)) {
			lpc_lock(port);
			port_row(port, &walk->reader,
				 &walk->row[walk->rows++].port);
			lpc_unlock(port);
		} else if (port->ipc_ns == current->nsproxy->ipc_ns &&
			   !lpc_name_is_foreign_user(port->ipc_ns,
						     port->name.text)) {
			args->hidden++;
		}
		lpc_port_put(port);
	}
	return false;
}

static bool list_conns(struct lpc_walk *walk, struct lpc_port *port, u32 want)
{
	struct lpc_conn *conn;
	bool end = true;

	lpc_lock(port);
	list_for_each_entry(conn, &port->conns, node) {
		if (conn->serial <= walk->args->cursor)
			continue;
		if (walk->rows == want) {
			end = false;
			break;
		}
		conn_row(conn, &walk->reader, &walk->row[walk->rows++].conn);
		walk->args->cursor = conn->serial;
	}
	lpc_unlock(port);
	return end;
}

/* By slot, not by age: the cursor is a slot. */
static bool list_calls(struct lpc_walk *walk, struct lpc_port *port, u32 want)
{
	struct lpc_slot *slot;
	u64 i;

	lpc_lock(port);
	for (i = walk->args->cursor;
	     i <= port->slots.mask && walk->rows < want; i++) {
		slot = &port->slots.slot[i];
		if (slot->call && slot->call->type == LPC_REQUEST)
			call_row(slot->call, &walk->reader,
				 &walk->row[walk->rows++].call);
		else if (slot->held)
			held_row(slot->held, &walk->row[walk->rows++].call);
	}
	walk->args->cursor = i;
	lpc_unlock(port);
	return i > port->slots.mask;
}

static int copy_rows(struct lpc_walk *walk, u32 done)
{
	u32 size = walk->args->size, known = row_size(walk->args->what);
	u64 to = walk->args->out + (u64)done * size;
	u32 i;

	for (i = 0; i < walk->rows; i++, to += size) {
		if (lpc_copy_out(to, &walk->row[i], min(size, known)) ||
		    (size > known && lpc_clear_out(to + known, size - known)))
			return -EFAULT;
	}
	return 0;
}

static int list_all(struct lpc_walk *walk, struct lpc_port *port)
{
	u32 count = walk->args->count, done = 0, want;
	bool end = false;
	int ret;

	while (done < count && !end) {
		walk->rows = 0;
		want = min(count - done, LPC_LIST_BATCH);
		if (!port)
			end = list_ports(walk, want);
		else if (walk->args->what == LPC_WHAT_CONN)
			end = list_conns(walk, port, want);
		else
			end = list_calls(walk, port, want);
		ret = copy_rows(walk, done);
		if (ret)
			return ret;
		done += walk->rows;
		cond_resched();
		if (signal_pending(current))
			break;
	}
	walk->args->count = done;
	return done || end || !count ? 0 : -EINTR;
}

static struct lpc_port *list_port(u64 serial)
{
	struct lpc_port *port;
	u64 found = serial;

	port = serial ? lpc_port_next(&found) : NULL;
	if (port && found == serial &&
	    port->ipc_ns == current->nsproxy->ipc_ns) {
		if (lpc_port_is_owner(port))
			return port;
		lpc_port_put(port);
		return ERR_PTR(-EACCES);
	}
	if (port)
		lpc_port_put(port);
	return ERR_PTR(-ENOENT);
}

/**
 * lpc_list - LIST
 * @args: of the ioctl
 */
int lpc_list(struct lpc_list *args)
{
	struct lpc_walk walk = { .args = args };
	struct lpc_port *port = NULL;
	int ret;

	if (args->flags || !row_size(args->what) || !args->size ||
	    args->size > PAGE_SIZE)
		return -EINVAL;
	if (args->what == LPC_WHAT_PORT && args->port)
		return -EINVAL;
	args->hidden = 0;
	if (args->what != LPC_WHAT_PORT) {
		port = list_port(args->port);
		if (IS_ERR(port))
			return PTR_ERR(port);
	}
	walk.row = kcalloc(LPC_LIST_BATCH, sizeof(*walk.row),
			   GFP_KERNEL_ACCOUNT);
	if (walk.row) {
		lpc_reader_current(&walk.reader);
		ret = list_all(&walk, port);
		kfree(walk.row);
	} else {
		ret = -ENOMEM;
	}
	if (port)
		lpc_port_put(port);
	return ret;
}

/**
 * lpc_end_fdinfo - /proc/<pid>/fdinfo: which process holds what
 * @end: the file's
 * @m: where to
 */
void lpc_end_fdinfo(struct lpc_end *end, struct seq_file *m)
{
	static const char * const kind[LPC_KINDS] = {
		[LPC_KIND_PORT]		= "port",
		[LPC_KIND_SERVER]	= "server",
		[LPC_KIND_CLIENT]	= "client",
	};

	seq_printf(m, "lpc-kind:\t%s\n", kind[end->kind]);
	seq_printf(m, "lpc-port:\t%llu\n", end->port->serial);
	if (end->conn)
		seq_printf(m, "lpc-serial:\t%llu\n", end->conn->serial);
	seq_printf(m, "lpc-name:\t%s\n", end->port->name.text);
}

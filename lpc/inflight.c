// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a call: filled in, tracked, ended exactly once, given back.
 *
 * A call in progress is known by its slot (id), by the end it was sent on
 * (sent), and by its queue while QUEUED or its receiver while HANDED. Its
 * caller holds one count; a loan holds another. Whoever gives the last count
 * back frees it, under port->lock; but a caller that has seen its reply is
 * the only holder, because a reply needs TAKEN and TAKEN has no loan, so it
 * recycles the call without a lock.
 *
 * An open call (enum lpc_open) has no thread that waits. It stays tracked
 * after its end until it is collected, and its deadline is kept by a work
 * item. It holds its own references.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "conn.h"
#include "cover.h"
#include "data.h"
#include "held.h"
#include "inflight.h"
#include "limits.h"
#include "quota.h"
#include "trace.h"

static struct workqueue_struct *lpc_wq;

static void timeout_work(struct work_struct *work);

/**
 * lpc_call_fill - a message before anybody sees it
 * @call: from lpc_call_take()
 * @end: it is sent on
 * @io: what the caller says
 * @type: what it is
 */
void lpc_call_fill(struct lpc_call *call, struct lpc_end *end,
		   const struct lpc_io *io, enum lpc_type type)
{
	memset(&call->fresh, 0, sizeof(call->fresh));
	call->port = end->port;
	call->conn = end->conn;
	call->from = end;
	call->type = type;
	call->to_client = end->kind == LPC_KIND_SERVER;
	if (end->kind == LPC_KIND_CLIENT)
		call->unread = &end->conn->unread;
	call->refs = 1;
	call->since = ktime_get_mono_fast_ns();
	lpc_ident_current(&call->sender);
	lpc_reader_current(&call->reader);
	call->code = io->msg.code;
	call->consent = io->msg.flags & LPC_MASK_CONSENT;
	lpc_call_payload(call, io);
}

/**
 * lpc_call_need_notice - reserve what tells the server of a cancel
 * @call: a request, not yet sent, to a port that asked for it
 *
 * Return: 0 or -ENOMEM.
 */
int lpc_call_need_notice(struct lpc_call *call)
{
	if (!call->notice)
		call->notice = lpc_call_alloc();
	return call->notice ? 0 : -ENOMEM;
}

/**
 * lpc_call_hold - keep its connection while it points there
 * @call: locked
 */
void lpc_call_hold(struct lpc_call *call)
{
	if (call->conn && !call->holds_conn) {
		lpc_conn_use(call->conn);
		call->holds_conn = true;
	}
}

static void call_unhold(struct lpc_call *call)
{
	if (call->holds_conn) {
		call->holds_conn = false;
		lpc_conn_drop(call->conn);
	}
}

/**
 * lpc_call_track - a request is in progress
 * @call: a request or a callback, with its key; locked
 */
void lpc_call_track(struct lpc_call *call)
{
	struct lpc_port *port = call->port;
	struct lpc_conn *conn = call->conn;

	lockdep_assert_held(&port->lock);
	lpc_slots_add(&port->slots, call);
	hlist_add_head(&call->sent, &call->from->sent);
	lpc_call_hold(call);
	call->counted = true;
	if (conn)
		conn->calls++;
	else
		call->from->calls++;
	port->last = call->since;
	lpc_count(port, conn, calls, 1);
	lpc_count(port, conn, bytes, lpc_payload(call));
	lpc_trace(lpc_call, call, 0);
}

static void call_uncount(struct lpc_call *call)
{
	if (!call->counted)
		return;
	call->counted = false;
	if (call->conn)
		call->conn->calls--;
	else
		call->from->calls--;
}

static void call_free(struct lpc_call *call)
{
	lockdep_assert_held(&call->port->lock);
	call_uncount(call);
	if (call->type == LPC_CLIENT_DIED && !call->dead)
		call->from->died--;
	lpc_ident_put(&call->sender);
	lpc_ident_put(&call->replier);
	put_pid(call->owner);
	call->owner = NULL;
	if (call->timed) {
		if (!cancel_delayed_work(&call->timeout)) {
			/*
			 * It waits for the lock and frees the call then, to
			 * the end it was sent on. The port is there anyway.
			 */
			if (call->from->conn)
				lpc_call_hold(call);
			call->dead = true;
			return;
		}
		call->timed = false;
		/* Not the last one: who holds the lock has another. */
		lpc_port_put(call->port);
	}
	if (call->holds_conn) {
		struct lpc_conn *conn = call->conn;

		lpc_call_recycle(call);
		lpc_conn_drop(conn);
	} else {
		lpc_call_recycle(call);
	}
}

/**
 * lpc_call_put - one holder less
 * @call: locked
 */
void lpc_call_put(struct lpc_call *call)
{
	lockdep_assert_held(&call->port->lock);
	if (!--call->refs)
		call_free(call);
}

/**
 * lpc_call_put_away - its thread has come back, or need not any more
 * @call: locked
 */
void lpc_call_put_away(struct lpc_call *call)
{
	struct lpc_away *away = call->away;

	if (!away)
		return;
	call->away = NULL;
	away->call = NULL;
	/* Else the watch has fired: its handler finds no call and frees it. */
	if (!lpc_watch_works() || lpc_watch_del(&away->watch))
		lpc_away_free(away);
}

/**
 * lpc_call_post_ended - an asynchronous call goes to its maker as a REPLY
 * @call: over, and no receiver copies it any more; locked
 */
void lpc_call_post_ended(struct lpc_call *call)
{
	struct task_struct *task;

	call->type = LPC_REPLY;
	WRITE_ONCE(call->open, LPC_OPEN_NOT);
	call->unread = NULL;
	if (call->state != LPC_CALL_REPLIED) {
		call->len = 0;
		memset(&call->piece, 0, sizeof(call->piece));
	}
	lpc_ident_put(&call->sender);
	call->sender = call->replier;
	call->replier.counted = false;
	if (!call->sender.tgid) {
		call->sender.uid = INVALID_UID;
		call->sender.gid = INVALID_GID;
	}
	lpc_call_hold(call);
	if (lpc_end_dead(call->from)) {
		lpc_call_put(call);
		return;
	}
	task = lpc_queue_post(call->from->recv, call);
	if (task)
		wake_up_process(task);
}

/**
 * lpc_call_settle - it has ended: whoever is to know is told
 * @call: in its final state; locked. For a thread that waits the caller of
 *	this wakes it.
 *
 * A call that is open for its thread to come back stays tracked.
 */
void lpc_call_settle(struct lpc_call *call)
{
	bool canceled = call->state == LPC_CALL_CANCELED && call->taken;

	lockdep_assert_held(&call->port->lock);
	if (call->open == LPC_OPEN_PENDING || call->open == LPC_OPEN_AWAY)
		return;
	if (likely(call->state == LPC_CALL_REPLIED) || !lpc_held_keep(call))
		lpc_slots_del(&call->port->slots, call, canceled);
	hlist_del_init(&call->sent);
	if (call->open == LPC_OPEN_ASYNC) {
		/* While a receiver still copies it, its loan's end does this. */
		if (!call->rx)
			lpc_call_post_ended(call);
		return;
	}
	call_uncount(call);
	if (call->refs == 1)
		call_unhold(call);
}

/* Tell the server, which asked for it, that a request it has is canceled. */
static void post_notice(struct lpc_call *call)
{
	struct lpc_call *notice = call->notice;
	struct task_struct *task;

	if (!notice || call->to_client || call->callback ||
	    call->from->kind != LPC_KIND_CLIENT ||
	    lpc_end_dead(&call->conn->server))
		return;
	call->notice = NULL;
	memset(&notice->fresh, 0, sizeof(notice->fresh));
	notice->port = call->port;
	notice->conn = call->conn;
	notice->from = call->from;
	notice->unread = call->unread;
	notice->type = LPC_CANCELED;
	notice->refs = 1;
	notice->since = ktime_get_mono_fast_ns();
	notice->id = call->id;
	notice->code = call->code;
	notice->sender = call->sender;
	notice->sender.counted = false;
	lpc_ident_get(&notice->sender);
	lpc_call_hold(notice);
	task = lpc_queue_post(call->queue, notice);
	if (task)
		wake_up_process(task);
}

static void count_end(struct lpc_call *call)
{
	if (call->state == LPC_CALL_LOST)
		lpc_count(call->port, call->conn, lost, 1);
	else if (call->taken)
		lpc_count(call->port, call->conn, canceled, 1);
	else
		lpc_count(call->port, call->conn, withdrawn, 1);
}

/**
 * lpc_call_end - end a call that gets no reply
 * @call: in any state; one that is over is left alone; locked
 * @state: LPC_CALL_CANCELED if its own side gave up, LPC_CALL_LOST if the
 *	other side is gone
 * @error: for its caller
 *
 * A callback that its caller handles ends first. A thread that waits is
 * woken; it must not be the calling thread unless that has disarmed itself.
 */
void lpc_call_end(struct lpc_call *call, enum lpc_call_state state, int error)
{
	struct lpc_call *incoming = call->incoming;

	lockdep_assert_held(&call->port->lock);
	if (lpc_call_over(call))
		return;
	/* As deep as lpc.callback_depth. */
	if (incoming)
		lpc_call_end(incoming, LPC_CALL_LOST,
			     lpc_call_gone_error(incoming));
	if (call->data_op)
		lpc_data_abort(call, -ECANCELED);
	if (call->parent) {
		call->parent->incoming = NULL;
		call->parent = NULL;
	} else if (call->state == LPC_CALL_QUEUED) {
		lpc_queue_remove(call);
	}
	call->state = state;
	call->error = error;
	count_end(call);
	lpc_trace(lpc_cancel, call, error);
	if (state == LPC_CALL_CANCELED && call->taken)
		post_notice(call);
	if (call->waiter.task)
		lpc_waiter_wake(&call->waiter);
	lpc_call_settle(call);
}

/**
 * lpc_call_abandon - nobody will come back for an open call
 * @call: over, and open or not; locked
 */
void lpc_call_abandon(struct lpc_call *call)
{
	if (call->open != LPC_OPEN_PENDING && call->open != LPC_OPEN_AWAY)
		return;
	WRITE_ONCE(call->open, LPC_OPEN_NOT);
	lpc_call_put_away(call);
	lpc_call_settle(call);
	lpc_call_put(call);
}

/* The thread that was to come back has exited, or is another program now. */
static void away_died(struct lpc_task_watch *watch)
{
	struct lpc_away *away = container_of(watch, struct lpc_away, watch);
	struct lpc_port *port = away->port;
	struct lpc_call *call;

	lpc_lock(port);
	call = away->call;
	if (call) {
		call->away = NULL;
		lpc_call_end(call, LPC_CALL_CANCELED, -ECANCELED);
		lpc_call_abandon(call);
	}
	lpc_unlock(port);
	lpc_away_free(away);
}

/**
 * lpc_away_new - memory to notice that a thread does not come back
 * @port: of the call it will leave
 *
 * Return: NULL without memory.
 */
struct lpc_away *lpc_away_new(struct lpc_port *port)
{
	struct lpc_away *away = kzalloc(sizeof(*away), GFP_KERNEL_ACCOUNT);

	if (away) {
		lpc_port_get(port);
		away->port = port;
	}
	return away;
}

/**
 * lpc_away_free - give it back
 * @away: not watching; may be NULL
 */
void lpc_away_free(struct lpc_away *away)
{
	if (!away)
		return;
	/* Not the last reference where a lock is held. */
	lpc_port_put(away->port);
	kfree(away);
}

/**
 * lpc_away_watch - the calling thread leaves its call open
 * @away: from lpc_away_new()
 * @call: open; locked
 */
void lpc_away_watch(struct lpc_away *away, struct lpc_call *call)
{
	lockdep_assert_held(&call->port->lock);
	away->call = call;
	call->away = away;
	if (lpc_watch_works())
		lpc_watch_add(&away->watch, away_died);
}

/* At the deadline or, where jiffies do not reach that far, before it. */
static void queue_timeout(struct lpc_call *call)
{
	s64 left = call->deadline - ktime_get_ns();

	queue_delayed_work(lpc_wq, &call->timeout,
			   left > 0 ? min_t(u64, nsecs_to_jiffies(left) + 1,
					    MAX_JIFFY_OFFSET) : 0);
}

/**
 * lpc_call_open - its thread leaves, the call goes on
 * @call: whose thread this is; locked
 * @how: enum lpc_open
 */
void lpc_call_open(struct lpc_call *call, u8 how)
{
	lockdep_assert_held(&call->port->lock);
	WRITE_ONCE(call->open, how);
	call->waiter.task = NULL;
	call->waiter.done = 0;
	lpc_ident_get(&call->sender);
	if (call->owner != task_pid(current)) {
		put_pid(call->owner);
		call->owner = get_pid(task_pid(current));
	}
	/* One that runs for an earlier opening looks at the clock itself. */
	if (call->deadline != LPC_FOREVER && !call->timed) {
		INIT_DELAYED_WORK(&call->timeout, timeout_work);
		call->timed = true;
		lpc_port_get(call->port);
		queue_timeout(call);
	}
}

/**
 * lpc_call_close - its thread has come back
 * @call: open; locked
 */
void lpc_call_close(struct lpc_call *call)
{
	lockdep_assert_held(&call->port->lock);
	WRITE_ONCE(call->open, LPC_OPEN_NOT);
	lpc_call_put_away(call);
	lpc_reader_current(&call->reader);
	lpc_waiter_arm(&call->waiter);
	if (lpc_call_over(call)) {
		call->waiter.done = 1;
		lpc_call_settle(call);
	} else if (call->incoming) {
		call->waiter.done = 1;
	}
}

static void look_at_deadline(struct lpc_call *call)
{
	struct lpc_port *port = call->port;

	lpc_lock(port);
	call->timed = false;
	if (call->dead) {
		call_free(call);
	} else if (call->open && lpc_deadline_past(call->deadline)) {
		lpc_call_end(call, LPC_CALL_CANCELED, -ETIMEDOUT);
	} else if (call->open && call->deadline != LPC_FOREVER) {
		/* It was given more time, or there is more than jiffies. */
		call->timed = true;
		lpc_port_get(port);
		queue_timeout(call);
	}
	lpc_unlock(port);
	lpc_port_put(port);
}

static void timeout_work(struct work_struct *work)
{
	lpc_cover_begin();
	look_at_deadline(container_of(to_delayed_work(work), struct lpc_call, timeout));
	lpc_cover_end();
}

/**
 * lpc_inflight_init - make the workqueue of deadlines
 */
int lpc_inflight_init(void)
{
	lpc_wq = alloc_workqueue("lpc", WQ_UNBOUND, 0);
	return lpc_wq ? 0 : -ENOMEM;
}

/**
 * lpc_inflight_exit - undo lpc_inflight_init()
 */
void lpc_inflight_exit(void)
{
	destroy_workqueue(lpc_wq);
}

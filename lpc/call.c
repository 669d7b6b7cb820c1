// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEND and CALL: from the caller's message to the caller's reply. The server's
 * half, how a request is received and answered, stands in receive.c.
 *
 * The path that matters: copy in; under port->lock pair with the server thread
 * that parked last; wake it here, unless it is still running; give it the CPU;
 * find the reply; copy out. Two system calls a round trip, one on each side, and
 * no allocation, no reference and no global lock.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "call.h"
#include "conn.h"
#include "data.h"
#include "fail.h"
#include "give.h"
#include "held.h"
#include "inflight.h"
#include "limits.h"
#include "quota.h"
#include "split.h"
#include "trace.h"
#include "views.h"

static int full(struct lpc_io *io, enum lpc_limit what, u32 in_use)
{
	io->msg.limit = what;
	io->msg.in_use = in_use;
	return -ENOBUFS;
}

/* May this end send, and is there somebody to receive? */
static lpc_inline int may_send(struct lpc_end *end)
{
	u32 shut;
	int ret = lpc_end_ready(end);

	if (ret)
		return ret;
	if (end->kind == LPC_KIND_PORT) {
		shut = end->shut;
	} else {
		shut = lpc_end_peer(end)->shut;
		if (end->kind == LPC_KIND_CLIENT &&
		    !lpc_end_dead(&end->port->self))
			shut |= end->port->self.shut;
	}
	return shut & (LPC_SHUT_ALL | LPC_SHUT_REQUESTS) ? -EPIPE : 0;
}

/**
 * lpc_send - SEND: a datagram (NtRequestPort)
 * @end: it is sent on
 * @io: with header and payload
 */
int lpc_send(struct lpc_end *end, struct lpc_io *io)
{
	struct lpc_port *port = end->port;
	struct task_struct *task;
	struct lpc_call *call;
	int ret;

	/* Nobody could tell when its piece may be used again. */
	if (io->msg.section)
		return -EINVAL;
	call = lpc_call_take(end);
	if (!call)
		return -ENOMEM;
	lpc_call_fill(call, end, io, LPC_DATAGRAM);
	lpc_ident_get(&call->sender);

	lpc_lock(port);
	ret = may_send(end);
	if (!ret && end->datagrams >= lpc_limit(LPC_LIMIT_DATAGRAMS))
		ret = full(io, LPC_LIMIT_DATAGRAMS, end->datagrams);
	if (ret) {
		lpc_call_put(call);
		lpc_unlock(port);
		return ret;
	}
	call->key = lpc_slots_number(&port->slots);
	call->id = call->key;
	end->datagrams++;
	lpc_call_hold(call);
	port->last = call->since;
	lpc_count(port, call->conn, datagrams, 1);
	lpc_count(port, call->conn, bytes, call->len);
	lpc_trace(lpc_send, call, 0);
	task = lpc_queue_post(lpc_end_target(end), call);
	if (task)
		wake_up_process(task);
	lpc_unlock(port);
	return 0;
}

static int calls_limit(const struct lpc_end *end, struct lpc_io *io)
{
	const struct lpc_conn *conn = end->conn;
	u32 calls = conn ? conn->calls : end->calls;

	if (conn && conn->views)
		calls += conn->views->nr_held;

	if (calls >= lpc_limit(LPC_LIMIT_CALLS))
		return full(io, LPC_LIMIT_CALLS, calls);
	return 0;
}

/*
 * Into the caller of the request @io names: past all queues, straight to the
 * thread that waits for it. Locked.
 */
static int callback_post(struct lpc_end *end, struct lpc_call *call,
			 struct lpc_io *io, struct task_struct **task)
{
	struct lpc_call *outer;

	if (io->form == LPC_SPLIT_NT)
		lpc_split_resolve(&end->port->slots, io);
	outer = lpc_slots_find(&end->port->slots,
			       io->msg.callback ? io->msg.callback :
						  io->msg.id);
	if (IS_ERR(outer))
		return PTR_ERR(outer);
	if (outer->id != io->msg.id || outer->type != LPC_REQUEST ||
	    !lpc_end_may_answer(end, outer) || outer->incoming)
		return -ESTALE;
	/* AWAY: its caller is about to come back, and finds this then. */
	if (outer->state != LPC_CALL_TAKEN && outer->state != LPC_CALL_AWAY)
		return -ESTALE;
	if (outer->open == LPC_OPEN_ASYNC)
		return -EOPNOTSUPP;
	if (outer->depth >= lpc_limit(LPC_LIMIT_CALLBACK_DEPTH))
		return full(io, LPC_LIMIT_CALLBACK_DEPTH, outer->depth);

	call->key = lpc_slots_number(&end->port->slots);
	call->callback = call->key;
	call->id = outer->id;
	call->conn = outer->conn;
	call->to_client = !outer->to_client;
	call->depth = outer->depth + 1;
	call->parent = outer;
	call->state = LPC_CALL_QUEUED;
	outer->incoming = call;
	lpc_call_track(call);
	*task = outer->waiter.task ? lpc_waiter_fire(&outer->waiter) : NULL;
	return 0;
}

static int request_post(struct lpc_end *end, struct lpc_call *call,
			struct lpc_io *io, struct task_struct **task)
{
	struct lpc_queue *queue = lpc_end_target(end);

	if (io->msg.flags & LPC_DONTWAIT && !lpc_queue_attended(queue, call))
		return -EAGAIN;
	call->key = lpc_slots_number(&end->port->slots);
	call->id = call->key;
	lpc_call_track(call);
	*task = lpc_queue_post(queue, call);
	return 0;
}

static int call_post(struct lpc_end *end, struct lpc_call *call,
		     struct lpc_io *io, struct task_struct **task)
	__acquires(&end->port->lock)
{
	struct lpc_port *port = end->port;
	int ret;

	for (;;) {
		lpc_lock(port);
		if (likely(!lpc_slots_full(&port->slots)))
			break;
		lpc_unlock(port);
		ret = lpc_port_grow_slots(port);
		if (ret) {
			lpc_lock(port);
			return ret;
		}
	}
	ret = may_send(end);
	if (!ret)
		ret = calls_limit(end, io);
	if (ret)
		return ret;
	if (unlikely(call->piece.section) &&
	    !(end->conn && lpc_piece_fits(end->conn->views, &call->piece)))
		return -EINVAL;
	if (unlikely(io->msg.flags & LPC_CALLBACK))
		return callback_post(end, call, io, task);
	return request_post(end, call, io, task);
}

/* What a failed call tells: may a server have acted? */
static void call_status(const struct lpc_call *call, struct lpc_io *io)
{
	io->msg.status &= LPC_DID_REPLY;
	if (call->taken)
		io->msg.status |= LPC_WAS_TAKEN;
}

/* Its piece may be held, and QUERY wants to know of which call. */
static void call_failed(const struct lpc_call *call, struct lpc_io *io)
{
	call_status(call, io);
	/* NT tells a request that was lost from one that could not be sent. */
	if (call->taken || io->form == LPC_SPLIT_NT) {
		io->msg.id = call->id;
		io->msg.callback = call->callback;
	}
}

static bool call_is_bare(const struct lpc_call *call)
{
	return !call->owner && !call->holds_conn && !call->counted &&
	       !call->replier.counted;
}

static void call_release(struct lpc_call *call)
{
	struct lpc_port *port = call->port;

	lpc_lock(port);
	lpc_call_put(call);
	lpc_unlock(port);
}

/* Answered, and this thread waited for it. */
static lpc_inline int call_replied(struct lpc_call *call, struct lpc_io *io)
{
	struct lpc_given given = {
		.call = call,
		.shown = &call->shown,
		.type = LPC_REPLY,
	};
	int ret;

	call_status(call, io);
	/* Answered while this thread was away: translated only now. */
	if (unlikely(call->replier.counted))
		lpc_ident_show(&call->replier, &call->reader, &call->shown);
	given.status = call->shown.status | io->msg.status;
	if (likely(call_is_bare(call))) {
		ret = lpc_io_give(io, given);
		lpc_call_recycle(call);
		return ret;
	}
	/* What others count does not wait for user memory. */
	lpc_io_fill(io, given);
	call_release(call);
	return lpc_io_put(io);
}

/* The call is over, and this thread waited for it. */
static lpc_inline int call_result(struct lpc_call *call, struct lpc_io *io)
{
	int error = call->error;

	if (likely(call->state == LPC_CALL_REPLIED))
		return call_replied(call, io);
	call_failed(call, io);
	call_release(call);
	return error;
}

/* This thread was busy for its call; has something happened? Locked. */
static void call_rearm(struct lpc_call *call)
{
	lpc_waiter_arm(&call->waiter);
	if (lpc_call_over(call) || call->incoming || call->data_op)
		call->waiter.done = LPC_DONE_LOOK;
}

/*
 * A callback has come for the thread that waits. While it is copied out the
 * callback is HANDED to this thread; once received, its request is AWAY.
 * Locked at the start and at the end, not in between.
 *
 * Return: 0 when received; 1 to go on waiting; an error that ends the call.
 */
static int take_callback(struct lpc_call *call, struct lpc_io *io)
	__must_hold(&call->port->lock)
{
	struct lpc_port *port = call->port;
	struct lpc_call *in = call->incoming;
	struct lpc_shown shown;
	struct lpc_given given = {
		.call = in,
		.shown = &shown,
		.type = LPC_REQUEST,
	};
	struct lpc_away *away;
	int ret;

	in->state = LPC_CALL_HANDED;
	in->refs++;
	call->waiter.task = NULL;
	lpc_ident_show(&in->sender, &call->reader, &shown);
	lpc_unlock(port);

	given.status = shown.status;
	given.deadline = lpc_time_out(in->deadline);
	/* The context is for the server's side alone. */
	if (in->conn && !in->to_client)
		given.context = in->conn->context;
	away = lpc_away_new(port);
	ret = away ? lpc_io_give(io, given) : -ENOMEM;

	lpc_lock(port);
	if (lpc_call_over(in)) {
		lpc_call_put(in);
		if (!ret)
			ret = 1;
	} else {
		in->refs--;
		in->state = ret ? LPC_CALL_QUEUED : LPC_CALL_TAKEN;
		in->taken = !ret;
		in->taker = task_pid_nr(current);
	}
	if (!ret && lpc_call_over(call))
		ret = 1;
	if (!ret) {
		call->state = LPC_CALL_AWAY;
		lpc_call_open(call, LPC_OPEN_AWAY);
		lpc_away_watch(away, call);
	} else {
		/* A second callback may have come while the first was lost. */
		call_rearm(call);
		lpc_away_free(away);
	}
	return ret;
}

/* Leave a call without its reply. Locked; nobody is woken by it here. */
static int call_leave(struct lpc_call *call, struct lpc_io *io, int error)
{
	call->waiter.task = NULL;
	lpc_call_end(call, LPC_CALL_CANCELED, error);
	call_failed(call, io);
	lpc_call_put(call);
	return error;
}

/*
 * The id of an open call goes into its caller's message. If that faults nobody
 * would ever come back for it, so it ends.
 */
static int tell_or_forget(struct lpc_port *port, struct lpc_io *io, u64 key,
			  int ret)
{
	struct lpc_call *call;

	if (!lpc_io_put_back(io))
		return ret;
	lpc_lock(port);
	call = lpc_slots_find(&port->slots, key);
	if (!IS_ERR(call) && call->open) {
		WRITE_ONCE(call->open, LPC_OPEN_PENDING);
		lpc_call_end(call, LPC_CALL_CANCELED, -EFAULT);
		lpc_call_abandon(call);
	}
	lpc_unlock(port);
	return -EFAULT;
}

/*
 * A signal: withdraw what nobody has seen, so that the restart sends it anew;
 * else leave the call open and say under which id. Locked; drops the lock.
 */
static int call_interrupted(struct lpc_call *call, struct lpc_io *io, u8 how,
			    struct lpc_away *away)
	__releases(&call->port->lock)
{
	struct lpc_port *port = call->port;
	bool fatal = fatal_signal_pending(current);
	u64 key = call->key;

	if (fatal || (call->state == LPC_CALL_QUEUED && !call->owner)) {
		call_leave(call, io, -EINTR);
		lpc_unlock(port);
		lpc_away_free(away);
		return fatal ? -EINTR : -ERESTARTSYS;
	}
	if (how == LPC_OPEN_AWAY) {
		call->state = LPC_CALL_AWAY;
	} else {
		io->msg.id = call->id;
		io->msg.callback = call->callback;
		io->msg.status = LPC_PENDING;
	}
	if (call->taken)
		io->msg.status |= LPC_WAS_TAKEN;
	lpc_call_open(call, how);
	if (away)
		lpc_away_watch(away, call);
	lpc_unlock(port);
	return tell_or_forget(port, io, key, -ERESTARTSYS);
}

/**
 * lpc_call_finish - wait for a call and copy its reply, or a callback, out
 * @call: in progress; this thread waits for it
 * @io: the caller's message
 * @handoff: the server runs on this CPU as soon as it is given away
 * @how: what a signal makes of a call that a server has: LPC_OPEN_PENDING, or
 *	LPC_OPEN_AWAY in REPLY_WAIT
 *
 * Return: 0; -ERESTARTSYS, and the caller has been told; or an error.
 */
int lpc_call_finish(struct lpc_call *call, struct lpc_io *io, bool handoff,
		    u8 how)
{
	struct lpc_port *port = call->port;
	struct lpc_spin *spin = NULL;
	struct lpc_away *away;
	int why, ret;

	if (io->msg.flags & LPC_SPIN || port->flags & LPC_PORT_SPIN)
		spin = &call->from->spin;
	for (;;) {
		why = lpc_wait(&call->waiter, call->deadline,
			       handoff ? &call->from->turn : NULL, spin);
		handoff = false;
		/* Pairs with the release in apply_reply(): it is ours alone. */
		if (likely(!why && smp_load_acquire(&call->waiter.done) ==
				   LPC_DONE_FINAL))
			return call_result(call, io);

		/* A server that asks on and on keeps nobody from leaving. */
		if (!why && unlikely(READ_ONCE(call->data_op)))
			why = lpc_wait_over(call->deadline);
		away = why == -ERESTARTSYS ? lpc_away_new(port) : NULL;
		lpc_lock(port);
		if (lpc_call_over(call)) {
			lpc_unlock(port);
			lpc_away_free(away);
			return call_result(call, io);
		}
		if (unlikely(call->data_op && !why)) {
			lpc_data_serve(call);
			call_rearm(call);
			lpc_unlock(port);
			continue;
		}
		if (unlikely(call->data_op))
			lpc_data_abort(call, -EAGAIN);
		if (why == -ERESTARTSYS && !call->incoming)
			return call_interrupted(call, io, how, away);
		lpc_away_free(away);
		ret = 1;
		if (unlikely(call->incoming))
			ret = take_callback(call, io);
		else if (why == -ETIMEDOUT)
			ret = -ETIMEDOUT;
		else
			/* Woken for a callback that is gone already. */
			lpc_waiter_arm(&call->waiter);
		if (ret < 0)
			call_leave(call, io, ret);
		lpc_unlock(port);
		if (ret <= 0)
			return ret;
	}
}

/*
 * Whoever holds the end may wait on for an open call, but only the process that
 * listed buffers has them. Locked.
 */
static void call_come_back(struct lpc_call *call)
{
	if (unlikely(call->buffers && call->sender.tgid != task_tgid(current))) {
		kfree(call->buffers);
		call->buffers = NULL;
	}
	lpc_call_close(call);
}

static struct lpc_call *call_resume(struct lpc_end *end, struct lpc_io *io)
{
	u64 key = io->msg.callback ? io->msg.callback : io->msg.id;
	struct lpc_port *port = end->port;
	struct lpc_call *call;

	lpc_lock(port);
	call = lpc_slots_find(&port->slots, key);
	if (IS_ERR(call) || call->from != end || call->id != io->msg.id) {
		/* It ended with the end, and nobody knows any more how far it got. */
		if (lpc_end_dead(end))
			io->msg.status |= LPC_WAS_TAKEN;
		call = ERR_PTR(lpc_end_dead(end) ? -EPIPE : -ESTALE);
	} else if (call->open != LPC_OPEN_PENDING) {
		call = ERR_PTR(call->waiter.task ? -EBUSY : -ESTALE);
	} else {
		call_come_back(call);
	}
	lpc_unlock(port);
	return call;
}

static int call_new(struct lpc_end *end, struct lpc_io *io,
		    struct lpc_call **out)
{
	u64 deadline = lpc_deadline_in(io->msg.deadline);
	struct lpc_call *call;
	int ret;

	if (lpc_deadline_past(deadline))
		return -ETIMEDOUT;
	if (io->msg.flags & LPC_CALLBACK && deadline == LPC_FOREVER)
		deadline = ktime_get_ns() +
			   (u64)READ_ONCE(lpc_callback_ms) * NSEC_PER_MSEC;
	call = lpc_call_take(end);
	if (!call)
		return -ENOMEM;
	lpc_call_fill(call, end, io, LPC_REQUEST);
	call->deadline = deadline;
	call->buffers = io->buffers;
	io->buffers = NULL;
	ret = end->port->flags & LPC_PORT_CANCELED ?
	      lpc_call_need_notice(call) : 0;
	if (!ret && unlikely(call->piece.section))
		ret = lpc_held_reserve(call);
	if (ret) {
		lpc_call_recycle(call);
		return ret;
	}
	*out = call;
	return 0;
}

static int call_async(struct lpc_call *call, struct lpc_io *io)
	__releases(&call->port->lock)
{
	struct lpc_port *port = call->port;
	u64 key = call->key;

	lpc_call_open(call, LPC_OPEN_ASYNC);
	io->msg.id = call->id;
	io->msg.status = LPC_PENDING;
	lpc_unlock(port);
	return tell_or_forget(port, io, key, -EINPROGRESS);
}

/**
 * lpc_call - CALL: a request and its reply (NtRequestWaitReplyPort)
 * @end: it is sent on
 * @io: with header and payload; gets the reply
 */
int lpc_call(struct lpc_end *end, struct lpc_io *io)
{
	bool async = io->msg.flags & LPC_CALL_ASYNC;
	struct task_struct *task = NULL;
	struct lpc_call *call;
	bool handoff;
	int ret;

	if (unlikely(async && io->msg.flags & LPC_CALLBACK))
		return -EINVAL;
	if (unlikely((io->msg.flags & LPC_MASK_CONSENT) == LPC_MASK_CONSENT))
		return -EINVAL;
	/* Only servers have DATA. */
	if (unlikely(io->buffers && end->kind == LPC_KIND_SERVER))
		return -EINVAL;
	/* A reply never fails for want of room here. */
	if ((!async || io->msg.status & LPC_PENDING) &&
	    io->msg.room < end->port->inline_max) {
		io->msg.room = end->port->inline_max;
		return -EMSGSIZE;
	}
	if (unlikely(io->msg.status & LPC_PENDING)) {
		call = call_resume(end, io);
		if (IS_ERR(call))
			return PTR_ERR(call);
		lpc_fail_seen();
		return lpc_call_finish(call, io, false, LPC_OPEN_PENDING);
	}

	ret = call_new(end, io, &call);
	if (ret)
		return ret;
	lpc_waiter_arm(&call->waiter);
	ret = call_post(end, call, io, &task);
	if (unlikely(ret)) {
		lpc_call_put(call);
		lpc_unlock(end->port);
		return ret;
	}
	lpc_fail_seen();
	if (unlikely(async)) {
		if (task)
			wake_up_process(task);
		return call_async(call, io);
	}
	handoff = lpc_unlock_handoff(end->port, task);
	return lpc_call_finish(call, io, handoff, LPC_OPEN_PENDING);
}

/**
 * lpc_cancel - CANCEL: give up a call
 * @end: it was sent on
 * @args: of the ioctl
 */
int lpc_cancel(struct lpc_end *end, struct lpc_cancel *args)
{
	struct lpc_port *port = end->port;
	struct lpc_call *call;
	int ret = -ESTALE;

	if (args->flags || args->reserved)
		return -EINVAL;
	lpc_lock(port);
	call = lpc_slots_find(&port->slots, args->id);
	if (!IS_ERR(call) && call->type == LPC_REQUEST && call->from == end &&
	    !lpc_call_over(call)) {
		lpc_call_end(call, LPC_CALL_CANCELED, -ECANCELED);
		ret = 0;
	}
	lpc_unlock(port);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPLY_RECV and REPLY_WAIT: answering, receiving, answering a callback. The
 * caller's half stands in call.c.
 *
 * A reply finds its call by the id's slot, and counts only if the call is
 * TAKEN, its caller waits or is to come back, and this end is the side it was
 * sent to. The payload was copied in before the lock. Reply and
 * dequeue-or-park are one hold of the lock, so the caller is woken onto this
 * CPU only by a thread that is about to leave it.
 *
 * A message counts as received when its copy-out has succeeded. Until then it
 * is on loan, and goes back to its place if that fails.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "call.h"
#include "close.h"
#include "compat.h"
#include "conn.h"
#include "data.h"
#include "fail.h"
#include "give.h"
#include "held.h"
#include "inflight.h"
#include "limits.h"
#include "receive.h"
#include "split.h"
#include "trace.h"
#include "views.h"

/*
 * In the caller's own section a reply lies in the piece that the request named:
 * elsewhere it would write to what the caller uses for something else. Locked.
 */
static bool reply_fits(const struct lpc_call *call, const struct lpc_msg *msg)
{
	u16 callers = call->to_client ? LPC_SECTION_SERVER : LPC_SECTION_CLIENT;
	struct lpc_piece piece = {
		.section = msg->section,
		.offset = msg->offset,
		.length = msg->length,
	};

	if (!call->conn || !lpc_piece_fits(call->conn->views, &piece))
		return false;
	return piece.section != callers || lpc_piece_within(&piece, &call->piece);
}

/* The request or callback that a reply names. Locked. */
static lpc_inline struct lpc_call *
find_answerable(struct lpc_end *end, const struct lpc_msg *msg)
{
	u64 key = msg->callback ? msg->callback : msg->id;
	struct lpc_call *call = lpc_slots_find(&end->port->slots, key);

	if (IS_ERR(call)) {
		if (unlikely(PTR_ERR(call) == -ECANCELED))
			lpc_held_answered(end, key);
		return call;
	}
	if (call->id != msg->id || call->callback != msg->callback ||
	    call->type != LPC_REQUEST || !lpc_end_may_answer(end, call))
		return ERR_PTR(-ESTALE);
	if (call->state == LPC_CALL_CANCELED && call->taken) {
		/* Its thread has yet to come back and see that. */
		call->late = true;
		return ERR_PTR(-ECANCELED);
	}
	if (call->incoming)
		return ERR_PTR(-ESTALE);
	/* AWAY without a callback: its caller is about to come back. */
	if (call->state != LPC_CALL_TAKEN && call->state != LPC_CALL_AWAY)
		return ERR_PTR(-ESTALE);
	if (unlikely(msg->section) && !reply_fits(call, msg))
		return ERR_PTR(-EINVAL);
	return call;
}

/* The same of a message; NT's programs name it in their own way. Locked. */
static inline struct lpc_call *find_named(struct lpc_end *end, struct lpc_io *io)
{
	if (unlikely(io->form == LPC_SPLIT_NT))
		lpc_split_resolve(&end->port->slots, io);
	return find_answerable(end, &io->msg);
}

/* Answer a call; nothing can fail any more. Locked. Return: whom to wake. */
static lpc_inline struct task_struct *
apply_reply(struct lpc_call *call, const struct lpc_io *io)
{
	struct lpc_port *port = call->port;
	struct lpc_conn *conn = call->conn;
	struct task_struct *task = call->waiter.task;

	call->code = io->msg.code;
	lpc_call_payload(call, io);
	call->state = LPC_CALL_REPLIED;
	if (unlikely(call->data_op))
		lpc_data_abort(call, -ECANCELED);
	if (call->parent) {
		call->parent->incoming = NULL;
		call->parent = NULL;
	}
	lpc_count(port, conn, replied, 1);
	lpc_count(port, conn, bytes, lpc_payload(call));
	lpc_trace(lpc_reply, call, 0);

	if (likely(task)) {
		lpc_ident_show_current(&call->reader, &call->shown);
	} else {
		lpc_ident_current(&call->replier);
		lpc_ident_get(&call->replier);
	}
	lpc_call_settle(call);
	/* Where nobody waits the call may be gone by now. */
	if (!task)
		return NULL;
	/* Pairs with the acquire in lpc_call_finish(): the call is the waiter's. */
	smp_store_release(&call->waiter.done, LPC_DONE_FINAL);
	return task;
}

/* Is there no sense in waiting here? Locked; nothing is queued. */
static int receive_over(const struct lpc_end *end)
{
	const struct lpc_conn *conn = end->conn;

	if (end->kind == LPC_KIND_CLIENT && lpc_end_dead(&conn->server))
		return -EPIPE;
	if (end->kind == LPC_KIND_SERVER && end->recv == &end->queue &&
	    lpc_end_dead(&conn->client) && !conn->owes_closed)
		return -EPIPE;
	if (end->recv->shut || end->shut & LPC_SHUT_RECEIVE)
		return -ESHUTDOWN;
	return 0;
}

/* Take what is there or park. Locked. Return: 0 with a call, 1 parked. */
static int take_or_park(struct lpc_end *end, struct lpc_receiver *rx,
			u64 deadline, bool dontwait)
{
	int ret = lpc_queue_take(end->recv, rx);

	if (ret != -EAGAIN)
		return ret;
	ret = receive_over(end);
	if (ret)
		return ret;
	if (dontwait)
		return -EAGAIN;
	if (unlikely(lpc_deadline_past(deadline)))
		return -ETIMEDOUT;
	lpc_queue_park(end->recv, rx);
	return 1;
}

/* Sleep until handed a message. Return: 0 with a call, or why not. */
static int wait_message(struct lpc_end *end, struct lpc_receiver *rx,
			struct lpc_io *io, u64 deadline, bool handoff)
{
	struct lpc_spin *spin = NULL;
	int ret;

	if (io->msg.flags & LPC_SPIN || end->port->flags & LPC_PORT_SPIN)
		spin = &end->spin;
	ret = lpc_wait(&rx->waiter, deadline, handoff ? &end->turn : NULL, spin);
	if (unlikely(ret)) {
		lpc_lock(end->port);
		if (rx->waiter.done)
			ret = 0;	/* a message wins over a signal */
		else
			lpc_queue_leave(end->recv, rx);
		lpc_unlock(end->port);
	}
	return ret ? ret : rx->error;
}

/* Copy a message out. @status: how far this ioctl has got besides. */
static int give_received(const struct lpc_end *end,
			 const struct lpc_receiver *rx, struct lpc_io *io,
			 u16 status)
{
	const struct lpc_call *call = rx->call;
	struct lpc_given given = {
		.call = call,
		.shown = &rx->shown,
		.type = call->type,
		.status = rx->shown.status | status,
	};

	if (end->kind != LPC_KIND_CLIENT && call->conn)
		given.context = call->conn->context;
	if (likely(call->type == LPC_REQUEST)) {
		given.deadline = lpc_time_out(call->deadline);
		if (READ_ONCE(call->open) == LPC_OPEN_ASYNC)
			given.status |= LPC_DETACHED;
	} else if (call->type == LPC_REPLY) {
		given.error = call->error;
		if (call->taken)
			given.status |= LPC_WAS_TAKEN;
	}
	return lpc_io_give(io, given);
}

/* A message that needs no answer has been received. Locked. */
static void consume(struct lpc_call *call)
{
	struct lpc_end *from = call->from;

	if (call->type == LPC_DATAGRAM) {
		from->datagrams--;
		lpc_poll_wake(&from->room, EPOLLOUT | EPOLLWRNORM);
	}
	lpc_call_put(call);
}

static void receive(struct lpc_call *call)
{
	lpc_trace(lpc_receive, call, call->type);
	switch (call->type) {
	case LPC_CONNECTION_REQUEST:
		call->conn->state = LPC_CONN_RECEIVED;
		call->conn->seen = true;
		fallthrough;
	case LPC_REQUEST:
		call->state = LPC_CALL_TAKEN;
		call->taken = true;
		call->taker = task_pid_nr(current);
		break;
	default:
		consume(call);
	}
}

/* Is whom this message was for, or who sent it, no more? Locked. */
static bool is_stray(const struct lpc_call *call)
{
	if (call->type == LPC_CONNECTION_REQUEST)
		return false;
	if (!call->conn)
		return lpc_end_dead(&call->port->self);
	return lpc_end_dead(call->queue == &call->conn->client.queue ?
			    &call->conn->client : &call->conn->server);
}

/*
 * The loan of a message ends. Locked. Return: true if it was received.
 */
static bool end_loan(struct lpc_call *call, bool copied)
{
	struct lpc_conn *conn = call->conn;
	bool received = false;

	lpc_queue_settle(call);
	if (lpc_call_over(call) && call->open != LPC_OPEN_ASYNC) {
		/* Its caller has left it to us; the server never saw it. */
		lpc_call_put(call);
		goto out;
	}
	call->refs--;
	if (lpc_call_over(call)) {
		lpc_call_post_ended(call);
	} else if (copied) {
		received = true;
		receive(call);
	} else if (is_stray(call)) {
		consume(call);
	} else {
		lpc_queue_return(call);
	}
out:
	if (conn && conn->owes_closed && !conn->unread)
		lpc_conn_post_closed(conn);
	return received;
}

/* Copy a message out. Return: 0; 1 if it was canceled; -EFAULT, -EINTR. */
static int deliver(struct lpc_end *end, struct lpc_receiver *rx,
		   struct lpc_io *io, u16 status)
{
	bool received;
	int ret;

	ret = give_received(end, rx, io, status);
	/* Who is being killed will not act on it; somebody else may. */
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	lpc_lock(end->port);
	received = end_loan(rx->call, !ret);
	lpc_unlock(end->port);
	return ret ? ret : !received;
}

static void rx_init(struct lpc_receiver *rx, struct lpc_end *end,
		    const struct lpc_io *io)
{
	rx->end = end;
	rx->call = NULL;
	rx->error = 0;
	rx->need = 0;
	rx->room = io->msg.room;
	rx->listen = io->msg.flags & LPC_LISTEN;
	lpc_reader_current(&rx->reader);
}

/*
 * Say in the caller's own message how far this went. A reply part that took
 * effect must not be done again by a restart; so if that cannot be said,
 * there is none.
 */
static int put_progress(struct lpc_io *io, int ret)
{
	if (ret == -ERESTARTSYS && !(io->msg.status & LPC_DID_REPLY))
		return ret;
	return lpc_io_put_back(io) ? -EFAULT : ret;
}

static int recv_check(const struct lpc_end *end, const struct lpc_msg *msg)
{
	u32 flags = msg->flags;

	if (!(flags & (LPC_WITH_REPLY | LPC_WITH_RECV)))
		return -EINVAL;
	if (flags & LPC_LISTEN && end->kind == LPC_KIND_CLIENT)
		return -EINVAL;
	if (flags & LPC_RECV_ANYWAY && !(flags & LPC_WITH_RECV))
		return -EINVAL;
	return 0;
}

/**
 * lpc_reply_recv - REPLY_RECV (NtReplyPort, NtReplyWaitReceivePortEx,
 *	NtListenPort)
 * @end: a port or an end
 * @io: with the header, and the payload of a reply
 * @nonblock: the file is O_NONBLOCK: do not wait for a message
 */
int lpc_reply_recv(struct lpc_end *end, struct lpc_io *io, bool nonblock)
{
	bool dontwait = nonblock || io->msg.flags & LPC_DONTWAIT;
	u64 deadline = lpc_deadline_in(io->msg.deadline);
	struct lpc_port *port = end->port;
	struct task_struct *task = NULL;
	struct lpc_receiver rx __uninitialized;
	struct lpc_call *call;
	bool handoff;
	int ret;

	io->msg.status = 0;
	ret = recv_check(end, &io->msg);
	if (ret)
		return ret;
	rx_init(&rx, end, io);
again:
	lpc_lock(port);
	ret = lpc_end_ready(end);
	if (!ret && io->msg.flags & LPC_WITH_REPLY) {
		call = find_named(end, io);
		if (!IS_ERR(call)) {
			task = apply_reply(call, io);
			lpc_fail_seen();
			io->msg.status = LPC_DID_REPLY;
		} else if (!(io->msg.flags & LPC_RECV_ANYWAY)) {
			ret = PTR_ERR(call);
		}
		/* Not again, whatever happens now. */
		io->msg.flags &= ~LPC_WITH_REPLY;
	}
	if (ret || !(io->msg.flags & LPC_WITH_RECV)) {
		if (task)
			wake_up_process(task);
		lpc_unlock(port);
		return put_progress(io, ret);
	}

	ret = take_or_park(end, &rx, deadline, dontwait);
	if (ret == 1) {
		handoff = lpc_unlock_handoff(port, task);
		ret = wait_message(end, &rx, io, deadline, handoff);
	} else {
		if (task)
			wake_up_process(task);
		lpc_unlock(port);
	}
	task = NULL;
	if (!ret)
		ret = deliver(end, &rx, io, io->msg.status);
	if (unlikely(ret == 1)) {
		/* What was copied out may lie over what a restart reads. */
		if (lpc_io_put_back(io))
			return -EFAULT;
		rx_init(&rx, end, io);
		goto again;
	}
	if (likely(!ret))
		return 0;
	if (ret == -EMSGSIZE)
		io->msg.room = rx.need;
	return put_progress(io, ret);
}

/*
 * The call that this thread left to handle a callback. The most recently sent
 * stands first, so of nested ones the innermost is found. Locked.
 */
static struct lpc_call *find_away(struct lpc_end *end, u64 id)
{
	struct lpc_call *call;

	hlist_for_each_entry(call, &end->sent, sent)
		if (call->open == LPC_OPEN_AWAY && call->id == id &&
		    call->owner == task_pid(current))
			return call;
	return ERR_PTR(-ESTALE);
}

/**
 * lpc_reply_wait - REPLY_WAIT (NtReplyWaitReplyPort): answer a callback and go
 *	on waiting for what this thread called for
 * @end: that call was sent on
 * @io: with the header, and the payload of the answer
 */
int lpc_reply_wait(struct lpc_end *end, struct lpc_io *io)
{
	struct lpc_port *port = end->port;
	struct task_struct *task = NULL;
	struct lpc_call *call, *answered;
	bool handoff;

	io->msg.status = 0;
	if (io->msg.flags & LPC_WITH_REPLY && !io->msg.callback)
		return -EINVAL;
	if (io->msg.room < port->inline_max) {
		io->msg.room = port->inline_max;
		return -EMSGSIZE;
	}
	lpc_lock(port);
	/* With a reply part alone: what comes back from a signal has its id. */
	if (io->form == LPC_SPLIT_NT && io->msg.flags & LPC_WITH_REPLY)
		lpc_split_resolve(&port->slots, io);
	call = find_away(end, io->msg.id);
	if (IS_ERR(call) && lpc_end_dead(end)) {
		/* Its call ended with the end; who called back had received it. */
		io->msg.status = LPC_WAS_TAKEN;
		call = ERR_PTR(-ECONNRESET);
	}
	if (!IS_ERR(call) && io->msg.flags & LPC_WITH_REPLY) {
		answered = find_answerable(end, &io->msg);
		if (!IS_ERR(answered) && answered->parent == call) {
			task = apply_reply(answered, io);
			io->msg.status = LPC_DID_REPLY;
		} else if (!(io->msg.flags & LPC_RECV_ANYWAY)) {
			call = IS_ERR(answered) ? answered : ERR_PTR(-ESTALE);
		}
	}
	if (IS_ERR(call)) {
		lpc_unlock(port);
		return PTR_ERR(call);
	}
	lpc_fail_seen();
	io->msg.flags &= ~LPC_WITH_REPLY;
	if (call->state == LPC_CALL_AWAY)
		call->state = LPC_CALL_TAKEN;
	if (io->msg.deadline)
		call->deadline = lpc_deadline_in(io->msg.deadline);
	lpc_call_close(call);
	handoff = lpc_unlock_handoff(port, task);
	return lpc_call_finish(call, io, handoff, LPC_OPEN_AWAY);
}

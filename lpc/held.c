// SPDX-License-Identifier: GPL-2.0-only
/*
 * The late writer: a call is over for its caller, by deadline or cancel, while
 * the peer that has received it may go on writing its reply into the piece of
 * the caller's section. So the piece stays held, and its id known, until the
 * peer answers (ECANCELED), or its end is gone. Whoever carves the section asks
 * by QUERY before it uses the piece again.
 *
 * The memory for that is reserved when the call is made. Held calls count as
 * calls in progress, so they are bounded.
 */
#include <linux/slab.h>

#include "conn.h"
#include "held.h"
#include "message.h"
#include "views.h"

/* Does the piece lie in the section of who made the call? */
static bool is_own(const struct lpc_call *call)
{
	return call->piece.section == (call->to_client ? LPC_SECTION_SERVER :
							 LPC_SECTION_CLIENT);
}

/**
 * lpc_held_reserve - memory to remember a call's piece
 * @call: not sent yet
 *
 * Return: 0 or -ENOMEM.
 */
int lpc_held_reserve(struct lpc_call *call)
{
	if (call->held)
		return 0;
	call->held = kzalloc(sizeof(*call->held), GFP_KERNEL_ACCOUNT);
	return call->held ? 0 : -ENOMEM;
}

/**
 * lpc_held_keep - has a call ended without the answer of who received it?
 * @call: over and about to leave its slot; locked
 *
 * Return: true if its piece is held; its slot knows that then.
 */
bool lpc_held_keep(struct lpc_call *call)
{
	struct lpc_held *held = call->held;
	struct lpc_conn *conn = call->conn;

	lockdep_assert_held(&call->port->lock);
	if (!call->piece.section || !call->taken ||
	    call->state == LPC_CALL_REPLIED)
		return false;
	/* Not one that nobody will answer any more. */
	if (!held || !call->slotted || call->late ||
	    !is_own(call) || lpc_end_dead(call->from) ||
	    lpc_end_dead(lpc_end_peer(call->from)))
		return false;
	call->held = NULL;
	held->conn = conn;
	held->id = call->key;
	held->since = call->since;
	held->code = call->code;
	held->to_client = call->to_client;
	held->piece = call->piece;
	list_add_tail(&held->node, &conn->views->held);
	conn->views->nr_held++;
	conn->views->held_bytes += held->piece.length;
	lpc_slots_hold(&call->port->slots, call, held);
	return true;
}

static void release(struct lpc_held *held)
{
	struct lpc_conn *conn = held->conn;

	lockdep_assert_held(&conn->port->lock);
	lpc_slots_release(&conn->port->slots, held);
	list_del(&held->node);
	conn->views->nr_held--;
	conn->views->held_bytes -= held->piece.length;
	kfree(held);
}

/**
 * lpc_held_answered - the peer has let go of a piece
 * @end: a late answer came over this
 * @id: which it was for; locked
 */
void lpc_held_answered(struct lpc_end *end, u64 id)
{
	struct lpc_held *held = lpc_slots_held(&end->port->slots, id);

	if (!held)
		return;
	if (end->kind != LPC_KIND_PORT && end->conn != held->conn)
		return;
	/* As with any answer: never from the side that made the call. */
	if (held->to_client ? end->kind == LPC_KIND_CLIENT :
	    end->kind != LPC_KIND_CLIENT)
		release(held);
}

/**
 * lpc_held_find - is a call held that was made here?
 * @end: it was sent on
 * @id: which; locked
 */
struct lpc_held *lpc_held_find(struct lpc_end *end, u64 id)
{
	struct lpc_held *held = lpc_slots_held(&end->port->slots, id);

	if (!held || held->conn != end->conn)
		return NULL;
	if (held->to_client)
		return end->kind == LPC_KIND_SERVER ? held : NULL;
	return end->kind == LPC_KIND_CLIENT ? held : NULL;
}

/**
 * lpc_held_forget - an end is gone: nobody will answer, or nobody asks
 * @conn: locked
 */
void lpc_held_forget(struct lpc_conn *conn)
{
	struct lpc_held *held, *next;

	if (!conn->views)
		return;
	list_for_each_entry_safe(held, next, &conn->views->held, node)
		release(held);
}

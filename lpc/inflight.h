/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_INFLIGHT_H
#define _LPC_INFLIGHT_H

#include <linux/slab.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "message.h"
#include "port.h"
#include "watch.h"

struct lpc_call;
struct lpc_end;
struct lpc_io;
struct lpc_port;

/**
 * struct lpc_away - notices that a thread will not come back from a callback
 * @watch: on the thread
 * @port: a reference
 * @call: what to cancel, NULL when it is over; port->lock
 */
struct lpc_away {
	struct lpc_task_watch watch;
	struct lpc_port *port;
	struct lpc_call *call;
};

void lpc_call_fill(struct lpc_call *call, struct lpc_end *end,
		   const struct lpc_io *io, enum lpc_type type);
int lpc_call_need_notice(struct lpc_call *call);

void lpc_call_track(struct lpc_call *call);
void lpc_call_hold(struct lpc_call *call);
void lpc_call_put(struct lpc_call *call);
void lpc_call_post_ended(struct lpc_call *call);
void lpc_call_settle(struct lpc_call *call);
void lpc_call_end(struct lpc_call *call, enum lpc_call_state state, int error);
void lpc_call_abandon(struct lpc_call *call);
void lpc_call_open(struct lpc_call *call, u8 how);
void lpc_call_close(struct lpc_call *call);
void lpc_call_put_away(struct lpc_call *call);

struct lpc_away *lpc_away_new(struct lpc_port *port);
void lpc_away_free(struct lpc_away *away);
void lpc_away_watch(struct lpc_away *away, struct lpc_call *call);

int lpc_inflight_init(void);
void lpc_inflight_exit(void);

/**
 * lpc_call_over - is it in a final state?
 * @call: locked
 */
static inline bool lpc_call_over(const struct lpc_call *call)
{
	return call->state >= LPC_CALL_REPLIED;
}

/**
 * lpc_call_gone_error - what its caller gets when the peer is gone
 * @call: locked
 */
static inline int lpc_call_gone_error(const struct lpc_call *call)
{
	return call->taken ? -ECONNRESET : -EPIPE;
}

/**
 * lpc_call_take - memory for a message
 * @end: it will be sent on; keeps one to use again
 *
 * Return: NULL without memory.
 */
static inline struct lpc_call *lpc_call_take(struct lpc_end *end)
{
	struct lpc_call *call = xchg(&end->spare, NULL);

	return likely(call) ? call : lpc_call_alloc();
}

/**
 * lpc_call_recycle - leave memory of a message for the next
 * @call: the calling thread's alone, with nothing counted in it
 */
static inline void lpc_call_recycle(struct lpc_call *call)
{
	if (unlikely(call->buffers)) {
		kfree(call->buffers);
		call->buffers = NULL;
	}
	call = xchg(&call->from->spare, call);
	if (unlikely(call))
		lpc_call_destroy(call);
}

#endif /* _LPC_INFLIGHT_H */

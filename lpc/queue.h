/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_QUEUE_H
#define _LPC_QUEUE_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "identity.h"
#include "wait.h"

struct lpc_call;
struct lpc_end;

/**
 * struct lpc_queue - messages that wait for a receiver, or receivers that
 *	wait for a message; all guarded by @lock
 * @lock: the port's
 * @messages: calls that are QUEUED, oldest first
 * @receivers: parked threads, the most recently parked first
 * @poll: who polls for messages here
 * @seq: of the message sent last
 * @depth: messages
 * @peak: the most there ever were
 * @parked: receivers
 * @parked_peak: the most there ever were
 * @unattended: messages that found no receiver
 * @shut: nobody waits here any more: LPC_SHUT_RECEIVE
 *
 * No receiver is parked while a message is queued that its filter admits: it
 * is handed what fits its room and woken with EMSGSIZE for what does not.
 */
struct lpc_queue {
	spinlock_t *lock;	/* the port's: all of this */
	struct list_head messages;
	struct hlist_head receivers;
	wait_queue_head_t poll;
	u64 seq;
	u32 depth;
	u32 peak;
	u32 parked;
	u32 parked_peak;
	u64 unattended;
	bool shut;
};

/**
 * struct lpc_receiver - one thread that receives, on its stack
 * @node: in a queue's receivers while parked; the port's lock
 * @waiter: done when @call or @error is set
 * @end: what it came in by
 * @call: handed to it, a loan until the copy-out
 * @error: why it is to stop waiting
 * @need: with -EMSGSIZE, the payload that did not fit
 * @room: payload bytes it has room for
 * @listen: admits connection requests only
 * @reader: its namespaces
 * @shown: the sender of @call as they see it
 */
struct lpc_receiver {
	struct hlist_node node;
	struct lpc_waiter waiter;
	struct lpc_end *end;
	struct lpc_call *call;
	int error;
	u32 need;
	u32 room;
	bool listen;
	struct lpc_reader reader;
	struct lpc_shown shown;
};

void lpc_queue_init(struct lpc_queue *queue, spinlock_t *lock);
bool lpc_queue_attended(struct lpc_queue *queue, const struct lpc_call *call);
struct task_struct *lpc_queue_post(struct lpc_queue *queue,
				   struct lpc_call *call);
void lpc_queue_return(struct lpc_call *call);
void lpc_queue_remove(struct lpc_call *call);
int lpc_queue_take_first(struct lpc_queue *queue, struct lpc_receiver *rx);
void lpc_queue_leave(struct lpc_queue *queue, struct lpc_receiver *rx);
void lpc_queue_stop(struct lpc_queue *queue, const struct lpc_end *end,
		    int error);
void lpc_poll_wake(wait_queue_head_t *head, __poll_t events);
void lpc_queue_wake_pollers(struct lpc_queue *queue, __poll_t events);

/**
 * lpc_queue_take - receive without waiting
 * @queue: locked
 * @rx: of the calling thread, not parked
 *
 * Return: 0 with a loan in @rx->call; -EAGAIN; or -EMSGSIZE with @rx->need.
 */
static inline int lpc_queue_take(struct lpc_queue *queue,
				 struct lpc_receiver *rx)
{
	lockdep_assert_held(queue->lock);
	return list_empty(&queue->messages) ? -EAGAIN :
					      lpc_queue_take_first(queue, rx);
}

/**
 * lpc_queue_park - wait for a message
 * @queue: locked; lpc_queue_take() has just said -EAGAIN
 * @rx: of the calling thread
 */
static inline void lpc_queue_park(struct lpc_queue *queue,
				  struct lpc_receiver *rx)
{
	lockdep_assert_held(queue->lock);
	lpc_waiter_arm(&rx->waiter);
	hlist_add_head(&rx->node, &queue->receivers);
	if (++queue->parked > queue->parked_peak)
		queue->parked_peak = queue->parked;
}

#endif /* _LPC_QUEUE_H */

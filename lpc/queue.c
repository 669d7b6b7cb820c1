// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue pairs messages with receivers: first in, first out for messages,
 * the most recently parked first for receivers, whose stack and cache are
 * warm.
 *
 * To be HANDED is a loan. The receiver copies out with no lock held and then
 * says whether that worked; if not, the message goes back to the place its
 * number gives it and is offered to the next receiver at once.
 */
#include <linux/poll.h>

#include "message.h"
#include "queue.h"

/**
 * lpc_queue_init - an empty queue
 * @queue: to be made
 * @lock: what guards it
 */
void lpc_queue_init(struct lpc_queue *queue, spinlock_t *lock)
{
	queue->lock = lock;
	INIT_LIST_HEAD(&queue->messages);
	INIT_HLIST_HEAD(&queue->receivers);
	init_waitqueue_head(&queue->poll);
}

static bool admits(const struct lpc_receiver *rx, const struct lpc_call *call)
{
	return !rx->listen || call->type == LPC_CONNECTION_REQUEST;
}

static lpc_inline void hand(struct lpc_receiver *rx, struct lpc_call *call)
{
	call->state = LPC_CALL_HANDED;
	call->rx = rx;
	call->refs++;
	rx->call = call;
	lpc_ident_show(&call->sender, &rx->reader, &rx->shown);
}

static void unpark(struct lpc_queue *queue, struct lpc_receiver *rx)
{
	hlist_del(&rx->node);
	queue->parked--;
}

/**
 * lpc_poll_wake - tell who polls, if anybody does
 * @head: in an object of the port whose lock is held
 * @events: what to report
 */
void lpc_poll_wake(wait_queue_head_t *head, __poll_t events)
{
	/* A poller enters itself, then takes the lock to look at the state. */
	if (waitqueue_active(head)) {
		lpc_debug_wake_delay();
		wake_up_poll(head, events);
	}
}

/**
 * lpc_queue_wake_pollers - tell who polls for messages
 * @queue: locked
 * @events: what to report
 */
void lpc_queue_wake_pollers(struct lpc_queue *queue, __poll_t events)
{
	lockdep_assert_held(queue->lock);
	lpc_poll_wake(&queue->poll, events);
}

/**
 * lpc_queue_attended - is a receiver parked that would get this message?
 * @queue: locked
 * @call: not yet sent
 */
bool lpc_queue_attended(struct lpc_queue *queue, const struct lpc_call *call)
{
	struct lpc_receiver *rx;

	lockdep_assert_held(queue->lock);
	hlist_for_each_entry(rx, &queue->receivers, node)
		if (admits(rx, call) && call->len <= rx->room)
			return true;
	return false;
}

/* Nobody parked has room for this: who would admit it is told the need. */
static void refuse_small(struct lpc_queue *queue, const struct lpc_call *call)
{
	struct lpc_receiver *rx;
	struct hlist_node *next;

	hlist_for_each_entry_safe(rx, next, &queue->receivers, node) {
		if (!admits(rx, call))
			continue;
		unpark(queue, rx);
		rx->error = -EMSGSIZE;
		rx->need = call->len;
		lpc_waiter_wake(&rx->waiter);
	}
}

static void insert(struct lpc_queue *queue, struct lpc_call *call)
{
	struct lpc_call *before;

	call->state = LPC_CALL_QUEUED;
	list_for_each_entry_reverse(before, &queue->messages, node)
		if (before->seq < call->seq)
			break;
	list_add(&call->node, &before->node);
	if (++queue->depth > queue->peak)
		queue->peak = queue->depth;
}

static lpc_inline struct task_struct *offer(struct lpc_queue *queue,
					    struct lpc_call *call)
{
	struct lpc_receiver *rx;

	hlist_for_each_entry(rx, &queue->receivers, node) {
		if (!admits(rx, call) || call->len > rx->room)
			continue;
		unpark(queue, rx);
		hand(rx, call);
		return lpc_waiter_fire(&rx->waiter);
	}
	insert(queue, call);
	refuse_small(queue, call);
	lpc_queue_wake_pollers(queue, EPOLLIN | EPOLLRDNORM);
	return NULL;
}

/**
 * lpc_queue_post - send a message here
 * @queue: locked
 * @call: filled in, on no queue
 *
 * Return: a receiver's thread that has been handed it and is to be woken as
 * lpc_waiter_fire() says; or NULL, and the message is QUEUED.
 */
struct task_struct *lpc_queue_post(struct lpc_queue *queue,
				   struct lpc_call *call)
{
	struct task_struct *task;

	lockdep_assert_held(queue->lock);
	call->queue = queue;
	call->seq = ++queue->seq;
	if (call->unread)
		++*call->unread;
	task = offer(queue, call);
	if (!task)
		queue->unattended++;
	return task;
}

/**
 * lpc_queue_return - a loan failed: back to its old place, or to the next
 * @call: was HANDED to the calling thread and is settled; locked
 */
void lpc_queue_return(struct lpc_call *call)
{
	struct task_struct *task;

	lockdep_assert_held(call->queue->lock);
	if (call->unread)
		++*call->unread;
	task = offer(call->queue, call);
	if (task)
		wake_up_process(task);
}

static void unlink_message(struct lpc_call *call)
{
	list_del(&call->node);
	call->queue->depth--;
}

/**
 * lpc_queue_remove - take a QUEUED message out unreceived
 * @call: QUEUED; locked
 */
void lpc_queue_remove(struct lpc_call *call)
{
	lockdep_assert_held(call->queue->lock);
	unlink_message(call);
	if (call->unread)
		--*call->unread;
}

/**
 * lpc_queue_take_first - the first message that a receiver admits
 * @queue: locked
 * @rx: of the calling thread, not parked
 *
 * Return: as lpc_queue_take().
 */
int lpc_queue_take_first(struct lpc_queue *queue, struct lpc_receiver *rx)
{
	struct lpc_call *call;

	lockdep_assert_held(queue->lock);
	list_for_each_entry(call, &queue->messages, node) {
		if (!admits(rx, call))
			continue;
		if (call->len > rx->room) {
			rx->need = call->len;
			return -EMSGSIZE;
		}
		unlink_message(call);
		hand(rx, call);
		return 0;
	}
	return -EAGAIN;
}

/**
 * lpc_queue_leave - stop waiting
 * @queue: locked
 * @rx: parked and not done
 */
void lpc_queue_leave(struct lpc_queue *queue, struct lpc_receiver *rx)
{
	lockdep_assert_held(queue->lock);
	unpark(queue, rx);
}

/**
 * lpc_queue_stop - send parked receivers away
 * @queue: locked
 * @end: only those that came in by this end; NULL: all
 * @error: what they get
 */
void lpc_queue_stop(struct lpc_queue *queue, const struct lpc_end *end,
		    int error)
{
	struct lpc_receiver *rx;
	struct hlist_node *next;

	lockdep_assert_held(queue->lock);
	hlist_for_each_entry_safe(rx, next, &queue->receivers, node) {
		if (end && rx->end != end)
			continue;
		unpark(queue, rx);
		rx->error = error;
		lpc_waiter_wake(&rx->waiter);
	}
}

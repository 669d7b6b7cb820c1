// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: two latches and the threads that sleep for them.
 *
 * A word of the page is all that user space needs while both sides are awake.
 * It lies in memory that both of them write as they please, so nothing is
 * decided by it here but whether an event is set: one access that cannot fail,
 * through the kernel's own address, and never a loop. Who sleeps, who has left
 * and who is to be woken is known by the lists alone.
 *
 * Why no wake-up is lost: LPC_EVENT_ASLEEP is written by the same xchg that
 * looks for LPC_EVENT_IS_SET, and user space sets by an atomic that returns the
 * old word. Of the two one comes first in the word's own order: either the
 * waiter sees the event or the setter sees the sleeper and comes here, where
 * both hold the lock. ASLEEP is taken away only by a set that wakes the last
 * sleeper, or together with latching the event where nobody sleeps: whoever has
 * marked the word and is on its way here is not stranded. models/event.pml.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>

#include "evpair.h"
#include "message.h"

#define EVENT_HALVES	(LPC_EVENT_LOW | LPC_EVENT_HIGH)
#define EVENT_FLAGS	(LPC_DONTWAIT | LPC_EVENT_WAS_SET | LPC_EVENT_READ)

/**
 * struct lpc_evwait - a thread that sleeps for an event
 * @node: in the pair's waiters; pair->lock
 * @waiter: done says LPC_DONE_FINAL, and all this is its thread's again
 * @error: 0 for the event, -EPIPE; written before done
 */
struct lpc_evwait {
	struct list_head node;
	struct lpc_waiter waiter;
	int error;
};

/* The end that waits for this event is the one that polls for it. */
static struct lpc_evend *polling_end(struct lpc_evpair *pair,
				     enum lpc_half half)
{
	return &pair->end[lpc_other_half(half)];
}

/* A poller enters itself, then takes the lock, marks the word and looks. */
static bool is_polled(struct lpc_evpair *pair, enum lpc_half half)
{
	/* The lock is between its entry and this, see above. */
	return waitqueue_active(&polling_end(pair, half)->poll);
}

static void wake_pollers(struct lpc_evend *end, __poll_t events)
{
	/* As in is_polled() */
	if (waitqueue_active(&end->poll))
		wake_up_poll(&end->poll, events);
}

/*
 * The thread may be gone as soon as this is done. Its task is good as long as
 * the lock is held, or an rcu_read_lock() that was entered under it.
 */
static struct task_struct *waiter_done(struct lpc_evwait *wait, int error)
{
	struct task_struct *task = wait->waiter.task;

	list_del(&wait->node);
	wait->error = error;
	/* Pairs with the acquire in lpc_wait(): the error is visible. */
	smp_store_release(&wait->waiter.done, LPC_DONE_FINAL);
	return task;
}

static struct task_struct *hand_to_first(struct lpc_evpair *pair,
					 enum lpc_half half)
{
	struct list_head *waiters = &pair->waiters[half];

	/* Before the sleeper knows: what it marks after that stays. */
	if (list_is_singular(waiters) && !is_polled(pair, half))
		atomic_andnot(LPC_EVENT_ASLEEP, pair->word[half]);
	return waiter_done(list_first_entry(waiters, struct lpc_evwait, node),
			   0);
}

/*
 * Nobody sleeps for it: it stays in the word. One that was set there may have
 * been used up since by a thread that marks the word anew right now: then the
 * mark is not ours to take away.
 */
static void latch(struct lpc_evpair *pair, enum lpc_half half, bool was_set)
{
	atomic_t *word = pair->word[half];

	if (is_polled(pair, half)) {
		if (!was_set)
			atomic_or(LPC_EVENT_IS_SET, word);
		wake_pollers(polling_end(pair, half), EPOLLIN | EPOLLRDNORM);
	} else if (!was_set) {
		atomic_xchg(word, LPC_EVENT_IS_SET);
	}
}

/*
 * With @was_set user space has set it and found somebody asleep. What is in the
 * word may have been used up since by a thread that was awake.
 *
 * Return: the thread that has got the event, to be woken; or NULL.
 */
static struct task_struct *set_half(struct lpc_evpair *pair,
				    enum lpc_half half, bool was_set)
{
	if (list_empty(&pair->waiters[half])) {
		latch(pair, half, was_set);
		return NULL;
	}
	if (was_set && !(atomic_xchg(pair->word[half], LPC_EVENT_ASLEEP) &
			 LPC_EVENT_IS_SET))
		return NULL;
	return hand_to_first(pair, half);
}

static struct task_struct *set_halves(struct lpc_evpair *pair, u32 halves,
				      bool was_set)
{
	struct task_struct *task = NULL;
	enum lpc_half half;

	for (half = 0; half < LPC_HALVES; half++) {
		if (!(halves & BIT(half)))
			continue;
		if (task)
			wake_up_process(task);
		task = set_half(pair, half, was_set);
	}
	return task;
}

static u32 read_halves(struct lpc_evpair *pair)
{
	enum lpc_half half;
	u32 state = 0;

	for (half = 0; half < LPC_HALVES; half++)
		if (atomic_read(pair->word[half]) & LPC_EVENT_IS_SET)
			state |= BIT(half);
	return state;
}

static void reset_halves(struct lpc_evpair *pair, u32 halves)
{
	enum lpc_half half;

	for (half = 0; half < LPC_HALVES; half++)
		if (halves & BIT(half))
			atomic_andnot(LPC_EVENT_IS_SET, pair->word[half]);
}

/*
 * Return: 0 when the event was set and is used up; -EINPROGRESS when the thread
 * is to sleep; -EAGAIN, -EPIPE.
 */
static int wait_start(struct lpc_evend *end, enum lpc_half half,
		      struct lpc_evwait *wait, bool nonblock)
{
	struct lpc_evpair *pair = end->pair;
	atomic_t *word = pair->word[half];

	if (nonblock && !(atomic_read(word) & LPC_EVENT_IS_SET))
		return lpc_evend_alone(end) ? -EPIPE : -EAGAIN;
	if (atomic_xchg(word, LPC_EVENT_ASLEEP) & LPC_EVENT_IS_SET)
		return 0;
	if (lpc_evend_alone(end))
		return -EPIPE;
	if (nonblock)
		return -EAGAIN;
	lpc_waiter_arm(&wait->waiter);
	list_add_tail(&wait->node, &pair->waiters[half]);
	return -EINPROGRESS;
}

static int wait_finish(struct lpc_evpair *pair, struct lpc_evwait *wait,
		       u64 deadline, struct lpc_turn *turn)
{
	int ret = lpc_wait(&wait->waiter, deadline, turn, NULL);

	if (likely(!ret))
		return wait->error;
	spin_lock(&pair->lock);
	if (wait->waiter.done)
		ret = wait->error;
	else
		list_del(&wait->node);
	spin_unlock(&pair->lock);
	return ret;
}

/*
 * Unlock and wake. If this thread is about to sleep the other goes on where it
 * stops: one scheduling act.
 */
static bool unlock_wake(struct lpc_evpair *pair, struct task_struct *task,
			bool sleeps)
	__releases(&pair->lock)
{
	bool here = false;

	if (!task) {
		spin_unlock(&pair->lock);
		return false;
	}
	if (sleeps && lpc_is_awake(task)) {
		here = lpc_is_here(task);
		spin_unlock(&pair->lock);
		return here;
	}
	/* Entered under the lock: the task cannot be freed before it ends. */
	rcu_read_lock();
	spin_unlock(&pair->lock);
	if (sleeps)
		here = lpc_wake_handoff(task);
	else
		wake_up_process(task);
	rcu_read_unlock();
	return here;
}

static int event_check(const struct lpc_event *args)
{
	if (args->flags & ~EVENT_FLAGS || args->reserved ||
	    (args->set | args->reset) & ~EVENT_HALVES ||
	    args->wait > LPC_EVENT_HIGH)
		return -EINVAL;
	return 0;
}

/**
 * lpc_evend_event - EVENT: read, reset, set, wait
 * @end: of a pair
 * @args: of the ioctl; what took effect has been cleared when this returns
 * @nonblock: as LPC_DONTWAIT
 */
int lpc_evend_event(struct lpc_evend *end, struct lpc_event *args,
		    bool nonblock)
{
	struct lpc_evpair *pair = end->pair;
	struct task_struct *task = NULL;
	struct lpc_evwait wait;
	int ret = 0;
	bool here;

	if (event_check(args))
		return -EINVAL;

	spin_lock(&pair->lock);
	if (args->flags & LPC_EVENT_READ)
		args->state = read_halves(pair);
	if (args->set && lpc_evend_alone(end)) {
		spin_unlock(&pair->lock);
		return -EPIPE;
	}
	if (args->reset)
		reset_halves(pair, args->reset);
	if (args->set)
		task = set_halves(pair, args->set,
				  args->flags & LPC_EVENT_WAS_SET);
	args->reset = 0;
	args->set = 0;
	if (args->wait)
		ret = wait_start(end, args->wait >> 1, &wait,
				 nonblock || args->flags & LPC_DONTWAIT);
	here = unlock_wake(pair, task, ret == -EINPROGRESS);
	if (ret != -EINPROGRESS)
		return ret;
	return wait_finish(pair, &wait, lpc_deadline_in(args->deadline),
			   here ? &end->turn : NULL);
}

/**
 * lpc_evend_poll - poll of an end
 * @end: the file's
 * @file: the file
 * @wait: from the VFS
 *
 * The word is marked, and stays so as long as somebody polls: each set comes
 * into the kernel, and what waiting costs is what is ready, not what exists.
 * Mark and look need no barrier between them, they are of one word.
 */
__poll_t lpc_evend_poll(struct lpc_evend *end, struct file *file,
			poll_table *wait)
{
	struct lpc_evpair *pair = end->pair;
	enum lpc_half half = lpc_other_half(end->half);
	atomic_t *word = pair->word[half];
	__poll_t events = 0;

	poll_wait(file, &end->poll, wait);
	spin_lock(&pair->lock);
	atomic_or(LPC_EVENT_ASLEEP, word);
	if (atomic_read(word) & LPC_EVENT_IS_SET)
		events |= EPOLLIN | EPOLLRDNORM;
	if (lpc_evend_alone(end))
		events |= EPOLLHUP;
	spin_unlock(&pair->lock);
	return events;
}

/*
 * Nobody will set an event any more for who sleeps. A last one may be in the
 * word: its setter died on the way here.
 */
static void fail_waiters(struct lpc_evpair *pair, enum lpc_half half)
{
	struct lpc_evwait *wait, *next;
	struct task_struct *task;

	lockdep_assert_held(&pair->lock);
	if (!list_empty(&pair->waiters[half])) {
		task = set_half(pair, half, true);
		if (task)
			wake_up_process(task);
	}
	list_for_each_entry_safe(wait, next, &pair->waiters[half], node)
		wake_up_process(waiter_done(wait, -EPIPE));
}

static void leave(struct lpc_evpair *pair)
{
	fail_waiters(pair, LPC_HALF_LOW);
	fail_waiters(pair, LPC_HALF_HIGH);
	wake_pollers(&pair->end[LPC_HALF_LOW], EPOLLHUP);
	wake_pollers(&pair->end[LPC_HALF_HIGH], EPOLLHUP);
}

/**
 * lpc_evpair_over - what it belonged to has ended
 * @pair: its waiters and pollers at both ends are told
 */
void lpc_evpair_over(struct lpc_evpair *pair)
{
	spin_lock(&pair->lock);
	pair->over = true;
	leave(pair);
	spin_unlock(&pair->lock);
}

/**
 * lpc_evend_close - the last fd of an end is closed
 * @end: the file's reference of the pair is given back
 */
void lpc_evend_close(struct lpc_evend *end)
{
	struct lpc_evpair *pair = end->pair;

	spin_lock(&pair->lock);
	end->closed = true;
	/* Who waits or polls does so by the other end. */
	leave(pair);
	spin_unlock(&pair->lock);
	if (pair->owner)
		pair->owner->closed(pair->owner, end);
	lpc_evpair_put(pair);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_WAIT_H
#define _LPC_WAIT_H

#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

/* lpc_waiter.done: look under the lock; or: it is all yours, without it. */
#define LPC_DONE_LOOK	1
#define LPC_DONE_FINAL	2

/**
 * struct lpc_waiter - one thread that sleeps until another says it is done
 * @task: the thread, NULL while none waits; port->lock
 * @done: LPC_DONE_*, 0 while there is nothing; set under port->lock, read by
 *	the sleeper with acquire
 */
struct lpc_waiter {
	struct task_struct *task;
	int done;
};

/**
 * struct lpc_spin - how long polling before sleeping has been worth it
 * @budget: nanoseconds to try next, 0 before the first time; racy on purpose, a
 *	hint and no more, both
 * @vain: times that nothing came
 */
struct lpc_spin {
	u32 budget;
	u32 vain;
};

/**
 * struct lpc_turn - whether giving the CPU away before sleeping has been worth it
 * @wasted: times in a row that the scheduler gave it right back
 * @skip: how many more hand-overs go to sleep at once
 * @insist: how many more ask the scheduler to pass over this thread
 *
 * Racy on purpose, a hint and no more.
 */
struct lpc_turn {
	u8 wasted;
	u8 skip;
	u8 insist;
};

#ifdef LPC_DEBUG
void lpc_debug_wake_delay(void);
#else
static inline void lpc_debug_wake_delay(void) { }
#endif
bool lpc_wake_handoff(struct task_struct *task);
void lpc_give_way(const struct lpc_waiter *waiter, struct lpc_turn *turn);
int lpc_sleep(struct lpc_waiter *waiter, u64 deadline, struct lpc_spin *spin);
int lpc_wait_over(u64 deadline);

/**
 * lpc_waiter_arm - get ready to sleep
 * @waiter: of the calling thread; port->lock is held, or nobody sees it yet
 */
static inline void lpc_waiter_arm(struct lpc_waiter *waiter)
{
	waiter->task = current;
	waiter->done = 0;
}

/**
 * lpc_deadline_past - has this moment come?
 * @deadline: CLOCK_MONOTONIC nanoseconds of the kernel; LPC_FOREVER: never
 */
static inline bool lpc_deadline_past(u64 deadline)
{
	return deadline != LPC_FOREVER && ktime_get_ns() >= deadline;
}

/**
 * lpc_wait - sleep until done, a signal or the deadline
 * @waiter: armed by this thread
 * @deadline: CLOCK_MONOTONIC nanoseconds, LPC_FOREVER for none
 * @turn: a partner was just woken onto this CPU: give it away before going to
 *	sleep. If the answer comes back at once, this thread was runnable all
 *	along, and neither side pays for a sleep and a second wake-up. NULL: not.
 * @spin: without that, poll first, as long as that has been worth it; or NULL
 *
 * No lock is held. Whatever this returns, the caller takes port->lock and
 * looks at the state before it acts on it: being done wins.
 *
 * Return: 0 when done, -ERESTARTSYS on a signal, -ETIMEDOUT.
 */
static inline int lpc_wait(struct lpc_waiter *waiter, u64 deadline,
			   struct lpc_turn *turn, struct lpc_spin *spin)
{
	if (!turn)
		return lpc_sleep(waiter, deadline, spin);
	lpc_give_way(waiter, turn);
	/* Pairs with the release in lpc_waiter_fire(). */
	if (likely(smp_load_acquire(&waiter->done)))
		return 0;
	return lpc_sleep(waiter, deadline, NULL);
}

/**
 * lpc_waiter_fire - mark a waiter done and say whom to wake
 * @waiter: to be marked; port->lock is held
 *
 * The task may be woken under that lock, or inside an rcu_read_lock() entered
 * before the lock is dropped, and not otherwise: task_struct is freed by RCU
 * and no count is taken. After the unlock the waiter's memory is its thread's
 * again.
 *
 * Return: the thread to wake, or NULL.
 */
static inline struct task_struct *lpc_waiter_fire(struct lpc_waiter *waiter)
{
	struct task_struct *task = waiter->task;

	/* Pairs with the acquire in lpc_wait(): what is done is visible. */
	smp_store_release(&waiter->done, LPC_DONE_LOOK);
	return task;
}

/**
 * lpc_waiter_wake - mark a waiter done and wake its thread, off the fast path
 * @waiter: to be woken; port->lock is held, so the thread cannot leave
 */
static inline void lpc_waiter_wake(struct lpc_waiter *waiter)
{
	struct task_struct *task = lpc_waiter_fire(waiter);

	if (task)
		wake_up_process(task);
}

#endif /* _LPC_WAIT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_WAIT_H
#define _LPC_WAIT_H

#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/smp.h>
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
void lpc_kept(const struct lpc_waiter *waiter, struct lpc_turn *turn);
void lpc_give_way_odd(const struct lpc_waiter *waiter, struct lpc_turn *turn);
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
 * lpc_is_awake - is a thread that was told just now still running?
 * @task: of a waiter that was fired; the lock under which is still held. For RCU that
 *	is a reader, so @task is not freed, though it may be on its way out.
 *
 * If so it gave the CPU away in lpc_wait() and has not gone to sleep: then there is
 * nothing to wake, and the scheduler's locks are left alone. It looks at done once
 * more before it sleeps. With PREEMPT_RT a thread that is given a lock runs, too,
 * and then goes on with what it was about to do: only the scheduler knows.
 */
static inline bool lpc_is_awake(struct task_struct *task)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	/* Pairs with set_current_state() in lpc_sleep(): done, then the state. */
	smp_mb();
	return task_is_running(task);
}

/**
 * lpc_is_here - will this thread run as soon as this CPU is given away?
 * @task: as lpc_is_awake(), or protected by rcu_read_lock()
 */
static inline bool lpc_is_here(const struct task_struct *task)
{
	return task_cpu(task) == raw_smp_processor_id();
}

/**
 * lpc_deadline_past - has this moment come?
 * @deadline: CLOCK_MONOTONIC nanoseconds of the kernel; LPC_FOREVER: never
 */
static inline bool lpc_deadline_past(u64 deadline)
{
	return deadline != LPC_FOREVER && ktime_get_ns() >= deadline;
}

/* How often the CPU was taken from this thread while it could run. */
static inline unsigned long lpc_switches(void)
{
	/* The scheduler counts it, on this CPU; one more or less is a wrong hint. */
	return data_race(current->nivcsw);
}

/**
 * lpc_give_way - give the CPU away while runnable
 * @waiter: of this thread, armed
 * @turn: how that went before
 *
 * A scheduler that owes this thread more of it than the partner gives it right
 * back: that is some 400 instructions for nothing. Where the scheduler can be asked
 * to pass over this thread, it is, that time and the next few. What it was asked
 * stands until this thread has its turn, so the partner has to ask, too; both pay.
 * Every so often each tries without. A realtime thread would lose its place by
 * asking, and one with a deadline all that it has left of its time.
 *
 * If this thread is owed too much for that, a second waste in a row is the sign;
 * then the next few go to sleep at once, and twice as many after each further one.
 */
static inline void lpc_give_way(const struct lpc_waiter *waiter,
				struct lpc_turn *turn)
{
	unsigned long switches;

	if (unlikely(READ_ONCE(turn->skip) || READ_ONCE(turn->insist))) {
		lpc_give_way_odd(waiter, turn);
		return;
	}
	switches = lpc_switches();
	schedule();
	if (unlikely(lpc_switches() == switches))
		lpc_kept(waiter, turn);
	else if (unlikely(READ_ONCE(turn->wasted)))
		WRITE_ONCE(turn->wasted, 0);
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

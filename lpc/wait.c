// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping and waking. Nobody but this and wait.h calls the scheduler.
 *
 * Every sleep is interruptible and freezable, so stop, ptrace, the cgroup
 * freezer and suspend take hold of it; what a signal then means is decided by
 * the caller under port->lock. A wake-up that meets a frozen task is lost on
 * 6.1 and replaced by the thaw's own, so the loop looks at everything again
 * after each wake-up.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/wait.h>

#include "compat.h"
#include "limits.h"
#include "wait.h"

#define LPC_WASTED_MAX	5u	/* then 30 go to sleep before it is tried again */
#define LPC_INSIST	63u	/* times until it is tried without again */

#ifdef LPC_DEBUG
static unsigned int lpc_debug_wake_delay_us;
module_param_named(debug_wake_delay_us, lpc_debug_wake_delay_us, uint, 0600);
MODULE_PARM_DESC(debug_wake_delay_us, "Microseconds between picking a thread and waking it");

/* wake-ups held up so far; a hint that races, for a test with one waker */
static unsigned int lpc_debug_wake_delays;
module_param_named(debug_wake_delays, lpc_debug_wake_delays, uint, 0400);
MODULE_PARM_DESC(debug_wake_delays, "Wake-ups that were held up so far");

/**
 * lpc_debug_wake_delay - give a thread that was picked time to die
 *
 * Called between the decision whom to wake and the wake-up. At most 20 ms:
 * long enough for the thread to be reaped and for RCU to free what it may; no
 * longer than the parameter says at each moment, so who has seen the thread
 * reaped lets the waker go on. By the clock that user space reads: udelay() is
 * shorter in a VM.
 */
void lpc_debug_wake_delay(void)
{
	u64 begin = ktime_get_ns();
	u32 us = READ_ONCE(lpc_debug_wake_delay_us);

	if (!us)
		return;
	WRITE_ONCE(lpc_debug_wake_delays, READ_ONCE(lpc_debug_wake_delays) + 1);
	while (ktime_get_ns() - begin < min(us, 20000u) * (u64)NSEC_PER_USEC) {
		cpu_relax();
		us = READ_ONCE(lpc_debug_wake_delay_us);
	}
}
#endif

/**
 * lpc_wake_handoff - wake a thread that is to go on where this one stops
 * @task: the thread, protected by the caller's rcu_read_lock(); not
 *	lpc_is_awake()
 *
 * For a waker that is about to sleep in the same ioctl. The scheduler is
 * asked to put @task on this CPU.
 *
 * Return: true if it is there, so that giving the CPU away runs it.
 */
bool lpc_wake_handoff(struct task_struct *task)
{
	struct wait_queue_entry entry = { .private = task };

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "task may be freed");
	default_wake_function(&entry, TASK_NORMAL, LPC_WF_HANDOFF, NULL);
	return lpc_is_here(task);
}

/**
 * lpc_wait_over - is there a reason to wait no longer, though something came?
 * @deadline: CLOCK_MONOTONIC nanoseconds of the kernel, LPC_FOREVER for none
 *
 * Return: 0, -ERESTARTSYS, -ETIMEDOUT, as lpc_wait().
 */
int lpc_wait_over(u64 deadline)
{
	if (signal_pending(current))
		return -ERESTARTSYS;
	return lpc_deadline_past(deadline) ? -ETIMEDOUT : 0;
}

/*
 * Poll for a bounded time while the partner runs on another CPU. The budget
 * doubles when polling was worth it and halves when it was not; but each
 * LPC_SPIN_PROBE-th time in vain it is all of it once more. For a partner that
 * has to wake up first takes long, and is then awake for what comes next: two
 * that both go to sleep too early would never find out. A realtime thread does
 * not poll: who it waits for may need its CPU.
 */
static bool lpc_spin(struct lpc_waiter *waiter, struct lpc_spin *spin)
{
	u32 budget = READ_ONCE(spin->budget) ?: LPC_SPIN_MAX_NS;
	u64 end = ktime_get_ns() + budget;
	bool done;

	do {
		/* Pairs with the release in lpc_waiter_fire(). */
		done = smp_load_acquire(&waiter->done);
		if (done || lpc_should_resched() || signal_pending(current))
			break;
		cpu_relax();
	} while (ktime_get_ns() < end);

	if (done) {
		budget = min(budget * 2, LPC_SPIN_MAX_NS);
	} else {
		u32 vain = READ_ONCE(spin->vain) + 1;

		WRITE_ONCE(spin->vain, vain);
		budget = vain % LPC_SPIN_PROBE ?
			 max(budget / 2, LPC_SPIN_MIN_NS) : LPC_SPIN_MAX_NS;
	}
	WRITE_ONCE(spin->budget, budget);
	return done;
}

/* No thread with a realtime priority or a deadline, nor one that is lent such. */
static bool is_ordinary(void)
{
	return current->prio >= MAX_RT_PRIO;
}

/* Give the CPU away while runnable. Return: somebody has taken it. */
static bool passed_on(bool insist)
{
	unsigned long switches = lpc_switches();

	if (insist)
		lpc_yield();
	else
		schedule();
	return lpc_switches() != switches;
}

/* The scheduler has given it right back, though nothing has come meanwhile. */
static void wasted(struct lpc_turn *turn)
{
	unsigned int times = min(READ_ONCE(turn->wasted) + 1u, LPC_WASTED_MAX);

	WRITE_ONCE(turn->wasted, times);
	WRITE_ONCE(turn->skip, BIT(times) - 2);
}

/**
 * lpc_kept - what lpc_give_way() does when the scheduler gave it right back
 * @waiter: of this thread, armed
 * @turn: how that went before
 */
void lpc_kept(const struct lpc_waiter *waiter, struct lpc_turn *turn)
{
	/* The partner may have gone on elsewhere. */
	if (unlikely(READ_ONCE(waiter->done)))
		return;
	if (LPC_CAN_YIELD && is_ordinary()) {
		WRITE_ONCE(turn->insist, LPC_INSIST);
		if (passed_on(true)) {
			WRITE_ONCE(turn->wasted, 0);
			return;
		}
	}
	wasted(turn);
}

/**
 * lpc_give_way_odd - what lpc_give_way() does after it was given right back
 * @waiter: of this thread, armed
 * @turn: says to go to sleep at once, or to insist
 */
void lpc_give_way_odd(const struct lpc_waiter *waiter, struct lpc_turn *turn)
{
	u8 skip = READ_ONCE(turn->skip), insist = READ_ONCE(turn->insist);
	bool can_insist = LPC_CAN_YIELD && is_ordinary();

	if (skip) {
		WRITE_ONCE(turn->skip, skip - 1);
		return;
	}
	if (can_insist && insist)
		WRITE_ONCE(turn->insist, insist - 1);
	if (passed_on(can_insist))
		WRITE_ONCE(turn->wasted, 0);
	else if (!READ_ONCE(waiter->done))
		wasted(turn);
}

/**
 * lpc_sleep - the rest of lpc_wait()
 * @waiter: armed by this thread
 * @deadline: CLOCK_MONOTONIC nanoseconds, LPC_FOREVER for none
 * @spin: poll first, as long as that has been worth it; or NULL
 *
 * Return: 0 when done, -ERESTARTSYS on a signal, -ETIMEDOUT.
 */
int lpc_sleep(struct lpc_waiter *waiter, u64 deadline, struct lpc_spin *spin)
{
	ktime_t expires;
	int ret = 0;

	if (spin && num_online_cpus() > 1 && is_ordinary() &&
	    lpc_spin(waiter, spin))
		return 0;

	expires = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		/* Pairs with the release in lpc_waiter_fire(). */
		if (smp_load_acquire(&waiter->done))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (deadline == LPC_FOREVER) {
			schedule();
		} else if (!schedule_hrtimeout_range(&expires, 0,
						     HRTIMER_MODE_ABS)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

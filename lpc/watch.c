// SPDX-License-Identifier: GPL-2.0-only
/*
 * The death of a thread, seen by probes on the scheduler's tracepoints. They
 * fire for every thread of the machine, so they leave at once while nothing
 * is watched; they run with preemption off on older kernels, so they take a
 * raw lock only, and what there is to do is done by a work item.
 */
#include <linux/atomic.h>
#include <linux/binfmts.h>
#include <linux/hash.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "cover.h"
#include "watch.h"

#define LPC_WATCH_BITS 8

static struct hlist_head lpc_watches[1 << LPC_WATCH_BITS];
static DEFINE_RAW_SPINLOCK(lpc_watch_lock);
static atomic_t lpc_watch_count;
static LLIST_HEAD(lpc_watch_dead);
static DEFINE_MUTEX(lpc_watch_draining);
static struct tracepoint *lpc_tp_exit;
static struct tracepoint *lpc_tp_exec;

static struct hlist_head *bucket(const struct task_struct *task)
{
	return &lpc_watches[hash_ptr(task, LPC_WATCH_BITS)];
}

/**
 * lpc_watch_drain - handle every death noticed so far
 *
 * An end's release calls this first, so that CLIENT_DIED comes before
 * PORT_CLOSED. Process context, no lock held.
 */
void lpc_watch_drain(void)
{
	struct lpc_task_watch *watch, *next;
	struct llist_node *dead;

	mutex_lock(&lpc_watch_draining);
	dead = llist_reverse_order(llist_del_all(&lpc_watch_dead));
	llist_for_each_entry_safe(watch, next, dead, dead)
		watch->died(watch);
	mutex_unlock(&lpc_watch_draining);
}

static void drain_work(struct work_struct *work)
{
	lpc_cover_begin();
	lpc_watch_drain();
	lpc_cover_end();
}

static DECLARE_WORK(lpc_watch_work, drain_work);

static void thread_gone(struct task_struct *task)
{
	struct lpc_task_watch *watch;
	struct hlist_node *next;
	bool found = false;

	if (!atomic_read(&lpc_watch_count))
		return;
	raw_spin_lock(&lpc_watch_lock);
	hlist_for_each_entry_safe(watch, next, bucket(task), node) {
		if (watch->task != task)
			continue;
		hlist_del_init(&watch->node);
		atomic_dec(&lpc_watch_count);
		llist_add(&watch->dead, &lpc_watch_dead);
		found = true;
	}
	raw_spin_unlock(&lpc_watch_lock);
	if (found)
		schedule_work(&lpc_watch_work);
}

/* Newer kernels pass one more argument, which the ABI lets us ignore. */
static void probe_exit(void *data, struct task_struct *task)
{
	thread_gone(task);
}

static void probe_exec(void *data, struct task_struct *task, pid_t old_pid,
		       struct linux_binprm *bprm)
{
	thread_gone(task);
}

/**
 * lpc_watch_add - watch the calling thread
 * @watch: to be told
 * @died: what to call
 */
void lpc_watch_add(struct lpc_task_watch *watch,
		   void (*died)(struct lpc_task_watch *watch))
{
	watch->task = current;
	watch->died = died;
	raw_spin_lock(&lpc_watch_lock);
	hlist_add_head(&watch->node, bucket(current));
	atomic_inc(&lpc_watch_count);
	raw_spin_unlock(&lpc_watch_lock);
}

/**
 * lpc_watch_del - stop watching
 * @watch: added before
 *
 * Return: true if it is the caller's again; false if the thread is gone and
 * died() has run, runs or will run.
 */
bool lpc_watch_del(struct lpc_task_watch *watch)
{
	bool watching;

	raw_spin_lock(&lpc_watch_lock);
	watching = !hlist_unhashed(&watch->node);
	if (watching) {
		hlist_del_init(&watch->node);
		atomic_dec(&lpc_watch_count);
	}
	raw_spin_unlock(&lpc_watch_lock);
	return watching;
}

/**
 * lpc_watch_works - does this kernel tell of threads that exit?
 */
bool lpc_watch_works(void)
{
	return lpc_tp_exit && lpc_tp_exec;
}

static void find_tracepoint(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_process_exit"))
		lpc_tp_exit = tp;
	else if (!strcmp(tp->name, "sched_process_exec"))
		lpc_tp_exec = tp;
}

/**
 * lpc_watch_init - put the probes in place, where there are tracepoints
 */
int lpc_watch_init(void)
{
	int ret;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	if (!lpc_watch_works())
		return 0;
	ret = tracepoint_probe_register(lpc_tp_exit, probe_exit, NULL);
	if (ret)
		return ret;
	ret = tracepoint_probe_register(lpc_tp_exec, probe_exec, NULL);
	if (ret)
		tracepoint_probe_unregister(lpc_tp_exit, probe_exit, NULL);
	return ret;
}

/**
 * lpc_watch_exit - undo lpc_watch_init(); no watch is left
 */
void lpc_watch_exit(void)
{
	if (lpc_watch_works()) {
		tracepoint_probe_unregister(lpc_tp_exec, probe_exec, NULL);
		tracepoint_probe_unregister(lpc_tp_exit, probe_exit, NULL);
		tracepoint_synchronize_unregister();
	}
	flush_work(&lpc_watch_work);
	WARN_ON(atomic_read(&lpc_watch_count));
}

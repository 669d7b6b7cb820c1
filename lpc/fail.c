// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation, every copy and every file descriptor fails once, in each
 * ioctl of whatever program: only in a debug build, on a kernel with fault
 * injection, and only when asked (debug_fail).
 *
 * An ioctl is tried with the first thing in it that can fail failing, then with
 * the second, and so on until nothing failed; that one counts. After each
 * failure the caller's argument is put back and the system call is started
 * anew, by way of user space, so all that a failed one leaves to the return from
 * the system call is done by then. The program notices nothing: what failed must
 * have left no trace, or the program's own assertions fail.
 *
 * From where another thread can see what an ioctl has done (lpc_fail_seen()) a
 * failure is no secret any more. With debug_fail=1 nothing fails from there on;
 * with debug_fail=2 and more nothing fails but what is there, in every third ioctl
 * of a kind, so that programs get beyond their first, and the program is told.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/thread_info.h>
#include <linux/uaccess.h>

#include "fail.h"

#define NEVER		BIT(30)	/* more than anything has points */
#define NUMBERS		64		/* of ioctls */
#define SAVED_MAX	1024u		/* no argument of ours is longer */

static uint lpc_debug_fail;
module_param_named(debug_fail, lpc_debug_fail, uint, 0600);
MODULE_PARM_DESC(debug_fail, "1: each thing that can fail does, unseen; n > 1: the (n - 1)th behind that");

/* How an ioctl ended in which something failed. */
enum outcome {
	NO_MEMORY,
	BAD_COPY,
	NO_FD,
	OTHERWISE,	/* as if nothing had failed, or by another error */
	OUTCOMES,
};

static atomic_t lpc_fail_count[NUMBERS][OUTCOMES];

/* Those that others could see, with debug_fail=2 and more. */
static atomic_t lpc_fail_turn[NUMBERS];

/* Where to begin: behind what an ioctl did without. A hint, nothing more. */
static u32 lpc_fail_skip[NUMBERS];

/**
 * struct attempt - an ioctl that runs, or is to be tried again
 * @node: in lpc_fail_list; lpc_fail_lock
 * @task: its thread; only compared
 * @start: the thread's start, for its address may be another's by now
 * @sp: where its stack stood: a signal handler's ioctl is another one
 * @cmd: of the ioctl
 * @arg: of the ioctl
 * @nth: what is to fail next
 * @size: bytes of @saved; 0: the argument cannot be read and written
 * @runs: its thread is in it
 * @shown: others may know of it; its thread's
 * @spared: and it did without what had failed; likewise
 * @saved: the argument
 */
struct attempt {
	struct list_head node;
	struct task_struct *task;
	u64 start;
	unsigned long sp;
	unsigned int cmd;
	unsigned long arg;
	u32 nth;
	u32 size;
	bool runs;
	bool shown;
	bool spared;
	u8 saved[];
};

static LIST_HEAD(lpc_fail_list);
static DEFINE_SPINLOCK(lpc_fail_lock);

static bool is_mine(const struct attempt *a)
{
	return a->task == current && a->start == current->start_time;
}

/* The one that is to be tried again now. */
static struct attempt *attempt_find(unsigned int cmd, unsigned long arg)
{
	unsigned long sp = user_stack_pointer(current_pt_regs());
	struct attempt *a;

	spin_lock(&lpc_fail_lock);
	list_for_each_entry(a, &lpc_fail_list, node) {
		if (is_mine(a) && !a->runs && a->sp == sp && a->cmd == cmd &&
		    a->arg == arg) {
			a->runs = true;
			spin_unlock(&lpc_fail_lock);
			return a;
		}
	}
	spin_unlock(&lpc_fail_lock);
	return NULL;
}

static struct attempt *attempt_new(unsigned int cmd, unsigned long arg)
{
	u32 size = min_t(u32, _IOC_SIZE(cmd), SAVED_MAX);
	struct attempt *a = kzalloc(struct_size(a, saved, size), GFP_KERNEL);

	if (!a)
		return NULL;
	a->task = current;
	a->start = current->start_time;
	a->sp = user_stack_pointer(current_pt_regs());
	a->cmd = cmd;
	a->arg = arg;
	a->nth = READ_ONCE(lpc_fail_skip[_IOC_NR(cmd) % NUMBERS]) + 1;
	/* What is not there, or not to be written, stays so: a test's subject. */
	if (!copy_from_user_nofault(a->saved, (void __user *)arg, size) &&
	    !copy_to_user_nofault((void __user *)arg, a->saved, size))
		a->size = size;
	a->runs = true;
	spin_lock(&lpc_fail_lock);
	list_add(&a->node, &lpc_fail_list);
	spin_unlock(&lpc_fail_lock);
	return a;
}

static void attempt_end(struct attempt *a)
{
	spin_lock(&lpc_fail_lock);
	list_del(&a->node);
	spin_unlock(&lpc_fail_lock);
	kfree(a);
}

/* Again, with the next thing failing. The argument is as it was. */
static long attempt_again(struct attempt *a)
{
	if (copy_to_user_nofault((void __user *)a->arg, a->saved, a->size)) {
		attempt_end(a);
		return -EFAULT;
	}
	a->nth++;
	spin_lock(&lpc_fail_lock);
	a->runs = false;
	spin_unlock(&lpc_fail_lock);
	/* So that the way out looks at what is to be restarted. */
	set_thread_flag(TIF_SIGPENDING);
	return -ERESTARTNOINTR;
}

static enum outcome outcome_of(long ret)
{
	switch (ret) {
	case -ENOMEM:
		return NO_MEMORY;
	case -EFAULT:
		return BAD_COPY;
	case -EMFILE:
		return NO_FD;
	default:
		return OTHERWISE;
	}
}

/**
 * lpc_fail_sweep - an ioctl, with all that can fail in it failing
 * @run: does it
 * @file: as for any ioctl
 * @cmd: likewise
 * @arg: likewise
 */
long lpc_fail_sweep(lpc_ioctl_fn run, struct file *file, unsigned int cmd,
		    unsigned long arg)
{
	u32 mode = READ_ONCE(lpc_debug_fail);
	u32 nr = _IOC_NR(cmd) % NUMBERS;
	enum outcome outcome;
	struct attempt *a;
	bool failed;
	long ret;

	/* A test that does the same by itself is left alone. */
	if (!mode || current->fail_nth)
		return run(file, cmd, arg);
	a = attempt_find(cmd, arg);
	if (!a)
		a = attempt_new(cmd, arg);
	if (!a)
		return -ENOMEM;
	current->fail_nth = mode == 1 && a->size ? a->nth : NEVER;
	ret = run(file, cmd, arg);
	failed = !current->fail_nth || a->spared;
	current->fail_nth = 0;
	if (!failed) {
		WRITE_ONCE(lpc_fail_skip[nr], 0);
		attempt_end(a);
		return ret;
	}
	outcome = a->spared ? OTHERWISE : outcome_of(ret);
	atomic_inc(&lpc_fail_count[nr][outcome]);
	if (mode == 1 && outcome != OTHERWISE && !fatal_signal_pending(current))
		return attempt_again(a);
	/* It could do without: the next one of this kind begins behind it. */
	WRITE_ONCE(lpc_fail_skip[nr], a->nth);
	attempt_end(a);
	return ret;
}

/**
 * lpc_fail_point - does what can fail here, and is not the kernel's, fail now?
 */
bool lpc_fail_point(void)
{
	if (!current->fail_nth)
		return false;
	return !--current->fail_nth;
}

/**
 * lpc_fail_seen - from here on others may know what this ioctl does
 */
void lpc_fail_seen(void)
{
	u32 mode = READ_ONCE(lpc_debug_fail);
	struct attempt *a, *mine = NULL;

	/* No lock then that the module without this does not have. */
	if (!mode)
		return;
	spin_lock(&lpc_fail_lock);
	list_for_each_entry(a, &lpc_fail_list, node)
		if (is_mine(a) && a->runs)
			mine = a;
	spin_unlock(&lpc_fail_lock);
	if (!mine)
		return;
	if (!current->fail_nth)
		mine->spared = true;
	current->fail_nth = NEVER;
	if (mode > 1 && !mine->shown &&
	    atomic_inc_return(&lpc_fail_turn[_IOC_NR(mine->cmd) % NUMBERS]) % 3 == 0)
		current->fail_nth = mode - 1;
	mine->shown = true;
}

static void report(void)
{
	unsigned int nr;

	for (nr = 0; nr < NUMBERS; nr++) {
		atomic_t *count = lpc_fail_count[nr];
		int memory = atomic_read(&count[NO_MEMORY]);
		int copies = atomic_read(&count[BAD_COPY]);
		int fds = atomic_read(&count[NO_FD]);
		int other = atomic_read(&count[OTHERWISE]);

		if (memory + copies + fds + other)
			pr_info("lpc: fail-nth: 0x%02x ENOMEM=%d EFAULT=%d EMFILE=%d other=%d\n",
				nr, memory, copies, fds, other);
	}
}

/**
 * lpc_fail_exit - say what has failed
 */
void lpc_fail_exit(void)
{
	struct attempt *a, *next;

	/* Of threads that died between two attempts. */
	list_for_each_entry_safe(a, next, &lpc_fail_list, node)
		kfree(a);
	report();
}

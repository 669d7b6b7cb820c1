// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sent a request, beyond what its header says: groups, start times, security
 * label, and whether it holds a capability over the namespace of who asks.
 *
 * A capability set is never told: everybody fills one in a user namespace of its
 * own making. What is told is of the thread that waits for the answer, while it
 * waits, so that it is of the sender and of now.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "caller.h"
#include "compat.h"
#include "conn.h"
#include "impersonate.h"
#include "limits.h"
#include "message.h"

/**
 * struct lpc_asked - what is known of a sender, taken under the lock
 * @cred: its credentials, a reference
 * @secid: what its label is known by
 */
struct lpc_asked {
	const struct cred *cred;
	u32 secid;
};

static int ask(struct lpc_end *end, u64 id, struct lpc_asked *asked,
	       struct lpc_caller_info *info)
{
	struct lpc_reader reader;
	struct lpc_shown shown;
	struct task_struct *task;
	struct lpc_call *call;

	lockdep_assert_held(&end->port->lock);
	call = lpc_sleeper_find(end, id);
	if (IS_ERR(call))
		return PTR_ERR(call);
	if (call->conn && call->conn->level == LPC_LEVEL_ANONYMOUS)
		return -EACCES;
	/* It cannot leave its ioctl without this lock. */
	task = call->waiter.task;
	asked->cred = get_task_cred(task);
	asked->secid = lpc_task_secid(task);
	lpc_reader_current(&reader);
	lpc_ident_show(&call->sender, &reader, &shown);
	info->pid = shown.pid;
	info->tid = shown.tid;
	info->uid = shown.uid;
	info->gid = shown.gid;
	info->status = shown.status;
	info->start = lpc_start_out(call->sender.start);
	rcu_read_lock();
	info->process_start =
		lpc_start_out(READ_ONCE(task->group_leader)->start_boottime);
	rcu_read_unlock();
	return 0;
}

/* The rule of cap_capable(), for another than the calling thread. */
static bool holds(const struct cred *cred, struct user_namespace *target, int cap)
{
	struct user_namespace *ns;

	for (ns = target; ; ns = ns->parent) {
		if (ns == cred->user_ns)
			return cap_raised(cred->cap_effective, cap);
		if (ns->level <= cred->user_ns->level)
			return false;
		/* Who made a namespace has all of them over it. */
		if (ns->parent == cred->user_ns && uid_eq(ns->owner, cred->euid))
			return true;
	}
}

/* Groups without a number here are counted, and that is all. */
static void show_groups(const struct group_info *groups,
			struct user_namespace *ns, struct lpc_caller_info *info,
			u32 *list)
{
	u32 gid;
	int i;

	for (i = 0; i < groups->ngroups; i++) {
		gid = from_kgid(ns, groups->gid[i]);
		if (gid == (u32)-1)
			info->unmapped_groups++;
		else
			list[info->group_count++] = gid;
	}
}

static int tell(const struct lpc_asked *asked, struct lpc_query *args, u32 room,
		struct lpc_caller_info *info)
{
	const struct group_info *groups = asked->cred->group_info;
	struct user_namespace *ns = current_user_ns();
	u32 *list;
	int ret;

	if (args->flags & LPC_QUERY_CAPABLE &&
	    holds(asked->cred, ns, args->capability))
		info->status |= LPC_CALLER_CAPABLE;
	info->label_len = lpc_label(asked->secid, info->label,
				    sizeof(info->label) - 1);
	list = kvmalloc_array(groups->ngroups + 1, sizeof(*list),
			      GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	show_groups(groups, ns, info, list);
	args->size = sizeof(*info) + info->group_count * sizeof(*list);
	room = min(room, args->size);
	ret = lpc_copy_out(args->out, info, min_t(u32, room, sizeof(*info)));
	if (!ret && room > sizeof(*info))
		ret = lpc_copy_out(args->out + sizeof(*info), list,
				   room - sizeof(*info));
	kvfree(list);
	return ret;
}

/**
 * lpc_query_caller - QUERY of LPC_WHAT_CALLER
 * @end: a port or a server end; a client end for a callback
 * @args: of the ioctl, flags checked
 */
int lpc_query_caller(struct lpc_end *end, struct lpc_query *args)
{
	struct lpc_asked asked = {};
	struct lpc_caller_info *info;
	u32 room = args->size;
	int ret;

	if (args->capability > CAP_LAST_CAP ||
	    (args->capability && !(args->flags & LPC_QUERY_CAPABLE)))
		return -EINVAL;
	info = kzalloc(sizeof(*info), GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	lpc_lock(end->port);
	ret = ask(end, args->id, &asked, info);
	lpc_unlock(end->port);
	if (!ret)
		ret = tell(&asked, args, room, info);
	put_cred(asked.cred);
	kfree(info);
	return ret;
}

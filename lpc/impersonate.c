// SPDX-License-Identifier: GPL-2.0-only
/*
 * IMPERSONATE: may a server's thread act with the rights of its client, and
 * what are these?
 *
 * A checked grant and nothing else. The credentials of the server's thread are
 * never touched here: a module that commits some goes past the rules that the
 * kernel's own system calls have for that, and what it would restore later might
 * bring back what the thread has given up meanwhile. liblpc applies the ids with
 * setgroups(), setfsgid() and setfsuid(), so that these rules decide.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "conn.h"
#include "impersonate.h"
#include "inflight.h"
#include "limits.h"
#include "message.h"

/**
 * struct lpc_grant - whose rights, found under the lock, judged without it
 * @sender: credentials of the thread that waits, a reference
 * @cred: what the grant is for, a reference: these, or with static tracking
 *	those of who connected
 */
struct lpc_grant {
	const struct cred *sender;
	const struct cred *cred;
};

/**
 * lpc_sleeper_find - a request whose sender is asleep for it now
 * @end: through which it is to be answered; locked
 * @key: its id, of a callback the callback's
 *
 * Return: it; its waiter is the very thread that sent it, and cannot leave while
 * the lock is held. -ESTALE, -ECANCELED, -EOPNOTSUPP: nobody waits for what is
 * asynchronous; -EAGAIN: the thread is away, or another waits in its place.
 */
struct lpc_call *lpc_sleeper_find(struct lpc_end *end, u64 key)
{
	struct lpc_call *call = lpc_slots_find(&end->port->slots, key);

	lockdep_assert_held(&end->port->lock);
	if (IS_ERR(call))
		return call;
	if (call->type != LPC_REQUEST || !lpc_end_may_answer(end, call))
		return ERR_PTR(-ESTALE);
	if (call->state == LPC_CALL_CANCELED && call->taken)
		return ERR_PTR(-ECANCELED);
	if (call->state != LPC_CALL_TAKEN && call->state != LPC_CALL_AWAY)
		return ERR_PTR(-ESTALE);
	if (call->open == LPC_OPEN_ASYNC)
		return ERR_PTR(-EOPNOTSUPP);
	if (call->open || call->incoming || !call->waiter.task)
		return ERR_PTR(-EAGAIN);
	/* Who waits on for a call that another began is not its sender. */
	if (task_pid(call->waiter.task) != call->sender.tid)
		return ERR_PTR(-EAGAIN);
	return call;
}

/*
 * Do client and message allow it? The grant covers its giver: who connected has
 * said so for itself, not for whom it hands its end to. Locked.
 */
static bool is_allowed(const struct lpc_conn *conn, const struct lpc_call *call)
{
	if (conn->level < LPC_LEVEL_IMPERSONATE ||
	    call->consent & LPC_NO_IMPERSONATE)
		return false;
	if (uid_eq(call->sender.uid, conn->connector.uid))
		return true;
	return conn->tracking == LPC_TRACK_DYNAMIC &&
	       call->consent & LPC_IMPERSONATE_ME;
}

static int find_grant(struct lpc_end *end, const struct lpc_impersonate *args,
		      struct lpc_grant *grant)
{
	u64 key = args->callback ? args->callback : args->id;
	struct lpc_call *call = lpc_sleeper_find(end, key);

	if (IS_ERR(call))
		return PTR_ERR(call);
	if (call->id != args->id || call->callback != args->callback)
		return -ESTALE;
	if (!is_allowed(end->conn, call))
		return -EACCES;
	/* It cannot leave its ioctl without this lock, nor change inside it. */
	grant->sender = get_task_cred(call->waiter.task);
	grant->cred = end->conn->cred ? end->conn->cred : grant->sender;
	get_cred(grant->cred);
	/* A signal handler may have changed them before it came back. */
	if (!uid_eq(grant->sender->fsuid, call->sender.uid) ||
	    !gid_eq(grant->sender->fsgid, call->sender.gid))
		return -EAGAIN;
	return 0;
}

/* Is this one of the groups of @cred? They are sorted; @at goes along. */
static bool has_group(const struct cred *cred, kgid_t gid, int *at)
{
	const struct group_info *groups = cred->group_info;

	while (*at < groups->ngroups && gid_lt(groups->gid[*at], gid))
		++*at;
	if (*at < groups->ngroups && gid_eq(groups->gid[*at], gid))
		return true;
	return gid_eq(cred->fsgid, gid);
}

/*
 * What who connected could do then the sender must be able to do still: it may
 * have lost groups since, or be a process that never had them.
 */
static bool covers(const struct cred *sender, const struct cred *cred)
{
	const struct group_info *groups = cred->group_info;
	int i, at = 0;

	if (sender == cred)
		return true;
	for (i = 0; i < groups->ngroups; i++)
		if (!has_group(sender, groups->gid[i], &at))
			return false;
	at = 0;
	return has_group(sender, cred->fsgid, &at);
}

static int map_groups(const struct group_info *groups,
		      struct user_namespace *ns, u32 *to)
{
	int i;

	for (i = 0; i < groups->ngroups; i++) {
		to[i] = from_kgid(ns, groups->gid[i]);
		if (to[i] == (u32)-1)
			return -EPERM;
	}
	return 0;
}

/* Say the ids as the caller knows them. One that it does not know ends it. */
static int tell_ids(const struct cred *cred, struct lpc_impersonate *args)
{
	const struct group_info *groups = cred->group_info;
	struct user_namespace *ns = current_user_ns();
	u32 uid = from_kuid(ns, cred->fsuid), gid = from_kgid(ns, cred->fsgid);
	u32 room = args->room, *list;
	int ret;

	if (uid == (u32)-1 || gid == (u32)-1)
		return -EPERM;
	list = kvmalloc_array(groups->ngroups + 1, sizeof(*list),
			      GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	ret = map_groups(groups, ns, list);
	if (!ret) {
		args->count = groups->ngroups;
		if (groups->ngroups > room)
			ret = -EMSGSIZE;
	}
	if (!ret)
		ret = lpc_copy_out(args->groups, list,
				   groups->ngroups * sizeof(*list));
	if (!ret) {
		args->uid = uid;
		args->gid = gid;
	}
	kvfree(list);
	return ret;
}

/**
 * lpc_impersonate - IMPERSONATE (NtImpersonateClientOfPort)
 * @end: a server end
 * @args: of the ioctl
 *
 * What is told was true when this thread held the lock; the client cannot take
 * it back for that request.
 */
int lpc_impersonate(struct lpc_end *end, struct lpc_impersonate *args)
{
	struct user_namespace *ns = current_user_ns();
	struct lpc_grant grant = {};
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;
	args->count = 0;
	args->uid = (u32)-1;
	args->gid = (u32)-1;
	args->level = end->conn->level;
	args->tracking = end->conn->tracking;
	/* In its own namespace: anybody has both over one that it made. */
	if (!ns_capable(ns, CAP_SETUID) || !ns_capable(ns, CAP_SETGID))
		return -EPERM;

	lpc_lock(end->port);
	ret = find_grant(end, args, &grant);
	lpc_unlock(end->port);
	if (!ret && !covers(grant.sender, grant.cred))
		ret = -EACCES;
	if (!ret)
		ret = tell_ids(grant.cred, args);
	put_cred(grant.sender);
	put_cred(grant.cred);
	return ret;
}

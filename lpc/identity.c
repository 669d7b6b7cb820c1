// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is asking, how that reads in somebody else's namespaces, and what it
 * allows. Nothing here looks at file->f_cred: rights are those of the thread
 * that makes the ioctl.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "identity.h"
#include "limits.h"

/**
 * lpc_ident_get - keep an identity beyond its thread's ioctl
 * @who: borrowed and still valid, or counted already
 */
void lpc_ident_get(struct lpc_ident *who)
{
	if (who->counted)
		return;
	get_pid(who->tgid);
	get_pid(who->tid);
	who->counted = true;
}

/**
 * lpc_ident_put - forget an identity
 * @who: counted, borrowed or empty
 */
void lpc_ident_put(struct lpc_ident *who)
{
	if (who->counted) {
		put_pid(who->tgid);
		put_pid(who->tid);
	}
	who->counted = false;
	who->tgid = NULL;
	who->tid = NULL;
}

/**
 * lpc_show_within - translate an identity for a reader in other namespaces
 * @out: filled but for @out->status, to which is added
 * @reader: valid for the length of this call, as are the following
 * @tgid: process
 * @tid: thread
 * @uid: user
 * @gid: group
 */
void lpc_show_within(struct lpc_shown *out, const struct lpc_reader *reader,
		     struct pid *tgid, struct pid *tid, kuid_t uid, kgid_t gid)
{
	out->pid = pid_nr_ns(tgid, reader->pid_ns);
	out->tid = pid_nr_ns(tid, reader->pid_ns);
	out->uid = from_kuid(reader->user_ns, uid);
	out->gid = from_kgid(reader->user_ns, gid);
	if (!out->pid)
		out->status |= LPC_PID_FOREIGN;
	if (out->uid == (u32)-1)
		out->status |= LPC_UID_UNMAPPED;
	if (out->gid == (u32)-1)
		out->status |= LPC_GID_UNMAPPED;
}

/**
 * lpc_tid_show - a thread's number for the calling thread, for information
 * @global_tid: as the initial pid namespace numbers it; possibly of the past
 *
 * Return: the number here, 0 if there is none.
 */
u32 lpc_tid_show(int global_tid)
{
	u32 tid;

	rcu_read_lock();
	tid = pid_vnr(find_pid_ns(global_tid, &init_pid_ns));
	rcu_read_unlock();
	return tid;
}

/**
 * lpc_ident_is - is that the thread which the calling one knows by these numbers?
 * @who: valid for the length of this call
 * @pid: of its process
 * @tid: its own
 */
bool lpc_ident_is(const struct lpc_ident *who, u32 pid, u32 tid)
{
	return pid_vnr(who->tgid) == pid && pid_vnr(who->tid) == tid;
}

/**
 * lpc_ipc_capable - CAP_IPC_OWNER where the names live
 * @ipc_ns: the IPC namespace; the capability is asked of its user namespace
 */
bool lpc_ipc_capable(struct ipc_namespace *ipc_ns)
{
	return ns_capable(ipc_ns->user_ns, CAP_IPC_OWNER);
}

/**
 * lpc_is_owner - may the calling thread see and change what its owner may?
 * @owner: the port's
 * @ipc_ns: where the port's name lives
 */
bool lpc_is_owner(kuid_t owner, struct ipc_namespace *ipc_ns)
{
	return uid_eq(owner, current_fsuid()) || lpc_ipc_capable(ipc_ns);
}

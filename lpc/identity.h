/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_IDENTITY_H
#define _LPC_IDENTITY_H

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

struct ipc_namespace;
struct pid;
struct pid_namespace;
struct user_namespace;
struct lpc_msg;

/**
 * struct lpc_ident - who: the thread that made this very ioctl
 * @uid: fsuid at copy-in
 * @gid: fsgid at copy-in
 * @tgid: process; borrowed from the thread while it is known to be inside its
 *	ioctl, counted once it may leave
 * @tid: thread, likewise
 * @start: start time of the thread, nanoseconds since boot
 * @counted: @tgid and @tid hold references
 */
struct lpc_ident {
	kuid_t uid;
	kgid_t gid;
	struct pid *tgid;
	struct pid *tid;
	u64 start;
	bool counted;
};

/**
 * struct lpc_reader - whose namespaces an identity is shown in
 * @user_ns: of the reading thread; borrowed while it is inside its ioctl
 * @pid_ns: likewise
 */
struct lpc_reader {
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
};

/**
 * struct lpc_shown - an identity as one reader sees it
 * @pid: process, 0 if it has no number there
 * @tid: thread
 * @uid: (u32)-1 without a mapping
 * @gid: (u32)-1 without a mapping
 * @status: LPC_PID_FOREIGN, LPC_UID_UNMAPPED, LPC_GID_UNMAPPED
 */
struct lpc_shown {
	u32 pid;
	u32 tid;
	u32 uid;
	u32 gid;
	u16 status;
};

void lpc_ident_get(struct lpc_ident *who);
void lpc_ident_put(struct lpc_ident *who);
void lpc_show_within(struct lpc_shown *out, const struct lpc_reader *reader,
		     struct pid *tgid, struct pid *tid, kuid_t uid, kgid_t gid);
u32 lpc_tid_show(int global_tid);
bool lpc_ident_is(const struct lpc_ident *who, u32 pid, u32 tid);
bool lpc_is_owner(kuid_t owner, struct ipc_namespace *ipc_ns);
bool lpc_ipc_capable(struct ipc_namespace *ipc_ns);

/**
 * lpc_ident_current - the calling thread, borrowed
 * @who: filled; valid while the thread stays in its ioctl
 */
static inline void lpc_ident_current(struct lpc_ident *who)
{
	who->uid = current_fsuid();
	who->gid = current_fsgid();
	who->tgid = task_tgid(current);
	who->tid = task_pid(current);
	who->start = current->start_boottime;
	who->counted = false;
}

/**
 * lpc_show - ids as a reader sees them
 * @out: filled
 * @reader: valid for the length of this call, as are the following
 * @tgid: process, or NULL if there is none
 * @tid: thread
 * @uid: user
 * @gid: group
 */
static inline void lpc_show(struct lpc_shown *out, const struct lpc_reader *reader,
			    struct pid *tgid, struct pid *tid, kuid_t uid,
			    kgid_t gid)
{
	out->status = 0;
	/* Outside of all containers everything reads as itself. */
	if (likely(reader->pid_ns == &init_pid_ns &&
		   reader->user_ns == &init_user_ns && tgid)) {
		out->pid = pid_nr(tgid);
		out->tid = pid_nr(tid);
		out->uid = __kuid_val(uid);
		out->gid = __kgid_val(gid);
	} else {
		lpc_show_within(out, reader, tgid, tid, uid, gid);
	}
}

/**
 * lpc_ident_show - translate an identity
 * @who: valid for the length of this call
 * @reader: valid for the length of this call
 * @out: filled. An id without a mapping never reads as a plausible one.
 */
static inline void lpc_ident_show(const struct lpc_ident *who,
				  const struct lpc_reader *reader,
				  struct lpc_shown *out)
{
	lpc_show(out, reader, who->tgid, who->tid, who->uid, who->gid);
}

/**
 * lpc_ident_show_current - the same of the calling thread
 * @reader: valid for the length of this call
 * @out: filled
 */
static inline void lpc_ident_show_current(const struct lpc_reader *reader,
					  struct lpc_shown *out)
{
	lpc_show(out, reader, task_tgid(current), task_pid(current),
		 current_fsuid(), current_fsgid());
}

/**
 * lpc_reader_current - the calling thread as a reader, borrowed
 * @reader: filled; valid while the thread stays in its ioctl
 */
static inline void lpc_reader_current(struct lpc_reader *reader)
{
	reader->user_ns = current_user_ns();
	reader->pid_ns = ns_of_pid(task_pid(current));
}

#endif /* _LPC_IDENTITY_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that knows kernels. The code is written to the newest one;
 * what older ones lack is supplied here. Booted: 6.1 and 6.12.
 */
#ifndef _LPC_COMPAT_H
#define _LPC_COMPAT_H

#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/sysctl.h>
#include <linux/thread_info.h>
#include <linux/time_namespace.h>
#include <linux/version.h>

/*
 * Wake flags of the scheduler, private there. WF_SYNC is 0x10 on every kernel
 * this was booted on. WF_CURRENT_CPU is admitted by default_wake_function()
 * since 6.6; below, it trips a warning and does nothing.
 */
#define LPC_WF_SYNC		0x10
/* checkpatch: CONSTANT_COMPARISON: the usual order of this test */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define LPC_WF_HANDOFF		(LPC_WF_SYNC | 0x40)
#define LPC_CAN_HANDOFF		true
#else
#define LPC_WF_HANDOFF		LPC_WF_SYNC
#define LPC_CAN_HANDOFF		false
#endif

/*
 * The scheduler up to 6.5 remembers who gives way and picks the next one, if that is
 * not much ahead; of several control groups, the next group. Later ones postpone its
 * deadline, which is a penalty.
 */
#define LPC_CAN_YIELD		(!LPC_CAN_HANDOFF)

static inline void lpc_yield(void)
{
	/* checkpatch: YIELD: once before a sleep, nothing waits for it */
	yield();
}

/* Not on every 6.1. */
#ifndef __uninitialized
#define __uninitialized
#endif

/* Tables of sysctls ended with an empty entry until 6.11 forbade it. */
/* checkpatch: CONSTANT_COMPARISON: the usual order of this test */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define LPC_SYSCTL_END
#else
#define LPC_SYSCTL_END		{ }
#endif

/* Flags of a mapping are const, and changed by a function, since 6.3. */
static inline void lpc_vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				    vm_flags_t clear)
{
/* checkpatch: CONSTANT_COMPARISON: the usual order of this test */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* Lazy preemption (6.13) asks through a flag that need_resched() ignores. */
static inline bool lpc_should_resched(void)
{
#ifdef TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		return true;
#endif
	return need_resched();
}

/*
 * How far the clocks of the caller's time namespace run ahead of the kernel's, or
 * NULL; do_timens_ktime_to_host() is not exported by 6.1 and 6.12.
 */
static inline const struct timens_offsets *lpc_timens_offsets(void)
{
#ifdef CONFIG_TIME_NS
	struct nsproxy *ns = current->nsproxy;

	if (ns && ns->time_ns)
		return &ns->time_ns->offsets;
#endif
	return NULL;
}

static inline s64 lpc_timens_offset(void)
{
	const struct timens_offsets *ahead = lpc_timens_offsets();

	return ahead ? timespec64_to_ns(&ahead->monotonic) : 0;
}

/* The same for the time since boot, which start times are in. */
static inline s64 lpc_timens_boot_offset(void)
{
	const struct timens_offsets *ahead = lpc_timens_offsets();

	return ahead ? timespec64_to_ns(&ahead->boottime) : 0;
}

/*
 * What a security module calls a thread. The numbers of labels became structs in
 * 6.14, where this is still to be written: no label then.
 */
/* checkpatch: CONSTANT_COMPARISON: the usual order of this test */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
static inline u32 lpc_task_secid(struct task_struct *task)
{
	u32 secid = 0;

	security_task_getsecid_obj(task, &secid);
	return secid;
}

/* The label in words, cut to @room; its length, 0 without one. May not sleep. */
static inline u32 lpc_label(u32 secid, u8 *to, u32 room)
{
	char *text;
	u32 len;

	if (!secid || security_secid_to_secctx(secid, &text, &len))
		return 0;
	memcpy(to, text, min(len, room));
	security_release_secctx(text, len);
	return min(len, room);
}
#else
static inline u32 lpc_task_secid(struct task_struct *task)
{
	return 0;
}

static inline u32 lpc_label(u32 secid, u8 *to, u32 room)
{
	return 0;
}
#endif

/* __assign_str() takes its source from __string() alone since 6.10. */
/* checkpatch: CONSTANT_COMPARISON: the usual order of this test */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
/* checkpatch: MACRO_ARG_UNUSED: older kernels use it */
#define lpc_assign_str(field, src)	__assign_str(field)
#else
#define lpc_assign_str(field, src)	__assign_str(field, src)
#endif

#endif /* _LPC_COMPAT_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of an end of an event pair, and EVENT: copying in, and out where
 * there is something to tell. Success has nothing, so the path between two
 * threads that hand over to each other is one small copy a side.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "evpair.h"
#include "fail.h"
#include "ioctl.h"
#include "object.h"

static int event_in(struct lpc_event *args, const void __user *arg,
		    unsigned int cmd)
{
	if (likely(cmd == LPC_IOC_EVENT))
		return copy_from_user(args, arg, sizeof(*args)) ? -EFAULT : 0;
	if (!lpc_same_op(cmd, LPC_IOC_EVENT))
		return -ENOTTY;
	return copy_struct_from_user(args, sizeof(*args), arg, _IOC_SIZE(cmd));
}

static long event_run(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct lpc_event args;
	u32 acts;
	int ret;

	ret = event_in(&args, user, cmd);
	if (unlikely(ret))
		return ret;
	acts = args.set | args.reset;
	ret = lpc_evend_event(file->private_data, &args,
			      file->f_flags & O_NONBLOCK);
	if (acts != (args.set | args.reset) || args.wait)
		lpc_fail_seen();
	/*
	 * What took effect must not do so again when this is restarted or
	 * repeated: the caller's own argument says so.
	 */
	if ((ret && acts != (args.set | args.reset)) ||
	    args.flags & LPC_EVENT_READ)
		if (copy_to_user(user, &args, sizeof(args)))
			return -EFAULT;
	return ret;
}

static long event_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return lpc_fail_sweep(event_run, file, cmd, arg);
}

static __poll_t event_poll(struct file *file, poll_table *wait)
{
	return lpc_evend_poll(file->private_data, file, wait);
}

static int event_mmap(struct file *file, struct vm_area_struct *vma)
{
	return lpc_evend_mmap(file->private_data, vma);
}

static void event_fdinfo(struct seq_file *m, struct file *file)
{
	lpc_evend_fdinfo(file->private_data, m);
}

static int event_release(struct inode *inode, struct file *file)
{
	/* An aborted QUICK_OPEN leaves a file without an end. */
	if (file->private_data)
		lpc_evend_close(file->private_data);
	return 0;
}

/* read() and write() are not there, so they fail with EINVAL. */
static const struct file_operations lpc_event_ops = {
	.owner		= THIS_MODULE,
	.release	= event_release,
	.poll		= event_poll,
	.mmap		= event_mmap,
	.unlocked_ioctl	= event_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= event_fdinfo,
};

/**
 * lpc_ioctl_event_init - say what ends of event pairs do
 */
void lpc_ioctl_event_init(void)
{
	lpc_object_ops(LPC_KIND_EVENT, &lpc_event_ops);
}

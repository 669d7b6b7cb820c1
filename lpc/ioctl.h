/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_IOCTL_H
#define _LPC_IOCTL_H

#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/types.h>

extern const struct file_operations lpc_device_ops;

void lpc_ioctl_init(void);
void lpc_ioctl_event_init(void);

/**
 * lpc_same_op - is this that ioctl?
 * @cmd: what the caller said
 * @op: the ioctl, with the size first published
 *
 * Letter, number and direction must match, and the size lie between the first
 * published one and PAGE_SIZE.
 */
static inline bool lpc_same_op(unsigned int cmd, unsigned int op)
{
	return _IOC_TYPE(cmd) == _IOC_TYPE(op) && _IOC_NR(cmd) == _IOC_NR(op) &&
	       _IOC_DIR(cmd) == _IOC_DIR(op) && _IOC_SIZE(cmd) >= _IOC_SIZE(op) &&
	       _IOC_SIZE(cmd) <= PAGE_SIZE;
}

#endif /* _LPC_IOCTL_H */

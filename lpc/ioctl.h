/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_IOCTL_H
#define _LPC_IOCTL_H

extern const struct file_operations lpc_device_ops;

void lpc_ioctl_init(void);

#endif /* _LPC_IOCTL_H */

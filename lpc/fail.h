/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_FAIL_H
#define _LPC_FAIL_H

#include <linux/fs.h>

/* What stands behind an ioctl of a file. */
typedef long (*lpc_ioctl_fn)(struct file *file, unsigned int cmd,
			     unsigned long arg);

#ifdef LPC_FAIL

long lpc_fail_sweep(lpc_ioctl_fn run, struct file *file, unsigned int cmd,
		    unsigned long arg);
bool lpc_fail_point(void);
void lpc_fail_seen(void);
void lpc_fail_exit(void);

#else

static inline long lpc_fail_sweep(lpc_ioctl_fn run, struct file *file,
				  unsigned int cmd, unsigned long arg)
{
	return run(file, cmd, arg);
}

static inline bool lpc_fail_point(void)
{
	return false;
}

static inline void lpc_fail_seen(void) { }
static inline void lpc_fail_exit(void) { }

#endif /* LPC_FAIL */

#endif /* _LPC_FAIL_H */

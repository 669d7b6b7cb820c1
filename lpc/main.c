// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local procedure calls, after those of Windows NT: /dev/lpc.
 */
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/user_namespace.h>

#include "conn.h"
#include "evpair.h"
#include "fail.h"
#include "inflight.h"
#include "ioctl.h"
#include "message.h"
#include "port.h"
#include "quick.h"
#include "quota.h"
#include "section.h"
#include "watch.h"

static ushort dev_mode = 0666;
module_param(dev_mode, ushort, 0444);
MODULE_PARM_DESC(dev_mode, "Mode of /dev/lpc (default 0666)");

static struct miscdevice lpc_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lpc",
	.fops	= &lpc_device_ops,
};

static int __init lpc_init(void)
{
	int ret;

	ret = lpc_message_init();
	if (ret)
		return ret;
	ret = lpc_section_init();
	if (ret)
		goto err_message;
	ret = lpc_evpair_init();
	if (ret)
		goto err_section;
	ret = lpc_port_init();
	if (ret)
		goto err_evpair;
	ret = lpc_conn_init();
	if (ret)
		goto err_port;
	ret = lpc_quick_init();
	if (ret)
		goto err_conn;
	ret = lpc_inflight_init();
	if (ret)
		goto err_quick;
	ret = lpc_quota_init();
	if (ret)
		goto err_inflight;
	ret = lpc_watch_init();
	if (ret)
		goto err_quota;
	lpc_ioctl_init();
	lpc_ioctl_event_init();
	lpc_device.mode = dev_mode & 0777;
	ret = misc_register(&lpc_device);
	if (ret)
		goto err_watch;
	pr_info("lpc: ABI %d\n", LPC_ABI_VERSION);
	return 0;

err_watch:
	lpc_watch_exit();
err_quota:
	lpc_quota_exit();
err_inflight:
	lpc_inflight_exit();
err_quick:
	lpc_quick_exit();
err_conn:
	lpc_conn_exit();
err_port:
	lpc_port_exit();
err_evpair:
	lpc_evpair_exit();
err_section:
	lpc_section_exit();
err_message:
	lpc_message_exit();
	return ret;
}

static void __exit lpc_exit(void)
{
	/* No file is open: each holds the module. */
	misc_deregister(&lpc_device);
	lpc_watch_exit();
	lpc_inflight_exit();
	rcu_barrier();
	lpc_quota_exit();
	lpc_quick_exit();
	lpc_conn_exit();
	lpc_port_exit();
	lpc_evpair_exit();
	lpc_section_exit();
	lpc_message_exit();
	lpc_fail_exit();
}

module_init(lpc_init);
module_exit(lpc_exit);

MODULE_DESCRIPTION("Local procedure calls between processes, after Windows NT's");
MODULE_AUTHOR("The LPC for Linux authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");

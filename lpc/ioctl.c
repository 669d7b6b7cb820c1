// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls: one table, copying in and out, no policy.
 *
 * Letter, number and direction must match and the size lie between the first
 * published one and PAGE_SIZE, else ENOTTY. A longer struct with a non-zero
 * tail is E2BIG. Arguments are copied out on errors too, because they say
 * which limit was full and whether a server may have acted.
 */
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "accept.h"
#include "call.h"
#include "close.h"
#include "compat.h"
#include "conn.h"
#include "connect.h"
#include "data.h"
#include "died.h"
#include "evpair.h"
#include "fail.h"
#include "impersonate.h"
#include "ioctl.h"
#include "limits.h"
#include "message.h"
#include "query.h"
#include "quick.h"
#include "receive.h"
#include "section.h"
#include "security.h"

/* On which kinds of file an ioctl exists. */
#define ON_DEVICE	BIT(0)
#define ON_PORT		BIT(1)
#define ON_SERVER	BIT(2)
#define ON_CLIENT	BIT(3)
#define ON_ENDS		(ON_SERVER | ON_CLIENT)
#define ON_ALL		(ON_PORT | ON_ENDS)

/* What a name or connect data travels in, besides the argument. */
struct lpc_extra {
	char name[LPC_NAME_MAX + 1];
	u8 data[LPC_CONNECT_MAX];
	u8 answer[LPC_CONNECT_MAX];
};

union lpc_args {
	struct lpc_info info;
	struct lpc_create create;
	struct lpc_connect connect;
	struct lpc_accept accept;
	struct lpc_complete complete;
	struct lpc_shutdown shutdown;
	struct lpc_cancel cancel;
	struct lpc_watch watch;
	struct lpc_query query;
	struct lpc_list list;
	struct lpc_section_make section;
	struct lpc_data data;
	struct lpc_event_pair event_pair;
	struct lpc_copy copy;
	struct lpc_quick_make quick;
	struct lpc_quick_open quick_open;
	struct lpc_impersonate impersonate;
	struct lpc_security security;
};

/**
 * struct lpc_request - one ioctl but for those whose argument is a message
 * @end: what it was made on, NULL for the device
 * @arg: the caller's argument
 * @size: of it
 * @told: the results have been copied out, nothing may fail any more
 * @args: the kernel's copy
 */
struct lpc_request {
	struct lpc_end *end;
	void __user *arg;
	size_t size;
	bool told;
	union lpc_args args;
};

/**
 * struct lpc_op - one row of the table
 * @cmd: the ioctl, with the size first published
 * @on: ON_* bits
 * @size: the kernel's
 * @mute: success has nothing to tell: what took effect cannot fail any more
 * @run: does it; 0 and errors are copied out after
 */
struct lpc_op {
	unsigned int cmd;
	unsigned int on;
	unsigned int size;
	bool mute;
	int (*run)(struct lpc_request *req);
};

static int args_in(struct lpc_request *req, size_t known)
{
	memset(&req->args, 0, sizeof(req->args));
	return copy_struct_from_user(&req->args, known, req->arg, req->size);
}

static int args_out(struct lpc_request *req, size_t known)
{
	req->told = true;
	if (copy_to_user(req->arg, &req->args, min(known, req->size)))
		return -EFAULT;
	return 0;
}

static int name_in(char *name, u64 from, u32 len)
{
	if (len > LPC_NAME_MAX)
		return -EINVAL;
	name[len] = 0;
	return lpc_copy_in(name, from, len);
}

/* A list longer than there can be is refused where it is looked at. */
static int acl_in(struct lpc_acl_entry *acl, u64 from, u32 count)
{
	count = min_t(u32, count, LPC_ACL_MAX);
	return lpc_copy_in(acl, from, count * sizeof(*acl));
}

static int op_info(struct lpc_request *req)
{
	return lpc_info(&req->args.info);
}

static int op_create(struct lpc_request *req)
{
	struct lpc_create *args = &req->args.create;
	struct lpc_fd client_fd = LPC_FD_NONE;
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	struct lpc_fd fd = LPC_FD_NONE;
	char name[LPC_NAME_MAX + 1];
	int ret;

	ret = name_in(name, args->name, args->name_len);
	if (!ret)
		ret = acl_in(acl, args->acl, args->acl_count);
	if (!ret)
		ret = lpc_create(args, name, acl, &fd, &client_fd);
	if (!ret)
		ret = args_out(req, sizeof(*args));
	if (!ret)
		ret = lpc_create_publish(&fd);
	if (ret) {
		/* The client end first: its connection points at the port. */
		lpc_fd_abort(&client_fd);
		lpc_fd_abort(&fd);
		args->fd = -1;
		args->client_fd = -1;
		return ret;
	}
	lpc_fd_publish(&fd);
	if (client_fd.file)
		lpc_fd_publish(&client_fd);
	return 0;
}

static int connect_answer(struct lpc_connect *args, const u8 *answer)
{
	u32 len = min3(args->answer_len, args->answer_room, LPC_CONNECT_MAX);

	return len ? lpc_copy_out(args->answer, answer, len) : 0;
}

static int connect_device(struct lpc_request *req, struct lpc_extra *extra)
{
	struct lpc_connect *args = &req->args.connect;
	struct lpc_fd fd = LPC_FD_NONE;
	int ret;

	if (args->data_len > LPC_CONNECT_MAX) {
		args->room = LPC_CONNECT_MAX;
		return -EMSGSIZE;
	}
	ret = name_in(extra->name, args->name, args->name_len);
	if (!ret)
		ret = lpc_copy_in(extra->data, args->data, args->data_len);
	if (ret)
		return ret;
	args->answer_len = 0;
	ret = lpc_connect(args, extra->name, extra->data, extra->answer, &fd);
	if (!ret || ret == -ECONNREFUSED) {
		if (connect_answer(args, extra->answer))
			ret = -EFAULT;
	}
	if (!ret || ret == -EINPROGRESS) {
		if (args_out(req, sizeof(*args)))
			ret = -EFAULT;
		else
			lpc_fd_publish(&fd);
	} else if (ret == -ERESTARTSYS && args->status & LPC_PENDING) {
		if (args_out(req, sizeof(*args))) {
			lpc_connect_forget(args->id);
			ret = -EFAULT;
		}
	}
	if (ret == -EFAULT && fd.file && fd.file->private_data)
		lpc_connect_unmap(fd.file->private_data, args);
	lpc_fd_abort(&fd);
	return ret;
}

static int op_section(struct lpc_request *req)
{
	struct lpc_section_make *args = &req->args.section;
	struct lpc_fd fd = LPC_FD_NONE;
	int ret;

	args->fd = -1;
	ret = lpc_section_make(args, &fd);
	if (!ret)
		ret = args_out(req, sizeof(*args));
	if (!ret)
		lpc_fd_publish(&fd);
	else
		args->fd = -1;
	lpc_fd_abort(&fd);
	return ret;
}

static int op_event_pair(struct lpc_request *req)
{
	struct lpc_event_pair *args = &req->args.event_pair;
	struct lpc_fd high = LPC_FD_NONE;
	struct lpc_fd low = LPC_FD_NONE;
	int ret;

	ret = lpc_evpair_make(args, &low, &high);
	if (!ret)
		ret = args_out(req, sizeof(*args));
	if (!ret) {
		lpc_fd_publish(&low);
		lpc_fd_publish(&high);
	} else {
		args->low = -1;
		args->high = -1;
	}
	lpc_fd_abort(&low);
	lpc_fd_abort(&high);
	return ret;
}

static int op_copy(struct lpc_request *req)
{
	return lpc_copy(&req->args.copy);
}

static int op_quick(struct lpc_request *req)
{
	struct lpc_quick_make *args = &req->args.quick;
	struct lpc_fd fd = LPC_FD_NONE;
	struct lpc_offer view;
	int ret;

	ret = lpc_quick_make(req->end, args, &fd, &view);
	if (!ret) {
		ret = args_out(req, sizeof(*args));
		if (ret)
			lpc_offer_unmap(&view, args->own.base);
	}
	if (!ret)
		lpc_fd_publish(&fd);
	else
		args->fd = -1;
	lpc_offer_drop(&view);
	lpc_fd_abort(&fd);
	return ret;
}

static int op_quick_open(struct lpc_request *req)
{
	struct lpc_quick_open *args = &req->args.quick_open;
	struct lpc_fd fd = LPC_FD_NONE;
	struct lpc_quick *quick;
	int ret;

	ret = lpc_quick_open(req->end, args, &fd, &quick);
	if (!ret) {
		ret = args_out(req, sizeof(*args));
		if (ret)
			lpc_quick_open_undo(quick, args);
		else
			lpc_quick_open_commit(quick, &fd);
	}
	if (!ret)
		lpc_fd_publish(&fd);
	else
		args->fd = -1;
	lpc_fd_abort(&fd);
	return ret;
}

static int op_connect(struct lpc_request *req)
{
	struct lpc_connect *args = &req->args.connect;
	struct lpc_extra extra;
	int ret;

	if (!req->end)
		return connect_device(req, &extra);
	args->answer_len = 0;
	ret = lpc_connect_finish(req->end, args, extra.answer);
	if (ret && ret != -ECONNREFUSED)
		return ret;
	if (connect_answer(args, extra.answer) ||
	    args_out(req, sizeof(*args))) {
		lpc_connect_unmap(req->end, args);
		return -EFAULT;
	}
	return ret;
}

static int op_accept(struct lpc_request *req)
{
	struct lpc_accept *args = &req->args.accept;
	struct lpc_port *port = req->end->port;
	u8 data[LPC_CONNECT_MAX];
	struct lpc_accepting a = {
		.port = port, .args = args, .data = data, .fd = LPC_FD_NONE,
	};
	int ret;

	if (args->data_len > port->connect_max) {
		args->room = port->connect_max;
		return -EMSGSIZE;
	}
	ret = lpc_copy_in(data, args->data, args->data_len);
	if (!ret)
		ret = lpc_accept(&a);
	/* First the results, then the act: it can fail without a trace. */
	if (!ret)
		ret = args_out(req, sizeof(*args));
	if (!ret)
		ret = lpc_accept_commit(&a);
	if (!ret && a.fd.file)
		lpc_fd_publish(&a.fd);
	lpc_accept_undo(&a, ret);
	return ret;
}

static int op_data(struct lpc_request *req)
{
	int ret = lpc_data(req->end, &req->args.data);

	/* What was done before the bad page is told; EFAULT it is either way. */
	if (ret == -EFAULT)
		args_out(req, sizeof(req->args.data));
	return ret;
}

static int op_impersonate(struct lpc_request *req)
{
	return lpc_impersonate(req->end, &req->args.impersonate);
}

static int op_complete(struct lpc_request *req)
{
	return lpc_complete(req->end, &req->args.complete);
}

static int op_shutdown(struct lpc_request *req)
{
	return lpc_shutdown(req->end, &req->args.shutdown);
}

static int op_cancel(struct lpc_request *req)
{
	return lpc_cancel(req->end, &req->args.cancel);
}

static int op_watch(struct lpc_request *req)
{
	return lpc_died_watch(req->end, &req->args.watch);
}

static int op_query(struct lpc_request *req)
{
	struct lpc_query *args = &req->args.query;
	char name[LPC_NAME_MAX + 1];
	int ret;

	ret = name_in(name, args->name, args->name_len);
	return ret ? ret : lpc_query(req->end, args, name);
}

static int op_security(struct lpc_request *req)
{
	struct lpc_security *args = &req->args.security;
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	char name[LPC_NAME_MAX + 1];
	u32 room = args->count;
	int ret;

	ret = name_in(name, args->name, args->name_len);
	if (!ret && args->flags & LPC_SECURITY_ACL)
		ret = acl_in(acl, args->acl, args->count);
	if (!ret)
		ret = lpc_security(req->end, args, name, acl);
	if (ret || args->flags)
		return ret;
	return lpc_copy_out(args->acl, acl,
			    min(room, args->count) * sizeof(*acl));
}

static int op_list(struct lpc_request *req)
{
	return lpc_list(&req->args.list);
}

#define LPC_OP(name, type, where, fn) {					\
		.cmd = LPC_IOC_##name, .on = where,			\
		.size = sizeof(struct type), .run = fn			\
	}

/* One that tells something only when it fails. */
#define LPC_OP_MUTE(name, type, where, fn) {				\
		.cmd = LPC_IOC_##name, .on = where,			\
		.size = sizeof(struct type), .mute = true, .run = fn	\
	}

/* One whose struct has grown: @first is the size it was published with. */
#define LPC_OP_GREW(name, type, first, where, fn) {			\
		.cmd = _IOC(_IOC_DIR(LPC_IOC_##name), LPC_IOC_MAGIC,	\
			    _IOC_NR(LPC_IOC_##name), first),		\
		.on = where, .size = sizeof(struct type), .run = fn	\
	}

static const struct lpc_op lpc_ops[] = {
	LPC_OP(INFO, lpc_info, ON_DEVICE, op_info),
	LPC_OP_GREW(CREATE, lpc_create, 64, ON_DEVICE, op_create),
	LPC_OP_GREW(CONNECT, lpc_connect, 104, ON_DEVICE | ON_CLIENT,
		    op_connect),
	LPC_OP(LIST, lpc_list, ON_DEVICE, op_list),
	LPC_OP(SECTION, lpc_section_make, ON_DEVICE, op_section),
	LPC_OP(EVENT_PAIR, lpc_event_pair, ON_DEVICE, op_event_pair),
	LPC_OP(COPY, lpc_copy, ON_DEVICE, op_copy),
	LPC_OP(QUICK, lpc_quick_make, ON_ENDS, op_quick),
	LPC_OP(QUICK_OPEN, lpc_quick_open, ON_ENDS, op_quick_open),
	LPC_OP_MUTE(CANCEL, lpc_cancel, ON_ALL, op_cancel),
	LPC_OP_MUTE(SHUTDOWN, lpc_shutdown, ON_ALL, op_shutdown),
	LPC_OP_GREW(QUERY, lpc_query, 56, ON_DEVICE | ON_ALL, op_query),
	LPC_OP(SECURITY, lpc_security, ON_DEVICE | ON_ALL, op_security),
	LPC_OP_MUTE(WATCH_THREAD, lpc_watch, ON_PORT | ON_CLIENT, op_watch),
	LPC_OP_GREW(ACCEPT, lpc_accept, 48, ON_PORT, op_accept),
	LPC_OP(DATA, lpc_data, ON_PORT | ON_SERVER, op_data),
	LPC_OP(IMPERSONATE, lpc_impersonate, ON_SERVER, op_impersonate),
	LPC_OP_MUTE(COMPLETE, lpc_complete, ON_SERVER, op_complete),
};

static long run_op(struct lpc_end *end, unsigned int on, unsigned int cmd,
		   void __user *arg)
{
	struct lpc_request req = { .end = end, .arg = arg };
	const struct lpc_op *op;
	int ret;

	for (op = lpc_ops; op < lpc_ops + ARRAY_SIZE(lpc_ops); op++)
		if (op->on & on && lpc_same_op(cmd, op->cmd))
			goto found;
	return -ENOTTY;
found:
	req.size = _IOC_SIZE(cmd);
	ret = args_in(&req, op->size);
	if (ret)
		return ret;
	ret = op->run(&req);
	if (ret == -ERESTARTSYS || ret == -EFAULT)
		return ret;
	/* Where an fd has been installed, its number was copied out before. */
	if ((req.told || op->mute) && (!ret || ret == -EINPROGRESS))
		return ret;
	return args_out(&req, op->size) ? -EFAULT : ret;
}

/* An error: status, room, limit and in_use go to the caller's message. */
static long message_error(struct lpc_io *io, int ret)
{
	if (ret == -EFAULT || ret == -ERESTARTSYS || ret == -EINPROGRESS)
		return ret;
	return lpc_io_put_back(io) ? -EFAULT : ret;
}

static long do_send(struct lpc_end *end, void __user *arg, size_t size)
{
	struct lpc_io io __uninitialized;
	int ret;

	ret = lpc_io_get(&io, arg, size, LPC_IO_SEND, LPC_MASK_SEND);
	if (ret)
		return ret;
	io.msg.status = 0;
	ret = lpc_io_get_payload(&io, end->port->inline_max);
	if (!ret)
		ret = lpc_send(end, &io);
	return ret ? message_error(&io, ret) : 0;
}

static long do_call(struct lpc_end *end, void __user *arg, size_t size)
{
	struct lpc_io io __uninitialized;
	int ret;

	ret = lpc_io_get(&io, arg, size, LPC_IO_CALL, LPC_MASK_CALL);
	if (unlikely(ret))
		return ret;
	io.msg.status &= LPC_PENDING;
	if (likely(!io.msg.status))
		ret = lpc_io_get_payload(&io, end->port->inline_max);
	if (unlikely(size > sizeof(io.msg) && !io.msg.status && !ret))
		ret = lpc_buffers_get(&io);
	if (likely(!ret))
		ret = lpc_call(end, &io);
	if (unlikely(io.buffers))
		kfree(io.buffers);
	if (likely(!ret))
		return 0;
	/* What did not get as far as the call leaves it to be waited for. */
	if (ret != -EINPROGRESS && ret != -EMSGSIZE && ret != -EBUSY)
		io.msg.status &= ~LPC_PENDING;
	return message_error(&io, ret);
}

static long do_reply_recv(struct file *file, struct lpc_end *end,
			  void __user *arg, size_t size)
{
	struct lpc_io io __uninitialized;
	int ret;

	ret = lpc_io_get(&io, arg, size, LPC_IO_REPLY_RECV, LPC_MASK_REPLY_RECV);
	if (unlikely(ret))
		return ret;
	if (io.msg.flags & LPC_WITH_REPLY) {
		ret = lpc_io_get_payload(&io, end->port->inline_max);
		if (unlikely(ret)) {
			io.msg.status = 0;
			return message_error(&io, ret);
		}
	}
	return lpc_reply_recv(end, &io, file->f_flags & O_NONBLOCK);
}

static long do_reply_wait(struct lpc_end *end, void __user *arg, size_t size)
{
	struct lpc_io io __uninitialized;
	int ret;

	ret = lpc_io_get(&io, arg, size, LPC_IO_REPLY_WAIT, LPC_MASK_REPLY_WAIT);
	if (ret)
		return ret;
	io.msg.status = 0;
	if (io.msg.flags & LPC_WITH_REPLY)
		ret = lpc_io_get_payload(&io, end->port->inline_max);
	if (!ret)
		ret = lpc_reply_wait(end, &io);
	return ret ? message_error(&io, ret) : 0;
}

static unsigned int kind_bit(const struct lpc_end *end)
{
	return end->kind == LPC_KIND_PORT ? ON_PORT :
	       end->kind == LPC_KIND_SERVER ? ON_SERVER : ON_CLIENT;
}

static long end_run(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct lpc_end *end = file->private_data;
	void __user *user = (void __user *)arg;
	size_t size = _IOC_SIZE(cmd);

	/* The two that a round trip is made of, as they mostly are. */
	if (likely(cmd == LPC_IOC_CALL))
		return do_call(end, user, sizeof(struct lpc_msg));
	if (likely(cmd == LPC_IOC_REPLY_RECV))
		return do_reply_recv(file, end, user, sizeof(struct lpc_msg));
	if (lpc_same_op(cmd, LPC_IOC_CALL))
		return do_call(end, user, size);
	if (lpc_same_op(cmd, LPC_IOC_REPLY_RECV))
		return do_reply_recv(file, end, user, size);
	if (lpc_same_op(cmd, LPC_IOC_SEND))
		return do_send(end, user, size);
	if (lpc_same_op(cmd, LPC_IOC_REPLY_WAIT))
		return do_reply_wait(end, user, size);
	return run_op(end, kind_bit(end), cmd, user);
}

static long end_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return lpc_fail_sweep(end_run, file, cmd, arg);
}

static long device_run(struct file *file, unsigned int cmd, unsigned long arg)
{
	return run_op(NULL, ON_DEVICE, cmd, (void __user *)arg);
}

static long device_ioctl(struct file *file, unsigned int cmd,
			 unsigned long arg)
{
	return lpc_fail_sweep(device_run, file, cmd, arg);
}

static __poll_t end_poll(struct file *file, poll_table *wait)
{
	return lpc_end_poll(file->private_data, file, wait);
}

static void end_fdinfo(struct seq_file *m, struct file *file)
{
	lpc_end_fdinfo(file->private_data, m);
}

static int port_release(struct inode *inode, struct file *file)
{
	struct lpc_end *end = file->private_data;

	lpc_port_release(end->port);
	return 0;
}

static int end_release(struct inode *inode, struct file *file)
{
	/* An aborted ACCEPT or CONNECT leaves a file without an end. */
	if (file->private_data)
		lpc_end_release(file->private_data);
	return 0;
}

/* read() and write() are not there, so they fail with EINVAL. */
static const struct file_operations lpc_port_ops = {
	.owner		= THIS_MODULE,
	.release	= port_release,
	.poll		= end_poll,
	.unlocked_ioctl	= end_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= end_fdinfo,
};

static const struct file_operations lpc_end_ops = {
	.owner		= THIS_MODULE,
	.release	= end_release,
	.poll		= end_poll,
	.unlocked_ioctl	= end_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= end_fdinfo,
};

const struct file_operations lpc_device_ops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* The ABI: no struct may change its size or get a hole unseen. */
static void check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct lpc_msg) != 128);
	BUILD_BUG_ON(offsetof(struct lpc_msg, in_use) != 124);
	BUILD_BUG_ON(sizeof(struct lpc_limit_value) != 16);
	BUILD_BUG_ON(sizeof(struct lpc_info) != 40 + 16 * LPC_LIMIT_MAX);
	BUILD_BUG_ON(sizeof(struct lpc_create) != 80);
	BUILD_BUG_ON(sizeof(struct lpc_connect) != 184);
	BUILD_BUG_ON(sizeof(struct lpc_accept) != 136);
	BUILD_BUG_ON(sizeof(struct lpc_complete) != 8);
	BUILD_BUG_ON(sizeof(struct lpc_shutdown) != 8);
	BUILD_BUG_ON(sizeof(struct lpc_cancel) != 16);
	BUILD_BUG_ON(sizeof(struct lpc_watch) != 16);
	BUILD_BUG_ON(sizeof(struct lpc_counters) != 80);
	BUILD_BUG_ON(sizeof(struct lpc_port_info) != 104 + 80 + 256);
	BUILD_BUG_ON(sizeof(struct lpc_conn_info) != 64 + 80 + 32);
	BUILD_BUG_ON(sizeof(struct lpc_call_info) != 96);
	BUILD_BUG_ON(sizeof(struct lpc_query) != 64);
	BUILD_BUG_ON(sizeof(struct lpc_list) != 48);
	BUILD_BUG_ON(sizeof(struct lpc_section_make) != 32);
	BUILD_BUG_ON(sizeof(struct lpc_view) != 40);
	BUILD_BUG_ON(sizeof(struct lpc_buffer) != 24);
	BUILD_BUG_ON(sizeof(struct lpc_call_data) != 144);
	BUILD_BUG_ON(sizeof(struct lpc_split) != 168);
	BUILD_BUG_ON(sizeof(struct lpc_nt_message) != 40);
	BUILD_BUG_ON(sizeof(struct lpc_nt_buffer) != 16);
	BUILD_BUG_ON(sizeof(struct lpc_nt_buffers) != 8);
	BUILD_BUG_ON(sizeof(struct lpc_copy) != 24);
	BUILD_BUG_ON(sizeof(struct lpc_data) != 72);
	BUILD_BUG_ON(sizeof(struct lpc_event_page) != 256);
	BUILD_BUG_ON(offsetof(struct lpc_event_page, high) != 128);
	BUILD_BUG_ON(sizeof(struct lpc_event_pair) != 24);
	BUILD_BUG_ON(sizeof(struct lpc_event) != 24);
	BUILD_BUG_ON(sizeof(struct lpc_quick_make) != 64);
	BUILD_BUG_ON(sizeof(struct lpc_quick_open) != 56);
	BUILD_BUG_ON(sizeof(struct lpc_impersonate) != 48);
	BUILD_BUG_ON(sizeof(struct lpc_acl_entry) != 8);
	BUILD_BUG_ON(sizeof(struct lpc_caller_info) != 48 + 256);
	BUILD_BUG_ON(sizeof(struct lpc_security) != 40);
}

/**
 * lpc_ioctl_init - say what files of each kind do
 */
void lpc_ioctl_init(void)
{
	check_abi();
	lpc_object_ops(LPC_KIND_PORT, &lpc_port_ops);
	lpc_object_ops(LPC_KIND_SERVER, &lpc_end_ops);
	lpc_object_ops(LPC_KIND_CLIENT, &lpc_end_ops);
}

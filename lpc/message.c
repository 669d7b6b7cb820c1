// SPDX-License-Identifier: GPL-2.0-only
/*
 * One message: its checks, its memory, its ways in and out. Headers are copied
 * once, at a size known to the compiler; the length comes from that copy; then
 * exactly that many bytes from behind it. No lock is held here: user memory
 * may never answer.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "fail.h"
#include "message.h"
#include "split.h"

static struct kmem_cache *lpc_call_cache;

/* What stands behind struct lpc_msg, and what this kernel does not know. */
static int get_tail(struct lpc_io *io)
{
	size_t known = sizeof(io->msg);
	int ret;

	if (io->size >= sizeof(struct lpc_split)) {
		ret = lpc_split_get(io);
		if (ret)
			return ret;
		known = sizeof(struct lpc_split);
	} else if (io->op == LPC_IO_CALL) {
		known = sizeof(struct lpc_call_data);
	}
	if (io->size <= known)
		return 0;
	ret = check_zeroed_user(io->arg + known, io->size - known);
	return ret > 0 ? 0 : ret ? ret : -E2BIG;
}

/**
 * lpc_io_get_odd - copy in a header that is longer, or near the end of a page
 * @io: with @io->arg and @io->size
 * @op: which ioctl this is
 *
 * Return: 0, -EFAULT, -E2BIG, -EINVAL.
 */
int lpc_io_get_odd(struct lpc_io *io, enum lpc_io_op op)
{
	io->op = op;
	/* In one go what lpc_split_get() looks at behind the message. */
	if (io->size >= sizeof(struct lpc_split))
		return copy_from_user(&io->in, io->arg,
				      sizeof(struct lpc_split)) ?
			-EFAULT : get_tail(io);
	if (copy_from_user(&io->msg, io->arg, sizeof(io->msg)))
		return -EFAULT;
	return io->size > sizeof(io->msg) ? get_tail(io) : 0;
}

/**
 * lpc_io_get_long - copy a payload in that did not come with its header
 * @io: with its header
 * @limit: of the port
 *
 * A payload that is too long for that lies in the piece of a section; then
 * there is nothing to copy.
 *
 * Return: 0, -EFAULT, -EINVAL, or -EMSGSIZE with the limit in msg.room.
 */
int lpc_io_get_long(struct lpc_io *io, u32 limit)
{
	void __user *from = io->arg + io->size;
	u32 len = io->msg.len;

	if (io->form == LPC_SPLIT_NT)
		return lpc_split_get_nt(io, limit);
	if (io->form)
		from = u64_to_user_ptr(io->send);
	if (len > LPC_INLINE_MAX && io->msg.section)
		return len <= io->msg.length ? 0 : -EINVAL;
	if (len > min_t(u32, limit, LPC_INLINE_MAX)) {
		io->msg.room = limit;
		return -EMSGSIZE;
	}
	if (copy_from_user(io->data, from, len))
		return -EFAULT;
	io->payload = io->data;
	io->len = len;
	return 0;
}

/**
 * lpc_io_put - copy a received message out
 * @io: with what lpc_io_fill() made of it
 *
 * Return: 0 or -EFAULT.
 */
int lpc_io_put(struct lpc_io *io)
{
	void __user *out = lpc_io_out(io);
	u32 len = io->len;

	if (likely(io->size == sizeof(io->head)))
		return copy_to_user(out, &io->out, sizeof(io->head) + len) ?
			-EFAULT : 0;
	if (io->form == LPC_SPLIT_NT)
		return lpc_split_put_nt(io);
	if (io->form)
		return copy_to_user(out, &io->head, sizeof(io->head)) ||
		       copy_to_user(u64_to_user_ptr(io->receive), io->data,
				    len) ? -EFAULT : 0;
	if (copy_to_user(out, &io->head, sizeof(io->head)) || lpc_fail_point() ||
	    clear_user(out + sizeof(io->head), io->size - sizeof(io->head)) ||
	    copy_to_user(out + io->size, io->data, len))
		return -EFAULT;
	return 0;
}

/**
 * lpc_io_put_back - tell the caller in its own message how far this went
 * @io: msg.status, flags, id, room, limit, in_use as they are to read
 *
 * Return: 0 or -EFAULT.
 */
int lpc_io_put_back(struct lpc_io *io)
{
	return copy_to_user(io->arg, &io->msg, sizeof(io->msg)) ? -EFAULT : 0;
}

/* A start time is all of the payload. */
static void show_start(struct lpc_io *io)
{
	u64 start;

	memcpy(&start, io->data, sizeof(start));
	start = lpc_start_out(start);
	memcpy(io->data, &start, sizeof(start));
}

/**
 * lpc_io_fill - make ready what a receiver gets
 * @io: gets the header, all of it written, and the payload
 * @given: what it gets
 */
void lpc_io_fill(struct lpc_io *io, struct lpc_given given)
{
	const struct lpc_call *call = given.call;

#define PUT(field, value) (io->head.field = (value))
	LPC_HEADER(PUT, given, lpc_payload(call));
#undef PUT
	io->len = call->len;
	lpc_copy_payload(io->data, call->data, call->len);
	if (given.type == LPC_PORT_CLOSED || given.type == LPC_CLIENT_DIED)
		show_start(io);
}

/**
 * lpc_copy_in - copy a name or connect data in
 * @to: kernel memory of at least @len bytes
 * @from: address in the caller
 * @len: bytes, bounded by the caller of this
 */
int lpc_copy_in(void *to, u64 from, u32 len)
{
	return copy_from_user(to, u64_to_user_ptr(from), len) ? -EFAULT : 0;
}

/**
 * lpc_copy_out - copy connect data or an answer of QUERY and LIST out
 * @to: address in the caller
 * @from: kernel memory
 * @len: bytes
 */
int lpc_copy_out(u64 to, const void *from, u32 len)
{
	return copy_to_user(u64_to_user_ptr(to), from, len) ? -EFAULT : 0;
}

/**
 * lpc_clear_out - zero what an answer of LIST has room for beyond ours
 * @to: address in the caller
 * @len: bytes
 */
int lpc_clear_out(u64 to, u32 len)
{
	return lpc_fail_point() || clear_user(u64_to_user_ptr(to), len) ?
	       -EFAULT : 0;
}

/**
 * lpc_copy - COPY: within the caller's memory, by way of the kernel
 * @args: of the ioctl
 */
int lpc_copy(const struct lpc_copy *args)
{
	u8 chunk[256];
	u32 done, len;

	if (args->flags || args->length > LPC_COPY_MOST)
		return -EINVAL;
	for (done = 0; done < args->length; done += len) {
		len = min_t(u32, args->length - done, sizeof(chunk));
		if (lpc_copy_in(chunk, args->from + done, len) ||
		    lpc_copy_out(args->to + done, chunk, len))
			return -EFAULT;
	}
	return 0;
}

/**
 * lpc_deadline_finite - what lpc_deadline_in() does, for one that may come
 * @deadline: of the caller's time namespace
 *
 * Return: kernel nanoseconds, or LPC_FOREVER.
 */
u64 lpc_deadline_finite(u64 deadline)
{
	s64 ahead;

	if (deadline > KTIME_MAX)
		return LPC_FOREVER;
	ahead = lpc_timens_offset();
	if (ahead > 0 && deadline <= ahead)
		return 1;
	deadline -= ahead;
	return deadline > KTIME_MAX ? LPC_FOREVER : deadline;
}

/**
 * lpc_moment_out - what lpc_time_out() does, for one that there is
 * @time: kernel nanoseconds
 */
u64 lpc_moment_out(u64 time)
{
	return time + lpc_timens_offset();
}

/**
 * lpc_start_out - a start time as the calling thread's time namespace reads it
 * @start: of a thread, nanoseconds since boot
 *
 * So it is what /proc/<pid>/stat says there.
 */
u64 lpc_start_out(u64 start)
{
	return start + lpc_timens_boot_offset();
}

static void call_ctor(void *object)
{
	/* A constructor keeps the cache from being merged: a leak shows. */
	memset(object, 0, sizeof(struct lpc_call));
}

/**
 * lpc_call_alloc - memory for one message, charged to the caller's cgroup
 *
 * Return: zeroed, or NULL.
 */
struct lpc_call *lpc_call_alloc(void)
{
	struct lpc_call *call;

	call = kmem_cache_alloc(lpc_call_cache, GFP_KERNEL_ACCOUNT);
	if (!call)
		return NULL;
	memset(call, 0, sizeof(*call));
	return call;
}

/**
 * lpc_call_destroy - give memory of a message back
 * @call: on no list, or NULL
 */
void lpc_call_destroy(struct lpc_call *call)
{
	if (!call)
		return;
	if (call->notice)
		kmem_cache_free(lpc_call_cache, call->notice);
	kfree(call->held);
	kfree(call->buffers);
	kmem_cache_free(lpc_call_cache, call);
}

/**
 * lpc_message_init - make the cache
 */
int lpc_message_init(void)
{
	lpc_call_cache = kmem_cache_create("lpc_call", sizeof(struct lpc_call),
					   0, SLAB_ACCOUNT, call_ctor);
	return lpc_call_cache ? 0 : -ENOMEM;
}

/**
 * lpc_message_exit - undo lpc_message_init()
 */
void lpc_message_exit(void)
{
	kmem_cache_destroy(lpc_call_cache);
}

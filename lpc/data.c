// SPDX-License-Identifier: GPL-2.0-only
/*
 * DATA: a server reads or writes memory that a waiting client has listed.
 *
 * Nobody reaches into a foreign mm: a page there may be one that never answers,
 * and would hold the server beyond SIGKILL. Instead the client's own thread
 * wakes inside its CALL, copies between its buffer and a bounce buffer of the
 * server's, and sleeps again. So nothing can be written once CALL has returned,
 * and the server waits with its own deadline. If that passes while the client
 * is stuck in its own memory the bounce buffer stays until it is not; one for a
 * call at the most.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "conn.h"
#include "data.h"
#include "inflight.h"
#include "limits.h"
#include "split.h"

/**
 * struct lpc_data_op - one chunk on its way between server and client
 * @refs: the thread in DATA, and the call whose data_op this is; port->lock
 * @waiter: the thread in DATA; done when @result says how it went
 * @call: who is to copy; NULL when that is over; port->lock
 * @address: in the client
 * @len: of @bounce
 * @write: to the client
 * @running: the client's thread is at it; port->lock
 * @result: 0 or why not; port->lock
 * @bounce: what is copied; the client's thread's alone while @running
 */
struct lpc_data_op {
	unsigned int refs;
	struct lpc_waiter waiter;
	struct lpc_call *call;
	u64 address;
	u32 len;
	bool write;
	bool running;
	int result;
	u8 bounce[];
};

static int buffer_check(const struct lpc_buffer *buffer)
{
	u64 end;

	if (!buffer->access || buffer->reserved ||
	    buffer->access & ~(LPC_DATA_READ | LPC_DATA_WRITE))
		return -EINVAL;
	if (check_add_overflow(buffer->base, buffer->length, &end))
		return -EINVAL;
	return 0;
}

static struct lpc_buffers *buffers_new(u32 count)
{
	struct lpc_buffers *buffers;

	buffers = kzalloc(struct_size(buffers, list, count), GFP_KERNEL_ACCOUNT);
	if (buffers)
		buffers->count = count;
	return buffers;
}

/* As NT has it, the list lies in the payload, which has been copied in. */
static int buffers_of_payload(struct lpc_io *io)
{
	u32 at = lpc_split_list(io->msg.code), need, i;
	struct lpc_nt_buffers head;
	struct lpc_nt_buffer entry;
	int ret = 0;

	if (at < sizeof(struct lpc_nt_message) ||
	    io->msg.flags & LPC_CALLBACK)
		return -EINVAL;
	at -= sizeof(struct lpc_nt_message);
	if (at + sizeof(head) > io->len)
		return -EINVAL;
	memcpy(&head, io->data + at, sizeof(head));
	at += sizeof(head);
	if (!head.count || head.count > LPC_BUFFERS_MAX)
		return -EINVAL;
	need = head.count * sizeof(entry);
	if (at + need > io->len)
		return -EINVAL;
	io->buffers = buffers_new(head.count);
	if (!io->buffers)
		return -ENOMEM;
	for (i = 0; i < head.count && !ret; i++, at += sizeof(entry)) {
		memcpy(&entry, io->data + at, sizeof(entry));
		io->buffers->list[i].base = entry.base;
		io->buffers->list[i].length = entry.size;
		io->buffers->list[i].access = LPC_DATA_READ | LPC_DATA_WRITE;
		ret = buffer_check(&io->buffers->list[i]);
	}
	return ret;
}

static int buffers_behind_message(struct lpc_io *io)
{
	struct lpc_call_data ext = {};
	struct lpc_buffers *buffers;
	size_t known = min(io->size, sizeof(ext)) - sizeof(ext.msg);
	u32 i;
	int ret = 0;

	if (copy_from_user((u8 *)&ext + sizeof(ext.msg),
			   io->arg + sizeof(ext.msg), known))
		return -EFAULT;
	/* In the split form that has been looked at already. */
	if (io->form == LPC_SPLIT_NONE && ext.reserved)
		return -EINVAL;
	if (ext.count > LPC_BUFFERS_MAX)
		return -EINVAL;
	if (!ext.count)
		return 0;
	if (io->msg.flags & (LPC_CALL_ASYNC | LPC_CALLBACK))
		return -EINVAL;
	buffers = buffers_new(ext.count);
	if (!buffers)
		return -ENOMEM;
	if (copy_from_user(buffers->list, u64_to_user_ptr(ext.buffers),
			   array_size(ext.count, sizeof(buffers->list[0]))))
		ret = -EFAULT;
	for (i = 0; i < ext.count && !ret; i++)
		ret = buffer_check(&buffers->list[i]);
	if (ret)
		kfree(buffers);
	else
		io->buffers = buffers;
	return ret;
}

/**
 * lpc_buffers_get - copy in what CALL lists behind its message
 * @io: with the message; gets the list, which is freed by kfree()
 *
 * Return: 0, -EFAULT, -EINVAL, -ENOMEM.
 */
int lpc_buffers_get(struct lpc_io *io)
{
	if (io->form != LPC_SPLIT_NT)
		return buffers_behind_message(io);
	return lpc_split_list(io->msg.code) ? buffers_of_payload(io) : 0;
}

static void op_put(struct lpc_data_op *op)
{
	if (!--op->refs)
		kfree(op);
}

/* It is over; the thread in DATA, if it is still there, is told. Locked. */
static void op_done(struct lpc_data_op *op, int result)
{
	op->result = result;
	op->call->data_op = NULL;
	op->call = NULL;
	lpc_waiter_wake(&op->waiter);
	op_put(op);
}

/**
 * lpc_data_serve - copy what a DATA wants of this thread's memory
 * @call: that this thread waits for, with a data_op; locked, but not meanwhile
 */
void lpc_data_serve(struct lpc_call *call)
	__must_hold(&call->port->lock)
{
	struct lpc_data_op *op = call->data_op;
	struct lpc_port *port = call->port;
	void __user *user = u64_to_user_ptr(op->address);
	unsigned long left;

	op->running = true;
	lpc_unlock(port);
	/* This may take for ever; then so does this thread's CALL. */
	if (op->write)
		left = copy_to_user(user, op->bounce, op->len);
	else
		left = copy_from_user(op->bounce, user, op->len);
	lpc_lock(port);
	op_done(op, left ? -EREMOTEIO : 0);
}

/**
 * lpc_data_abort - what the call's thread has not begun it will not do
 * @call: with a data_op; locked
 * @error: for the thread in DATA
 *
 * The call ends, or its thread leaves it for a signal. What that thread is at it
 * finishes, before its CALL returns.
 */
void lpc_data_abort(struct lpc_call *call, int error)
{
	lockdep_assert_held(&call->port->lock);
	if (!call->data_op->running)
		op_done(call->data_op, error);
}

/* The request @args names, if its thread can be asked now. Locked. */
static struct lpc_call *find_lender(struct lpc_end *end,
				    const struct lpc_data *args)
{
	struct lpc_call *call = lpc_slots_find(&end->port->slots, args->id);

	if (IS_ERR(call))
		return call;
	if (call->id != args->id || call->type != LPC_REQUEST ||
	    call->to_client || !lpc_end_may_answer(end, call))
		return ERR_PTR(-ESTALE);
	if (call->state == LPC_CALL_CANCELED && call->taken)
		return ERR_PTR(-ECANCELED);
	if (call->state != LPC_CALL_TAKEN && call->state != LPC_CALL_AWAY)
		return ERR_PTR(-ESTALE);
	if (!call->buffers || args->index >= call->buffers->count)
		return ERR_PTR(-EINVAL);
	return call;
}

static const struct lpc_buffer *buffer_at(const struct lpc_call *call,
					  u32 index)
{
	index = array_index_nospec(index, call->buffers->count);
	return &call->buffers->list[index];
}

static int check_range(const struct lpc_buffer *buffer, struct lpc_data *args)
{
	args->size = buffer->length;
	args->allowed = buffer->access;
	if (!args->length)
		return 0;
	if (!(buffer->access & args->access))
		return -EACCES;
	if (args->length > buffer->length ||
	    args->offset > buffer->length - args->length)
		return -EINVAL;
	return 0;
}

/*
 * The chunk that the client's thread is still at though its DATA has left, for a
 * signal or its deadline: it is nobody's now, so this thread waits for its end.
 * Return: NULL if another DATA does. Locked.
 */
static struct lpc_data_op *op_adopt(struct lpc_data_op *op)
{
	if (op->refs > 1)
		return NULL;
	op->refs++;
	lpc_waiter_arm(&op->waiter);
	return op;
}

/* Wait for it; what it comes to interests nobody. */
static int stray_wait(struct lpc_end *end, struct lpc_data_op *stray,
		      u64 deadline)
{
	int ret = lpc_wait(&stray->waiter, deadline, NULL, NULL);

	lpc_lock(end->port);
	if (stray->waiter.done)
		ret = 0;
	stray->waiter.task = NULL;
	op_put(stray);
	lpc_unlock(end->port);
	return ret;
}

/*
 * Hand a chunk to the client's thread. Not locked. Return: 0, and @op is to be
 * waited for; or why not, and it is still the caller's alone: -EBUSY with
 * @stray set if that is to be waited for first.
 */
static int op_start(struct lpc_end *end, struct lpc_data *args,
		    struct lpc_data_op *op, bool *handoff,
		    struct lpc_data_op **stray)
{
	struct lpc_port *port = end->port;
	struct task_struct *task;
	struct lpc_call *call;
	int ret;

	lpc_lock(port);
	call = find_lender(end, args);
	ret = PTR_ERR_OR_ZERO(call);
	if (!ret)
		ret = check_range(buffer_at(call, args->index), args);
	if (!ret && op && (call->open || call->incoming || !call->waiter.task))
		ret = -EAGAIN;
	if (!ret && op && call->data_op) {
		*stray = op_adopt(call->data_op);
		ret = -EBUSY;
	}
	if (ret || !op) {
		lpc_unlock(port);
		return ret;
	}
	op->address = buffer_at(call, args->index)->base + args->offset +
		      args->done;
	op->call = call;
	op->refs = 2;
	lpc_waiter_arm(&op->waiter);
	call->data_op = op;
	task = lpc_waiter_fire(&call->waiter);
	*handoff = lpc_unlock_handoff(port, task);
	return 0;
}

/* Wait for it. Return: what became of it; @op is not ours any more on errors. */
static int op_wait(struct lpc_end *end, struct lpc_data_op *op, u64 deadline,
		   bool handoff)
{
	int ret = lpc_wait(&op->waiter, deadline, handoff ? &end->turn : NULL,
			   NULL);

	lpc_lock(end->port);
	if (op->waiter.done) {
		ret = op->result;
	} else {
		op->waiter.task = NULL;
		/* Not begun: it never will be. Else its end frees it. */
		if (!op->running)
			op_done(op, ret);
	}
	if (ret)
		op_put(op);
	lpc_unlock(end->port);
	return ret;
}

static int copy_chunk(struct lpc_end *end, struct lpc_data *args, u32 len,
		      u64 deadline)
{
	bool write = args->access == LPC_DATA_WRITE, handoff = false;
	void __user *user = u64_to_user_ptr(args->address + args->done);
	struct lpc_data_op *op, *stray;
	int ret = 0;

	op = kmalloc(struct_size(op, bounce, len), GFP_KERNEL_ACCOUNT);
	if (!op)
		return -ENOMEM;
	memset(op, 0, sizeof(*op));
	op->len = len;
	op->write = write;
	if (write && copy_from_user(op->bounce, user, len))
		ret = -EFAULT;
	while (!ret) {
		stray = NULL;
		ret = op_start(end, args, op, &handoff, &stray);
		if (!stray)
			break;
		ret = stray_wait(end, stray, deadline);
	}
	if (ret) {
		kfree(op);
		return ret;
	}
	ret = op_wait(end, op, deadline, handoff);
	if (ret)
		return ret;
	/* Its other holder is done with it. */
	if (!write && copy_to_user(user, op->bounce, len))
		ret = -EFAULT;
	kfree(op);
	if (!ret)
		args->done += len;
	return ret;
}

/**
 * lpc_data - DATA (NtReadRequestData, NtWriteRequestData)
 * @end: a port or a server end
 * @args: of the ioctl
 *
 * Return: 0, also if a signal came when some of it was done already; or an
 * error, with what was done in @args.
 */
int lpc_data(struct lpc_end *end, struct lpc_data *args)
{
	u64 deadline = lpc_deadline_in(args->deadline), last;
	int ret;

	args->done = 0;
	if (args->reserved || (args->access != LPC_DATA_READ &&
			       args->access != LPC_DATA_WRITE) ||
	    check_add_overflow(args->address, args->length, &last))
		return -EINVAL;
	if (lpc_deadline_past(deadline))
		return -ETIMEDOUT;
	ret = op_start(end, args, NULL, NULL, NULL);
	while (!ret && args->done < args->length)
		ret = copy_chunk(end, args,
				 min_t(u64, args->length - args->done,
				       LPC_DATA_CHUNK), deadline);
	return ret == -ERESTARTSYS && args->done ? 0 : ret;
}

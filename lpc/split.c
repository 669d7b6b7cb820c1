// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split form: payload, and for NT's programs their header, lie apart from
 * struct lpc_msg. A library that stands between its caller and the kernel need
 * not touch its caller's memory for that, so a bad pointer is EFAULT here and
 * no signal there, and a message that could not be written has not been
 * received.
 *
 * NT's header is checked on the one copy made of it, in NT's order. What of it
 * the receiver is to see travels in lpc_msg.code.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fail.h"
#include "give.h"
#include "identity.h"
#include "limits.h"
#include "message.h"
#include "slots.h"
#include "split.h"

#define NT_HEAD	((u32)sizeof(struct lpc_nt_message))

/* The rest of struct lpc_split, behind its message. */
struct split_tail {
	u64 buffers;
	u32 count;
	u32 form;
	u64 send;
	u64 receive;
	u64 context;
};

/* NT's ProbeForWrite: what stands there is written there. */
static int probe(u64 address)
{
	u8 __user *at = u64_to_user_ptr(address);
	u8 byte;

	return lpc_fail_point() || get_user(byte, at) || put_user(byte, at) ?
	       -EFAULT : 0;
}

static int probe_outputs(const struct lpc_io *io)
{
	int ret = probe(io->receive);

	if (!ret && offset_in_page(io->receive) > PAGE_SIZE - NT_HEAD)
		ret = probe(io->receive + NT_HEAD - 1);
	if (!ret && io->context)
		ret = probe(io->context);
	return ret;
}

static bool receives(const struct lpc_io *io)
{
	return io->op != LPC_IO_SEND && (io->op != LPC_IO_REPLY_RECV ||
					 io->msg.flags & LPC_WITH_RECV);
}

/**
 * lpc_split_get - look at what stands behind the message
 * @io: with all of struct lpc_split in @io->in
 *
 * Return: 0, -EFAULT, also for NT's header where it cannot be written; -EINVAL.
 */
int lpc_split_get(struct lpc_io *io)
{
	struct split_tail tail;

	BUILD_BUG_ON(sizeof(struct lpc_msg) + sizeof(tail) !=
		     sizeof(struct lpc_split));
	BUILD_BUG_ON(sizeof(tail) > sizeof(io->small));
	memcpy(&tail, io->small, sizeof(tail));
	if (tail.form > LPC_SPLIT_NT)
		return -EINVAL;
	if ((tail.buffers || tail.count) &&
	    (io->op != LPC_IO_CALL || tail.form == LPC_SPLIT_NT))
		return -EINVAL;
	if (tail.form == LPC_SPLIT_NONE)
		return tail.send || tail.receive || tail.context ? -EINVAL : 0;
	if (tail.context && tail.form != LPC_SPLIT_NT)
		return -EINVAL;
	if (io->op == LPC_IO_SEND && (tail.receive || tail.context))
		return -EINVAL;
	if (tail.form == LPC_SPLIT_NT && (io->msg.section || io->msg.out))
		return -EINVAL;
	io->form = tail.form;
	io->send = tail.send;
	io->receive = tail.receive;
	io->context = tail.context;
	/* Known with NT's header: not what stands here. */
	if (tail.form == LPC_SPLIT_NT)
		io->msg.len = U32_MAX;
	/* Who comes back for a reply has nothing to lose by a bad address. */
	if (tail.form == LPC_SPLIT_NT && receives(io) &&
	    !(io->op == LPC_IO_CALL && io->msg.status & LPC_PENDING))
		return probe_outputs(io);
	return 0;
}

/* What this ioctl wants of NT's header. */
static int nt_check(struct lpc_io *io, const struct lpc_nt_message *head)
{
	switch (io->op) {
	case LPC_IO_SEND:
		return head->data_info_offset ? -EINVAL : 0;
	case LPC_IO_CALL:
		if (head->type & LPC_NT_NO_IMPERSONATE) {
			io->msg.flags &= ~LPC_MASK_CONSENT;
			io->msg.flags |= LPC_NO_IMPERSONATE;
		}
		if ((head->type & ~LPC_NT_NO_IMPERSONATE) == LPC_NEW)
			return 0;
		if ((head->type & ~LPC_NT_NO_IMPERSONATE) != LPC_REQUEST ||
		    !head->message_id)
			return -EINVAL;
		io->msg.flags |= LPC_CALLBACK;
		break;
	case LPC_IO_REPLY_RECV:
	case LPC_IO_REPLY_WAIT:
		if (!head->message_id)
			return -EINVAL;
		break;
	}
	io->msg.id = head->message_id;
	io->msg.callback = (u32)head->callback;
	/* Numbers that no thread has stay such. */
	io->msg.pid = head->process >> 32 ? 0 : head->process;
	io->msg.tid = head->thread >> 32 ? 0 : head->thread;
	/* That is for callbacks alone; else no such one waits. */
	return io->op == LPC_IO_REPLY_WAIT && !io->msg.callback ? -ESTALE : 0;
}

/*
 * NT's header goes right before @io->data, over what is not needed of @io->head
 * at that time, so that header and payload are copied at one go.
 */
static struct lpc_nt_message *nt_place(struct lpc_io *io)
{
	return (void *)((u8 *)&io->out + sizeof(io->head) - NT_HEAD);
}

/*
 * The header, and of the payload what is on the same page but no more than a
 * short one has. Return: how much of that, or -EFAULT.
 */
static int nt_copy_in(struct lpc_io *io)
{
	void __user *from = u64_to_user_ptr(io->send);
	struct lpc_nt_message *to = nt_place(io);

	if (likely(offset_in_page(io->send) <= PAGE_SIZE - NT_HEAD - LPC_SMALL &&
		   !copy_from_user(to, from, NT_HEAD + LPC_SMALL)))
		return LPC_SMALL;
	return copy_from_user(to, from, NT_HEAD) ? -EFAULT : 0;
}

/**
 * lpc_split_get_nt - copy NT's header and the payload behind it in
 * @io: with its message; LPC_SPLIT_NT
 * @limit: of the port
 *
 * Return: 0, -EFAULT, -EINVAL, -ESTALE, or -EMSGSIZE with the limit in msg.room.
 */
int lpc_split_get_nt(struct lpc_io *io, u32 limit)
{
	struct lpc_nt_message head;
	int ret, got;

	got = nt_copy_in(io);
	if (got < 0)
		return got;
	memcpy(&head, nt_place(io), sizeof(head));
	if (head.data_length < 0 || head.data_info_offset < 0 ||
	    head.total_length < head.data_length + (int)NT_HEAD)
		return -EINVAL;
	limit = min_t(u32, limit, LPC_INLINE_MAX);
	if (head.total_length > limit + NT_HEAD) {
		io->msg.room = limit;
		return -EMSGSIZE;
	}
	io->msg.id = 0;
	io->msg.callback = 0;
	ret = nt_check(io, &head);
	if (ret)
		return ret;
	io->msg.code = (u32)head.data_info_offset << 16 | head.total_length;
	io->msg.len = head.data_length;
	if (head.data_length > got &&
	    copy_from_user(io->data, u64_to_user_ptr(io->send + NT_HEAD),
			   head.data_length))
		return -EFAULT;
	io->payload = io->data;
	io->len = head.data_length;
	return 0;
}

/* A message as NT's programs know it; @code may be from one that is none. */
static lpc_inline struct lpc_nt_message
nt_header(u16 type, u32 code, u32 len, u32 pid, u32 tid, u32 id, u64 callback)
{
	u32 total = code & 0xffff, list = code >> 16;
	struct lpc_nt_message head = {
		.data_length = len,
		.total_length = total >= len + NT_HEAD && total <= S16_MAX ?
				total : len + NT_HEAD,
		.type = type,
		.process = pid,
		.thread = tid,
		.message_id = id,
		.callback = callback,
	};

	if (type == LPC_REQUEST && list >= NT_HEAD && list < len + NT_HEAD)
		head.data_info_offset = list;
	return head;
}

static int put_context(const struct lpc_io *io, u64 context)
{
	if (!io->context)
		return 0;
	return lpc_fail_point() ||
	       put_user(context, (u64 __user *)u64_to_user_ptr(io->context)) ?
	       -EFAULT : 0;
}

/**
 * lpc_split_put_nt - copy a received message out as NT's programs have it
 * @io: with what lpc_io_fill() made of it
 *
 * Return: 0 or -EFAULT.
 */
int lpc_split_put_nt(struct lpc_io *io)
{
	const struct lpc_msg *msg = &io->head;
	u64 context = msg->context;
	struct lpc_nt_message nt;

	nt = nt_header(msg->type, msg->code, io->len, msg->pid, msg->tid,
		       msg->id, msg->type == LPC_CONNECTION_REQUEST ?
				msg->length : (u32)msg->callback);
	/* it may lie over @msg */
	memcpy(nt_place(io), &nt, sizeof(nt));
	if (copy_to_user(u64_to_user_ptr(io->receive), nt_place(io),
			 NT_HEAD + io->len))
		return -EFAULT;
	return put_context(io, context);
}

/**
 * lpc_split_give_nt - the same of a short message, which is no connection
 *	request, from where it lies
 * @io: the receiver's
 * @given: what it gets
 *
 * Return: 0 or -EFAULT.
 */
int lpc_split_give_nt(struct lpc_io *io, struct lpc_given given)
{
	struct lpc_nt_message __user *head = u64_to_user_ptr(io->receive);
	const struct lpc_call *call = given.call;
	u8 __user *to = (u8 __user *)(head + 1);
	const u8 *from = call->data;
	struct lpc_nt_message nt;
	u32 len = call->len;

	nt = nt_header(given.type, call->code, len, given.shown->pid,
		       given.shown->tid, call->id, (u32)call->callback);
	might_fault();
	if (lpc_fail_point() || !user_write_access_begin(head, NT_HEAD + len))
		return -EFAULT;
	unsafe_put_user(nt.data_length, &head->data_length, fault);
	unsafe_put_user(nt.total_length, &head->total_length, fault);
	unsafe_put_user(nt.type, &head->type, fault);
	unsafe_put_user(nt.data_info_offset, &head->data_info_offset, fault);
	unsafe_put_user(nt.process, &head->process, fault);
	unsafe_put_user(nt.thread, &head->thread, fault);
	unsafe_put_user(nt.message_id, &head->message_id, fault);
	unsafe_put_user(nt.reserved, &head->reserved, fault);
	unsafe_put_user(nt.callback, &head->callback, fault);
	LPC_PUT_PAYLOAD(to, from, len, fault);
	user_write_access_end();
	return put_context(io, given.context);
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * lpc_split_resolve - which call does NT's header mean?
 * @slots: locked
 * @io: LPC_SPLIT_NT, with low halves in msg.id and msg.callback; gets the ids
 *	themselves, or one that no call has
 *
 * As in NT a number alone names nothing: the thread that waits must be the one
 * that the header says.
 */
void lpc_split_resolve(struct lpc_slots *slots, struct lpc_io *io)
{
	struct lpc_msg *msg = &io->msg;
	struct lpc_call *call;

	call = lpc_slots_find_short(slots, msg->callback ? msg->callback :
							   msg->id);
	if (!IS_ERR(call) && (u32)call->id == msg->id &&
	    (u32)call->callback == msg->callback &&
	    lpc_ident_is(&call->sender, msg->pid, msg->tid)) {
		msg->id = call->id;
		msg->callback = call->callback;
	} else {
		msg->id = 0;
		msg->callback = 0;
	}
}

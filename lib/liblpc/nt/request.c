// SPDX-License-Identifier: MIT
/*
 * Messages. The kernel reads and writes the caller's PORT_MESSAGE itself (the
 * split form of lpc(4)), so a call is one ioctl, and what NT checks of a header is
 * checked there, on the copy that is used.
 */
#include <errno.h>

#include <lpc/raw.h>

#include "status.h"
#include "table.h"
#include "user.h"

/* A wait that a signal has ended goes on: the kernel knows by @s how far it was. */
#define REPEAT(ioctl) ({			\
	int r__;				\
						\
	do {					\
		r__ = (ioctl);			\
	} while (r__ == -EINTR);		\
	r__;					\
})

/*
 * NT reads the header before it looks at the handle: what is wrong with it, if
 * anything, is said first.
 */
static NTSTATUS bad_handle(NTSTATUS status, const PORT_MESSAGE *from)
{
	PORT_MESSAGE head;
	NTSTATUS s = nt_get(&head, from, sizeof(head));

	if (s)
		return s;
	if (head.u1.s1.DataLength < 0 || head.u1.s1.TotalLength <
	    head.u1.s1.DataLength + (int)sizeof(head))
		return STATUS_INVALID_PARAMETER;
	return status;
}

/* The port that @message, which is sent, goes through. */
static NTSTATUS hold_for(const PORT_MESSAGE *message, HANDLE port, struct nt_object **o)
{
	NTSTATUS s = nt_aligned(message);

	if (s)
		return s;
	s = nt_hold(port, NT_PORTS, o);
	return s ? bad_handle(s, message) : s;
}

/* Why a reply has found nobody; its header is what the kernel made of it. */
static NTSTATUS reply_status(const struct lpc_split *s, int r)
{
	if (r == -ESTALE || r == -ECANCELED)
		return nt_no_such_call(s->msg.pid, s->msg.tid);
	return nt_status(r);
}

static NTSTATUS request_status(const struct lpc_split *s, int r)
{
	/* It had been sent, so somebody was there then. */
	if (r == -EPIPE && s->msg.id)
		return STATUS_LPC_REPLY_LOST;
	return reply_status(s, r);
}

NTSTATUS NTAPI NtRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage)
{
	struct lpc_split s = { .form = LPC_SPLIT_NT, .send = (uintptr_t)RequestMessage };
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = hold_for(RequestMessage, PortHandle, &o);
	if (status)
		return status;
	r = REPEAT(lpc_sys_send_split(o->fd, &s));
	nt_drop(o);
	return nt_status(r);
}

NTSTATUS NTAPI NtRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage,
				      PPORT_MESSAGE ReplyMessage)
{
	/* With dynamic tracking it is who calls that NT shows, whoever connected. */
	struct lpc_split s = {
		.msg.flags = LPC_IMPERSONATE_ME, .msg.room = LPC_INLINE_MAX,
		.form = LPC_SPLIT_NT, .send = (uintptr_t)RequestMessage,
		.receive = (uintptr_t)ReplyMessage,
	};
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = nt_aligned(ReplyMessage);
	if (!status)
		status = hold_for(RequestMessage, PortHandle, &o);
	if (status)
		return status;
	r = REPEAT(lpc_sys_call_split(o->fd, &s));
	nt_drop(o);
	return r ? request_status(&s, r) : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage)
{
	struct lpc_split s = {
		.msg.flags = LPC_WITH_REPLY, .form = LPC_SPLIT_NT,
		.send = (uintptr_t)ReplyMessage,
	};
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = hold_for(ReplyMessage, PortHandle, &o);
	if (status)
		return status;
	r = REPEAT(lpc_sys_reply_recv_split(o->fd, &s));
	nt_drop(o);
	return r ? reply_status(&s, r) : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReplyWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage)
{
	struct lpc_split s = {
		.msg.flags = LPC_WITH_REPLY, .msg.room = LPC_INLINE_MAX, .form = LPC_SPLIT_NT,
		.send = (uintptr_t)ReplyMessage, .receive = (uintptr_t)ReplyMessage,
	};
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = hold_for(ReplyMessage, PortHandle, &o);
	if (status)
		return status;
	r = REPEAT(lpc_sys_reply_wait_split(o->fd, &s));
	nt_drop(o);
	if (r == -EPIPE)
		return STATUS_LPC_REPLY_LOST;
	return r ? reply_status(&s, r) : STATUS_SUCCESS;
}

static NTSTATUS reply_receive(HANDLE port, PVOID *context, PPORT_MESSAGE reply,
			      PPORT_MESSAGE receive, uint64_t deadline, bool poll)
{
	struct lpc_split s = {
		.msg.flags = LPC_WITH_RECV, .msg.room = LPC_INLINE_MAX,
		.msg.deadline = deadline, .form = LPC_SPLIT_NT,
		.send = (uintptr_t)reply, .receive = (uintptr_t)receive,
		.context = (uintptr_t)context,
	};
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = nt_aligned(context);
	if (!status)
		status = nt_aligned(reply);
	if (!status)
		status = nt_aligned(receive);
	if (status)
		return status;
	if (reply)
		s.msg.flags |= LPC_WITH_REPLY;
	if (poll)
		s.msg.flags |= LPC_DONTWAIT;
	status = nt_hold(port, NT_PORTS, &o);
	if (status)
		return reply ? bad_handle(status, reply) : status;
	r = REPEAT(lpc_sys_reply_recv_split(o->fd, &s));
	nt_drop(o);
	return r ? reply_status(&s, r) : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReplyWaitReceivePort(HANDLE PortHandle, PVOID *PortContext,
				      PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage)
{
	return reply_receive(PortHandle, PortContext, ReplyMessage, ReceiveMessage, LPC_FOREVER,
			     false);
}

NTSTATUS NTAPI NtReplyWaitReceivePortEx(HANDLE PortHandle, PVOID *PortContext,
					PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage,
					PLARGE_INTEGER Timeout)
{
	uint64_t deadline;
	NTSTATUS status;
	bool poll;

	status = nt_deadline(Timeout, &deadline, &poll);
	if (status)
		return status;
	return reply_receive(PortHandle, PortContext, ReplyMessage, ReceiveMessage, deadline,
			     poll);
}

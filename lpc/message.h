/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_MESSAGE_H
#define _LPC_MESSAGE_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <uapi/linux/lpc.h>

#include "identity.h"
#include "wait.h"

struct lpc_buffers;
struct lpc_conn;
struct lpc_data_op;
struct lpc_end;
struct lpc_held;
struct lpc_port;
struct lpc_queue;

/*
 * Inline on the path that counts, whatever the compiler thinks. The debug build
 * inlines nothing: there a report names the function it is about, and a block that
 * no test reaches is one.
 */
#ifdef LPC_DEBUG
#define lpc_inline	inline
#else
#define lpc_inline	__always_inline
#endif

/* So much payload is copied in together with its header, if it is no more. */
#define LPC_SMALL	64u

/* Which ioctl a message is the argument of. */
enum lpc_io_op {
	LPC_IO_SEND,
	LPC_IO_CALL,
	LPC_IO_REPLY_RECV,
	LPC_IO_REPLY_WAIT,
};

/**
 * struct lpc_io - the message of one ioctl, on the stack of its thread
 * @arg: the caller's message
 * @size: of its header, from the ioctl's number
 * @form: enum lpc_split_form; the next four are set unless it is NONE
 * @op: enum lpc_io_op
 * @send: address of what is sent
 * @receive: address of where the received payload goes
 * @context: address of where the context goes, or 0
 * @buffers: what the caller lists for DATA, or NULL; the call takes it over
 * @payload: of @len bytes, once that is known: in @small or in @data
 * @len: bytes of inline payload; msg.len is more where it lies in a section
 * @got: bytes of @small that came in with the header
 * @in: what is copied in at one go
 * @msg: the kernel's one copy of the header
 * @small: what stood behind it in the caller's memory
 * @out: what lpc_io_put() copies out at one go
 * @head: the header of what is received
 * @data: payload on its way out, or a longer one on its way in; another thread's
 *	stack is never a copy target, and one's own needs no check by the heap
 *
 * Declared __uninitialized: of @in and @out nothing is looked at and nothing
 * goes out that has not been written before.
 */
struct lpc_io {
	void __user *arg;
	size_t size;
	u8 form;
	u8 op;
	u64 send;
	u64 receive;
	u64 context;
	struct lpc_buffers *buffers;
	const u8 *payload;
	u32 len;
	u32 got;
	/* checkpatch: LINE_SPACING: struct_group() is a declaration */
	struct_group(in,
		/* checkpatch: PARENTHESIS_ALIGNMENT: as kernel structs have it */
		struct lpc_msg msg;
		u8 small[LPC_SMALL];
	);
	/* checkpatch: LINE_SPACING: likewise */
	struct_group(out,
		/* checkpatch: PARENTHESIS_ALIGNMENT: likewise */
		struct lpc_msg head;
		u8 data[LPC_INLINE_MAX + 1];
	);
};

/* Why a call stays open while no thread waits for it; 0: one does. */
enum lpc_open {
	LPC_OPEN_NOT,
	LPC_OPEN_ASYNC,		/* ends as a REPLY in its maker's queue */
	LPC_OPEN_PENDING,	/* its thread comes back by the same ioctl */
	LPC_OPEN_AWAY,		/* its thread handles a callback */
};

/**
 * struct lpc_piece - the piece of a section that goes with a message
 * @offset: in the view
 * @length: at least 1 if there is one
 * @bulk: bytes of payload that lie there; 0 if the payload is inline
 * @section: enum lpc_section_index
 */
struct lpc_piece {
	u64 offset;
	u64 length;
	u32 bulk;
	u16 section;
};

/**
 * struct lpc_held - a call that is over, whose piece the peer may still write to
 * @node: in its connection's held; port->lock
 * @conn: its connection
 * @id: the call's key, which its slot goes on knowing
 * @since: when the call was sent
 * @code: the method
 * @to_client: the server made it
 * @piece: what is held
 */
struct lpc_held {
	struct list_head node;
	struct lpc_conn *conn;
	u64 id;
	u64 since;
	u32 code;
	bool to_client;
	struct lpc_piece piece;
};

/**
 * struct lpc_call - one message in flight and, for a request, its caller
 * @node: in a queue's messages while QUEUED
 * @sent: in @from's calls while the call has not ended or is still open
 * @waiter: the thread that waits for the answer
 * @queue: the queue it was sent to, where it goes back to
 * @port: whose lock guards all of this
 * @conn: its connection; NULL for what is sent on the port
 * @from: the end it was sent on
 * @rx: the receiver that has been picked, while HANDED
 * @parent: the request whose caller this calls back; NULL for none
 * @incoming: the callback its caller has been sent
 * @data_op: what a DATA wants its caller to copy
 * @notice: kept to tell the server that this was canceled, should it ask
 * @held: kept to remember its piece, should it be given up while a server has it
 * @buffers: what DATA may reach while its caller waits, or NULL
 * @timeout: ends an open call at its deadline
 * @away: notices the exit of the thread that handles a callback
 * @unread: counts what its client has sent and nobody has received; or NULL
 * @fresh: all that is zeroed before each use; the rest is written then
 * @key: generation << 32 | number, what its slot knows it by
 * @id: what user space calls it: @key; for a callback the request's
 * @callback: @key for a callback, else 0
 * @seq: place in the queue
 * @deadline: kernel's CLOCK_MONOTONIC nanoseconds, LPC_FOREVER for none
 * @since: when it was sent
 * @sender: who sent it
 * @replier: who answered an open call, counted
 * @reader: namespaces of the waiting caller
 * @shown: of the replier as @reader sees it
 * @owner: thread that alone may come back from a callback, counted
 * @state: enum lpc_call_state
 * @type: enum lpc_type
 * @open: enum lpc_open; read without the lock by who has the call on loan, to whom
 *	only ASYNC matters, and that changes during a loan only as the call ends
 * @refs: the caller (or the queue, for what nobody waits for), and a receiver
 *	in HANDED
 * @depth: of callbacks
 * @to_client: the server side sent it
 * @taken: a copy-out has succeeded
 * @slotted: its slot knows it
 * @counted: among its connection's calls
 * @holds_conn: among its connection's users
 * @timed: @timeout may still run
 * @dead: @timeout is to free it
 * @error: how it ended
 * @consent: LPC_NO_IMPERSONATE or LPC_IMPERSONATE_ME
 * @taker: thread that received it, numbered by the initial pid namespace
 * @code: carried unchanged
 * @late: the server's answer came after it had been given up
 * @piece: the request's, then the reply's
 * @len: of @data
 * @data: inline payload: the request's, then the reply's
 *
 * Everything is guarded by port->lock, but for what a caller fills in before
 * it publishes the call, and what is left when it has seen waiter.done in a
 * call that was TAKEN and REPLIED: then the call is its own.
 */
struct lpc_call {
	struct lpc_call *notice;
	struct lpc_held *held;
	struct lpc_buffers *buffers;
	struct delayed_work timeout;
	/* checkpatch: LINE_SPACING: struct_group() is a declaration */
	struct_group(fresh,
		/* checkpatch: PARENTHESIS_ALIGNMENT: as kernel structs have it */
		struct hlist_node sent;
		struct lpc_waiter waiter;
		struct lpc_queue *queue;
		struct lpc_receiver *rx;
		struct lpc_call *parent;
		struct lpc_call *incoming;
		struct lpc_data_op *data_op;
		struct lpc_away *away;
		u32 *unread;
		u64 callback;
		u64 deadline;
		struct lpc_ident replier;
		struct pid *owner;
		u8 state;
		u8 type;
		u8 open;
		u8 refs;
		u8 depth;
		bool to_client;
		bool taken;
		bool slotted;
		bool counted;
		bool holds_conn;
		bool timed;
		bool dead;
		bool late;
		int error;
		int taker;
	);
	struct list_head node;
	struct lpc_port *port;
	struct lpc_conn *conn;
	struct lpc_end *from;
	u64 key;
	u64 id;
	u64 seq;
	u64 since;
	struct lpc_ident sender;
	struct lpc_reader reader;
	struct lpc_shown shown;
	struct lpc_piece piece;
	u32 consent;
	u32 code;
	u32 len;
	/* so that LPC_PUT_PAYLOAD() may look at eight bytes at a time */
	u8 data[LPC_INLINE_MAX + 1] __aligned(8);
};

/**
 * struct lpc_given - what a receiver gets; handed on by value, so that where all
 *	is inline it is in no memory at all
 * @call: the message, on loan to this thread or its own
 * @shown: its sender as the receiver sees it
 * @type: what it is to the receiver
 * @status: LPC_WAS_TAKEN ..., with that of @shown
 * @error: how a detached call ended
 * @context: of the connection, on the server's side
 * @deadline: of a request's caller, in the receiver's time namespace
 */
struct lpc_given {
	const struct lpc_call *call;
	const struct lpc_shown *shown;
	u16 type;
	u16 status;
	int error;
	u64 context;
	u64 deadline;
};

/*
 * All that a header says to a receiver: put(field, value) for each field once.
 * @given: struct lpc_given; @total: bytes of payload, wherever they lie
 */
/* checkpatch: MACRO_ARG_REUSE: both are names */
#define LPC_HEADER(put, given, total)					\
do {									\
	put(type, (given).type);					\
	put(status, (given).status);					\
	put(flags, 0);							\
	put(code, (given).call->code);					\
	put(len, total);						\
	put(room, 0);							\
	put(error, (given).error);					\
	put(id, (given).call->id);					\
	put(callback, (given).call->callback);				\
	put(context, (given).context);					\
	put(pid, (given).shown->pid);					\
	put(tid, (given).shown->tid);					\
	put(uid, (given).shown->uid);					\
	put(gid, (given).shown->gid);					\
	put(deadline, (given).deadline);				\
	put(out, 0);							\
	put(offset, (given).call->piece.section ?			\
		    (given).call->piece.offset : 0);			\
	put(length, (given).call->piece.section ?			\
		    (given).call->piece.length : 0);			\
	put(cookie, 0);							\
	put(fds, 0);							\
	put(section, (given).call->piece.section);			\
	put(nfds, 0);							\
	put(priority, 0);						\
	put(limit, 0);							\
	put(in_use, 0);							\
} while (0)

/**
 * lpc_queue_settle - a loan is over, one way or the other
 * @call: was HANDED; locked. The loan's count is the caller's to give back.
 */
static inline void lpc_queue_settle(struct lpc_call *call)
{
	call->rx = NULL;
	if (call->unread)
		--*call->unread;
}

/**
 * lpc_payload - bytes of payload, wherever they lie
 * @call: any message
 */
static inline u32 lpc_payload(const struct lpc_call *call)
{
	return call->len + call->piece.bulk;
}

/**
 * lpc_copy_payload - inline payload from one buffer of the kernel to another
 * @to: with room for LPC_SMALL bytes, or more if @len is
 * @from: as long
 * @len: how much of it is payload
 *
 * A short one is copied by a few moves, with whatever stands behind it: who
 * copies out goes by the length.
 */
static lpc_inline void lpc_copy_payload(u8 *to, const u8 *from, u32 len)
{
	if (likely(len <= LPC_SMALL))
		memcpy(to, from, LPC_SMALL);
	else
		memcpy(to, from, len);
}

/**
 * lpc_call_payload - the payload of a message, or of its reply
 * @call: gets it
 * @io: copied in
 */
static lpc_inline void lpc_call_payload(struct lpc_call *call,
					const struct lpc_io *io)
{
	call->len = io->len;
	lpc_copy_payload(call->data, io->payload, io->len);
	call->piece.section = io->msg.section;
	call->piece.offset = io->msg.offset;
	call->piece.length = io->msg.length;
	call->piece.bulk = io->msg.len - io->len;
}

/**
 * lpc_msg_check - what every ioctl asks of a header
 * @msg: copied in
 * @flags: those the ioctl knows
 */
static inline int lpc_msg_check(const struct lpc_msg *msg, u32 flags)
{
	if (msg->flags & ~flags)
		return -EINVAL;
	if (msg->cookie || msg->fds || msg->nfds || msg->priority)
		return -EINVAL;
	/* With a section they are looked at where the section is known. */
	if ((msg->offset || msg->length) && !msg->section)
		return -EINVAL;
	return 0;
}

int lpc_io_get_odd(struct lpc_io *io, enum lpc_io_op op);
int lpc_io_get_long(struct lpc_io *io, u32 limit);

/**
 * lpc_io_get - copy the header of a caller's message in
 * @io: filled but for the payload
 * @arg: the caller's message
 * @size: of its header
 * @op: which ioctl this is
 * @flags: those it knows
 *
 * A short payload comes in with it: what stands on the header's own page can be
 * read as well as the header itself, and is looked at only as far as the
 * payload goes.
 *
 * Return: 0, -EFAULT, -E2BIG for a longer header with a non-zero tail,
 * -EINVAL.
 */
static inline int lpc_io_get(struct lpc_io *io, void __user *arg, size_t size,
			     enum lpc_io_op op, u32 flags)
{
	int ret;

	io->arg = arg;
	io->size = size;
	io->form = LPC_SPLIT_NONE;
	io->len = 0;
	io->got = sizeof(io->small);
	io->payload = io->small;
	io->buffers = NULL;
	if (unlikely(size > sizeof(io->msg) ||
		     offset_in_page(arg) > PAGE_SIZE - sizeof(io->in) ||
		     copy_from_user(&io->in, arg, sizeof(io->in)))) {
		io->got = 0;
		ret = lpc_io_get_odd(io, op);
		if (ret)
			return ret;
	}
	return lpc_msg_check(&io->msg, flags);
}

/**
 * lpc_io_get_payload - the payload behind the header
 * @io: with its header
 * @limit: of the port
 *
 * Return: as lpc_io_get_long().
 */
static inline int lpc_io_get_payload(struct lpc_io *io, u32 limit)
{
	u32 len = io->msg.len;

	if (unlikely(len > io->got || len > limit))
		return lpc_io_get_long(io, limit);
	io->len = len;
	return 0;
}

/**
 * lpc_io_out - where the caller wants what it receives
 * @io: with its header
 */
static inline void __user *lpc_io_out(const struct lpc_io *io)
{
	return io->msg.out ? u64_to_user_ptr(io->msg.out) : io->arg;
}

int lpc_io_put(struct lpc_io *io);
int lpc_io_put_back(struct lpc_io *io);

void lpc_io_fill(struct lpc_io *io, struct lpc_given given);
int lpc_copy_in(void *to, u64 from, u32 len);
int lpc_copy_out(u64 to, const void *from, u32 len);
int lpc_clear_out(u64 to, u32 len);
int lpc_copy(const struct lpc_copy *args);
u64 lpc_deadline_finite(u64 deadline);
u64 lpc_moment_out(u64 time);
u64 lpc_start_out(u64 start);

struct lpc_call *lpc_call_alloc(void);
void lpc_call_destroy(struct lpc_call *call);
int lpc_message_init(void);
void lpc_message_exit(void);

/**
 * lpc_deadline_in - a caller's deadline in the kernel's CLOCK_MONOTONIC
 * @deadline: of the caller's time namespace
 *
 * Return: kernel nanoseconds; LPC_FOREVER for 0 and for what never comes.
 */
static inline u64 lpc_deadline_in(u64 deadline)
{
	return deadline == LPC_FOREVER ? LPC_FOREVER :
					 lpc_deadline_finite(deadline);
}

/**
 * lpc_time_out - a moment as the calling thread's time namespace reads it
 * @time: kernel nanoseconds, 0 for none
 */
static inline u64 lpc_time_out(u64 time)
{
	return time ? lpc_moment_out(time) : 0;
}

#endif /* _LPC_MESSAGE_H */

// SPDX-License-Identifier: MIT
/*
 * A call that its thread waits for.
 *
 * The message lies on the stack: request and reply share one buffer, which has
 * the room for the longest reply that the kernel copies. One system call, no
 * allocation, no lock; a piece of the section where that is not enough.
 */
#include <errno.h>

#include "call.h"
#include "conn.h"
#include "opts.h"
#include "path.h"
#include "request.h"
#include "section.h"

OPTS_NO_TAIL(lpc_call_opts, room);

/* Leaves *@o as it is unless its caller was built with another lpc.h. */
int lpc_call_opts_read(struct lpc_call_opts *to, const struct lpc_call_opts **o)
{
	int r;

	if (*o && (*o)->size != sizeof(**o)) {
		r = lpc_opts_read(to, sizeof(*to), *o);
		if (r < 0)
			return r;
		*o = to;
	}
	if (*o && (*o)->flags & ~(uint64_t)(LPC_CALL_SPIN | LPC_CALL_EINTR | CALL_CONSENT))
		return -EINVAL;
	return 0;
}

static int run_callback(const struct call_to *to, struct request *q,
			const struct lpc_call_opts *o)
{
	struct calling_back b;
	int r;

	if (!o || !o->callback)
		return -EOPNOTSUPP;
	lpc_conn_callback_begin(&b, to->fd);
	r = o->callback(&q->pub, o->arg);
	lpc_conn_callback_end(&b);
	return r;
}

/*
 * The server called back into this waiting thread: @b holds its request, and
 * after this the answer to it, for REPLY_WAIT. If the server has lost interest
 * meanwhile the wait for the reply goes on all the same.
 */
static void __cold answer_callback(const struct call_to *to, struct message *b,
				   const struct lpc_call_opts *o)
{
	struct message reply;
	struct request q;
	int r;

	memset(&reply.m, 0, sizeof(reply.m));
	request_init(&q, REQUEST_CLIENT, to->fd, b, &reply);
	if (to->piece)
		lpc_piece_away(to->section, to->piece, true);
	if (b->m.len > LPC_INLINE_MAX)
		r = -EMSGSIZE;
	else
		r = run_callback(to, &q, o);
	if (to->piece)
		lpc_piece_away(to->section, to->piece, false);
	request_finish(&q, r);
	reply.m.id = q.id;
	reply.m.callback = q.callback;
	reply.m.flags = LPC_WITH_REPLY | LPC_RECV_ANYWAY;
	memcpy(b, &reply, sizeof(reply.m) + reply.m.len);
}

/* What CANCEL knows a call by that was interrupted: a callback has its own id. */
static uint64_t key_of(const struct lpc_msg *m, bool in_call)
{
	return in_call && m->callback ? m->callback : m->id;
}

/*
 * Goes on when the first wait has ended with @r, and no reply. An interrupted
 * ioctl is made again with the same message: the kernel knows from it what has
 * happened already. To give up at a signal is to cancel, and then to fetch what
 * became of the call: the reply may have been faster.
 */
static int __cold wait_on(const struct call_to *to, struct message *b,
			  const struct lpc_call_opts *o, uint64_t deadline, int r)
{
	bool give_up = o && o->flags & LPC_CALL_EINTR, canceled = false;
	int (*wait)(int, struct lpc_msg *) = lpc_sys_call;

	for (;;) {
		if (!r && b->m.type == LPC_REPLY)
			return 0;
		if (!r) {
			answer_callback(to, b, o);
			b->m.room = LPC_INLINE_MAX;
			b->m.deadline = deadline;
			wait = lpc_sys_reply_wait;
		} else if (r != -EINTR) {
			return r == -ECANCELED && canceled ? -EINTR : r;
		} else if (wait == lpc_sys_call && !(b->m.status & LPC_PENDING)) {
			if (give_up)		/* nobody has seen it */
				return r;
		} else if (give_up) {
			struct lpc_cancel c = { .id = key_of(&b->m, wait == lpc_sys_call) };

			canceled = !lpc_sys_cancel(to->fd, &c);
			give_up = false;
		}
		r = wait(to->fd, &b->m);
	}
}

static ssize_t failed(const struct lpc_call_opts *o, int r, const struct lpc_msg *m)
{
	if (o && o->taken)
		*o->taken = !!(m->status & LPC_WAS_TAKEN);
	if (r == -EMSGSIZE && o && o->need)
		*o->need = m->room;
	return r;
}

/* Something about the reply wants care. */
static ssize_t __cold look_at_reply(const struct call_to *to, const struct lpc_call_opts *o,
				    const struct message *b, void *rep, size_t room)
{
	const void *payload = lpc_section_payload(b, to->section, to->piece);
	int32_t status = (int32_t)b->m.code;

	if (o && o->who)
		*o->who = message_cred(&b->m);
	if (o && o->status)
		*o->status = status;
	if (!payload || b->m.len > room || (status && !(o && o->status))) {
		if (o && o->taken)
			*o->taken = 1;
		if (!payload)
			return -EPROTO;
		if (b->m.len > room && o && o->need)
			*o->need = b->m.len;
		return b->m.len > room ? -EMSGSIZE : -EREMOTEIO;
	}
	if (b->m.len && rep != payload)
		memmove(rep, payload, b->m.len);
	return (ssize_t)b->m.len;
}

static inline ssize_t succeeded(const struct call_to *to, const struct lpc_call_opts *o,
				const struct message *b, void *rep, size_t room)
{
	if (__builtin_expect(o || to->piece || b->m.code || b->m.len > room ||
			     b->m.len > LPC_INLINE_MAX, 0))
		return look_at_reply(to, o, b, rep, room);
	if (b->m.len)
		memcpy(rep, b->data, b->m.len);
	return (ssize_t)b->m.len;
}

static int __cold call_failed(const struct call_to *to, const struct lpc_call_opts *o,
			      const struct message *b, int r)
{
	if (to->piece)
		piece_left(to->piece, &b->m, r);
	return (int)failed(o, r, &b->m);
}

/* @b is ready but for where it goes: waits for the reply to it. */
static inline ssize_t call_with(const struct call_to *to, struct message *b, void *rep,
				size_t room, const struct lpc_call_opts *o)
{
	uint64_t deadline = o && o->deadline ? o->deadline : to->deadline;
	int r;

	b->m.room = LPC_INLINE_MAX;
	b->m.deadline = deadline;
	if (o)
		b->m.flags |= (o->flags & LPC_CALL_SPIN ? LPC_SPIN : 0) |
			      (o->flags & LPC_CALL_NOT_FOR_ME ? LPC_NO_IMPERSONATE : 0) |
			      (o->flags & LPC_CALL_FOR_ME ? LPC_IMPERSONATE_ME : 0);
	r = lpc_sys_call(to->fd, &b->m);
	if (__builtin_expect(r || b->m.type != LPC_REPLY, 0))
		r = wait_on(to, b, o, deadline, r);
	if (__builtin_expect(r, 0))
		return call_failed(to, o, b, r);
	return succeeded(to, o, b, rep, room);
}

ssize_t lpc_call_on(const struct call_to *to, uint32_t code, const void *req, size_t len,
		    void *rep, size_t room, const struct lpc_call_opts *o)
{
	struct message b;
	int r;

	r = lpc_section_fill(&b, code, req, len, to->section, to->piece);
	if (r < 0)
		return failed(o, r, &b.m);
	if (to->callback) {
		b.m.flags = LPC_CALLBACK;
		b.m.id = to->id;
		b.m.callback = to->callback_id;
	}
	return call_with(to, &b, rep, room, o);
}

/*
 * With a piece of the section, or without one where only the reply would have
 * needed it.
 */
/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
__attribute__((noinline))
static ssize_t call_long(struct lpc_conn *c, struct call_to *to, uint32_t code, const void *req,
			 size_t len, void *rep, size_t room, const struct lpc_call_opts *o)
{
	size_t reply = o && o->room && o->room < room ? o->room : room;
	struct piece_need need = {
		.least = len > LPC_INLINE_MAX ? len : 0,
		.best = len > reply ? len : reply,
		.use = PIECE_CALL,
		.give_up = o && o->flags & LPC_CALL_EINTR,
		.deadline = o && o->deadline ? o->deadline : to->deadline,
	};
	struct lpc_msg none = { 0 };
	ssize_t n;
	int r;

	if (c->section && need.best > LPC_INLINE_MAX) {
		r = lpc_piece_get(c->section, &need, &to->piece);
		if (r < 0) {
			none.room = (uint32_t)section_room(c->section);
			return failed(o, r, &none);
		}
		to->section = c->section;
	}
	n = lpc_call_on(to, code, req, len, rep, room, o);
	if (to->piece)
		lpc_piece_put(to->section, to->piece);
	return n;
}

ssize_t __hot lpc_call(struct lpc_conn *c, uint32_t code, const void *req, size_t len, void *rep,
		       size_t room, const struct lpc_call_opts *o)
{
	struct lpc_call_opts own;
	struct call_to to = { 0 };
	struct message b;
	ssize_t n;
	int r;

	r = o ? lpc_call_opts_read(&own, &o) : 0;
	if (!r)
		r = lpc_conn_enter(c);
	if (__builtin_expect(r < 0, 0)) {
		if (o && o->taken)
			*o->taken = 0;
		return r;
	}
	to.fd = c->fd;
	if (c->call_ms && !(o && o->deadline))
		to.deadline = lpc_in_ms(c->call_ms);
	if (__builtin_expect(len <= LPC_INLINE_MAX && room <= LPC_INLINE_MAX, 1)) {
		message_init(&b, code, req, len);
		n = call_with(&to, &b, rep, room, o);
	} else {
		n = call_long(c, &to, code, req, len, rep, room, o);
	}
	return lpc_conn_leave(c, n);
}

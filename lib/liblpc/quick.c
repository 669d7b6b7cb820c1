// SPDX-License-Identifier: MIT
/*
 * A client's use of its quick channel.
 *
 * A call and its reply are each a payload that is copied once, a slot, and a
 * look at whether the other side sleeps. Replies come back in any order: a call
 * waits for the one with its own tag, what was sent without waiting is received
 * by lpc_quick_recv(), and the reply to a call that was given up is thrown away
 * when it comes.
 */
#include "call.h"
#include "quick.h"

/* The other side breaks the rules, or is gone: nothing goes any more. */
static int __cold end(struct lpc_quick *q, int err)
{
	q->over = err;
	/* it shall know now, not when the program closes the channel */
	atomic_store_explicit(&q->ch.page->side[CHANNEL_CLIENT].closed, 1, memory_order_release);
	lpc_channel_wake_peer(&q->ch);
	return err;
}

/* Does @r end the channel? */
static bool fatal(int r)
{
	return r < 0 && r != -ETIMEDOUT && r != -EINTR && r != -EAGAIN;
}

/*
 * The next reply that somebody wants: 1, and it is in @m; 0: none is there. A
 * reply to a call is wanted if it is @call's.
 */
static inline int next_reply(struct lpc_quick *q, struct ring_msg *m, uint64_t call)
{
	int r;

	while ((r = ring_look(&q->ch.in, m)) > 0) {
		if (m->flags & RING_CALL && m->tag != call) {
			if (!q->given_up)
				return -EPROTO;
			q->given_up--;
			ring_take(&q->ch.in);
			continue;
		}
		return m->flags & RING_CALL || q->waiting ? 1 : -EPROTO;
	}
	return r;
}

/* What is in the way is thrown away. */
static int __cold make_room(struct lpc_quick *q, size_t len)
{
	struct ring_msg m;
	int r;

	if (len > q->ch.out.ring.size)
		return -EMSGSIZE;
	if (q->waiting + q->given_up < q->ch.out.ring.n) {
		r = ring_room(&q->ch.out, (uint32_t)len);
		if (r != -EAGAIN)
			return r;
	}
	/* with nothing in flight there is nothing to be there */
	if (!q->given_up && q->waiting)
		return -EAGAIN;
	r = next_reply(q, &m, 0);
	if (r < 0)
		return r;
	return q->waiting + q->given_up < q->ch.out.ring.n ?
	       ring_room(&q->ch.out, (uint32_t)len) : -EAGAIN;
}

/* Room for a request, without waiting. */
static inline int get_room(struct lpc_quick *q, size_t len)
{
	if (__builtin_expect(len <= q->ch.out.ring.size &&
			     q->waiting + q->given_up < q->ch.out.ring.n &&
			     ring_fits(&q->ch.out, (uint32_t)len), 1))
		return 0;
	return make_room(q, len);
}

/* The same, and waits. */
static int wait_room(struct lpc_quick *q, size_t len, uint64_t deadline, bool give_up)
{
	int r;

	while ((r = get_room(q, len)) == -EAGAIN) {
		r = lpc_channel_rest(&q->ch, REST_MESSAGE | REST_ROOM, (uint32_t)len, deadline);
		if (r < 0 && (r != -EINTR || give_up))
			break;
	}
	return r;
}

static inline void send(struct lpc_quick *q, uint32_t code, const void *req, uint32_t len,
			uint64_t tag, uint32_t flags)
{
	ring_put(&q->ch.out, code, tag, req, len, flags);
	channel_published(&q->ch);
}

/* The reply to @call, at last. */
static int wait_reply(struct lpc_quick *q, struct ring_msg *m, uint64_t call, uint64_t deadline,
		      bool give_up)
{
	int r;

	for (;;) {
		channel_await(&q->ch);
		r = next_reply(q, m, call);
		if (__builtin_expect(r, 1))
			return r < 0 ? r : 0;
		r = lpc_channel_rest(&q->ch, REST_MESSAGE, 0, deadline);
		if (r < 0 && (r != -EINTR || give_up))
			return r;
	}
}

/* A call that came to nothing; @taken: the server may have it. */
static ssize_t __cold failed(struct lpc_quick *q, const struct lpc_call_opts *o, int r, int taken)
{
	if (o && o->taken)
		*o->taken = taken;
	if (r == -EMSGSIZE && o && o->need)
		*o->need = q->ch.out.ring.size;
	if (!fatal(r) || r == -EMSGSIZE)
		return r;
	end(q, r);
	return taken && r == -EPIPE ? -ECONNRESET : r;
}

static ssize_t succeeded(struct lpc_quick *q, const struct lpc_call_opts *o,
			 const struct ring_msg *m, void *rep, size_t room)
{
	int32_t status = (int32_t)m->code;
	bool fits = m->len <= room;

	if (fits && (!status || (o && o->status)))
		ring_copy(rep, m->payload, m->len);
	ring_take(&q->ch.in);
	if (o && o->who)
		*o->who = q->server;
	if (o && o->status)
		*o->status = status;
	if (__builtin_expect(fits && (!status || (o && o->status)), 1))
		return (ssize_t)m->len;
	if (o && o->taken)
		*o->taken = 1;
	if (!fits && o && o->need)
		*o->need = m->len;
	return fits ? -EREMOTEIO : -EMSGSIZE;
}

static int may_use(const struct lpc_quick *q)
{
	return lpc_forked(q->mark) ? -ECHILD : q->over;
}

ssize_t __hot lpc_quick_call(struct lpc_quick *q, uint32_t code, const void *req, size_t len,
			     void *rep, size_t room, const struct lpc_call_opts *o)
{
	bool give_up = false;
	struct lpc_call_opts own;
	uint64_t deadline = 0;
	struct ring_msg m;
	int r;

	r = may_use(q);
	if (!r && o)
		r = lpc_call_opts_read(&own, &o);
	if (!r && o && o->callback)
		r = -EINVAL;
	if (!r && q->waiting)
		r = -EBUSY;
	if (__builtin_expect(r < 0, 0)) {
		if (o && o->taken)
			*o->taken = 0;
		return r;
	}
	if (o) {
		deadline = o->deadline;
		give_up = o->flags & LPC_CALL_EINTR;
	}
	if (!deadline && q->call_ms)
		deadline = lpc_in_ms(q->call_ms);
	r = wait_room(q, len, deadline, give_up);
	if (r < 0)
		return failed(q, o, r, 0);
	send(q, code, req, (uint32_t)len, ++q->calls, RING_CALL);
	r = wait_reply(q, &m, q->calls, deadline, give_up);
	if (r < 0) {
		q->given_up++;
		return failed(q, o, r, 1);
	}
	return succeeded(q, o, &m, rep, room);
}

int lpc_quick_place(struct lpc_quick *q, size_t len, void **at)
{
	int r = may_use(q);

	if (r < 0)
		return r;
	r = get_room(q, len);
	if (fatal(r) && r != -EMSGSIZE)
		end(q, r);
	if (!r)
		*at = ring_payload(&q->ch.out);
	return r;
}

int lpc_quick_send(struct lpc_quick *q, uint32_t code, const void *req, size_t len,
		   uint64_t tag, unsigned int flags)
{
	int r = may_use(q);

	if (r < 0)
		return r;
	if (flags & ~(unsigned int)LPC_QUICK_MORE)
		return -EINVAL;
	r = get_room(q, len);
	if (!r) {
		send(q, code, req, (uint32_t)len, tag, flags & LPC_QUICK_MORE ? RING_MORE : 0);
		q->waiting++;
	}
	if (r == -EAGAIN && lpc_channel_closed(&q->ch))
		r = -EPIPE;
	/* who finds it full waits for the server to go on */
	if ((r == -EAGAIN || (!r && !(flags & LPC_QUICK_MORE))) && q->ch.owe) {
		int woken = lpc_channel_wake_peer(&q->ch);

		r = woken < 0 ? woken : r;
	}
	if (fatal(r) && r != -EMSGSIZE)
		end(q, r);
	return r;
}

static int wait_any(struct lpc_quick *q, struct ring_msg *m, uint64_t deadline)
{
	int r;

	for (;;) {
		if (deadline != LPC_NOW)
			channel_await(&q->ch);
		r = next_reply(q, m, 0);
		if (r)
			return r < 0 ? r : 0;
		if (deadline == LPC_NOW) {
			r = q->ch.owe ? lpc_channel_wake_peer(&q->ch) : 0;
			return r < 0 ? r : -EAGAIN;
		}
		r = lpc_channel_rest(&q->ch, REST_MESSAGE, 0, deadline);
		if (r < 0)
			return r;
	}
}

ssize_t lpc_quick_recv(struct lpc_quick *q, struct lpc_quick_reply *to, void *rep, size_t room,
		       uint64_t deadline)
{
	struct ring_msg m;
	int32_t status;
	int r = may_use(q);

	if (r < 0)
		return r;
	if (!q->waiting)
		return -ENOMSG;
	r = wait_any(q, &m, deadline);
	if (fatal(r))
		end(q, r);
	if (r < 0)
		return r;
	status = (int32_t)m.code;
	if (to)
		*to = (struct lpc_quick_reply){ .tag = m.tag, .len = m.len, .status = status };
	if (m.len > room)
		return -EMSGSIZE;
	ring_copy(rep, m.payload, m.len);
	ring_take(&q->ch.in);
	q->waiting--;
	return status && !to ? -EREMOTEIO : (ssize_t)m.len;
}

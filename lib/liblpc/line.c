// SPDX-License-Identifier: MIT
/* What a server does with what comes through a quick channel. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "line.h"

/*
 * For rings of @bytes; the channel itself is put into it by who knows it. Memory
 * for the longest request and the longest reply costs nothing until it is used.
 */
struct line *lpc_line_new(struct lpc_server *s, struct client *c, uint32_t bytes)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->copy = aligned_alloc(RING_LINE, 2 * (size_t)bytes);
	if (!l->copy) {
		free(l);
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->server = s;
	l->client = c;
	l->refs = 1;
	l->request.kind = REQUEST_QUICK;
	l->request.fd = -1;
	l->request.owner = c;
	l->request.line = l;
	l->request.pub.client = c->user;
	l->request.pub.client_id = c->context;
	l->request.pub.flags = LPC_REQ_QUICK | LPC_REQ_ASYNC;
	l->request.pub.data = l->copy;
	l->request.pub.room = l->copy + bytes;
	l->request.pub.room_len = bytes;
	l->request.limit = bytes;
	return l;
}

void lpc_line_put(struct line *l)
{
	if (atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->copy);
	free(l);
}

/* By its owner, who gives it up: the client sees the end of the channel. */
void lpc_line_end(struct line *l)
{
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	pthread_mutex_unlock(&l->lock);
	lpc_channel_fini(&l->ch);
	while (l->backlog.first)
		lpc_backlog_drop(&l->backlog);
}

/* As it mostly is: no answer is late or waits, and all of the line is its owner's. */
static inline bool nobody_late(const struct line *l)
{
	/* with lpc_line_put_late(), which has left the ring when it lowers it */
	return !atomic_load_explicit(&l->late, memory_order_acquire) && !l->backlog.first;
}

/* True: locked. See line.h: without late answers there is nobody to keep out. */
static bool lock(struct line *l)
{
	/* as in nobody_late() */
	if (!atomic_load_explicit(&l->late, memory_order_acquire))
		return false;
	pthread_mutex_lock(&l->lock);
	return true;
}

static bool stopped(const struct line *l)
{
	return __builtin_expect(atomic_load_explicit(&l->server->quick.stopped,
						     memory_order_relaxed), 0);
}

static void unlock(struct line *l, bool locked)
{
	if (locked)
		pthread_mutex_unlock(&l->lock);
}

/*
 * An answer, into the ring or, if that is full, behind those that wait already.
 * There is room for as many: no more requests are taken than a ring has slots.
 */
static int put(struct line *l, uint64_t tag, uint32_t flags, uint32_t code, const void *data,
	       uint32_t len)
{
	struct ring_out *out = &l->ch.out;
	int r = l->backlog.first ? -EAGAIN : ring_room(out, len);

	if (!r) {
		ring_put(out, code, tag, data, len, flags);
		return 0;
	}
	return r == -EAGAIN ? lpc_backlog_add(&l->backlog, tag, flags, code, data, len) : r;
}

/* Whatever stands in the way of an answer. */
static int __cold reply_with_care(struct request *q, int32_t status, const void *data, size_t len)
{
	struct line *l = q->line;
	bool locked;
	int r = 0, err;

	if (q->state != REQUEST_OPEN)
		return -ESTALE;
	if (len > q->limit) {
		r = -EMSGSIZE;
		status = r;
		len = 0;
	}
	q->state = REQUEST_ANSWERED;
	locked = lock(l);
	err = put(l, l->tag, l->flags & RING_CALL, (uint32_t)status, data, (uint32_t)len);
	unlock(l, locked);
	if (err < 0)
		l->error = err;
	channel_published(&l->ch);
	return r;
}

/* From a handler: the owner's thread. */
int __hot lpc_line_reply(struct request *q, int32_t status, const void *data, size_t len)
{
	struct line *l = q->line;
	struct ring_out *out = &l->ch.out;

	if (__builtin_expect(q->state != REQUEST_OPEN || len > q->limit || !nobody_late(l) ||
			     !ring_fits(out, (uint32_t)len), 0))
		return reply_with_care(q, status, data, len);
	q->state = REQUEST_ANSWERED;
	ring_put(out, (uint32_t)status, l->tag, data, (uint32_t)len, l->flags & RING_CALL);
	channel_published(&l->ch);
	return 0;
}

/* From any thread, for a request that was kept. */
int lpc_line_put_late(struct line *l, uint64_t tag, uint32_t flags, int32_t status,
		      const void *data, size_t len)
{
	bool wake_owner = false, wake_client = false;
	int r = -EPIPE;

	pthread_mutex_lock(&l->lock);
	if (!l->ended) {
		r = put(l, tag, flags, (uint32_t)status, data, (uint32_t)len);
		if (r < 0)
			l->late_error = r;
		wake_owner = l->heed || l->backlog.first || l->late_error || stopped(l);
		wake_client = atomic_load_explicit(l->ch.peer_asleep, memory_order_seq_cst) &
			      LPC_EVENT_ASLEEP;
		/* under the lock, or the end could be closed, and be another one */
		if (wake_client)
			lpc_channel_event(&l->ch, l->ch.set);
		if (wake_owner)
			lpc_channel_event(&l->ch, l->ch.wait);
	}
	/* with lock(): what this did to the ring comes before it */
	atomic_fetch_sub_explicit(&l->late, 1, memory_order_release);
	pthread_mutex_unlock(&l->lock);
	return r;
}

/* What waits, as far as there is room. */
static int flush(struct line *l)
{
	struct ring_out *out = &l->ch.out;
	struct held *h;
	int r = 0;

	while ((h = l->backlog.first)) {
		r = ring_room(out, h->len);
		if (r < 0)
			break;
		ring_put(out, h->code, h->tag, h->data, h->len, h->flags);
		lpc_backlog_drop(&l->backlog);
	}
	channel_published(&l->ch);
	return r == -EAGAIN ? 0 : r;
}

/* Not while answers wait, and not more than can be answered. */
static int __cold look_whether(struct line *l)
{
	bool locked = lock(l);
	int r = 1;

	if (l->backlog.first || l->late_error)
		r = l->late_error ? l->late_error : flush(l);
	if (r >= 0)
		r = !l->backlog.first && atomic_load_explicit(&l->late, memory_order_relaxed) <
				   l->ch.out.ring.n;
	unlock(l, locked);
	return r;
}

/* May a request be taken? 1, 0, or what ends the line. */
static inline int may_take(struct line *l)
{
	if (__builtin_expect(nobody_late(l) && !l->late_error, 1))
		return 1;
	return look_whether(l);
}

/* Those below LPC_CODE_RESERVED are the handler's. */
static int __cold reserved(struct request *q)
{
	if (q->pub.code == LPC_CODE_PING)
		return lpc_line_reply(q, 0, q->pub.data, q->pub.len);
	return -EOPNOTSUPP;
}

/* One request: all of it is copied before anybody looks at it. */
static int handle(struct line *l, const struct ring_msg *m)
{
	struct lpc_server *s = l->server;
	struct request *q = &l->request;
	int r;

	ring_copy(l->copy, m->payload, m->len);
	ring_take(&l->ch.in);
	l->tag = m->tag;
	l->flags = m->flags;
	q->state = REQUEST_OPEN;
	q->pub.code = m->code;
	q->pub.len = m->len;
	r = __builtin_expect(m->code < LPC_CODE_RESERVED, 1) ? s->handler(&q->pub, s->arg) :
							       reserved(q);
	if (q->state == REQUEST_OPEN)
		lpc_line_reply(q, r < 0 ? r : 0, NULL, 0);
	return l->error;
}

/*
 * Serves what is there, at most @most requests, and if it may @wait what comes
 * while it looks. A client that sleeps is woken for a reply before the next
 * request is begun, unless it said that there are more; for the last one whoever
 * goes to sleep wakes it on the way.
 * Returns how many, or what ends the line.
 */
static inline int __hot serve(struct line *l, int most, bool wait)
{
	struct ring_msg m;
	int n, r;

	for (n = 0; n < most; n++) {
		r = may_take(l);
		if (r <= 0)
			return r < 0 ? r : n;
		if (wait)
			channel_await(&l->ch);
		if (stopped(l))
			return n;
		r = ring_look(&l->ch.in, &m);
		if (r <= 0)
			return r < 0 ? r : n;
		r = handle(l, &m);
		if (r < 0)
			return r;
		if (l->ch.owe && !(m.flags & RING_MORE) && ring_stirs(&l->ch.in)) {
			r = lpc_channel_wake_peer(&l->ch);
			if (r < 0)
				return r;
		}
	}
	return n;
}

/* By who has other lines to serve. */
int lpc_line_serve(struct line *l, int most)
{
	return serve(l, most, false);
}

/* Is nothing left that was begun? */
bool lpc_line_idle(struct line *l)
{
	bool idle;

	pthread_mutex_lock(&l->lock);
	idle = !l->backlog.first && !atomic_load_explicit(&l->late, memory_order_relaxed);
	pthread_mutex_unlock(&l->lock);
	return idle;
}

/* What the owner rests for when lpc_line_serve() finds nothing to do. */
unsigned int lpc_line_waits_for(struct line *l, uint32_t *room)
{
	unsigned int what = REST_MESSAGE;
	bool locked = lock(l);

	l->heed = false;
	if (l->backlog.first) {
		what = REST_ROOM;
		*room = l->backlog.first->len;
	} else if (atomic_load_explicit(&l->late, memory_order_relaxed) >= l->ch.out.ring.n) {
		what = 0;
		l->heed = true;
	} else if (stopped(l)) {
		what = 0;
	}
	unlock(l, locked);
	return what;
}

/*
 * Serves its line until that ends. Once the server stops it takes no request
 * any more, but waits for answers to those that were kept.
 */
int lpc_line_run(struct line *l)
{
	struct lpc_server *s = l->server;
	uint32_t room = 0;
	unsigned int what;
	bool last;
	int r;

	while ((r = serve(l, INT_MAX, true)) >= 0) {
		last = stopped(l);
		if (last && lpc_line_idle(l))
			return 0;
		what = lpc_line_waits_for(l, &room);
		r = lpc_channel_rest(&l->ch, what, room, last ? atomic_load(&s->drain) : 0);
		if (r < 0 && r != -EINTR)
			break;
	}
	return r;
}

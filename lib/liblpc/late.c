// SPDX-License-Identifier: MIT
/*
 * Requests of a quick channel that are answered after their handler has
 * returned, by any thread, perhaps when channel, client and server are no more.
 */
#include <errno.h>
#include <stdlib.h>

#include "line.h"

/**
 * struct late - a kept request
 * @q: first
 * @tag: and @flags: as the client gave them
 * @data: its payload
 */
struct late {
	struct request	q;
	uint64_t	tag;
	uint32_t	flags;
	uint64_t	data[];
};

static void count(struct lpc_server *s, bool in)
{
	pthread_mutex_lock(&s->lock);
	s->kept += in ? 1u : -1u;
	if (!s->kept)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

/* In the handler, so on the owner's thread. */
struct lpc_req *lpc_late_new(struct request *q)
{
	struct line *l = q->line;
	struct late *k = malloc(sizeof(*k) + q->pub.len);

	if (!k)
		return NULL;
	k->q = *q;
	k->q.kind = REQUEST_LATE;
	k->q.pub.data = k->data;
	k->q.pub.room = NULL;
	k->q.pub.room_len = 0;
	if (q->pub.len)
		memcpy(k->data, q->pub.data, q->pub.len);
	k->tag = l->tag;
	k->flags = l->flags & RING_CALL;
	atomic_fetch_add(&l->refs, 1);
	atomic_fetch_add_explicit(&l->late, 1, memory_order_relaxed);
	lpc_client_ref(q->owner);
	atomic_fetch_add(&l->server->refs, 1);
	count(l->server, true);
	q->state = REQUEST_PASSED;
	return (struct lpc_req *)k;	/* its first member's first */
}

int lpc_late_reply(struct request *q, int32_t status, const void *data, size_t len)
{
	struct late *k = (struct late *)q;
	struct line *l = q->line;
	struct lpc_server *s = l->server;
	int r = -ESHUTDOWN, sent = 0;

	if (lpc_forked(s->mark)) {
		free(k);
		return -ECHILD;
	}
	if (len > q->limit) {
		sent = -EMSGSIZE;
		status = sent;
		len = 0;
	}
	if (lpc_gate_enter(&s->gate)) {
		r = lpc_line_put_late(l, k->tag, k->flags, status, data, len);
		count(s, false);
		lpc_client_unref(s, q->owner);
		lpc_gate_leave(&s->gate);
	}
	free(k);
	lpc_line_put(l);
	lpc_server_put(s);
	return r < 0 ? r : sent;
}

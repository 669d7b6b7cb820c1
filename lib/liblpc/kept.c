// SPDX-License-Identifier: MIT
/*
 * Requests that are answered after their handler has returned, by any thread,
 * perhaps when the server is no more: each holds the server's memory, and its
 * client, so that on_gone() comes after it.
 */
#include <errno.h>
#include <stdlib.h>

#include "call.h"
#include "server.h"

/**
 * struct kept - a kept request
 * @q: first; its data follow
 * @copy: its data if they are long and its own, or NULL
 * @canceled: its id, once its caller has given up; under server.lock, but read
 *	as it is
 * @prev: in server.kept_list, under server.lock
 * @next: likewise
 */
struct kept {
	struct request		q;
	void			*copy;
	uint64_t		canceled;
	struct lpc_server	*server;
	struct kept		*prev;
	struct kept		*next;
	uint64_t		data[];
};

void lpc_server_put(struct lpc_server *s)
{
	if (atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	lpc_fork_unmark(s->mark);
	free(s);
}

/* Long data need not be copied: shared ones stay, the worker's buffer goes along. */
static void take_data(struct kept *k, struct request *q)
{
	struct worker *w = q->worker;

	k->copy = NULL;
	if (q->view)
		atomic_fetch_add(&q->view->refs, 1);
	if (q->pub.len <= LPC_INLINE_MAX) {
		k->q.pub.data = k->data;
		memcpy(k->data, q->pub.data, q->pub.len);
	} else if (!(q->pub.flags & LPC_REQ_SHARED)) {
		k->copy = w->copy;
		w->copy = NULL;
		w->copy_size = 0;
	}
}

static void kept_free(struct kept *k)
{
	struct lpc_server *s = k->server;

	lpc_view_put(k->q.view, lpc_forked(s->mark));
	free(k->copy);
	free(k);
	lpc_server_put(s);
}

struct lpc_req *lpc_kept_new(struct request *q)
{
	struct lpc_server *s = q->worker->server;
	struct kept *k = malloc(sizeof(*k) + (q->pub.len <= LPC_INLINE_MAX ? q->pub.len : 0));

	if (!k)
		return NULL;
	k->q = *q;
	k->q.kind = REQUEST_KEPT;
	k->q.worker = NULL;
	k->q.reply = NULL;
	k->q.canceled = &k->canceled;
	k->server = s;
	k->prev = NULL;
	take_data(k, q);
	lpc_client_ref(q->owner);
	atomic_fetch_add(&s->refs, 1);
	pthread_mutex_lock(&s->lock);
	k->canceled = *q->canceled;
	k->next = s->kept_list;
	if (k->next)
		k->next->prev = k;
	s->kept_list = k;
	s->kept++;
	pthread_mutex_unlock(&s->lock);
	q->state = REQUEST_PASSED;
	return &k->q.pub;
}

static int send_reply(const struct kept *k, int32_t status, const void *data, size_t len)
{
	struct message b;
	int r, sent;

	memset(&b.m, 0, sizeof(b.m));
	sent = lpc_request_fill(&k->q, &b, status, data, len);
	b.m.id = k->q.id;
	b.m.flags = LPC_WITH_REPLY;
	while ((r = lpc_sys_reply_recv(k->q.fd, &b.m)) == -EINTR)
		;
	return r < 0 ? r : sent;
}

static void forget(struct kept *k)
{
	struct lpc_server *s = k->server;

	pthread_mutex_lock(&s->lock);
	if (k->prev)
		k->prev->next = k->next;
	else
		s->kept_list = k->next;
	if (k->next)
		k->next->prev = k->prev;
	if (!--s->kept)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

int lpc_kept_reply(struct request *q, int32_t status, const void *data, size_t len)
{
	struct kept *k = (struct kept *)q;
	struct lpc_server *s = k->server;
	int r = -ESHUTDOWN;

	if (lpc_gate_enter(&s->gate)) {
		if (q->pub.flags & LPC_REQ_DATAGRAM)
			r = -EINVAL;
		else
			r = send_reply(k, status, data, len);
		forget(k);
		lpc_client_unref(s, q->owner);
		lpc_gate_leave(&s->gate);
	}
	kept_free(k);
	return r;
}

ssize_t lpc_kept_callback(struct request *q, uint32_t code, const void *req, size_t len,
			  void *rep, size_t room, const struct lpc_call_opts *o)
{
	struct lpc_server *s = ((struct kept *)q)->server;
	struct call_to to = {
		.fd = q->fd, .callback = true, .id = q->id, .callback_id = q->callback,
	};
	ssize_t n = -ESHUTDOWN;

	if (lpc_gate_enter(&s->gate)) {
		n = lpc_call_on(&to, code, req, len, rep, room, o);
		lpc_gate_leave(&s->gate);
	}
	return n;
}

struct lpc_server *lpc_kept_server(const struct request *q)
{
	return ((const struct kept *)q)->server;
}

int lpc_kept_impersonate(struct request *q, struct lpc_self **self)
{
	struct lpc_server *s = ((struct kept *)q)->server;
	int fd, r = -ESHUTDOWN;

	if (lpc_gate_enter(&s->gate)) {
		fd = atomic_load(&q->owner->fd);
		r = fd < 0 ? -EOPNOTSUPP : lpc_impersonate_on(self, fd, q->id, q->callback);
		lpc_gate_leave(&s->gate);
	}
	return r;
}

/* The caller of request @id has given up: marks it, wherever it is. */
void lpc_kept_cancel(struct lpc_server *s, uint64_t id)
{
	struct worker *w;
	struct kept *k;

	pthread_mutex_lock(&s->lock);
	for (w = atomic_load(&s->workers); w; w = w->next)
		if (__atomic_load_n(&w->in.m.id, __ATOMIC_RELAXED) == id)
			__atomic_store_n(&w->canceled, id, __ATOMIC_RELAXED);
	for (k = s->kept_list; k; k = k->next)
		if (k->q.id == id)
			__atomic_store_n(&k->canceled, id, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&s->lock);
}

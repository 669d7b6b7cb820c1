// SPDX-License-Identifier: MIT
/*
 * How a server comes to its quick channels, and the threads that serve one
 * each. A channel is opened by the worker that receives the request for it, and
 * belongs to the client of that connection, whom it keeps from being gone.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "line.h"
#include "quick.h"
#include "quick_serve.h"

#define MAX_THREADS	64u
#define MAX_POLLED	4096u
#define RING_MAX	0x100000u

int lpc_quick_init(struct lpc_server *s, const struct lpc_server_opts *o)
{
	struct quick_server *k = &s->quick;

	if ((o->flags & (LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL)) == LPC_SERVE_QUICK_POLL)
		return -EINVAL;
	k->offered = o->flags & LPC_SERVE_QUICK;
	k->poll = o->flags & LPC_SERVE_QUICK_POLL;
	k->max = o->quick_max ? o->quick_max : k->poll ? MAX_POLLED : MAX_THREADS;
	k->ring = o->quick_ring ? o->quick_ring : RING_MAX;
	return k->poll ? lpc_quick_poll_init(s) : 0;
}

/* Takes the end that waits under the id in @a; the line is as the client's rings. */
static int take(struct line *l, int conn, const struct quick_ask *a)
{
	struct lpc_quick_open o = { .id = a->id };
	struct channel_page *page;
	size_t need = lpc_rings_size(a->bytes);
	int r;

	o.theirs.size = need;
	r = lpc_sys_quick_open(conn, &o);
	if (r < 0)
		return r;
	r = o.theirs.size == need ? lpc_channel_map_page(o.fd, &page) : -EINVAL;
	if (r < 0) {
		close(o.fd);
		lpc_channel_unmap(NULL, (void *)(uintptr_t)o.theirs.base, o.theirs.size);
		return r;
	}
	r = lpc_channel_init(&l->ch, CHANNEL_SERVER, o.fd, page,
			     (void *)(uintptr_t)o.theirs.base, a->bytes);
	if (r < 0) {
		lpc_channel_fini(&l->ch);
		return r;
	}
	if (a->flags & LPC_QUICK_NO_SPIN)
		l->ch.may_spin = false;
	return 0;
}

/* Who connected: the kernel sees none of the messages. */
static int identify(struct line *l, int conn)
{
	struct lpc_conn_info i = { 0 };
	struct lpc_query ask = {
		.what = LPC_WHAT_CONN, .out = (uintptr_t)&i, .size = sizeof(i),
	};
	struct lpc_cred *who = &l->request.pub.cred;
	int r;

	r = lpc_sys_query(conn, &ask);
	*who = cred_of(i.pid, i.uid, i.gid);
	who->tid = (pid_t)i.tid;
	who->flags |= LPC_CRED_AT_CONNECT;
	return r;
}

static void list(struct lpc_server *s, struct line *l)
{
	l->prev = NULL;
	l->next = s->quick.lines;
	if (l->next)
		l->next->prev = l;
	s->quick.lines = l;
}

/* Nobody else finds the line from now on. Under server.lock. */
void lpc_quick_unlist(struct lpc_server *s, struct line *l)
{
	if (l->prev)
		l->prev->next = l->next;
	else
		s->quick.lines = l->next;
	if (l->next)
		l->next->prev = l->prev;
	s->quick.n--;
}

/* At the end of a line's thread, also if a handler ended that. */
static void leave(void *arg)
{
	struct line *l = arg;
	struct lpc_server *s = l->server;

	pthread_mutex_lock(&s->lock);
	lpc_quick_unlist(s, l);
	pthread_mutex_unlock(&s->lock);
	lpc_line_end(l);
	lpc_client_unref(s, l->client);
	pthread_mutex_lock(&s->lock);
	l->next = s->quick.done;
	s->quick.done = l;
	s->active--;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

static void *line_thread(void *arg)
{
	pthread_cleanup_push(leave, arg);
	lpc_line_run(arg);
	pthread_cleanup_pop(1);
	return NULL;
}

/* Waits for those that are leaving, to the last instruction. */
void lpc_quick_reap(struct lpc_server *s)
{
	struct line *l, *next;

	pthread_mutex_lock(&s->lock);
	l = s->quick.done;
	s->quick.done = NULL;
	pthread_mutex_unlock(&s->lock);
	for (; l; l = next) {
		next = l->next;
		pthread_join(l->thread, NULL);
		lpc_line_put(l);
	}
}

/* Signals are for the threads the program made. */
static int start_thread(struct line *l)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&l->thread, NULL, line_thread, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

/*
 * The line is listed before it runs, and runs before its place in the list is
 * anybody's: who stops the server finds it there or lets none come after.
 */
static int start(struct line *l)
{
	struct lpc_server *s = l->server;
	struct quick_server *k = &s->quick;
	int r;

	pthread_mutex_lock(&s->lock);
	if (atomic_load_explicit(&k->stopped, memory_order_relaxed))
		r = -ESHUTDOWN;
	else
		r = k->poll ? lpc_quick_poll_add(s, l) : start_thread(l);
	if (!r) {
		list(s, l);
		if (!k->poll)
			s->active++;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* One more, if that is not too many; threads there are only in lpc_server_run(). */
static int reserve(struct lpc_server *s)
{
	struct quick_server *k = &s->quick;
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (!k->offered || (!k->poll && !s->running))
		r = -EOPNOTSUPP;
	else if (k->n >= k->max)
		r = -ENOBUFS;
	else
		k->n++;
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int open_line(struct lpc_server *s, struct client *c, const struct quick_ask *a)
{
	struct line *l = lpc_line_new(s, c, a->bytes);
	int r, conn = atomic_load(&c->fd);

	if (!l)
		return -ENOMEM;
	r = conn < 0 ? -EOPNOTSUPP : take(l, conn, a);
	if (r < 0) {
		lpc_line_put(l);
		return r;
	}
	lpc_client_ref(c);
	r = identify(l, conn);
	if (!r)
		r = start(l);
	if (r < 0) {
		lpc_line_end(l);
		lpc_line_put(l);
		lpc_client_unref(s, c);
	}
	return r;
}

/* LPC_CODE_QUICK was received: answers it, or says with what errno to. */
int lpc_quick_offer(struct request *q)
{
	struct lpc_server *s = q->worker->server;
	struct quick_ask a;
	int r;

	r = reserve(s);
	if (r < 0)
		return r;
	if (q->pub.len != sizeof(a) || q->pub.flags & LPC_REQ_DATAGRAM) {
		r = -EINVAL;
	} else {
		memcpy(&a, q->pub.data, sizeof(a));
		if (a.version != QUICK_VERSION || a.reserved ||
		    a.flags & ~(uint32_t)LPC_QUICK_NO_SPIN)
			r = -EOPNOTSUPP;
		else if (a.bytes > s->quick.ring || lpc_ring_bytes(a.bytes) != a.bytes)
			r = -EMSGSIZE;
		else
			r = open_line(s, q->owner, &a);
	}
	if (r < 0) {
		pthread_mutex_lock(&s->lock);
		s->quick.n--;
		pthread_mutex_unlock(&s->lock);
		return r;
	}
	lpc_quick_reap(s);
	return request_answer(q, 0, NULL, 0);
}

/* No request is taken any more; what was begun is finished. */
void lpc_quick_stop(struct lpc_server *s)
{
	struct line *l;

	pthread_mutex_lock(&s->lock);
	atomic_store_explicit(&s->quick.stopped, true, memory_order_relaxed);
	for (l = s->quick.lines; l; l = l->next)
		lpc_channel_event(&l->ch, l->ch.wait);
	pthread_mutex_unlock(&s->lock);
	if (s->quick.poll)
		lpc_quick_poll_kick(s);
}

/* No thread serves any more. */
void lpc_quick_free(struct lpc_server *s)
{
	lpc_quick_reap(s);
	if (s->quick.poll) {
		lpc_quick_poll_end(s);
		lpc_quick_poll_fini(s);
	}
}

/* In a child of fork(): there are no maps, and no threads. */
void lpc_quick_free_copy(struct lpc_server *s)
{
	struct line *l;

	while ((l = s->quick.lines)) {
		s->quick.lines = l->next;
		close(l->ch.fd);
		lpc_ring_out_free(&l->ch.out);
		free(l->copy);
		free(l);
	}
	if (s->quick.poll)
		lpc_quick_poll_fini(s);
}

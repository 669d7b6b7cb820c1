// SPDX-License-Identifier: MIT
/*
 * What a serving thread does with a message. The answer leaves with the next
 * receive: one system call for each request.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "path.h"
#include "quick_serve.h"
#include "server.h"

/* A place to work in: each serving thread has one, they are used again. */
struct worker *lpc_worker_get(struct lpc_server *s)
{
	struct worker *w;

	for (w = atomic_load(&s->workers); w; w = w->next)
		if (!atomic_load_explicit(&w->busy, memory_order_relaxed) &&
		    !atomic_exchange(&w->busy, true))
			return w;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->server = s;
	request_init(&w->request, REQUEST_SERVED, s->port->fd, &w->in, &w->reply);
	w->request.limit = s->port->limit;
	w->request.worker = w;
	w->request.canceled = &w->canceled;
	w->busy = true;
	w->next = atomic_load(&s->workers);
	while (!atomic_compare_exchange_weak(&s->workers, &w->next, w))
		;
	return w;
}

void lpc_worker_put(struct worker *w)
{
	w->spoiled = 0;
	atomic_store(&w->busy, false);
}

void lpc_workers_free(struct lpc_server *s)
{
	struct worker *w, *next;

	for (w = s->workers; w; w = next) {
		next = w->next;
		free(w->copy);
		free(w);
	}
}

/* PING, INFO and QUICK, which every server answers, whatever its handler knows. */
static int __cold answer_reserved(struct request *q)
{
	struct lpc_server *s = q->worker->server;
	struct lpc_port_info i = { 0 };
	struct lpc_query ask = {
		.what = LPC_WHAT_PORT, .out = (uintptr_t)&i, .size = sizeof(i),
	};
	char text[160];
	int n;

	switch (q->pub.code) {
	case LPC_CODE_PING:
		return request_answer(q, 0, q->pub.data, q->pub.len);
	case LPC_CODE_QUICK:
		return lpc_quick_offer(q);
	case LPC_CODE_INFO:
		lpc_sys_query(s->port->fd, &ask);
		n = snprintf(text, sizeof(text),
			     "library: liblpc %s\nabi: %d\npid: %d\nthreads: %u\nclients: %u\n"
			     "since: %llu\n", lpc_version(), LPC_ABI_VERSION, (int)getpid(),
			     s->threads, i.connections, (unsigned long long)i.created);
		return request_answer(q, 0, text, (size_t)n < q->limit ? (size_t)n : q->limit);
	default:
		return -EOPNOTSUPP;
	}
}

/* A request or a datagram; returns whether there is an answer to send. */
static inline bool serve(struct worker *w, struct client *c)
{
	struct lpc_server *s = w->server;
	struct request *q = &w->request;
	bool answer;
	int r = 0;

	request_begin(q, &w->in);
	q->owner = c;
	if (__builtin_expect(!c, 0)) {
		r = -EXDEV;
	} else {
		q->pub.client = c->user;
		q->pub.client_id = c->context;
		if (w->in.m.section || w->in.m.len > LPC_INLINE_MAX)
			r = lpc_view_open(w, c);
		if (!r && __builtin_expect(q->pub.code >= LPC_CODE_RESERVED, 0))
			r = answer_reserved(q);
		else if (!r)
			r = s->handler(&q->pub, s->arg);
		if (w->self)
			w->spoiled = lpc_revert(w->self);
	}
	w->reply.m.id = q->id;
	answer = request_finish(q, r);
	if (__builtin_expect(!!w->copy, 0))
		lpc_view_close(w);
	return answer;
}

/* Asks on_connect(); the answer it gives is in @q->reply. 0: let it in. */
int lpc_server_greet(struct lpc_server *s, struct client *c, struct request *q)
{
	int32_t status = 0;

	q->limit = LPC_CONNECT_MAX;
	q->pub.client_id = c->context;
	if (s->on_connect)
		status = s->on_connect(&q->pub, &c->user, s->arg);
	if (q->state == REQUEST_ANSWERED) {
		if (status >= 0)
			status = (int32_t)q->reply->m.code;
		return status < 0 ? status : 0;
	}
	q->reply->m.len = 0;
	return status < 0 ? status : 0;
}

/* Without data of on_connect()'s own the client gets to know the errno. */
static void refuse(struct worker *w, int32_t status)
{
	struct lpc_accept a = { .flags = LPC_ACCEPT_REFUSE, .id = w->in.m.id };

	if (!w->reply.m.len) {
		memcpy(w->reply.data, &status, sizeof(status));
		w->reply.m.len = sizeof(status);
	}
	a.data = (uintptr_t)w->reply.data;
	a.data_len = w->reply.m.len;
	if (lpc_sys_accept(w->server->port->fd, &a) == -EMSGSIZE) {
		a.data_len = 0;
		lpc_sys_accept(w->server->port->fd, &a);
	}
}

/*
 * Lets the client in. Its section is there before COMPLETE lets it send the
 * first request.
 */
static int accept(struct worker *w, struct client *c, struct view *v)
{
	struct lpc_server *s = w->server;
	struct lpc_complete done = { 0 };
	struct lpc_accept a = {
		.id = w->in.m.id, .context = c->context,
		.data = (uintptr_t)w->reply.data, .data_len = w->reply.m.len,
	};
	int r;

	if (w->in.m.length <= s->section_max)
		a.theirs.size = w->in.m.length;
	r = lpc_sys_accept(s->port->fd, &a);
	if (r < 0)
		return r;
	if (a.theirs.base) {
		lpc_view_map(v, (void *)(uintptr_t)a.theirs.base, a.theirs.size);
		atomic_store_explicit(&c->view, v, memory_order_release);
	} else {
		lpc_view_put(v, false);
	}
	atomic_store(&c->fd, a.fd);
	lpc_sys_complete(a.fd, &done);
	return 0;
}

/*
 * The client has its place, and this worker a claim on it, before the kernel
 * knows it: its PORT_CLOSED may reach another thread at once.
 */
static void __cold welcome(struct worker *w)
{
	struct lpc_server *s = w->server;
	struct client *c = lpc_client_new(s, false);
	struct view *v = lpc_view_new();
	struct request q;
	int r;

	w->reply.m.len = 0;
	if (!c || !v) {
		refuse(w, -ENOMEM);
		if (c)
			lpc_client_drop(s, c);
		free(v);
		return;
	}
	lpc_client_claim(w, c);
	request_init(&q, REQUEST_CONNECT, -1, &w->in, &w->reply);
	r = lpc_server_greet(s, c, &q);
	if (r < 0) {
		refuse(w, r);
		lpc_client_drop(s, c);
		free(v);
		return;
	}
	lpc_client_publish(c);
	r = accept(w, c, v);
	if (r < 0) {
		free(v);
		if (r != -ESTALE) {
			w->reply.m.len = 0;
			refuse(w, r);
		}
		lpc_client_closing(s, c);	/* on_connect() let it in: on_gone() */
	}
}

/* What is no request. */
static void __cold handle_other(struct worker *w)
{
	struct client *c = NULL;

	if (w->in.m.type == LPC_CONNECTION_REQUEST)
		welcome(w);
	else
		c = lpc_client_begin(w);
	switch (w->in.m.type) {
	case LPC_CANCELED:
		lpc_kept_cancel(w->server, w->in.m.id);
		break;
	case LPC_PORT_CLOSED:
		if (c)
			lpc_client_closing(w->server, c);
		break;
	}
}

/* Works on what was received; returns whether there is an answer to send. */
static inline bool handle(struct worker *w)
{
	bool answer = false;
	struct client *c;

	if (__builtin_expect(w->in.m.type == LPC_REQUEST || w->in.m.type == LPC_DATAGRAM, 1)) {
		c = lpc_client_begin(w);
		if (c || w->in.m.type == LPC_REQUEST)
			answer = serve(w, c);
	} else {
		handle_other(w);
	}
	lpc_client_end(w);
	return answer;
}

/* The next message into @w->in, the answer in @w->reply out on the way. */
static int reply_and_receive(struct worker *w, bool answer, bool receive, bool wait)
{
	struct lpc_msg *m = &w->reply.m;
	int r;

	m->type = 0;
	m->status = 0;
	m->flags = 0;
	if (answer) {
		m->flags |= LPC_WITH_REPLY;
	} else {
		m->id = 0;
		m->len = 0;
		m->code = 0;
	}
	if (receive)
		m->flags |= LPC_WITH_RECV | (answer ? LPC_RECV_ANYWAY : 0) |
			    (wait ? 0 : LPC_DONTWAIT);
	m->room = receive ? LPC_INLINE_MAX : 0;
	m->error = 0;
	m->out = receive ? (uintptr_t)&w->in : 0;
	while ((r = lpc_sys_reply_recv(w->server->port->fd, m)) == -EINTR)
		;
	return r;
}

static bool drain_over(struct lpc_server *s)
{
	uint64_t until;

	if (!atomic_load_explicit(&s->stopping, memory_order_acquire))
		return false;
	until = atomic_load(&s->drain);
	return until && lpc_in_ms(0) >= until;
}

/*
 * Serves @most messages without waiting, or without limit (0) until the server
 * stops. Returns how many, or what ended it. A thread that could not become
 * itself again serves nobody else.
 */
int __hot lpc_worker_serve(struct worker *w, int most)
{
	bool answer = false;
	int r, n = 0;

	memset(&w->reply.m, 0, sizeof(w->reply.m));
	for (;;) {
		bool receive = (!most || n < most) && !w->spoiled && !drain_over(w->server);

		if (!receive && !answer)
			return w->spoiled ? w->spoiled : n ? n : -ESHUTDOWN;
		r = reply_and_receive(w, answer, receive, !most);
		if (!receive)
			return w->spoiled ? w->spoiled : n;
		if (r < 0)
			return r == -EAGAIN || (r == -ESHUTDOWN && n && most) ? n : r;
		answer = handle(w);
		if (n < INT32_MAX)
			n++;
	}
}

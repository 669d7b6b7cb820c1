// SPDX-License-Identifier: MIT
/* A server's life: made, run, stopped, freed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "opts.h"
#include "quick_serve.h"
#include "send.h"
#include "server.h"

OPTS_NO_TAIL(lpc_server_opts, quick_ring);

#define SECTION_MAX ((size_t)256 << 20)
#define SERVER_FLAGS ((uint64_t)(LPC_SERVE_IN_PLACE | LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL))

/**
 * struct pool - the threads of one lpc_server_run()
 * @go: under server.lock: they may begin, or must leave again
 */
struct pool {
	struct pool		*next;
	struct lpc_server	*server;
	enum { POOL_HOLD, POOL_GO, POOL_LEAVE } go;
	unsigned int		n;
	pthread_t		threads[];
};

/* Tells apart the servers of processes that share a port. */
static uint32_t make_tag(void)
{
	uint16_t tag;

	if (getrandom(&tag, sizeof(tag), GRND_NONBLOCK) != sizeof(tag))
		tag = (uint16_t)getpid();
	return tag;
}

static struct lpc_server *server_new(void)
{
	struct lpc_server *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (!s)
		return NULL;
	s->mark = lpc_fork_mark();
	if (!s->mark) {
		free(s);
		return NULL;
	}

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->idle, &attr);
	pthread_condattr_destroy(&attr);
	s->refs = 1;
	s->tag = make_tag();
	return s;
}

static void set_sizes(struct lpc_server *s, const struct lpc_server_opts *o)
{
	s->in_place = o->flags & LPC_SERVE_IN_PLACE;
	s->copy_max = o->copy_max || s->in_place ? o->copy_max : LPC_COPY_MAX;
	s->section_max = o->section_max ? o->section_max : SECTION_MAX;
	if (o->section_max == LPC_NO_SECTION)
		s->section_max = 0;
}

/* The client of an lpc_pair() is there from the start. */
static int greet_pair(struct lpc_server *s)
{
	struct client *c = lpc_client_new(s, true);
	struct message none = { 0 }, answer = { 0 };
	struct request q;
	int r;

	if (!c)
		return -ENOMEM;
	none.m.pid = (uint32_t)getpid();
	none.m.uid = geteuid();
	none.m.gid = getegid();
	request_init(&q, REQUEST_CONNECT, -1, &none, &answer);
	r = lpc_server_greet(s, c, &q);
	if (r < 0)
		lpc_client_drop(s, c);
	return r;
}

int lpc_server_new(struct lpc_server **out, struct lpc_port *p, lpc_handler *h, void *arg,
		   const struct lpc_server_opts *opts)
{
	struct lpc_server_opts o;
	struct lpc_server *s;
	int r;

	r = lpc_opts_read(&o, sizeof(o), opts);
	if (r < 0)
		return r;
	if (o.flags & ~SERVER_FLAGS || o.reserved || !h)
		return -EINVAL;
	if (lpc_forked(p->mark))
		return -ECHILD;
	s = server_new();
	if (!s)
		return -ENOMEM;
	set_sizes(s, &o);
	s->port = p;
	s->handler = h;
	s->arg = arg;
	s->threads = o.threads ? o.threads : 1;
	s->on_connect = o.on_connect;
	s->on_gone = o.on_gone;
	r = lpc_quick_init(s, &o);
	if (!r && p->pair)
		r = greet_pair(s);
	if (r < 0) {
		lpc_quick_free(s);
		lpc_clients_free(s, false);
		lpc_server_put(s);
		return r;
	}
	*out = s;
	return 0;
}

static int shut(struct lpc_server *s, uint32_t flags)
{
	struct lpc_shutdown a = { .flags = flags };

	return lpc_sys_shutdown(s->port->fd, &a);
}

/* Async-signal-safe: two stores and a system call. */
int lpc_server_stop(struct lpc_server *s, uint64_t drain)
{
	if (lpc_forked(s->port->mark))
		return -ECHILD;
	atomic_store(&s->drain, drain);
	atomic_store(&s->stopping, true);
	return shut(s, LPC_SHUT_NEW | LPC_SHUT_REQUESTS | LPC_SHUT_RECEIVE);
}

static void count(struct lpc_server *s, bool in)
{
	pthread_mutex_lock(&s->lock);
	s->active += in ? 1u : -1u;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

/* A handler ended its thread: its request stays open, its place becomes free. */
static void abandon(void *arg)
{
	struct worker *w = arg;

	lpc_self_forget(w->self);
	lpc_client_end(w);
	lpc_worker_put(w);
}

/* One thread's part; 0 if lpc_server_stop() ended it. The caller is counted. */
static int work(struct lpc_server *s)
{
	struct worker *w = lpc_worker_get(s);
	int r;

	if (!w)
		return -ENOMEM;
	pthread_cleanup_push(abandon, w);
	r = lpc_worker_serve(w, 0);
	pthread_cleanup_pop(0);
	lpc_worker_put(w);
	return atomic_load(&s->stopping) && (r >= 0 || r == -ESHUTDOWN || r == -EPIPE) ? 0 :
	       r > 0 ? 0 : r;
}

static void leave(void *arg)
{
	count(arg, false);
}

static void pool_work(struct pool *p)
{
	struct lpc_server *s = p->server;
	bool go;
	int r;

	pthread_mutex_lock(&s->lock);
	while (p->go == POOL_HOLD)
		pthread_cond_wait(&s->idle, &s->lock);
	go = p->go == POOL_GO;
	pthread_mutex_unlock(&s->lock);
	if (go && s->quick.poll && !atomic_exchange(&s->quick.polled, true))
		r = lpc_quick_poll_run(s);
	else
		r = go ? work(s) : 0;
	if (!r)
		return;
	pthread_mutex_lock(&s->lock);
	if (!s->error)
		s->error = r;
	pthread_mutex_unlock(&s->lock);
	shut(s, LPC_SHUT_RECEIVE);	/* the others shall not go on alone */
}

static void *pool_thread(void *arg)
{
	struct pool *p = arg;

	pthread_cleanup_push(leave, p->server);
	pool_work(p);
	pthread_cleanup_pop(1);
	return NULL;
}

static void pool_join(struct pool *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	free(p);
}

/* For lpc_server_free() to join. */
static void pool_leave(struct pool *p)
{
	struct lpc_server *s = p->server;

	pthread_mutex_lock(&s->lock);
	p->next = s->pools;
	s->pools = p;
	pthread_mutex_unlock(&s->lock);
}

/* Signals are for the threads the program made. */
static int spawn(struct pool *p, unsigned int n)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!r && p->n < n) {
		count(p->server, true);
		r = pthread_create(&p->threads[p->n], NULL, pool_thread, p);
		if (r)
			count(p->server, false);
		else
			p->n++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

/* All the threads or none: none of them serves before all are there. */
static int pool_start(struct lpc_server *s, struct pool **out)
{
	unsigned int n = s->threads - 1 + s->quick.poll;
	struct pool *p = calloc(1, sizeof(*p) + n * sizeof(pthread_t));
	int r;

	if (!p)
		return -ENOMEM;
	p->server = s;
	r = spawn(p, n);
	pthread_mutex_lock(&s->lock);
	p->go = r < 0 ? POOL_LEAVE : POOL_GO;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
	if (r < 0) {
		pool_join(p);
		return r;
	}
	*out = p;
	return 0;
}

/*
 * Until nothing that was begun is left, or the time for it is over, or
 * lpc_server_free() is called.
 */
static int wait_idle(struct lpc_server *s)
{
	uint64_t until = atomic_load(&s->drain);
	struct timespec t = {
		.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u),
	};
	int r = 0;

	while ((s->active || s->kept) && !s->freeing && r != ETIMEDOUT)
		r = until ? pthread_cond_timedwait(&s->idle, &s->lock, &t) :
			    pthread_cond_wait(&s->idle, &s->lock);
	return s->active || s->kept ? -ETIMEDOUT : 0;
}

/* The caller's own part is over with @r: what of the other threads'? */
static int finish(struct lpc_server *s, struct pool *p, int r)
{
	int left;

	pthread_mutex_lock(&s->lock);
	if (!r)
		r = s->error;
	left = r < 0 ? 0 : wait_idle(s);
	pthread_mutex_unlock(&s->lock);
	if (left < 0)
		pool_leave(p);
	else
		pool_join(p);
	return r < 0 ? r : left;
}

static void count_run(struct lpc_server *s, bool in)
{
	pthread_mutex_lock(&s->lock);
	s->running += in ? 1u : -1u;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

/* A handler ended the very thread that runs the server. */
static void run_abandoned(void *arg)
{
	struct pool *p = arg;
	struct lpc_server *s = p->server;

	pool_leave(p);
	count(s, false);
	count_run(s, false);
}

int lpc_server_run(struct lpc_server *s)
{
	struct pool *p;
	int r;

	if (lpc_forked(s->port->mark))
		return -ECHILD;
	count_run(s, true);
	r = pool_start(s, &p);
	if (!r) {
		count(s, true);
		pthread_cleanup_push(run_abandoned, p);
		r = work(s);
		pthread_cleanup_pop(0);
		if (r < 0)
			shut(s, LPC_SHUT_RECEIVE);
		lpc_quick_stop(s);
		count(s, false);
		r = finish(s, p, r);
		lpc_quick_reap(s);
	}
	count_run(s, false);
	return r;
}

int lpc_server_fd(struct lpc_server *s)
{
	if (lpc_forked(s->port->mark))
		return -ECHILD;
	return s->quick.poll ? s->quick.all : s->port->fd;
}

/* @r is what the port had: what have the quick channels? */
static int step_quick(struct lpc_server *s, int r)
{
	int n;

	if (r == -ESHUTDOWN)
		lpc_quick_stop(s);
	n = lpc_quick_poll_step(s, 0);
	if (r >= 0)
		return r + n;
	return r == -ESHUTDOWN && (n || !lpc_quick_poll_over(s)) ? n : r;
}

int lpc_server_step(struct lpc_server *s)
{
	struct worker *w;
	int r;

	if (lpc_forked(s->port->mark))
		return -ECHILD;
	w = lpc_worker_get(s);
	if (!w)
		return -ENOMEM;
	r = lpc_worker_serve(w, 64);
	lpc_worker_put(w);
	return s->quick.poll ? step_quick(s, r) : r;
}

int lpc_server_send(struct lpc_server *s, uint64_t client_id, uint32_t code, const void *data,
		    size_t len, uint64_t deadline)
{
	struct client *c;
	int r, fd;

	if (lpc_forked(s->port->mark))
		return -ECHILD;
	c = lpc_client_ref_live(s, client_id);
	if (!c)
		return -EPIPE;
	fd = atomic_load(&c->fd);
	r = fd < 0 ? -ENOTCONN : lpc_send_on(fd, code, data, len, deadline);
	lpc_client_unref(s, c);
	return r;
}

/* In a child of fork(): gives back what the child inherited, tells nobody. */
static void free_copy(struct lpc_server *s)
{
	lpc_workers_free(s);
	lpc_quick_free_copy(s);
	lpc_clients_free(s, false);
	lpc_port_close(s->port);
	lpc_fork_unmark(s->mark);
	free(s);
}

void lpc_server_free(struct lpc_server *s)
{
	struct pool *p;

	if (!s)
		return;
	if (lpc_forked(s->port->mark)) {
		free_copy(s);
		return;
	}
	atomic_store(&s->stopping, true);
	shut(s, LPC_SHUT_ALL);
	pthread_mutex_lock(&s->lock);
	s->freeing = true;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
	lpc_quick_stop(s);
	pthread_mutex_lock(&s->lock);
	while (s->active || s->running)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	while ((p = s->pools)) {
		s->pools = p->next;
		pool_join(p);
	}
	lpc_gate_shut(&s->gate);
	lpc_gate_drain(&s->gate, 0);
	lpc_quick_free(s);
	lpc_clients_free(s, true);
	lpc_workers_free(s);
	lpc_port_close(s->port);
	lpc_server_put(s);
}

int lpc_serve(const char *name, lpc_handler *h, void *arg, const struct lpc_server_opts *o)
{
	struct lpc_port *p;
	struct lpc_server *s;
	int r;

	r = lpc_port_open(&p, name, NULL);
	if (r < 0)
		return r;
	r = lpc_server_new(&s, p, h, arg, o);
	if (r < 0) {
		lpc_port_close(p);
		return r;
	}
	r = lpc_server_run(s);
	lpc_server_free(s);
	return r;
}

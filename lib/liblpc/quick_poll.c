// SPDX-License-Identifier: MIT
/*
 * Many quick channels served by one thread, through epoll.
 *
 * An end in an epoll set counts as asleep all the time, so its client enters
 * the kernel with each request and the thread sees which ones have something:
 * the cost is that of the channels that are ready, not of those that exist.
 */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "line.h"
#include "quick_serve.h"

#define EVENTS		64
#define TURN		64	/* requests of one channel, then the next one's */

static int add(int epoll, int fd, void *what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* For the poller quick.epoll; for lpc_server_fd() quick.all, with the port too. */
int lpc_quick_poll_init(struct lpc_server *s)
{
	struct quick_server *k = &s->quick;
	int r = 0, saved = errno;

	pthread_mutex_init(&k->polling, NULL);
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	k->all = epoll_create1(EPOLL_CLOEXEC);
	k->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->epoll < 0 || k->all < 0 || k->kick < 0)
		r = -errno;
	if (!r)
		r = add(k->epoll, k->kick, NULL);
	if (!r)
		r = add(k->all, k->epoll, NULL);
	if (!r)
		r = add(k->all, s->port->fd, NULL);
	errno = saved;
	return r;
}

void lpc_quick_poll_kick(struct lpc_server *s)
{
	uint64_t one = 1;
	int saved = errno;

	/* full: it is readable as it is */
	if (write(s->quick.kick, &one, sizeof(one)) < 0)
		errno = saved;
}

static void unkick(struct lpc_server *s)
{
	uint64_t n;
	int saved = errno;

	if (read(s->quick.kick, &n, sizeof(n)) < 0)
		errno = saved;
}

/* Under server.lock, with the client not told yet: the ring is empty. */
int lpc_quick_poll_add(struct lpc_server *s, struct line *l)
{
	int saved = errno, r = add(s->quick.epoll, l->ch.fd, l);

	errno = saved;
	return r;
}

static void end(struct lpc_server *s, struct line *l)
{
	struct client *c = l->client;

	pthread_mutex_lock(&s->lock);
	lpc_quick_unlist(s, l);
	pthread_mutex_unlock(&s->lock);
	/* a child of fork() may have it open: closing alone does not remove it */
	epoll_ctl(s->quick.epoll, EPOLL_CTL_DEL, l->ch.fd, NULL);
	lpc_line_end(l);
	lpc_line_put(l);
	lpc_client_unref(s, c);
}

/*
 * Serves a channel that has something, for a while. What is not done then, or
 * could be done now and was not a moment ago, keeps it ready: the event is set
 * again in the page, where epoll looks for it.
 */
static int turn(struct line *l)
{
	struct channel *ch = &l->ch;
	bool again = false;
	uint32_t room = 0;
	int n;

	atomic_fetch_and_explicit(ch->asleep, ~LPC_EVENT_IS_SET, memory_order_seq_cst);
	lpc_channel_unwant(ch);
	n = lpc_line_serve(l, TURN);
	if (n < 0)
		return n;
	if (n == TURN)
		again = true;
	else if (lpc_line_waits_for(l, &room) & REST_ROOM)
		again = lpc_channel_want(ch, room);
	if (again)
		atomic_fetch_or_explicit(ch->asleep, LPC_EVENT_IS_SET, memory_order_relaxed);
	lpc_channel_look_wanted(ch);
	if (ch->owe && lpc_channel_wake_peer(ch) < 0)
		return -EPIPE;
	return again ? TURN : n;
}

/* A handler ended the thread in the middle of a turn. */
static void abandon(void *arg)
{
	struct lpc_server *s = arg;

	end(s, s->quick.turn);
	pthread_mutex_unlock(&s->quick.polling);
	atomic_store(&s->quick.polled, false);
}

static int serve(struct lpc_server *s, struct line *l, uint32_t events)
{
	int n;

	s->quick.turn = l;
	pthread_cleanup_push(abandon, s);
	n = turn(l);
	pthread_cleanup_pop(0);
	if (n < 0 || (n < TURN && (events & (EPOLLHUP | EPOLLERR) || lpc_channel_closed(&l->ch))))
		end(s, l);
	return n < 0 ? 0 : n;
}

/* The server stops: who has nothing to finish ends. */
static void end_idle(struct lpc_server *s, bool all)
{
	struct line *l, *next;

	pthread_mutex_lock(&s->lock);
	l = s->quick.lines;
	pthread_mutex_unlock(&s->lock);
	for (; l; l = next) {
		next = l->next;		/* stopped: only this thread changes the list */
		if (all || lpc_line_idle(l))
			end(s, l);
	}
}

/* Serves what is ready; returns how many requests that were. */
int lpc_quick_poll_step(struct lpc_server *s, int wait_ms)
{
	struct epoll_event e[EVENTS];
	int i, n, done = 0, saved = errno;

	if (pthread_mutex_trylock(&s->quick.polling))
		return 0;		/* another thread is at it */
	n = epoll_wait(s->quick.epoll, e, EVENTS, wait_ms);
	for (i = 0; i < n; i++)
		if (e[i].data.ptr)
			done += serve(s, e[i].data.ptr, e[i].events);
		else
			unkick(s);
	if (atomic_load_explicit(&s->quick.stopped, memory_order_relaxed))
		end_idle(s, false);
	pthread_mutex_unlock(&s->quick.polling);
	errno = saved;
	return done;
}

/* Is nothing left to be finished, or no time to do it in? */
bool lpc_quick_poll_over(struct lpc_server *s)
{
	uint64_t until = atomic_load(&s->drain);
	bool over;

	pthread_mutex_lock(&s->lock);
	over = !s->quick.lines || s->freeing;
	pthread_mutex_unlock(&s->lock);
	return over || (until && lpc_in_ms(0) >= until);
}

static int ms_until(uint64_t until)
{
	uint64_t now = lpc_in_ms(0), ms;

	if (!until)
		return -1;
	ms = until > now ? (until - now) / 1000000 + 1 : 0;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* The thread that lpc_server_run() has for this. */
int lpc_quick_poll_run(struct lpc_server *s)
{
	bool stopped;

	while (!(stopped = atomic_load(&s->quick.stopped)) || !lpc_quick_poll_over(s))
		lpc_quick_poll_step(s, stopped ? ms_until(atomic_load(&s->drain)) : -1);
	pthread_mutex_lock(&s->quick.polling);
	end_idle(s, true);
	pthread_mutex_unlock(&s->quick.polling);
	atomic_store(&s->quick.polled, false);
	return 0;
}

/* Nobody polls any more. */
void lpc_quick_poll_end(struct lpc_server *s)
{
	end_idle(s, true);
}

void lpc_quick_poll_fini(struct lpc_server *s)
{
	struct quick_server *k = &s->quick;
	int saved = errno;

	if (k->epoll >= 0)
		close(k->epoll);
	if (k->all >= 0)
		close(k->all);
	if (k->kick >= 0)
		close(k->kick);
	pthread_mutex_destroy(&k->polling);
	errno = saved;
}

// SPDX-License-Identifier: MIT
/* The table of a server's clients; server.h says when one may go. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "path.h"
#include "server.h"

#define FIRST_CHUNK	64u
#define INDEX_BITS	24
#define TAG_BITS	16
#define TURN_MASK	0xffffffu	/* the bits of a turn that a context has */

static uint32_t word_of(uint32_t turn, enum client_state state)
{
	return turn << 2 | state;
}

static uint32_t turn_of(uint32_t word)
{
	return word >> 2;
}

static inline struct client *client_at(struct lpc_server *s, uint32_t index)
{
	uint32_t n = index / FIRST_CHUNK + 1;
	int k = 31 - __builtin_clz(n);
	struct client *chunk;

	if (k >= CLIENT_CHUNKS)
		return NULL;
	chunk = atomic_load_explicit(&s->chunks[k], memory_order_acquire);
	return chunk ? &chunk[index - FIRST_CHUNK * ((1u << k) - 1)] : NULL;
}

static uint64_t context_of(const struct lpc_server *s, uint32_t index, uint32_t turn)
{
	return (uint64_t)(turn & TURN_MASK) << (INDEX_BITS + TAG_BITS) |
	       (uint64_t)s->tag << INDEX_BITS | index;
}

/* Finds the client that @context names, and what its word is while it lives. */
static inline struct client *find(struct lpc_server *s, uint64_t context, uint32_t *live)
{
	struct client *c;
	uint32_t turn;

	if (context == PAIR_CONTEXT)
		c = s->pair;
	else if ((context >> INDEX_BITS & ((1u << TAG_BITS) - 1)) == s->tag)
		c = client_at(s, (uint32_t)context & ((1u << INDEX_BITS) - 1));
	else
		c = NULL;
	if (!c)
		return NULL;
	turn = context == PAIR_CONTEXT ? 1 : (uint32_t)(context >> (INDEX_BITS + TAG_BITS));
	*live = word_of(turn, CLIENT_LIVE);
	return c;
}

static int add_chunk(struct lpc_server *s)
{
	int k = 31 - __builtin_clz(s->clients / FIRST_CHUNK + 1);
	uint32_t i, n = FIRST_CHUNK << k;
	struct client *chunk;

	if (k >= CLIENT_CHUNKS)
		return -ENOBUFS;
	chunk = calloc(n, sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	for (i = n; i--;) {
		chunk[i].index = s->clients + i;
		chunk[i].fd = -1;
		chunk[i].next = s->free;
		s->free = &chunk[i];
	}
	s->clients += n;
	atomic_store_explicit(&s->chunks[k], chunk, memory_order_release);
	return 0;
}

/* A place for a client that has yet to be accepted; NULL: no memory. */
struct client *lpc_client_new(struct lpc_server *s, bool pair)
{
	struct client *c;
	uint32_t turn;

	pthread_mutex_lock(&s->lock);
	if (!s->free && add_chunk(s) < 0) {
		pthread_mutex_unlock(&s->lock);
		return NULL;
	}
	c = s->free;
	s->free = c->next;
	turn = (turn_of(c->word) & TURN_MASK) + 1;
	if (turn > TURN_MASK)
		turn = 1;
	c->context = pair ? PAIR_CONTEXT : context_of(s, c->index, turn);
	c->user = NULL;
	if (pair)
		s->pair = c;
	atomic_store(&c->word, word_of(turn, CLIENT_LIVE));
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* The place is free again; nothing refers to it. */
void lpc_client_drop(struct lpc_server *s, struct client *c)
{
	int fd = atomic_exchange(&c->fd, -1);

	lpc_view_put(atomic_exchange(&c->view, NULL), false);
	if (fd >= 0)
		close(fd);
	pthread_mutex_lock(&s->lock);
	atomic_store(&c->word, word_of(turn_of(c->word), CLIENT_FREE));
	c->next = s->free;
	s->free = c;
	pthread_mutex_unlock(&s->lock);
}

/* Does a thread work for client @context, or return from the kernel to do so? */
static bool claimed(struct lpc_server *s, uint64_t context)
{
	struct worker *w;

	for (w = atomic_load(&s->workers); w; w = w->next)
		if (atomic_load(&w->working) == context ||
		    (__atomic_load_n(&w->in.m.context, __ATOMIC_SEQ_CST) == context &&
		     __atomic_load_n(&w->in.m.type, __ATOMIC_SEQ_CST) != LPC_REQUEST))
			return true;
	return false;
}

/* Takes a client that nothing holds any more off the list of closing ones. */
static struct client *pick_gone(struct lpc_server *s)
{
	struct client **at, *c;

	pthread_mutex_lock(&s->lock);
	for (at = &s->closing_list; (c = *at); at = &c->next)
		/* in this order: a claim may become a reference, never the reverse */
		if (!claimed(s, c->context) && !atomic_load(&c->refs))
			break;
	if (c) {
		*at = c->next;
		atomic_store(&c->word, word_of(turn_of(c->word), CLIENT_GONE));
		atomic_fetch_sub(&s->closing, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}

static void __cold look(struct lpc_server *s)
{
	struct client *c;

	while ((c = pick_gone(s))) {
		if (s->on_gone)
			s->on_gone(c->user, s->arg);
		lpc_client_drop(s, c);
	}
}

/* For a client that nobody else knows yet. */
void lpc_client_claim(struct worker *w, struct client *c)
{
	atomic_store(&w->working, c->context);
}

/* What on_connect() left is there for whoever finds the client from now on. */
void lpc_client_publish(struct client *c)
{
	atomic_store_explicit(&c->word, atomic_load(&c->word), memory_order_release);
}

static bool __cold is_closing(struct worker *w)
{
	uint32_t word;

	pthread_mutex_lock(&w->server->lock);
	word = atomic_load(&w->last->word);
	pthread_mutex_unlock(&w->server->lock);
	return word == word_of(turn_of(w->last_live), CLIENT_CLOSING);
}

/*
 * @w has received a message: whose is it? NULL: of nobody here, or of one that
 * on_gone() was already called for.
 */
struct client *__hot lpc_client_begin(struct worker *w)
{
	uint64_t context = w->in.m.context;
	struct client *c;

	if (!w->last || context != w->last_context) {	/* else it is where it was */
		c = find(w->server, context, &w->last_live);
		if (!c)
			return NULL;
		w->last = c;
		w->last_context = context;
	}
	c = w->last;
	atomic_store(&w->working, context);
	if (__builtin_expect(atomic_load(&c->word) == w->last_live, 1))
		return c;
	return is_closing(w) ? c : NULL;
}

/* @w is done with what it received. */
void __hot lpc_client_end(struct worker *w)
{
	__atomic_store_n(&w->in.m.context, 0, __ATOMIC_RELAXED);
	atomic_store(&w->working, 0);
	if (__builtin_expect(atomic_load(&w->server->closing), 0))
		look(w->server);
}

/* The connection is closed; the worker that knows looks when it is done. */
void lpc_client_closing(struct lpc_server *s, struct client *c)
{
	uint32_t live;

	pthread_mutex_lock(&s->lock);
	live = word_of(turn_of(c->word), CLIENT_LIVE);
	if (atomic_compare_exchange_strong(&c->word, &live,
					   word_of(turn_of(live), CLIENT_CLOSING))) {
		c->next = s->closing_list;
		s->closing_list = c;
		atomic_fetch_add(&s->closing, 1);
	}
	pthread_mutex_unlock(&s->lock);
}

/* For who has a claim or a reference. */
void lpc_client_ref(struct client *c)
{
	atomic_fetch_add(&c->refs, 1);
}

struct client *lpc_client_ref_live(struct lpc_server *s, uint64_t context)
{
	struct client *c;
	uint32_t live;

	c = find(s, context, &live);
	if (!c)
		return NULL;
	atomic_fetch_add(&c->refs, 1);
	if (atomic_load(&c->word) == live)
		return c;
	lpc_client_unref(s, c);
	return NULL;
}

void lpc_client_unref(struct lpc_server *s, struct client *c)
{
	if (atomic_fetch_sub(&c->refs, 1) == 1 && atomic_load(&s->closing))
		look(s);
}

/*
 * The end of the server. @tell: run on_gone() for everyone left; else it is one
 * without clients yet, or a child's copy.
 */
void lpc_clients_free(struct lpc_server *s, bool tell)
{
	uint32_t i;
	int k;

	for (i = 0; i < s->clients; i++) {
		struct client *c = client_at(s, i);
		uint32_t state;

		if (!c)
			break;
		state = c->word & 3;
		lpc_view_put(c->view, !tell);
		if (c->fd >= 0)
			close(c->fd);
		if (tell && s->on_gone && (state == CLIENT_LIVE || state == CLIENT_CLOSING))
			s->on_gone(c->user, s->arg);
	}
	for (k = 0; k < CLIENT_CHUNKS; k++)
		free(s->chunks[k]);
}

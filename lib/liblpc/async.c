// SPDX-License-Identifier: MIT
/*
 * Calls that nobody waits for, and the one thread that dispatches what comes.
 *
 * A call is entered in the table under the lock under which it was sent: the
 * thread that receives its end finds it. Entries are taken out under the lock
 * and run outside, so each runs once.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "async.h"
#include "call.h"
#include "request.h"
#include "section.h"

#define DISPATCH_MAX 64

/**
 * struct pending - a call in flight, or a free slot
 * @id: the kernel's
 * @epoch: of the connection it was sent on
 * @turn: how often the slot was used; with its index, the caller's id
 * @next: in its hash chain, or free; -1 ends
 * @done: NULL: free
 * @section: where @piece is; may be one that the connection has left
 * @piece: for a long request or reply, or NULL
 */
struct pending {
	uint64_t	id;
	uint32_t	epoch;
	uint32_t	turn;
	int		next;
	lpc_done_fn	*done;
	void		*arg;
	int		*taken;
	size_t		*need;
	struct section	*section;
	struct piece	*piece;
};

void lpc_calls_init(struct calls *t)
{
	t->free = -1;
}

void lpc_calls_free(struct calls *t)
{
	free(t->slots);
	free(t->heads);
}

static int *head_of(struct calls *t, uint64_t id)
{
	return &t->heads[(uint32_t)id & (t->size - 1)];
}

static void chain(struct calls *t, int i)
{
	int *head = head_of(t, t->slots[i].id);

	t->slots[i].next = *head;
	*head = i;
}

static int grow(struct calls *t)
{
	unsigned int i, old = t->size, size = old ? 2 * old : 16;
	struct pending *slots = realloc(t->slots, size * sizeof(*slots));
	int *heads;

	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	heads = realloc(t->heads, size * sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	t->heads = heads;
	t->size = size;
	for (i = 0; i < size; i++)
		heads[i] = -1;
	for (i = 0; i < old; i++)		/* none is free, or none would grow */
		chain(t, (int)i);
	for (i = old; i < size; i++) {
		slots[i] = (struct pending){ .next = t->free };
		t->free = (int)i;
	}
	return 0;
}

static void release(struct calls *t, int i)
{
	t->slots[i].done = NULL;
	t->slots[i].next = t->free;
	t->free = i;
}

/* Takes call @id of @epoch out of the table; false: there is none. */
static bool take_out(struct calls *t, uint64_t id, uint32_t epoch, struct pending *out)
{
	int *at, i;

	if (!t->size)
		return false;
	for (at = head_of(t, id); (i = *at) >= 0; at = &t->slots[i].next)
		if (t->slots[i].id == id && t->slots[i].epoch == epoch)
			break;
	if (i < 0)
		return false;
	*out = t->slots[i];
	*at = t->slots[i].next;
	release(t, i);
	t->used--;
	return true;
}

/* Ends what was sent on the connection of @epoch and before; returns how many. */
int lpc_calls_end(struct lpc_conn *c, int result, uint32_t epoch)
{
	struct calls *t = &c->calls;
	struct pending p;
	unsigned int i;
	bool found;
	int n = 0;

	for (i = 0;; i++) {
		pthread_mutex_lock(&c->lock);
		while (i < t->size && (!t->slots[i].done || t->slots[i].epoch > epoch))
			i++;
		found = i < t->size && take_out(t, t->slots[i].id, t->slots[i].epoch, &p);
		pthread_mutex_unlock(&c->lock);
		if (!found)
			return n;
		if (p.piece)
			lpc_piece_put(p.section, p.piece);
		if (p.taken)
			*p.taken = 1;
		p.done(c, result, 0, NULL, p.arg);
		n++;
	}
}

static int64_t name_of(const struct calls *t, int i)
{
	return (int64_t)(((uint64_t)t->slots[i].turn << 32) | ((uint32_t)i + 1));
}

static int64_t start(struct lpc_conn *c, struct message *b, const struct pending *new)
{
	struct calls *t = &c->calls;
	struct pending *p;
	int i, r;

	if (t->free < 0) {
		r = grow(t);
		if (r < 0)
			return r;
	}
	while ((r = lpc_sys_call(c->fd, &b->m)) == -EINTR)
		b->m.status = 0;
	if (r != -EINPROGRESS)
		return r < 0 ? r : -EPROTO;
	i = t->free;
	p = &t->slots[i];
	t->free = p->next;
	p->id = b->m.id;
	p->epoch = t->epoch;
	p->turn = p->turn % INT32_MAX + 1;
	p->done = new->done;
	p->arg = new->arg;
	p->taken = new->taken;
	p->need = new->need;
	p->section = new->section;
	p->piece = new->piece;
	chain(t, i);
	t->used++;
	return name_of(t, i);
}

/* Room for what does not fit in a message; *@need, if any is too much. */
static int get_piece(struct lpc_conn *c, struct pending *new, size_t len, size_t room,
		     size_t *limit)
{
	struct piece_need need = { .least = len > room ? len : room, .use = PIECE_LENT };
	int r = -EMSGSIZE;

	if (need.least <= LPC_INLINE_MAX)
		return 0;
	need.best = need.least;
	*limit = c->section ? section_room(c->section) : LPC_INLINE_MAX;
	if (c->section)
		r = lpc_piece_get(c->section, &need, &new->piece);
	if (!r)
		new->section = c->section;
	return r;
}

static int64_t call_async(struct lpc_conn *c, uint32_t code, const void *req, size_t len,
			  struct pending *new, const struct lpc_call_opts *o)
{
	struct message b;
	size_t limit = 0;
	int64_t r;

	r = get_piece(c, new, len, o ? o->room : 0, &limit);
	if (!r) {
		lpc_section_fill(&b, code, req, len, new->section, new->piece);
		b.m.flags = LPC_CALL_ASYNC;
		b.m.deadline = o ? o->deadline : 0;
		if (c->call_ms && !b.m.deadline)
			b.m.deadline = lpc_in_ms(c->call_ms);
		pthread_mutex_lock(&c->lock);
		r = start(c, &b, new);
		pthread_mutex_unlock(&c->lock);
		limit = b.m.room;
		if (r < 0 && new->piece)
			lpc_piece_put(new->section, new->piece);
	}
	if (r == -EMSGSIZE && new->need)
		*new->need = limit;
	return r;
}

int64_t lpc_call_async(struct lpc_conn *c, uint32_t code, const void *req, size_t len,
		       lpc_done_fn *done, void *arg, const struct lpc_call_opts *o)
{
	struct lpc_call_opts own;
	struct pending new = { .done = done, .arg = arg };
	int64_t r;

	r = lpc_call_opts_read(&own, &o);
	if (r < 0)
		return r;
	if (!done || (o && (o->flags & (LPC_CALL_EINTR | LPC_CALL_FOR_ME) || o->status ||
			    o->who || o->callback)))
		return -EINVAL;
	if (o) {
		new.taken = o->taken;
		new.need = o->need;
	}
	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	r = call_async(c, code, req, len, &new, o);
	if (r < 0)
		return lpc_conn_leave(c, (ssize_t)r);
	lpc_gate_leave(&c->gate);
	return r;
}

int lpc_cancel(struct lpc_conn *c, int64_t id)
{
	struct calls *t = &c->calls;
	struct lpc_cancel a = { 0 };
	uint32_t i = (uint32_t)id - 1;
	int r;

	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	pthread_mutex_lock(&c->lock);
	if (id > 0 && i < t->size && t->slots[i].done && name_of(t, (int)i) == id &&
	    t->slots[i].epoch == t->epoch) {
		a.id = t->slots[i].id;
		r = lpc_sys_cancel(c->fd, &a);
	} else {
		r = -ESTALE;
	}
	pthread_mutex_unlock(&c->lock);
	return (int)lpc_conn_leave(c, r);
}

uint64_t lpc_conn_timeout(struct lpc_conn *c)
{
	uint64_t t;

	if (lpc_forked(c->mark))
		return 0;
	pthread_mutex_lock(&c->lock);
	t = c->calls.stale ? LPC_NOW : 0;
	pthread_mutex_unlock(&c->lock);
	return t;
}

static void *copy_of(const void *data, size_t len)
{
	void *copy = malloc(len);

	if (copy)
		memcpy(copy, data, len);
	return copy;
}

/* A call has ended; one that is not in the table is not this library's. */
static int run_done(struct lpc_conn *c, const struct message *b, uint32_t epoch)
{
	const void *payload;
	struct pending p;
	void *own = NULL;
	bool found;

	pthread_mutex_lock(&c->lock);
	found = take_out(&c->calls, b->m.id, epoch, &p);
	pthread_mutex_unlock(&c->lock);
	if (!found)
		return 0;
	payload = b->m.error ? NULL : lpc_section_payload(b, p.section, p.piece);
	if (payload && payload != b->data) {
		own = copy_of(payload, b->m.len);
		payload = own;
	}
	if (p.piece && b->m.error)
		piece_left(p.piece, &b->m, b->m.error);
	if (p.piece)
		lpc_piece_put(p.section, p.piece);
	if (payload) {
		p.done(c, (ssize_t)b->m.len, (int32_t)b->m.code, payload, p.arg);
	} else {
		/* without @error it was answered: no memory, or nonsense */
		if (p.taken)
			*p.taken = !b->m.error || b->m.status & LPC_WAS_TAKEN;
		p.done(c, b->m.error ? b->m.error : -ENOMEM, 0, NULL, p.arg);
	}
	free(own);
	return 1;
}

static int run_handler(struct lpc_conn *c, int fd, const struct message *in)
{
	uint32_t epoch = c->calls.epoch;
	struct message reply;
	struct request q;
	int r;

	memset(&reply.m, 0, sizeof(reply.m));
	request_init(&q, REQUEST_CLIENT, fd, in, &reply);
	if (in->m.len > LPC_INLINE_MAX)
		r = -EMSGSIZE;
	else
		r = c->handler ? c->handler(&q.pub, c->arg) : -EOPNOTSUPP;
	if (request_finish(&q, r) && !c->doomed && c->calls.epoch == epoch) {
		reply.m.id = q.id;
		reply.m.callback = q.callback;
		reply.m.flags = LPC_WITH_REPLY;
		while (lpc_sys_reply_recv(fd, &reply.m) == -EINTR)
			;
	}
	return c->handler ? 1 : 0;
}

/* Returns how many functions it ran, or what ended the receiving. */
static int receive(struct lpc_conn *c, int fd, uint32_t epoch)
{
	struct message b;
	int r;

	memset(&b.m, 0, sizeof(b.m));
	do {
		b.m.flags = LPC_WITH_RECV | LPC_DONTWAIT;
		b.m.room = LPC_INLINE_MAX;
		r = lpc_sys_reply_recv(fd, &b.m);
	} while (r == -EINTR);
	if (r < 0)
		return r;
	switch (b.m.type) {
	case LPC_REPLY:
		return run_done(c, &b, epoch);
	case LPC_REQUEST:
	case LPC_DATAGRAM:
		return run_handler(c, fd, &b);
	default:
		return 0;
	}
}

/*
 * What ended on the connection before lpc_reconnect(), to the last. A function
 * that it runs may connect once more: then there is another such connection.
 */
static int receive_old(struct lpc_conn *c)
{
	uint32_t epoch = c->calls.epoch;
	int r, n = 0;

	while (!c->doomed && c->calls.epoch == epoch &&
	       (r = receive(c, c->old, epoch - 1)) >= 0)
		n += r;
	if (!c->doomed)
		n += lpc_calls_end(c, -ECONNRESET, epoch - 1);
	if (!c->doomed && c->calls.epoch == epoch) {
		pthread_mutex_lock(&c->lock);
		if (c->old >= 0)
			close(c->old);
		c->old = -1;
		c->calls.stale = false;
		pthread_mutex_unlock(&c->lock);
	}
	return n;
}

static int dispatch(struct lpc_conn *c)
{
	int i, r, n = 0;

	if (c->calls.stale)
		n = receive_old(c);
	for (i = 0; i < DISPATCH_MAX && !c->doomed; i++) {
		uint32_t epoch = c->calls.epoch;

		r = receive(c, c->fd, epoch);
		if (r == -EAGAIN)
			break;
		if (r == -EPIPE || r == -ESHUTDOWN)
			n += lpc_calls_end(c, -ECONNRESET, epoch);
		if (r < 0)
			return n ? n : r;
		n += r;
	}
	return n;
}

int lpc_dispatch(struct lpc_conn *c)
{
	uintptr_t nobody = 0;
	int r;

	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	if (!atomic_compare_exchange_strong(&c->dispatcher, &nobody, lpc_self()))
		return (int)lpc_conn_leave(c, -EBUSY);
	r = dispatch(c);
	if (c->doomed) {
		lpc_conn_free(c);
		return r < 0 ? 0 : r;
	}
	atomic_store(&c->dispatcher, 0);
	return (int)lpc_conn_leave(c, r);
}

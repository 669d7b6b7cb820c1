// SPDX-License-Identifier: MIT
/*
 * The pieces of a section: first fit, neighbours joined. A piece that is held
 * costs a system call each time that the section is too full for somebody, and
 * nothing else.
 */
#include <stdlib.h>

#include "futex.h"
#include "section.h"

static struct piece *first_fit(struct section *s, size_t length)
{
	struct piece *p;

	for (p = s->first; p; p = p->next)
		if (p->use == PIECE_FREE && p->length >= length)
			return p;
	return NULL;
}

static struct piece *largest(struct section *s)
{
	struct piece *p, *best = NULL;

	for (p = s->first; p; p = p->next)
		if (p->use == PIECE_FREE && (!best || p->length > best->length))
			best = p;
	return best;
}

/* Would @length bytes be free if every other thread's call had ended? */
static bool will_fit(const struct section *s, size_t length)
{
	const struct piece *p;
	size_t run = 0;

	for (p = s->first; p && run < length; p = p->next)
		run = p->use == PIECE_FREE || p->use == PIECE_CALL ? run + p->length : 0;
	return run >= length;
}

static struct piece *get_spare(struct section *s)
{
	struct piece *p = s->spare;

	if (p)
		s->spare = p->next;
	return p ? p : malloc(sizeof(*p));
}

/* The first @length bytes of @p; without memory to describe them, all of it. */
static struct piece *split(struct section *s, struct piece *p, size_t length)
{
	struct piece *head = p->length > length ? get_spare(s) : NULL;

	if (!head)
		return p;
	*head = (struct piece){
		.prev = p->prev, .next = p, .offset = p->offset, .length = length,
	};
	if (head->prev)
		head->prev->next = head;
	else
		s->first = head;
	p->prev = head;
	p->offset += length;
	p->length -= length;
	return head;
}

/* @p takes in what comes after it. */
static void join(struct section *s, struct piece *p)
{
	struct piece *rest = p->next;

	p->length += rest->length;
	p->next = rest->next;
	if (p->next)
		p->next->prev = p;
	rest->next = s->spare;
	s->spare = rest;
}

static void release(struct section *s, struct piece *p)
{
	p->use = PIECE_FREE;
	p->held = 0;
	if (p->next && p->next->use == PIECE_FREE)
		join(s, p);
	if (p->prev && p->prev->use == PIECE_FREE)
		join(s, p->prev);
}

/* Has the server call @id still to answer? It may until the kernel knows none. */
static bool server_has(const struct section *s, uint64_t id)
{
	struct lpc_call_info i;
	struct lpc_query q = {
		.what = LPC_WHAT_CALL, .id = id, .out = (uintptr_t)&i, .size = sizeof(i),
	};
	int r;

	if (s->fd < 0)
		return false;
	r = lpc_sys_query(s->fd, &q);
	/* That it could not be asked is no answer. */
	return r != -ESTALE && r != -EPIPE && r != -EBADF;
}

/* Takes back what servers have let go of; returns whether there was any. */
static bool sweep(struct section *s)
{
	struct piece *p, *next;
	bool any = false;

	for (p = s->first; p; p = next) {
		next = p->next;
		if (p->use != PIECE_HELD || server_has(s, p->held))
			continue;
		next = p->prev ? p->prev : p;	/* @p may become part of it */
		release(s, p);
		any = true;
	}
	return any;
}

/* Waits for a piece that comes back; drops the lock meanwhile. */
static int wait_freed(struct section *s, const struct piece_need *n)
{
	struct timespec until = {
		.tv_sec = (time_t)(n->deadline / 1000000000u),
		.tv_nsec = (long)(n->deadline % 1000000000u),
	};
	uint32_t seen = atomic_load(&s->freed);
	int r;

	s->waiters++;
	pthread_mutex_unlock(&s->lock);
	r = lpc_futex_wait(&s->freed, seen, n->deadline ? &until : NULL);
	pthread_mutex_lock(&s->lock);
	s->waiters--;
	if (r == -ETIMEDOUT || (r == -EINTR && n->give_up))
		return r;
	return 0;
}

static void wake_waiters(struct section *s)
{
	atomic_fetch_add(&s->freed, 1);
	if (s->waiters)
		lpc_futex_wake(&s->freed);
}

/* The best that is to be had; NULL: none, or waiting for one ended with *@r. */
static struct piece *find(struct section *s, const struct piece_need *n, size_t best, int *r)
{
	struct piece *p;

	for (;;) {
		p = first_fit(s, best);
		if (!p && sweep(s))
			p = first_fit(s, best);
		if (p)
			return p;
		if (n->use != PIECE_CALL || !will_fit(s, best))
			break;
		*r = wait_freed(s, n);
		if (*r < 0)
			return NULL;
	}
	p = largest(s);
	/* room for a reply that would have room in the message is none */
	return p && p->length >= n->least && p->length > LPC_INLINE_MAX ? p : NULL;
}

/*
 * Returns 0, and in *@out the piece, which is NULL if none was needed and none
 * is free; -EMSGSIZE: the section is shorter; -ENOBUFS: it is full, and not of
 * calls that will end soon.
 */
int lpc_piece_get(struct section *s, const struct piece_need *n, struct piece **out)
{
	size_t best = n->best < s->size ? n->best : s->size;
	size_t length = (best + PIECE_ALIGN - 1) & ~(size_t)(PIECE_ALIGN - 1);
	struct piece *p;
	int r = 0;

	*out = NULL;
	if (n->least > section_room(s))
		return -EMSGSIZE;
	pthread_mutex_lock(&s->lock);
	p = find(s, n, best, &r);
	if (p) {
		p = split(s, p, length);
		p->use = n->use;
		p->held = 0;
		if (n->use == PIECE_LENT)
			s->refs++;
		*out = p;
	} else if (!r && n->least) {
		r = -ENOBUFS;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* Gives a piece back; the server may have it still. */
void lpc_piece_put(struct section *s, struct piece *p)
{
	bool last = false;

	pthread_mutex_lock(&s->lock);
	if (p->use == PIECE_LENT)
		last = !--s->refs;
	if (p->held && server_has(s, p->held))
		p->use = PIECE_HELD;
	else
		release(s, p);
	wake_waiters(s);
	pthread_mutex_unlock(&s->lock);
	if (last)
		lpc_section_free(s);
}

/* Its thread works on a callback, or is back: nobody waits for it then. */
void lpc_piece_away(struct section *s, struct piece *p, bool away)
{
	pthread_mutex_lock(&s->lock);
	if (away && p->use == PIECE_CALL) {
		p->use = PIECE_AWAY;
		wake_waiters(s);
	} else if (!away && p->use == PIECE_AWAY) {
		p->use = PIECE_CALL;
	}
	pthread_mutex_unlock(&s->lock);
}

/* Has the server yet to answer the call that ended with this piece? */
bool lpc_piece_busy(struct section *s, struct piece *p)
{
	pthread_mutex_lock(&s->lock);
	if (p->held && !server_has(s, p->held))
		p->held = 0;
	pthread_mutex_unlock(&s->lock);
	return p->held;
}

/* SPDX-License-Identifier: MIT */
/*
 * A client's section: memory that its server has mapped too, cut into pieces,
 * one for each long request and its reply.
 *
 * The server may write anywhere in it at any time: nothing that the library
 * goes by lies there. A piece whose call ended while the server had the request
 * is held, for the server may still write the reply; it is free again when the
 * kernel says that the server is through with it.
 *
 * The section outlives its connection, or its place in a connection that
 * lpc_reconnect() gave a new one, while a piece of it is lent.
 */
#ifndef LIBLPC_SECTION_H
#define LIBLPC_SECTION_H

#include <pthread.h>
#include <stdatomic.h>

#include "message.h"

enum piece_use {
	PIECE_FREE,
	PIECE_CALL,		/* a thread in lpc_call() has it and gives it back */
	PIECE_AWAY,		/* that thread is in a callback: who knows when */
	PIECE_LENT,		/* to lpc_buf_get() or lpc_call_async() */
	PIECE_HELD,		/* given back, but the server may still write to it */
};

/**
 * struct piece - a part of a section; no two free ones are neighbours
 * @prev: before it in the section, or NULL
 * @next: after it; of a spare one, the next spare one
 * @offset: where it begins
 * @length: bytes, a multiple of PIECE_ALIGN
 * @use: who has it, under section.lock
 * @held: id of the call that ended and left it with the server, or 0; its
 *	user's, under section.lock once it is PIECE_HELD
 */
struct piece {
	struct piece	*prev;
	struct piece	*next;
	size_t		offset;
	size_t		length;
	enum piece_use	use;
	uint64_t	held;
};

#define PIECE_ALIGN 64u

/**
 * struct section - a section and its pieces
 * @base: where it is mapped; NULL: not yet
 * @size: bytes
 * @mark: see fork.h
 * @freed: grows with each piece that comes back; waited for
 * @lock: what follows
 * @fd: the end that knows of held pieces, -1 when the connection has left
 * @refs: the connection, and each piece that is lent
 * @waiters: threads that wait for @freed
 * @first: its pieces, by offset
 * @spare: descriptions of no piece
 */
struct section {
	unsigned char		*base;
	size_t			size;
	const int		*mark;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic uint32_t	freed;
	pthread_mutex_t		lock;
	int			fd;
	unsigned int		refs;
	unsigned int		waiters;
	struct piece		*first;
	struct piece		*spare;
};

/**
 * struct piece_need - what is asked of a section
 * @least: bytes that must be had
 * @best: bytes that are wanted, at least @least
 * @use: PIECE_CALL: waits while calls of other threads have what is wanted;
 *	PIECE_LENT: never waits
 * @give_up: a handled signal ends the waiting
 * @deadline: so does this
 */
struct piece_need {
	size_t		least;
	size_t		best;
	enum piece_use	use;
	bool		give_up;
	uint64_t	deadline;
};

/* section.c */
int lpc_section_make(int dev, size_t size);
struct section *lpc_section_new(void);
void lpc_section_map(struct section *s, void *base, size_t size);
void lpc_section_join(struct section *s, int fd);
void lpc_section_leave(struct section *s);
void lpc_section_free(struct section *s);
int lpc_section_fill(struct message *b, uint32_t code, const void *req, size_t len,
		     const struct section *s, const struct piece *p);
const void *lpc_section_payload(const struct message *b, const struct section *s,
				const struct piece *p);

/* piece.c */
int lpc_piece_get(struct section *s, const struct piece_need *n, struct piece **out);
void lpc_piece_put(struct section *s, struct piece *p);
void lpc_piece_away(struct section *s, struct piece *p, bool away);
bool lpc_piece_busy(struct section *s, struct piece *p);

static inline void *piece_data(const struct section *s, const struct piece *p)
{
	return s->base + p->offset;
}

/* The longest message that fits: its length is 32 bits. */
static inline size_t section_room(const struct section *s)
{
	return s->size < UINT32_MAX ? s->size : UINT32_MAX;
}

/* A call of which a server has the request has ended with @r, a failure. */
static inline void piece_left(struct piece *p, const struct lpc_msg *m, int r)
{
	if (m->status & LPC_WAS_TAKEN && r != -EPIPE && r != -ECONNRESET)
		p->held = m->id;
}

#endif /* LIBLPC_SECTION_H */

// SPDX-License-Identifier: MIT
/*
 * Messages built, and replies found, where the server reads and writes them.
 *
 * A buffer is a piece of the section it was got from: its place is the piece
 * and the section, neither of which the server can reach.
 */
#include <errno.h>
#include <string.h>

#include "call.h"
#include "conn.h"
#include "section.h"

static struct piece *piece_of(const struct lpc_buf *b)
{
	return (struct piece *)(uintptr_t)b->place[0];
}

static struct section *section_of(const struct lpc_buf *b)
{
	return (struct section *)(uintptr_t)b->place[1];
}

size_t lpc_conn_room(struct lpc_conn *c)
{
	size_t room;

	if (lpc_forked(c->mark))
		return 0;
	pthread_mutex_lock(&c->lock);
	room = c->section ? section_room(c->section) : LPC_INLINE_MAX;
	pthread_mutex_unlock(&c->lock);
	return room;
}

int lpc_buf_get(struct lpc_conn *c, struct lpc_buf *b, size_t room)
{
	struct piece_need need = { .use = PIECE_LENT };
	struct piece *p;
	int r;

	memset(b, 0, sizeof(*b));
	need.least = room ? room : 1;
	need.best = need.least;
	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	r = c->section ? lpc_piece_get(c->section, &need, &p) : -EOPNOTSUPP;
	if (!r) {
		b->data = piece_data(c->section, p);
		b->room = p->length;
		b->place[0] = (uintptr_t)p;
		b->place[1] = (uintptr_t)c->section;
	}
	return (int)lpc_conn_leave(c, r);
}

static ssize_t call_in(struct lpc_conn *c, uint32_t code, const struct lpc_buf *b, size_t len,
		       const struct lpc_call_opts *o)
{
	struct piece *p = piece_of(b);
	struct call_to to = { .fd = c->fd, .section = section_of(b), .piece = p };

	if (to.section != c->section)
		return -ESTALE;
	if (lpc_piece_busy(to.section, p))
		return -EBUSY;
	if (len > p->length) {
		if (o && o->need)
			*o->need = p->length;
		return -EMSGSIZE;
	}
	if (c->call_ms && !(o && o->deadline))
		to.deadline = lpc_in_ms(c->call_ms);
	return lpc_call_on(&to, code, b->data, len, b->data, p->length, o);
}

ssize_t lpc_call_buf(struct lpc_conn *c, uint32_t code, struct lpc_buf *b, size_t len,
		     const struct lpc_call_opts *opts)
{
	const struct lpc_call_opts *o = opts;
	struct lpc_call_opts own;
	ssize_t n;

	n = lpc_call_opts_read(&own, &o);
	if (!n && (!b->place[0] || (o && o->room)))
		n = -EINVAL;
	if (!n)
		n = lpc_conn_enter(c);
	if (o && o->taken)
		*o->taken = 0;
	if (n < 0)
		return n;
	return lpc_conn_leave(c, call_in(c, code, b, len, o));
}

/* The connection may be gone, or have another section: the place knows all. */
void lpc_buf_put(struct lpc_conn *c, struct lpc_buf *b)
{
	struct section *s = section_of(b);

	(void)c;
	if (s && lpc_forked(s->mark))
		lpc_section_leave(s);
	else if (s)
		lpc_piece_put(s, piece_of(b));
	memset(b, 0, sizeof(*b));
}

// SPDX-License-Identifier: MIT
/* What a server does with long requests: see view.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "annotate.h"
#include "server.h"
#include "view.h"

#define COPY_KEEP 65536u	/* a worker's buffer up to here is used again */

struct view *lpc_view_new(void)
{
	struct view *v = calloc(1, sizeof(*v));

	if (v)
		v->refs = 1;
	return v;
}

void lpc_view_map(struct view *v, void *base, size_t size)
{
	annotate_written(base, size);
	v->base = base;
	v->size = size;
}

/* In a child of fork() there is no mapping. */
void lpc_view_put(struct view *v, bool forked)
{
	int saved = errno;

	if (!v || atomic_fetch_sub(&v->refs, 1) > 1)
		return;
	if (v->base && !forked)
		munmap(v->base, v->size);
	free(v);
	errno = saved;
}

/* A buffer of @len bytes for the private copy; NULL: no memory. */
static void *copy_room(struct worker *w, size_t len)
{
	if (w->copy_size < len) {
		free(w->copy);
		w->copy_size = len > COPY_KEEP ? len : COPY_KEEP;
		w->copy = malloc(w->copy_size);
		if (!w->copy)
			w->copy_size = 0;
	}
	return w->copy;
}

/* Gives its memory back unless it is of the usual size. */
void lpc_view_close(struct worker *w)
{
	if (w->copy_size <= COPY_KEEP)
		return;
	free(w->copy);
	w->copy = NULL;
	w->copy_size = 0;
}

/*
 * @w has received a request of @c: finds the payload that is in the section, and
 * the room for a reply there. The kernel has checked all this against the view
 * as it was mapped; whoever writes to a view's memory checks it again.
 */
int lpc_view_open(struct worker *w, struct client *c)
{
	const struct lpc_msg *m = &w->in.m;
	struct lpc_server *s = w->server;
	struct request *q = &w->request;
	struct view *v;
	void *copy;

	if (!m->section)
		return m->len > LPC_INLINE_MAX ? -EPROTO : 0;
	v = atomic_load_explicit(&c->view, memory_order_acquire);
	if (m->section != LPC_SECTION_CLIENT || !v || m->offset > v->size ||
	    m->length > v->size - m->offset)
		return -EPROTO;
	annotate_received_in(v);
	q->view = v;
	q->offset = m->offset;
	q->length = m->length;
	q->pub.room = v->base + m->offset;
	q->pub.room_len = q->length;
	if (m->len <= LPC_INLINE_MAX)
		return 0;
	if (m->len > m->length)
		return -EPROTO;
	q->pub.data = q->pub.room;
	q->pub.len = m->len;
	if (s->in_place && m->len > s->copy_max) {
		q->pub.flags |= LPC_REQ_SHARED;
		return 0;
	}
	if (m->len > s->copy_max)
		return -EMSGSIZE;
	copy = copy_room(w, m->len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, q->pub.data, m->len);
	q->pub.data = copy;
	return 0;
}

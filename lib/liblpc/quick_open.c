// SPDX-License-Identifier: MIT
/*
 * How a client gets a quick channel: it makes section and event pair, and tells
 * the server, in an ordinary request, under which id the other end is to be had.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "call.h"
#include "conn.h"
#include "opts.h"
#include "quick.h"

OPTS_NO_TAIL(lpc_quick_opts, ring);

static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* A section for both rings, all of it paid for here. */
static int make_section(uint32_t bytes)
{
	struct lpc_section_make m = { .size = lpc_rings_size(bytes) };
	int r, dev = lpc_sys_open();

	if (dev < 0)
		return dev;
	r = lpc_sys_section(dev, &m);
	close_keeping_errno(dev);
	return r < 0 ? r : m.fd;
}

/* A module without quick channels knows no such ioctl. */
static int make(struct lpc_quick *q, int conn, uint32_t bytes, uint64_t *id)
{
	struct lpc_quick_make m = { 0 };
	struct channel_page *page;
	int r;

	r = make_section(bytes);
	if (r < 0)
		return r == -ENOTTY ? -EOPNOTSUPP : r;
	m.own.fd = r;
	r = lpc_sys_quick(conn, &m);
	close_keeping_errno(m.own.fd);
	if (r < 0)
		return r == -ENOTTY ? -EOPNOTSUPP : r;
	*id = m.id;
	r = lpc_channel_map_page(m.fd, &page);
	if (r < 0) {
		close_keeping_errno(m.fd);
		lpc_channel_unmap(NULL, (void *)(uintptr_t)m.own.base, m.own.size);
		return r;
	}
	r = lpc_channel_init(&q->ch, CHANNEL_CLIENT, m.fd, page,
			     (void *)(uintptr_t)m.own.base, bytes);
	if (r < 0)
		lpc_channel_fini(&q->ch);
	return r;
}

/* Tells the server; an error of the channel's own is in the reply's status. */
static int ask(struct lpc_quick *q, struct lpc_conn *c, const struct quick_ask *a,
	       uint64_t deadline)
{
	struct call_to to = { .fd = c->fd };
	struct lpc_call_opts o = { .size = sizeof(o), .deadline = deadline };
	int32_t status = 0;
	ssize_t n;

	o.status = &status;
	o.who = &q->server;
	n = lpc_call_on(&to, LPC_CODE_QUICK, a, sizeof(*a), NULL, 0, &o);
	if (n < 0 && n != -EMSGSIZE)
		return (int)n;
	/* a server that answers with something of its own knows of no channels */
	return status < 0 ? status : status || n ? -EOPNOTSUPP : 0;
}

static int set_up(struct lpc_quick *q, struct lpc_conn *c, struct quick_ask *a,
		  uint64_t deadline)
{
	int r;

	r = make(q, c->fd, a->bytes, &a->id);
	if (r < 0)
		return r;
	if (a->flags & LPC_QUICK_NO_SPIN)
		q->ch.may_spin = false;
	r = ask(q, c, a, deadline);
	if (r < 0)
		lpc_channel_fini(&q->ch);
	return r;
}

int lpc_quick_open(struct lpc_quick **out, struct lpc_conn *c, const struct lpc_quick_opts *opts)
{
	struct quick_ask a = { .version = QUICK_VERSION };
	struct lpc_quick_opts o;
	struct lpc_quick *q;
	int r;

	r = lpc_opts_read(&o, sizeof(o), opts);
	if (r < 0)
		return r;
	if (o.flags & ~(uint64_t)LPC_QUICK_NO_SPIN)
		return -EINVAL;
	a.flags = (uint32_t)o.flags;
	a.bytes = lpc_ring_bytes(o.ring);
	if (!a.bytes)
		return -EMSGSIZE;
	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	if (!o.deadline && c->call_ms)
		o.deadline = lpc_in_ms(c->call_ms);
	q = calloc(1, sizeof(*q));
	if (q)
		q->mark = lpc_fork_mark();
	if (!q || !q->mark) {
		free(q);
		return (int)lpc_conn_leave(c, -ENOMEM);
	}
	q->call_ms = c->call_ms;
	r = set_up(q, c, &a, o.deadline);
	if (r < 0) {
		lpc_fork_unmark(q->mark);
		free(q);
		return (int)lpc_conn_leave(c, r);
	}
	q->server.flags |= LPC_CRED_AT_CONNECT;
	*out = q;
	return (int)lpc_conn_leave(c, 0);
}

/* In a child the maps are not there, only the descriptor, and this memory. */
void lpc_quick_close(struct lpc_quick *q)
{
	if (!q)
		return;
	if (lpc_forked(q->mark)) {
		close_keeping_errno(q->ch.fd);
		lpc_ring_out_free(&q->ch.out);
	} else {
		lpc_channel_fini(&q->ch);
	}
	lpc_fork_unmark(q->mark);
	free(q);
}

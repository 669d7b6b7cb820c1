// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_lpc.c - lpc_call(), sleeping and with LPC_CALL_SPIN, through liblpc on
 * both sides
 */
#include <errno.h>
#include <lpc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "mechs.h"

#define START_MS	10000

static int make(struct pair *p)
{
	struct lpc_module m = { .size = sizeof(m) };

	(void)p;
	return lpc_info(&m);
}

static int echo(struct lpc_req *r, void *arg)
{
	(void)arg;
	return lpc_reply(r, 0, r->data, r->len);
}

/* They stay until the process ends. */
static int names(struct pair *p, uint32_t n)
{
	struct lpc_port *port;
	char name[sizeof(p->name) + 16];
	int r = 0;

	while (n-- && r == 0) {
		snprintf(name, sizeof(name), "%s.%u", p->name, n);
		r = lpc_port_open(&port, name, NULL);
	}
	return r;
}

static int serve(struct pair *p, uint64_t flags)
{
	struct lpc_server *s;
	struct lpc_port *port;
	int r;

	r = lpc_port_open(&port, p->name, LPC_OPTS(lpc_port_opts, .flags = flags));
	if (r)
		return r;
	r = lpc_server_new(&s, port, echo, NULL, NULL);
	if (r)
		return r;
	return lpc_server_run(s);
}

static int serve_call(struct pair *p)
{
	return serve(p, 0);
}

static int serve_spin(struct pair *p)
{
	return serve(p, LPC_OPEN_SPIN);
}

/* As a program does that has more to wait for */
static int serve_poll(struct pair *p)
{
	struct pollfd f = { .events = POLLIN };
	struct lpc_server *s;
	struct lpc_port *port;
	int r;

	r = lpc_port_open(&port, p->name, NULL);
	if (r)
		return r;
	r = lpc_server_new(&s, port, echo, NULL, NULL);
	if (r)
		return r;
	f.fd = lpc_server_fd(s);
	while (r >= 0) {
		if (poll(&f, 1, -1) < 0 && errno != EINTR)
			return -errno;
		r = lpc_server_step(s);
	}
	return r;
}

static int conn(struct pair *p)
{
	struct lpc_connect_opts o = {
		.size = sizeof(o), .flags = LPC_WAIT_NAME, .deadline = lpc_in_ms(START_MS),
		.section = p->bytes > LPC_INLINE_MAX ? p->bytes : LPC_NO_SECTION,
	};

	return lpc_connect((struct lpc_conn **)&p->own, p->name, &o);
}

/* They stay until the process ends. */
static int more(struct pair *p, uint32_t n)
{
	struct lpc_conn *c;
	int r = 0;

	while (n-- && r == 0)
		r = lpc_connect(&c, p->name, LPC_OPTS(lpc_connect_opts, .section = LPC_NO_SECTION));
	return r;
}

static int done(const struct pair *p, ssize_t n)
{
	return n < 0 ? (int)n : n == (ssize_t)p->bytes ? 0 : -EPROTO;
}

static int turn_call(struct pair *p)
{
	return done(p, lpc_call(p->own, 0, p->buf, p->bytes, p->buf, p->bytes, NULL));
}

static int turn_spin(struct pair *p)
{
	return done(p, lpc_call(p->own, 0, p->buf, p->bytes, p->buf, p->bytes,
				LPC_OPTS(lpc_call_opts, .flags = LPC_CALL_SPIN)));
}

/* ---- in place: nobody copies ---------------------------------------------- */

static int serve_in_place(struct pair *p)
{
	return lpc_serve(p->name, echo, NULL,
			 LPC_OPTS(lpc_server_opts, .flags = LPC_SERVE_IN_PLACE));
}

static struct lpc_buf place;	/* the client's, for its one connection */

static int conn_in_place(struct pair *p)
{
	int r = conn(p);

	if (r == 0)
		r = lpc_buf_get(p->own, &place, p->bytes);
	if (r)
		return r;
	free(p->buf);
	p->buf = place.data;
	return 0;
}

static int turn_in_place(struct pair *p)
{
	return done(p, lpc_call_buf(p->own, 0, &place, p->bytes, NULL));
}

/* Copied by the client alone */
const struct mech mech_lpc_half = {
	.name = "lpc_call_place", .text = "lpc_call, handler in place", .needs = "the module",
	.min = LPC_INLINE_MAX + 1, .max = LPC_COPY_MAX,
	.make = make, .serve = serve_in_place, .connect = conn, .turn = turn_call,
};

const struct mech mech_lpc_in_place = {
	.name = "lpc_in_place", .text = "lpc_call_buf, in place", .needs = "the module",
	.min = LPC_INLINE_MAX + 1, .max = LPC_COPY_MAX,
	.make = make, .serve = serve_in_place, .connect = conn_in_place, .turn = turn_in_place,
};

/* ---- ---------------------------------------------------------------------- */

const struct mech mech_lpc_call = {
	.name = "lpc_call", .text = "lpc_call", .needs = "the module",
	.max = LPC_COPY_MAX, .make = make, .names = names, .serve = serve_call, .connect = conn,
	.more = more, .turn = turn_call,
};

const struct mech mech_lpc_poll = {
	.name = "lpc_poll", .text = "lpc_call, server polls", .needs = "the module",
	.max = LPC_COPY_MAX, .make = make, .names = names, .serve = serve_poll, .connect = conn,
	.more = more, .turn = turn_call,
};

const struct mech mech_lpc_spin = {
	.name = "lpc_spin", .text = "lpc_call, LPC_SPIN", .needs = "the module", .spins = true,
	.max = LPC_COPY_MAX, .make = make, .serve = serve_spin, .connect = conn, .turn = turn_spin,
};

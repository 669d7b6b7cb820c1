// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_quick.c - a quick channel: awake, where each side looks for the other's
 * message for a while, and sleeping, where neither does
 */
#include <errno.h>
#include <lpc.h>

#include "mechs.h"

#define START_MS	10000
#define RING_LEAST	65536u

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

static uint32_t ring(const struct pair *p)
{
	return p->bytes > RING_LEAST ? (uint32_t)p->bytes : RING_LEAST;
}

static int serve(struct pair *p)
{
	return lpc_serve(p->name, echo, NULL,
			 LPC_OPTS(lpc_server_opts, .flags = LPC_SERVE_QUICK,
				  .quick_ring = ring(p)));
}

static int open_quick(struct pair *p, uint64_t flags)
{
	struct lpc_connect_opts o = {
		.size = sizeof(o), .flags = LPC_WAIT_NAME, .deadline = lpc_in_ms(START_MS),
		.section = LPC_NO_SECTION,
	};
	struct lpc_conn *c;
	int r = lpc_connect(&c, p->name, &o);

	if (r)
		return r;
	return lpc_quick_open((struct lpc_quick **)&p->own, c,
			      LPC_OPTS(lpc_quick_opts, .flags = flags, .ring = ring(p)));
}

static int conn_awake(struct pair *p)
{
	return open_quick(p, 0);
}

static int conn_asleep(struct pair *p)
{
	return open_quick(p, LPC_QUICK_NO_SPIN);
}

static int turn(struct pair *p)
{
	ssize_t n = lpc_quick_call(p->own, 0, p->buf, p->bytes, p->buf, p->bytes, NULL);

	return n < 0 ? (int)n : n == (ssize_t)p->bytes ? 0 : -EPROTO;
}

const struct mech mech_quick = {
	.name = "quick", .text = "quick channel, awake", .needs = "the module", .spins = true,
	.make = make, .serve = serve, .connect = conn_awake, .turn = turn,
};

const struct mech mech_quick_sleep = {
	.name = "quick_sleep", .text = "quick channel, asleep", .needs = "the module",
	.make = make, .serve = serve, .connect = conn_asleep, .turn = turn,
};

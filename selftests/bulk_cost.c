// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a round trip costs in place: as much for 16 MiB as for 304 bytes, for
 * nobody copies the payload. Both sides in this process, the buffer written
 * before, the handler touches its first and its last byte.
 *
 * Counts time, so run it where time is instructions:
 *
 *	tools/vm/run --icount --cpu max,-erms,-fsrm --cmd ./bulk_cost
 *
 * Exit: 0 within 5 percent, 1 not.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lpc.h>

#define LEN	((size_t)16 << 20)
#define NAME	"self/bulk_cost"
#define ROUNDS	9
#define CALLS	200
#define PERCENT	5

static int touch(struct lpc_req *r, void *arg)
{
	unsigned char *p = r->room;

	if (!(r->flags & LPC_REQ_SHARED))
		return -1;
	p[0]++;
	p[r->len - 1]++;
	return lpc_reply(r, 0, r->room, r->len);
}

static void *serve(void *arg)
{
	lpc_server_run(arg);
	return NULL;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bulk_cost: %s\n", what);
	exit(2);
}

/* ns of a call, the least of all rounds: what else runs only adds */
static double cost(struct lpc_conn *c, struct lpc_buf *b, size_t len)
{
	uint64_t t, best = UINT64_MAX;
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		t = now();
		for (k = 0; k < CALLS; k++)
			must(lpc_call_buf(c, 1, b, len, NULL) == (ssize_t)len,
			     "a call failed");
		t = now() - t;
		if (t < best)
			best = t;
	}
	return (double)best / CALLS;
}

int main(void)
{
	struct lpc_server_opts so = {
		.size = sizeof(so), .flags = LPC_SERVE_IN_PLACE,
	};
	struct lpc_connect_opts co = { .size = sizeof(co), .section = LEN };
	double small, large, more;
	struct lpc_server *s;
	struct lpc_port *p;
	struct lpc_conn *c;
	pthread_t thread;
	struct lpc_buf b;

	must(!lpc_port_open(&p, NAME, NULL), "no port");
	must(!lpc_server_new(&s, p, touch, NULL, &so), "no server");
	must(!pthread_create(&thread, NULL, serve, s), "no thread");
	must(!lpc_connect(&c, NAME, &co), "no connection");
	must(!lpc_buf_get(c, &b, LEN), "no buffer");
	memset(b.data, 1, LEN);
	cost(c, &b, LEN);		/* faults, caches, the stacks */
	small = cost(c, &b, 304);
	large = cost(c, &b, LEN);
	more = 100 * (large - small) / small;
	printf("a round trip in place: %.0f for 304 bytes, %.0f for %zu: %+.1f %%\n",
	       small, large, LEN, more);
	must(((unsigned char *)b.data)[LEN - 1] != 1, "nobody touched it");
	lpc_buf_put(c, &b);
	lpc_conn_close(c);
	lpc_server_stop(s, 0);
	pthread_join(thread, NULL);
	lpc_server_free(s);
	return more > PERCENT || more < -PERCENT;
}

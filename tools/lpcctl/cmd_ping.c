// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_ping.c - lpcctl ping: is it alive, and how fast
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "errors.h"
#include "json.h"
#include "options.h"
#include "text.h"

#define COUNT_MAX	10000000u
#define LIBRARY		"library: "	/* begins the answer to INFO */

struct ping {
	struct client client;
	uint32_t count;
	uint64_t bytes;
	char *req, *reply;
	uint64_t pause;
	char info[LPC_INLINE_MAX + 1];	/* what the server says of itself */
	uint64_t *ns;
	size_t done, failed;
	int err, taken;			/* of the call that ended it */
	int32_t status;
};

/* checkpatch: VOLATILE: what a signal handler may write */
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static ssize_t call(struct ping *p, uint32_t code, const void *req, size_t len, void *reply,
		    size_t room)
{
	struct lpc_call_opts o = {
		.size = sizeof(o), .deadline = p->client.deadline, .status = &p->status,
		.taken = &p->taken, .flags = LPC_CALL_EINTR,
	};

	return lpc_call(p->client.conn, code, req, len, reply, room, &o);
}

static void once(struct ping *p)
{
	uint64_t begin;
	ssize_t n;

	memset(p->req, (int)('a' + p->done % 26), p->bytes);
	begin = time_now();
	n = call(p, LPC_CODE_PING, p->req, p->bytes, p->reply, p->bytes);
	if (n == -EINTR && stopped)
		return;
	if (n < 0) {
		p->err = (int)n;
		p->failed++;
		return;
	}
	if (p->status || (size_t)n != p->bytes || memcmp(p->req, p->reply, p->bytes) != 0)
		p->failed++;
	else
		p->ns[p->done++] = time_now() - begin;
}

static void run(struct ping *p)
{
	struct timespec pause = {
		.tv_sec = (time_t)(p->pause / 1000000000), .tv_nsec = (long)(p->pause % 1000000000),
	};
	ssize_t n = call(p, LPC_CODE_INFO, NULL, 0, p->info, LPC_INLINE_MAX);

	if (n < 0) {
		p->err = (int)n;
		return;
	}
	if (p->status)
		return;
	p->info[n] = '\0';
	while (!stopped && !p->err && p->done + p->failed < p->count) {
		once(p);
		if (p->pause && p->done + p->failed < p->count && !stopped)
			nanosleep(&pause, NULL);
	}
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static const struct {
	const char *heading, *key;
	double share;
} points[] = {
	{ "min", "min", 0 }, { "p50", "p50", .5 }, { "p90", "p90", .9 }, { "p99", "p99", .99 },
	{ "p99.9", "p99_9", .999 }, { "max", "max", 1 },
};

#define POINTS	ARRAY_SIZE(points)

static uint64_t at(const struct ping *p, size_t point)
{
	size_t i = (size_t)(points[point].share * (double)p->done);

	return p->ns[i < p->done ? i : p->done - 1];
}

static void print_json(const struct ping *p)
{
	json_object(NULL);
	json_text("name", p->client.name);
	json_process("server", (uint32_t)p->client.server.pid, p->client.server.uid);
	json_bytes("info", p->info, strlen(p->info));
	json_number("bytes", p->bytes);
	json_number("n", p->done + p->failed);
	json_number("failed", p->failed);
	json_number("connect_ns", p->client.connect_ns);
	json_object("ns");
	for (size_t i = 0; i < POINTS && p->done; i++)
		json_number(points[i].key, at(p, i));
	json_end();
	json_end();
}

static void print_text(const struct ping *p)
{
	char clean[4 * COMM_ROOM], time[32];
	const struct lpc_cred *s = &p->client.server;
	const char *info = p->info;

	printf("ping %s: %d %s, uid %d; %s, answered by ", p->client.name, s->pid,
	       text_clean(p->client.comm, clean, sizeof(clean)), (int)s->uid,
	       text_size(p->bytes, time, sizeof(time)));
	if (strncmp(info, LIBRARY, strlen(LIBRARY)) == 0)
		info += strlen(LIBRARY);
	text_put(stdout, info, strcspn(info, "\n"), false);
	printf("\n%zu calls, %zu failed; connect %s (once)\n", p->done + p->failed, p->failed,
	       text_time(p->client.connect_ns, time, sizeof(time)));
	if (!p->done)
		return;
	printf("  ");
	for (size_t i = 0; i < POINTS; i++)
		printf("%11s", points[i].heading);
	printf("\nus");
	for (size_t i = 0; i < POINTS; i++)
		printf("%11.2f", (double)at(p, i) / 1e3);
	putchar('\n');
}

static int answered_otherwise(const struct ping *p)
{
	fprintf(stderr,
		"lpcctl: %s: alive, but not a server of liblpc: code PING not known, status %d\n",
		p->client.name, p->status);
	return RC_STATUS;
}

static int ping(struct ping *p)
{
	run(p);
	if (!p->err && p->status && !p->done)
		return answered_otherwise(p);
	if (p->err == -EINTR && stopped)
		p->err = 0;
	if (p->err && !p->done)
		return complain(DOING_CALL, p->client.name, p->err, p->taken);
	qsort(p->ns, p->done, sizeof(p->ns[0]), ascending);
	if (opt.json)
		print_json(p);
	else if (!opt.quiet)
		print_text(p);
	if (p->err && opt.json)
		opt.json = false;	/* one object is enough */
	if (p->err)
		return complain(DOING_CALL, p->client.name, p->err, p->taken);
	return p->failed ? RC_SYSTEM : RC_DONE;
}

int cmd_ping(int argc, char **argv)
{
	struct ping p = { .count = 100, .taken = TAKEN_UNKNOWN };
	const struct cli_option own[] = {
		{ OPT_NUMBER, 'c', "count", "N", "calls, 100 if not given", &p.count },
		{ OPT_TIME, 'i', "interval", "TIME", "between two, none if not given", &p.pause },
		{ OPT_SIZE, 's', "size", "SIZE", "bytes each way, 0 if not given", &p.bytes },
		CLIENT_OPTION(&p.client),
		{ 0 },
	};
	char **args = options(own, argc, argv, 1, 1);
	struct sigaction sa = { .sa_handler = on_signal };
	int rc;

	if (p.count == 0 || p.count > COUNT_MAX)
		usage_error("--count %u: 1 to %u", p.count, COUNT_MAX);
	p.client.section = p.bytes > LPC_INLINE_MAX ? p.bytes : LPC_NO_SECTION;
	rc = client_connect(&p.client, args[0]);
	if (rc != RC_DONE)
		return rc;
	sigaction(SIGINT, &sa, NULL);
	p.ns = calloc(p.count, sizeof(p.ns[0]));
	p.req = malloc(p.bytes + 1);
	p.reply = malloc(p.bytes + 1);
	rc = p.ns && p.req && p.reply ? ping(&p) :
		complain(DOING_CALL, p.client.name, -ENOMEM, TAKEN_NO);
	free(p.reply);
	free(p.req);
	free(p.ns);
	client_close(&p.client);
	return rc;
}

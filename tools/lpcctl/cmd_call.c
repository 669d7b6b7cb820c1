// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_call.c - lpcctl call, send: one request, or one datagram
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "errors.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "payload.h"
#include "progress.h"
#include "text.h"

#define REPLY_ROOM	65536u	/* what a reply gets without --room */

struct request {
	struct client client;
	uint32_t code;
	bool hex, base64;
	uint64_t time;			/* --deadline */
	uint64_t room;			/* --room, for the reply */
	struct payload data;
};

static enum payload_form form(const struct request *q)
{
	if (q->hex && q->base64)
		usage_error("--hex and --base64 exclude each other");
	return q->hex ? FORM_HEX : q->base64 ? FORM_BASE64 : FORM_BYTES;
}

/* The sooner of --deadline and what is left of --timeout. */
static uint64_t deadline(const struct request *q)
{
	uint64_t own = q->time ? time_now() + q->time : 0;

	if (!own || (q->client.deadline && q->client.deadline < own))
		return q->client.deadline;
	return own;
}

static void print_json(const struct request *q, const struct lpc_cred *who, int32_t status,
		       uint64_t ns, const void *reply, size_t len)
{
	json_object(NULL);
	json_text("name", q->client.name);
	json_process("server", (uint32_t)who->pid, who->uid);
	json_number("code", q->code);
	json_signed("status", status);
	json_bool("taken", true);
	json_number("ns", ns);
	json_number("request_bytes", q->data.len);
	json_number("reply_bytes", len);
	json_bool("in_section", q->data.len > LPC_INLINE_MAX || len > LPC_INLINE_MAX);
	json_bytes("reply", reply, len);
	json_end();
}

static int status_words(const struct request *q, int32_t status)
{
	char size[32];

	if (!status)
		return RC_DONE;
	if (status == -EMSGSIZE)
		fprintf(stderr,
			"lpcctl: %s: code %u: status %d (%s): the reply has room for %s; --room SIZE gives it more\n",
			q->client.name, q->code, status, strerror(-status),
			text_size(q->room, size, sizeof(size)));
	else if (status < 0 && status > -4096)
		fprintf(stderr, "lpcctl: %s: code %u: status %d (%s)\n", q->client.name, q->code,
			status, strerror(-status));
	else
		fprintf(stderr, "lpcctl: %s: code %u: status %d\n", q->client.name, q->code,
			status);
	return RC_STATUS;
}

static int failed(const struct request *q, int err, int taken, size_t need)
{
	char size[32], room[32];

	if (err != -EMSGSIZE || taken != TAKEN_YES)
		return complain(DOING_CALL, q->client.name, err, taken);
	return complain_text(err, taken,
		"%s: the reply of %s is longer than the room of %s it has (EMSGSIZE); "
		"--room %zu is enough. The server has acted on the request.", q->client.name,
		text_size(need, size, sizeof(size)), text_size(q->room, room, sizeof(room)), need);
}

static int ask(struct request *q, void *reply)
{
	struct lpc_cred who = { .pid = 0 };
	int taken = TAKEN_UNKNOWN, rc = RC_DONE;
	int32_t status = 0;
	size_t need = 0;
	struct lpc_call_opts o = {
		.size = sizeof(o), .deadline = deadline(q), .status = &status, .taken = &taken,
		.need = &need, .who = &who,
	};
	uint64_t begin = time_now(), ns;
	ssize_t n;

	progress_begin("calling", q->client.name, q->data.len ? q->data.len : 1);
	n = lpc_call(q->client.conn, q->code, q->data.data, q->data.len, reply, q->room, &o);
	progress_end();
	ns = time_now() - begin;
	if (n < 0)
		return failed(q, (int)n, taken, need);
	if (opt.json)
		print_json(q, &who, status, ns, reply, (size_t)n);
	else
		rc = payload_put(reply, (size_t)n, form(q));
	fflush(stdout);
	return rc == RC_DONE ? status_words(q, status) : rc;
}

static int call(struct request *q)
{
	size_t asked = q->data.len > q->room ? q->data.len : q->room;
	char size[32], room[32];
	void *reply;
	int rc;

	if (q->data.len > q->client.room)
		return complain_text(-EMSGSIZE, TAKEN_NO,
			"%s: the server takes no section of %s, so a request has %s at most (EMSGSIZE); "
			"nothing was sent.", q->client.name,
			text_size(asked, size, sizeof(size)),
			text_size(q->client.room, room, sizeof(room)));
	/* what the section cannot hold need not be waited for */
	if (q->room > q->client.room)
		q->room = q->client.room;
	reply = malloc(q->room);
	if (!reply)
		return complain(DOING_CALL, q->client.name, -ENOMEM, TAKEN_NO);
	rc = ask(q, reply);
	free(reply);
	return rc;
}

static int datagram(struct request *q)
{
	int r = lpc_send(q->client.conn, q->code, q->data.data, q->data.len, q->client.deadline);

	if (r < 0)
		return complain(DOING_CALL, q->client.name, r, TAKEN_UNKNOWN);
	if (opt.json) {
		json_object(NULL);
		json_text("name", q->client.name);
		json_number("code", q->code);
		json_number("bytes", q->data.len);
		json_end();
	}
	return RC_DONE;
}

static int run(struct request *q, const char *name, int (*act)(struct request *))
{
	int rc = client_connect(&q->client, name);

	if (rc == RC_DONE) {
		rc = act(q);
		client_close(&q->client);
	}
	free(q->data.data);
	return rc;
}

/* checkpatch: COMPLEX_MACRO: elements of an array; checkpatch: MACRO_ARG_REUSE: no effects */
#define REQUEST_OPTIONS(q) \
	{ OPT_NUMBER, 'c', "code", "N", "the method, 0 if not given", &(q)->code }, \
	{ OPT_FLAG, 0, "hex", NULL, "DATA and the reply are hexadecimal", &(q)->hex }, \
	{ OPT_FLAG, 0, "base64", NULL, "DATA and the reply are base64", &(q)->base64 }, \
	CLIENT_OPTION(&(q)->client)

/*
 * One piece holds the request and then the reply. The library's own section is
 * not insisted on: without one short messages still go.
 */
static size_t section(const struct request *q)
{
	size_t most = q->data.len > q->room ? q->data.len : q->room;

	if (most <= LPC_INLINE_MAX)
		return LPC_NO_SECTION;
	return most <= REPLY_ROOM ? 0 : most;
}

int cmd_call(int argc, char **argv)
{
	struct request q = { .code = 0 };
	const struct cli_option own[] = {
		REQUEST_OPTIONS(&q),
		{ OPT_TIME, 0, "deadline", "TIME", "for the reply; the server sees it", &q.time },
		{ OPT_SIZE, 0, "room", "SIZE", "for the reply (64K, 1M); as the request", &q.room },
		{ 0 },
	};
	char **args = options(own, argc, argv, 1, 2);
	int rc = need_device();
	uint64_t max;

	if (rc != RC_DONE)
		return rc;
	max = kern_message_max();
	q.data = payload_get(args[1], form(&q), max, max == LPC_INLINE_MAX ?
			     "a message has" : "a request has: sysctl lpc.section_max");
	if (!q.room)
		q.room = q.data.len > REPLY_ROOM ? q.data.len : REPLY_ROOM;
	q.client.section = section(&q);
	return run(&q, args[0], call);
}

int cmd_send(int argc, char **argv)
{
	struct request q = { .client.section = LPC_NO_SECTION };
	const struct cli_option own[] = { REQUEST_OPTIONS(&q), { 0 } };
	char **args = options(own, argc, argv, 1, 2);

	q.data = payload_get(args[1], form(&q), LPC_INLINE_MAX, "a datagram has");
	return run(&q, args[0], datagram);
}

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
#include "options.h"
#include "payload.h"
#include "text.h"

struct request {
	struct client client;
	uint32_t code;
	bool hex, base64;
	uint64_t time;			/* --deadline */
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
	json_bool("in_section", false);
	json_bytes("reply", reply, len);
	json_end();
}

static int status_words(const struct request *q, int32_t status)
{
	if (!status)
		return RC_DONE;
	if (status < 0 && status > -4096)
		fprintf(stderr, "lpcctl: %s: code %u: status %d (%s)\n", q->client.name, q->code,
			status, strerror(-status));
	else
		fprintf(stderr, "lpcctl: %s: code %u: status %d\n", q->client.name, q->code,
			status);
	return RC_STATUS;
}

static int call(struct request *q)
{
	char reply[LPC_INLINE_MAX];
	struct lpc_cred who = { .pid = 0 };
	int taken = TAKEN_UNKNOWN;
	int32_t status = 0;
	int rc = RC_DONE;
	struct lpc_call_opts o = {
		.size = sizeof(o), .deadline = deadline(q), .status = &status, .taken = &taken,
		.who = &who,
	};
	uint64_t begin = time_now();
	ssize_t n = lpc_call(q->client.conn, q->code, q->data.data, q->data.len, reply,
			     sizeof(reply), &o);
	uint64_t ns = time_now() - begin;

	if (n < 0)
		return complain(DOING_CALL, q->client.name, (int)n, taken);
	if (opt.json)
		print_json(q, &who, status, ns, reply, (size_t)n);
	else
		rc = payload_put(reply, (size_t)n, form(q));
	fflush(stdout);
	return rc == RC_DONE ? status_words(q, status) : rc;
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

static int run(struct request *q, char **args, int (*act)(struct request *))
{
	int rc;

	q->data = payload_get(args[1], form(q), LPC_INLINE_MAX, "a message");
	rc = client_connect(&q->client, args[0]);
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

int cmd_call(int argc, char **argv)
{
	struct request q = { .code = 0 };
	const struct cli_option own[] = {
		REQUEST_OPTIONS(&q),
		{ OPT_TIME, 0, "deadline", "TIME", "for the reply; the server sees it", &q.time },
		{ 0 },
	};

	return run(&q, options(own, argc, argv, 1, 2), call);
}

int cmd_send(int argc, char **argv)
{
	struct request q = { .code = 0 };
	const struct cli_option own[] = { REQUEST_OPTIONS(&q), { 0 } };

	return run(&q, options(own, argc, argv, 1, 2), datagram);
}

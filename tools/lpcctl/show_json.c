// SPDX-License-Identifier: GPL-2.0-only
/*
 * show_json.c - everything about one port, as JSON
 */
#include <stdio.h>

#include "acl.h"
#include "calls.h"
#include "json.h"
#include "lpcctl.h"
#include "show.h"

/* Those of one connection; 0: sent on the port itself. */
static void in_progress(const char *key, const struct port_view *v, uint64_t conn)
{
	const struct lpc_call_info *c = v->calls.v;

	json_array(key);
	for (size_t i = 0; i < v->calls.n; i++)
		if (c[i].conn == conn)
			json_call(c + i, v->now, NULL);
	json_end();
}

static const char *level(uint8_t level)
{
	switch (level) {
	case LPC_LEVEL_ANONYMOUS:
		return "anonymous";
	case LPC_LEVEL_IMPERSONATE:
		return "impersonate";
	case LPC_LEVEL_DELEGATE:
		return "delegate";
	default:
		return "identify";
	}
}

static void connection(const struct port_view *v, const struct lpc_conn_info *c)
{
	json_object(NULL);
	json_number("id", c->serial);
	json_text("state", conn_state(c->state));
	json_bool("own_queue", c->flags & LPC_ACCEPT_OWN_QUEUE);
	json_process("client", c->pid, c->uid);
	json_number("client_tid", c->tid);
	json_id("client_gid", c->gid);
	json_text("level", level(c->level));
	json_text("tracking", c->tracking == LPC_TRACK_DYNAMIC ? "dynamic" : "static");
	json_number("acceptor_pid", c->server_pid);
	json_id("acceptor_uid", c->server_uid);
	json_number("since_ns", c->since);
	json_number("age_ns", v->now - c->since);
	json_number("calls", c->counters.calls);
	json_object("datagrams");
	json_number("now", c->datagrams_now);
	json_number("highest_allowed", c->datagrams_max);
	json_end();
	json_number("watches", c->watches);
	json_object("views");
	json_number("client_bytes", c->client_view);
	json_number("server_bytes", c->server_view);
	json_number("held_bytes", c->held_bytes);
	json_number("held_calls", c->held);
	json_end();
	json_counters(&c->counters, c->calls_now);
	in_progress("in_progress", v, c->serial);
	json_end();
}

static void shut(uint32_t how)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {
		{ LPC_SHUT_NEW, "new" }, { LPC_SHUT_REQUESTS, "requests" },
		{ LPC_SHUT_RECEIVE, "receive" }, { LPC_SHUT_ALL, "all" },
	};

	json_array("shut");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (how & words[i].bit)
			json_text(NULL, words[i].word);
	json_end();
}

void show_json(const char *key, const struct port_view *v)
{
	const struct lpc_port_info *p = &v->port;
	const struct lpc_conn_info *conns = v->conns.v;
	char mode[16];

	if (key)
		json_object(*key ? key : NULL);
	json_text("name", (const char *)p->name);
	json_number("serial", p->serial);
	json_process("server", p->server_pid, p->server_uid);
	json_user("owner", p->owner);
	json_group("group", p->group);
	snprintf(mode, sizeof(mode), "%04o", p->mode);
	json_text("mode", mode);
	acl_json("acl", v->acl, v->acl_count);
	json_number("created_ns", p->created);
	json_number("last_ns", p->last);
	json_object("receivers");
	json_number("waiting", p->waiting);
	json_number("highest", p->waiting_peak);
	json_end();
	json_object("queue");
	json_number("now", p->queued);
	json_number("highest", p->queued_peak);
	json_end();
	json_counters(&p->counters, p->calls_now);
	json_object("limits");
	json_number("pending", p->pending);
	json_number("backlog", p->backlog);
	json_number("message", p->inline_max);
	json_number("connect_data", p->connect_max);
	json_end();
	shut(p->shut);
	json_bool("complete", !v->closed);
	json_number("connections_now", p->connections);
	json_array("connections");
	for (size_t i = 0; i < v->conns.n; i++)
		connection(v, conns + i);
	json_end();
	in_progress("in_progress_on_port", v, 0);
	if (key)
		json_end();
}

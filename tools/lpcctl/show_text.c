// SPDX-License-Identifier: GPL-2.0-only
/*
 * show_text.c - everything about one port, in words
 */
#include <stdio.h>
#include <string.h>

#include "acl.h"
#include "calls.h"
#include "format.h"
#include "options.h"
#include "proc.h"
#include "show.h"
#include "text.h"

#define WORD	64

enum {
	CONN, PID, TID, UID, GID, COMMAND, STATE, SINCE, CALLS, NOW, DATAGRAMS, REPLIED, CANCELED,
	LOST, BYTES, WATCHES, SECTION, CLIENT_VIEW, SERVER_VIEW, HELD, HELD_BYTES, NOTE, COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[CONN] = { "CONN", COL_RIGHT }, [PID] = { "PID", COL_RIGHT },
	[TID] = { "TID", COL_RIGHT }, [UID] = { "UID", COL_RIGHT },
	[GID] = { "GID", COL_RIGHT }, [COMMAND] = { "COMMAND", COL_LEFT },
	[STATE] = { "STATE", COL_LEFT }, [SINCE] = { "SINCE", COL_LEFT },
	[CALLS] = { "CALLS", COL_RIGHT }, [NOW] = { "NOW", COL_RIGHT },
	[DATAGRAMS] = { "DATAGRAMS", COL_RIGHT }, [REPLIED] = { "REPLIED", COL_RIGHT },
	[CANCELED] = { "CANCELED", COL_RIGHT }, [LOST] = { "LOST", COL_RIGHT },
	[BYTES] = { "BYTES", COL_RIGHT }, [WATCHES] = { "WATCHES", COL_RIGHT },
	[SECTION] = { "SECTION", COL_LEFT }, [CLIENT_VIEW] = { "CLIENT-VIEW", COL_RIGHT },
	[SERVER_VIEW] = { "SERVER-VIEW", COL_RIGHT }, [HELD] = { "HELD", COL_RIGHT },
	[HELD_BYTES] = { "HELD-BYTES", COL_RIGHT }, [NOTE] = { "NOTE", COL_LEFT },
};

#define SHOWN	"CONN,PID,TID,UID,COMMAND,SINCE,CALLS,NOW,DATAGRAMS,SECTION,NOTE"

static void who_serves(const struct port_view *v)
{
	const struct lpc_port_info *p = &v->port;
	char comm[COMM_ROOM], clean[4 * COMM_ROOM], unit[128], user[WORD], since[WORD];

	proc_comm(p->server_pid, comm);
	proc_unit(p->server_pid, unit, sizeof(unit));
	printf("   server   %u %s, uid %u (%s)", p->server_pid,
	       text_clean(comm, clean, sizeof(clean)), p->server_uid,
	       text_user(p->server_uid, user, sizeof(user)));
	if (unit[0])
		printf(", %s", text_clean(unit, clean, sizeof(clean)));
	printf(", since %s\n", text_span(v->now - p->created, since, sizeof(since)));
}

static void facts(const struct port_view *v)
{
	const struct lpc_port_info *p = &v->port;
	const struct lpc_counters *c = &p->counters;
	char a[WORD], b[WORD], entry[2 * WORD];

	printf("   access   owner %s:%s mode %04o\n", text_user(p->owner, a, sizeof(a)),
	       text_group(p->group, b, sizeof(b)), p->mode);
	for (uint32_t i = 0; i < v->acl_count; i++)
		printf("%s%s%s", i ? " " : "   before   ",
		       acl_text(&v->acl[i], entry, sizeof(entry)),
		       i + 1 == v->acl_count ? "\n" : "");
	printf("   queue    %u now, %u at most; receivers %u of %u waiting; ", p->queued,
	       p->queued_peak, p->waiting, p->waiting_peak);
	printf("%s messages found none waiting\n", text_count(c->unattended, a, sizeof(a)));
	printf("   calls    %s = ", text_count(c->calls, a, sizeof(a)));
	printf("%s replied + %u in progress", text_count(c->replied, a, sizeof(a)), p->calls_now);
	printf(" + %s canceled", text_count(c->canceled, a, sizeof(a)));
	printf(" + %s lost", text_count(c->lost, a, sizeof(a)));
	printf(" + %s withdrawn\n", text_count(c->withdrawn, a, sizeof(a)));
	printf("   others   datagrams %s", text_count(c->datagrams, a, sizeof(a)));
	printf(" (%s dropped), refused connects ", text_count(c->dropped, a, sizeof(a)));
	printf("%s, ", text_count(c->refused, a, sizeof(a)));
	printf("%s bytes\n", text_count(c->bytes, a, sizeof(a)));
	printf("   limits   pending %u/%u, message %u bytes, connect data %u bytes\n", p->pending,
	       p->backlog, p->inline_max, p->connect_max);
	if (p->shut)
		printf("   shut    %s%s%s%s\n", p->shut & LPC_SHUT_NEW ? " new" : "",
		       p->shut & LPC_SHUT_REQUESTS ? " requests" : "",
		       p->shut & LPC_SHUT_RECEIVE ? " receive" : "",
		       p->shut & LPC_SHUT_ALL ? " all" : "");
}

/* The oldest request of a connection; the others are counted. */
static void note(const struct port_view *v, uint64_t conn, char *text, size_t room)
{
	const struct lpc_call_info *c = v->calls.v, *oldest = NULL;
	size_t more = 0, used;

	text[0] = '\0';
	for (size_t i = 0; i < v->calls.n; i++) {
		if (c[i].conn != conn)
			continue;
		more += !!oldest;
		if (!oldest || c[i].sent < oldest->sent)
			oldest = c + i;
	}
	if (!oldest)
		return;
	call_words(oldest, v->now, text, room);
	used = strlen(text);
	if (more && used < room)
		snprintf(text + used, room - used, "; and %zu more", more);
}

/* "4 MiB, server 64 KiB, 1.2 MiB held" */
static const char *views(const struct lpc_conn_info *c, char *text, size_t room)
{
	const struct {
		const char *before, *after;
		uint64_t bytes;
	} parts[] = {
		{ "", "", c->client_view }, { "server ", "", c->server_view },
		{ "", " held", c->held_bytes },
	};
	size_t used = 0;
	char size[32];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].bytes && used < room)
			used += (size_t)snprintf(text + used, room - used, "%s%s%s%s",
						 used ? ", " : "", parts[i].before,
						 text_size(parts[i].bytes, size, sizeof(size)),
						 parts[i].after);
	if (!used)
		snprintf(text, room, "-");
	return text;
}

static void row(struct table *t, const struct port_view *v, const struct lpc_conn_info *c)
{
	char text[256];

	table_line(t);
	table_cell(t, CONN, "%llu", c->serial);
	table_cell(t, PID, "%u", c->pid);
	table_cell(t, TID, "%u", c->tid);
	table_cell(t, UID, "%d", (int)c->uid);
	table_cell(t, GID, "%d", (int)c->gid);
	table_cell(t, COMMAND, "%s", proc_comm(c->pid, text));
	table_cell(t, STATE, "%s", conn_state(c->state));
	table_cell(t, SINCE, "%s", text_span(v->now - c->since, text, sizeof(text)));
	table_cell(t, CALLS, "%llu", c->counters.calls);
	table_cell(t, NOW, "%u", c->calls_now);
	table_cell(t, DATAGRAMS, "%u/%u", c->datagrams_now, c->datagrams_max);
	table_cell(t, REPLIED, "%llu", c->counters.replied);
	table_cell(t, CANCELED, "%llu", c->counters.canceled);
	table_cell(t, LOST, "%llu", c->counters.lost);
	table_cell(t, BYTES, "%llu", c->counters.bytes);
	table_cell(t, WATCHES, "%u", c->watches);
	table_cell(t, SECTION, "%s", views(c, text, sizeof(text)));
	table_cell(t, CLIENT_VIEW, "%llu", c->client_view);
	table_cell(t, SERVER_VIEW, "%llu", c->server_view);
	table_cell(t, HELD, "%u", c->held);
	table_cell(t, HELD_BYTES, "%llu", c->held_bytes);
	note(v, c->serial, text, sizeof(text));
	if (c->state != LPC_CONN_CONNECTED)
		table_cell(t, NOTE, "! %s", conn_state(c->state));
	else
		table_cell(t, NOTE, "%s%s", text[0] ? "<- " : "", text);
}

void show_text(const struct port_view *v)
{
	const struct lpc_conn_info *conns = v->conns.v;
	struct table *t = NULL;
	char text[256];

	if (!v->closed && v->conns.n) {
		t = table_open(columns, COLUMNS, SHOWN);
		for (size_t i = 0; i < v->conns.n; i++)
			row(t, v, conns + i);
	}
	if (!opt.columns) {
		printf("%s\n", v->port.name_len ? (const char *)v->port.name : "(private port)");
		who_serves(v);
		facts(v);
		note(v, 0, text, sizeof(text));
		if (text[0])
			printf("   port     calls %s\n", text);
		if (v->closed)
			printf("   %u connection%s; only its owner and CAP_IPC_OWNER see more\n",
			       v->port.connections, v->port.connections == 1 ? "" : "s");
	}
	if (t)
		table_close(t);
}

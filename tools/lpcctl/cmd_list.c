// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_list.c - lpcctl list: the ports of this IPC namespace
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "format.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "proc.h"
#include "text.h"

enum {
	NAME, OWNER, GROUP, MODE, PID, SERVER, UID, WAITING, CLIENTS, PENDING, QUEUED, PEAK,
	IN_PROGRESS, CALLS, REPLIED, CANCELED, LOST, WITHDRAWN, DATAGRAMS, DROPPED, REFUSED,
	BYTES, UNATTENDED, CREATED, LAST, SERIAL, NOTE, COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[NAME] = { "NAME", COL_LEFT }, [OWNER] = { "OWNER", COL_LEFT },
	[GROUP] = { "GROUP", COL_LEFT }, [MODE] = { "MODE", COL_RIGHT },
	[PID] = { "PID", COL_RIGHT }, [SERVER] = { "SERVER", COL_LEFT },
	[UID] = { "UID", COL_RIGHT }, [WAITING] = { "WAITING", COL_RIGHT },
	[CLIENTS] = { "CLIENTS", COL_RIGHT }, [PENDING] = { "PENDING", COL_RIGHT },
	[QUEUED] = { "QUEUED", COL_RIGHT }, [PEAK] = { "PEAK", COL_RIGHT },
	[IN_PROGRESS] = { "IN-PROGRESS", COL_RIGHT }, [CALLS] = { "CALLS", COL_RIGHT },
	[REPLIED] = { "REPLIED", COL_RIGHT }, [CANCELED] = { "CANCELED", COL_RIGHT },
	[LOST] = { "LOST", COL_RIGHT }, [WITHDRAWN] = { "WITHDRAWN", COL_RIGHT },
	[DATAGRAMS] = { "DATAGRAMS", COL_RIGHT }, [DROPPED] = { "DROPPED", COL_RIGHT },
	[REFUSED] = { "REFUSED", COL_RIGHT }, [BYTES] = { "BYTES", COL_RIGHT },
	[UNATTENDED] = { "UNATTENDED", COL_RIGHT }, [CREATED] = { "CREATED", COL_LEFT },
	[LAST] = { "LAST", COL_LEFT }, [SERIAL] = { "SERIAL", COL_RIGHT },
	[NOTE] = { "NOTE", COL_LEFT },
};

#define STUCK_NS	1000000000ull

#define SHOWN	"NAME,OWNER,MODE,PID,SERVER,WAITING,CLIENTS,QUEUED,CALLS,LAST,NOTE"

static bool chosen(const struct lpc_port_info *p, const char *glob)
{
	return !glob || fnmatch(glob, (const char *)p->name, 0) == 0;
}

/* A moment without a waiting thread is just a busy server. */
static const char *note(const struct lpc_port_info *p, uint64_t now)
{
	if (p->shut & LPC_SHUT_ALL)
		return "! shut down";
	if (p->shut & LPC_SHUT_NEW)
		return "! closing";
	if (p->queued && !p->waiting && now - p->last > STUCK_NS)
		return "! nobody receives";
	return "";
}

static void row(struct table *t, const struct lpc_port_info *p, uint64_t now)
{
	const struct lpc_counters *c = &p->counters;
	char text[64];

	table_line(t);
	table_cell(t, NAME, "%s", p->name_len ? (const char *)p->name : "(private)");
	table_cell(t, OWNER, "%s", text_user(p->owner, text, sizeof(text)));
	table_cell(t, GROUP, "%s", text_group(p->group, text, sizeof(text)));
	table_cell(t, MODE, "%04o", p->mode);
	table_cell(t, PID, "%u", p->server_pid);
	table_cell(t, SERVER, "%s", proc_comm(p->server_pid, text));
	table_cell(t, UID, "%d", (int)p->server_uid);
	table_cell(t, WAITING, "%u/%u", p->waiting, p->waiting_peak);
	table_cell(t, CLIENTS, "%u", p->connections);
	table_cell(t, PENDING, "%u", p->pending);
	table_cell(t, QUEUED, "%u", p->queued);
	table_cell(t, PEAK, "%u", p->queued_peak);
	table_cell(t, IN_PROGRESS, "%u", p->calls_now);
	table_cell(t, CALLS, "%llu", c->calls);
	table_cell(t, REPLIED, "%llu", c->replied);
	table_cell(t, CANCELED, "%llu", c->canceled);
	table_cell(t, LOST, "%llu", c->lost);
	table_cell(t, WITHDRAWN, "%llu", c->withdrawn);
	table_cell(t, DATAGRAMS, "%llu", c->datagrams);
	table_cell(t, DROPPED, "%llu", c->dropped);
	table_cell(t, REFUSED, "%llu", c->refused);
	table_cell(t, BYTES, "%llu", c->bytes);
	table_cell(t, UNATTENDED, "%llu", c->unattended);
	table_cell(t, CREATED, "%s", text_span(now - p->created, text, sizeof(text)));
	table_cell(t, LAST, "%s", p->last == 0 ? "never" : now - p->last < 1000000000 ? "now" :
		   text_span(now - p->last, text, sizeof(text)));
	table_cell(t, SERIAL, "%llu", p->serial);
	table_cell(t, NOTE, "%s", note(p, now));
}

static void json_port(const struct lpc_port_info *p)
{
	char mode[16];

	json_object(NULL);
	json_text("name", (const char *)p->name);
	json_number("serial", p->serial);
	json_user("owner", p->owner);
	json_group("group", p->group);
	snprintf(mode, sizeof(mode), "%04o", p->mode);
	json_text("mode", mode);
	json_process("server", p->server_pid, p->server_uid);
	json_object("receivers");
	json_number("waiting", p->waiting);
	json_number("highest", p->waiting_peak);
	json_end();
	json_number("connections", p->connections);
	json_number("pending", p->pending);
	json_object("queue");
	json_number("now", p->queued);
	json_number("highest", p->queued_peak);
	json_end();
	json_number("in_progress", p->calls_now);
	json_number("calls", p->counters.calls);
	json_number("created_ns", p->created);
	json_number("last_ns", p->last);
	json_end();
}

static int by_name(const void *a, const void *b)
{
	return strcmp((const char *)((const struct lpc_port_info *)a)->name,
		      (const char *)((const struct lpc_port_info *)b)->name);
}

static unsigned int print_json(const struct kern_list *ports, const char *glob)
{
	const struct lpc_port_info *p = ports->v;
	unsigned int n = 0;

	json_object(NULL);
	json_array("ports");
	for (size_t i = 0; i < ports->n; i++) {
		if (!chosen(p + i, glob))
			continue;
		json_port(p + i);
		n++;
	}
	json_end();
	json_number("hidden", ports->hidden);
	json_end();
	return n;
}

static unsigned int print_text(const struct kern_list *ports, const char *glob)
{
	struct table *t = table_open(columns, COLUMNS, SHOWN);
	const struct lpc_port_info *p = ports->v;
	unsigned int n = 0, connections = 0;
	uint64_t now = time_now();

	for (size_t i = 0; i < ports->n; i++) {
		if (!chosen(p + i, glob))
			continue;
		row(t, p + i, now);
		n++;
		connections += p[i].connections;
	}
	table_close(t);
	if (opt.noheadings || opt.quiet || opt.columns)
		return n;
	printf("%u port%s, %u connection%s.", n, n == 1 ? "" : "s", connections,
	       connections == 1 ? "" : "s");
	if (ports->hidden)
		printf(" Yours and readable ones; %llu more %s hidden from you.",
		       (unsigned long long)ports->hidden, ports->hidden == 1 ? "is" : "are");
	putchar('\n');
	return n;
}

int cmd_list(int argc, char **argv)
{
	char **args = options(NULL, argc, argv, 0, 1);
	char full[LPC_NAME_MAX + 1];
	struct kern_list ports;
	const char *glob = NULL;
	unsigned int n;
	int rc, r;

	/* patterns obey the rules of names, '*' included */
	if (args[0])
		glob = kern_name(args[0], full) ? full : args[0];
	rc = need_device();
	if (rc != RC_DONE)
		return rc;
	r = kern_list(LPC_WHAT_PORT, 0, &ports);
	if (r < 0)
		return complain(DOING_QUERY, NULL, r, TAKEN_UNKNOWN);
	qsort(ports.v, ports.n, sizeof(struct lpc_port_info), by_name);
	n = opt.json ? print_json(&ports, glob) : print_text(&ports, glob);
	free(ports.v);
	return glob && n == 0 ? RC_NO_PORT : RC_DONE;
}

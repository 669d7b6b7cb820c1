// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_ps.c - lpcctl ps: calls in progress, and who holds which port
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "errors.h"
#include "format.h"
#include "json.h"
#include "options.h"
#include "proc.h"
#include "text.h"

enum {
	C_PID, C_TID, C_COMMAND, C_PORT, C_CONN, C_CODE, C_BYTES, C_AGE, C_STATE, C_TAKER,
	C_PIECE, C_DIRECTION, C_ID, C_SECTION, C_OFFSET, C_LENGTH, C_HELD, C_BUFFERS, C_COLUMNS,
};

static const struct column call_columns[C_COLUMNS] = {
	[C_PID] = { "PID", COL_RIGHT }, [C_TID] = { "TID", COL_RIGHT },
	[C_COMMAND] = { "COMMAND", COL_LEFT }, [C_PORT] = { "PORT", COL_LEFT },
	[C_CONN] = { "CONN", COL_RIGHT }, [C_CODE] = { "CODE", COL_RIGHT },
	[C_BYTES] = { "BYTES", COL_RIGHT }, [C_AGE] = { "AGE", COL_LEFT },
	[C_STATE] = { "STATE", COL_LEFT }, [C_TAKER] = { "TAKEN-BY", COL_RIGHT },
	[C_PIECE] = { "PIECE", COL_LEFT },
	[C_DIRECTION] = { "DIRECTION", COL_LEFT }, [C_ID] = { "ID", COL_RIGHT },
	[C_SECTION] = { "SECTION", COL_LEFT }, [C_OFFSET] = { "OFFSET", COL_RIGHT },
	[C_LENGTH] = { "LENGTH", COL_RIGHT }, [C_HELD] = { "HELD", COL_LEFT },
	[C_BUFFERS] = { "BUFFERS", COL_RIGHT },
};

#define C_SHOWN	"PID,TID,COMMAND,PORT,CONN,CODE,BYTES,AGE,STATE,TAKEN-BY,PIECE"

enum { F_PID, F_COMMAND, F_USER, F_FD, F_KIND, F_PORT, F_PORT_SERIAL, F_SERIAL, F_COLUMNS };

static const struct column fd_columns[F_COLUMNS] = {
	[F_PID] = { "PID", COL_RIGHT }, [F_COMMAND] = { "COMMAND", COL_LEFT },
	[F_USER] = { "USER", COL_LEFT }, [F_FD] = { "FD", COL_RIGHT },
	[F_KIND] = { "KIND", COL_LEFT }, [F_PORT] = { "PORT", COL_LEFT },
	[F_PORT_SERIAL] = { "PORT-SERIAL", COL_RIGHT }, [F_SERIAL] = { "SERIAL", COL_RIGHT },
};

#define F_SHOWN	"PID,COMMAND,USER,FD,KIND,PORT"

struct port_calls {
	char name[256];
	struct kern_list calls;
};

struct snapshot {
	struct port_calls *v;
	size_t n;
	uint64_t closed;	/* ports whose calls are not ours to see */
	uint64_t now;
	uint32_t pid;		/* 0: all */
};

/* Who made a call that is held nobody knows any more: who connected must do. */
static void name_held(struct kern_list *calls, uint64_t port)
{
	struct lpc_call_info *call = calls->v;
	struct kern_list conns = { .n = 0 };
	const struct lpc_conn_info *conn;

	for (size_t i = 0; i < calls->n; i++) {
		if (!(call[i].flags & LPC_CALL_HELD))
			continue;
		if (!conns.v && kern_list(LPC_WHAT_CONN, port, &conns) < 0)
			break;
		conn = conns.v;
		for (size_t j = 0; j < conns.n; j++)
			if (conn[j].serial == call[i].conn)
				call[i].pid = call[i].to_client ? conn[j].server_pid : conn[j].pid;
	}
	free(conns.v);
}

static int take(struct snapshot *s)
{
	struct kern_list ports;
	int r = kern_list(LPC_WHAT_PORT, 0, &ports);

	if (r < 0)
		return r;
	s->closed = ports.hidden;
	s->v = calloc(ports.n + 1, sizeof(*s->v));
	for (size_t i = 0; s->v && i < ports.n; i++) {
		const struct lpc_port_info *p = (struct lpc_port_info *)ports.v + i;
		struct port_calls *c = s->v + s->n++;

		snprintf(c->name, sizeof(c->name), "%s",
			 p->name_len ? (const char *)p->name : "(private)");
		if (kern_list(LPC_WHAT_CALL, p->serial, &c->calls) < 0)
			s->closed++;
		name_held(&c->calls, p->serial);
	}
	free(ports.v);
	s->now = time_now();
	return s->v ? 0 : -ENOMEM;
}

static bool wanted(const struct snapshot *s, const struct lpc_call_info *c)
{
	return !s->pid || c->pid == s->pid || c->tid == s->pid || c->server_tid == s->pid;
}

static void call_row(struct table *t, const struct snapshot *s, const char *port,
		     const struct lpc_call_info *c)
{
	char text[64];

	table_line(t);
	table_cell(t, C_PID, "%u", c->pid);
	if (c->tid)
		table_cell(t, C_TID, "%u", c->tid);
	table_cell(t, C_COMMAND, "%s", proc_comm(c->pid, text));
	table_cell(t, C_PORT, "%s", port);
	table_cell(t, C_CONN, "%llu", c->conn);
	table_cell(t, C_CODE, "%u", c->code);
	table_cell(t, C_BYTES, "%u", c->len);
	table_cell(t, C_AGE, "%s", text_span(s->now - c->sent, text, sizeof(text)));
	table_cell(t, C_STATE, "%s", call_state(c->state));
	if (c->server_tid)
		table_cell(t, C_TAKER, "%u", c->server_tid);
	table_cell(t, C_PIECE, "%s", call_piece(c, text, sizeof(text)));
	table_cell(t, C_DIRECTION, "%s", c->to_client ? "to-client" : "to-server");
	table_cell(t, C_ID, "%llu", c->id);
	table_cell(t, C_SECTION, "%s", section_name(c->section));
	table_cell(t, C_OFFSET, "%llu", c->offset);
	table_cell(t, C_LENGTH, "%llu", c->length);
	table_cell(t, C_HELD, "%s", c->flags & LPC_CALL_HELD ? "yes" : "no");
	table_cell(t, C_BUFFERS, "%u", c->buffers);
}

static void print_calls(const struct snapshot *s)
{
	struct table *t = table_open(call_columns, C_COLUMNS, C_SHOWN);
	size_t n = 0, held = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct lpc_call_info *c = s->v[i].calls.v;

		for (size_t j = 0; j < s->v[i].calls.n; j++) {
			if (!wanted(s, c + j))
				continue;
			call_row(t, s, s->v[i].name, c + j);
			held += !!(c[j].flags & LPC_CALL_HELD);
			n++;
		}
	}
	table_close(t);
	if (opt.noheadings || opt.quiet || opt.columns)
		return;
	printf("%zu call%s in progress.", n - held, n - held == 1 ? "" : "s");
	if (held)
		printf(" %zu given up and not yet answered.", held);
	if (s->closed)
		printf(" Calls on %llu port%s of others are hidden from you.",
		       (unsigned long long)s->closed, s->closed == 1 ? "" : "s");
	putchar('\n');
}

static void print_fds(const struct proc_fds *fds)
{
	struct table *t = table_open(fd_columns, F_COLUMNS, F_SHOWN);

	for (size_t i = 0; i < fds->n; i++) {
		const struct proc_fd *f = fds->v + i;
		char text[COMM_ROOM];

		table_line(t);
		table_cell(t, F_PID, "%u", f->pid);
		table_cell(t, F_COMMAND, "%s", proc_comm(f->pid, text));
		table_cell(t, F_USER, "%s", text_user(f->uid, text, sizeof(text)));
		table_cell(t, F_FD, "%d", f->fd);
		table_cell(t, F_KIND, "%s", f->kind);
		table_cell(t, F_PORT, "%s", f->name);
		table_cell(t, F_PORT_SERIAL, "%llu", (unsigned long long)f->port);
		table_cell(t, F_SERIAL, "%llu", (unsigned long long)f->serial);
	}
	table_close(t);
	if (opt.noheadings || opt.quiet || opt.columns)
		return;
	printf("%zu descriptor%s.", fds->n, fds->n == 1 ? "" : "s");
	if (fds->unreadable)
		printf(" %zu process%s may not be looked into; root sees all.", fds->unreadable,
		       fds->unreadable == 1 ? "" : "es");
	putchar('\n');
}

static void json_calls(const struct snapshot *s)
{
	json_array("calls");
	for (size_t i = 0; i < s->n; i++) {
		const struct lpc_call_info *c = s->v[i].calls.v;

		for (size_t j = 0; j < s->v[i].calls.n; j++)
			if (wanted(s, c + j))
				json_call(c + j, s->now, s->v[i].name);
	}
	json_end();
	json_number("hidden_ports", s->closed);
}

static void json_fds(const struct proc_fds *fds)
{
	json_array("descriptors");
	for (size_t i = 0; i < fds->n; i++) {
		const struct proc_fd *f = fds->v + i;

		json_object(NULL);
		json_process("process", f->pid, f->uid);
		json_number("fd", (uint64_t)f->fd);
		json_text("kind", f->kind);
		json_text("port", f->name);
		json_number("port_serial", f->port);
		json_number("serial", f->serial);
		json_end();
	}
	json_end();
	json_number("unreadable_processes", fds->unreadable);
}

static int print(struct snapshot *s, bool calls, bool files)
{
	struct proc_fds fds;
	int r = calls ? take(s) : 0;

	if (r < 0)
		return complain(DOING_QUERY, NULL, r, TAKEN_UNKNOWN);
	if (opt.json)
		json_object(NULL);
	if (calls && opt.json)
		json_calls(s);
	else if (calls)
		print_calls(s);
	if (files) {
		proc_fds(s->pid, &fds);
		if (opt.json) {
			json_fds(&fds);
		} else {
			if (calls)
				putchar('\n');
			print_fds(&fds);
		}
		free(fds.v);
	}
	if (opt.json)
		json_end();
	return RC_DONE;
}

int cmd_ps(int argc, char **argv)
{
	bool calls = false, files = false;
	const struct cli_option own[] = {
		{ OPT_FLAG, 0, "calls", NULL, "only calls in progress", &calls },
		{ OPT_FLAG, 0, "fds", NULL, "only who holds which port and connection", &files },
		{ 0 },
	};
	char **args = options(own, argc, argv, 0, 1);
	struct snapshot s = { .n = 0 };
	int rc = need_device();

	if (rc != RC_DONE)
		return rc;
	if (args[0] && !parse_number(args[0], 10, &s.pid))
		usage_error("%s: not a process id", args[0]);
	if (!calls && !files) {
		calls = true;
		files = !opt.columns;	/* -o speaks of one table */
	}
	if (calls && files && opt.columns)
		usage_error("-o with --calls or with --fds, not both");
	rc = print(&s, calls, files);
	for (size_t i = 0; i < s.n; i++)
		free(s.v[i].calls.v);
	free(s.v);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_show.c - lpcctl show: one port, or all ports of a process, in full
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "json.h"
#include "options.h"
#include "proc.h"
#include "show.h"
#include "text.h"

/* 0, or a negative errno; what is not ours to see is no error. */
static int look(const struct lpc_port_info *port, struct port_view *v)
{
	struct lpc_security s = { .flags = 0 };
	int r;

	*v = (struct port_view){ .port = *port };
	/* a port that has no name has nobody to keep out */
	if (port->acl_count && kern_security((const char *)port->name, &s, v->acl) == 0)
		v->acl_count = s.count;
	r = kern_list(LPC_WHAT_CONN, port->serial, &v->conns);
	if (r == 0)
		r = kern_list(LPC_WHAT_CALL, port->serial, &v->calls);
	v->now = time_now();	/* after what it is compared with */
	v->closed = r == -EACCES || r == -EPERM;
	return v->closed ? 0 : r;
}

static void forget(struct port_view *v)
{
	free(v->conns.v);
	free(v->calls.v);
}

static int show_one(const char *arg)
{
	const char *name = need_name(arg);
	struct lpc_port_info port;
	struct port_view v;
	int r = kern_port(name, false, 0, &port);

	if (r < 0)
		return complain(DOING_QUERY, name, r, TAKEN_UNKNOWN);
	r = look(&port, &v);
	if (r == 0 && opt.json) {
		json_object(NULL);
		show_json(NULL, &v);
		json_end();
	} else if (r == 0) {
		show_text(&v);
	}
	forget(&v);
	return r < 0 ? complain(DOING_QUERY, name, r, TAKEN_UNKNOWN) : RC_DONE;
}

static bool serves(const struct lpc_port_info *p, uint32_t pid, const struct proc_fds *fds)
{
	if (p->server_pid == pid)
		return true;
	for (size_t i = 0; i < fds->n; i++)
		if (fds->v[i].port == p->serial)
			return true;
	return false;
}

static int show_process(uint32_t pid)
{
	struct kern_list ports;
	struct proc_fds fds;
	unsigned int n = 0;
	int r = kern_list(LPC_WHAT_PORT, 0, &ports), gone;

	if (r < 0)
		return complain(DOING_QUERY, NULL, r, TAKEN_UNKNOWN);
	gone = proc_fds(pid, &fds);
	if (opt.json) {
		json_object(NULL);
		json_number("pid", pid);
		json_array("ports");
	}
	for (size_t i = 0; i < ports.n; i++) {
		const struct lpc_port_info *p = (struct lpc_port_info *)ports.v + i;
		struct port_view v;

		if (!serves(p, pid, &fds) || look(p, &v) < 0)
			continue;
		if (opt.json)
			show_json("", &v);
		else
			show_text(&v);
		forget(&v);
		n++;
	}
	if (opt.json) {
		json_end();
		json_end();
	}
	free(ports.v);
	free(fds.v);
	if (n)
		return RC_DONE;
	fprintf(stderr, "lpcctl: process %u %s\n", pid, gone == -ESRCH ? "does not exist" :
		fds.unreadable ? "made no port that you may see, and may not be looked into" :
				 "holds no port that you may see");
	return RC_NO_PORT;
}

int cmd_show(int argc, char **argv)
{
	char **args = options(NULL, argc, argv, 1, 1);
	int rc = need_device();
	uint32_t pid;

	if (rc != RC_DONE)
		return rc;
	if (strspn(args[0], "0123456789") == strlen(args[0]) && parse_number(args[0], 10, &pid))
		return show_process(pid);
	return show_one(args[0]);
}

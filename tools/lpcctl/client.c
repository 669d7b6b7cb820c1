// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c - a connection for call, send and ping
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "client.h"
#include "errors.h"
#include "kernel.h"
#include "options.h"
#include "text.h"

uid_t client_user(const char *text)
{
	struct passwd *pw = getpwnam(text);
	uint32_t uid;

	if (pw)
		return pw->pw_uid;
	if (!parse_number(text, 10, &uid))
		usage_error("%s: no such user", text);
	return uid;
}

gid_t client_group(const char *text)
{
	struct group *gr = getgrnam(text);
	uint32_t gid;

	if (gr)
		return gr->gr_gid;
	if (!parse_number(text, 10, &gid))
		usage_error("%s: no such group", text);
	return gid;
}

/* A server of liblpc that gives no words sends its errno. */
static int refused(const char *name, const char *answer, size_t len)
{
	const char *words;
	int32_t err;

	if (len != sizeof(err))
		return complain_refused(name, answer, len);
	memcpy(&err, answer, sizeof(err));
	if (err >= 0 || err < -4095)
		return complain_refused(name, answer, len);
	words = strerror(-err);
	return complain_refused(name, words, strlen(words));
}

int client_connect(struct client *c, const char *name)
{
	char answer[LPC_CONNECT_MAX];
	size_t len = sizeof(answer);
	struct lpc_connect_opts o = {
		.size = sizeof(o), .answer = answer, .answer_len = &len, .section = c->section,
	};
	uint64_t begin;
	int r;

	c->name = need_name(name);
	if (c->server_user) {
		o.flags = LPC_SERVER_UID;
		o.server_uid = client_user(c->server_user);
	}
	r = need_device();
	if (r != RC_DONE)
		return r;
	if (c->section && c->section != LPC_NO_SECTION && c->section > kern_message_max())
		return complain_section(c->name, -ENOBUFS, c->section);
	c->deadline = time_limit();
	o.deadline = c->deadline;
	begin = time_now();
	r = lpc_connect(&c->conn, c->name, &o);
	c->connect_ns = time_now() - begin;
	if (r == -ECONNREFUSED)
		return refused(c->name, answer, len < sizeof(answer) ? len : sizeof(answer));
	if (r < 0 && c->section && c->section != LPC_NO_SECTION)
		return complain_section(c->name, r, c->section);
	if (r < 0)
		return complain(DOING_CONNECT, c->name, r, TAKEN_UNKNOWN);
	c->room = lpc_conn_room(c->conn);
	lpc_conn_server(c->conn, &c->server);
	proc_comm((uint32_t)c->server.pid, c->comm);
	return RC_DONE;
}

void client_close(struct client *c)
{
	lpc_conn_close(c->conn);
	c->conn = NULL;
}

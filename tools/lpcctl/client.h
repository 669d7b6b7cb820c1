/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - a connection for call, send and ping
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <lpc.h>

#include "lpcctl.h"
#include "proc.h"

struct client {
	const char *name;		/* in full */
	const char *server_user;	/* --server-uid, NULL: whoever */
	uint64_t deadline;		/* by --timeout, of all that is done */
	size_t section;			/* as in lpc_connect_opts */
	size_t room;			/* longest message, either way */
	struct lpc_conn *conn;
	struct lpc_cred server;		/* who made the port */
	char comm[COMM_ROOM];		/* its name, while it lives */
	uint64_t connect_ns;
};

#define CLIENT_OPTION(c) \
	{ OPT_TEXT, 0, "server-uid", "USER", "only if USER made the port", &(c)->server_user }

/* RC_DONE, or the exit code after having said what is wrong. */
int client_connect(struct client *c, const char *name);
void client_close(struct client *c);

/* "7" or "root"; exits with RC_USAGE if there is no such user. */
uid_t client_user(const char *text);
gid_t client_group(const char *text);

#endif

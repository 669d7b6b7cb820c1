// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_serve.c - lpcctl serve: a server that runs a command for each request
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "service.h"

#define NOT_FOUND	127	/* as a shell says it */

static char **command;

static int serve(struct lpc_req *r, void *arg)
{
	const struct service *s = arg;
	struct output out = {
		.max = r->room_len > LPC_INLINE_MAX ? r->room_len : LPC_INLINE_MAX,
	};
	int status = command_run(command, s->name, r, &out);

	if (status == -ENOENT || status == -EACCES) {
		fprintf(stderr, "lpcctl: %s: %s\n", command[0], strerror(-status));
		status = NOT_FOUND;
	} else if (status == -EMSGSIZE) {
		fprintf(stderr,
			"lpcctl: %s wrote more than the %zu bytes that its caller has room for; that gets EMSGSIZE.\n",
			command[0], out.max);
	}
	if (!(r->flags & LPC_REQ_DATAGRAM) && status >= 0)
		status = lpc_reply(r, status, out.data, out.len);
	free(out.data);
	return r->flags & LPC_REQ_DATAGRAM ? 0 : status;
}

int cmd_serve(int argc, char **argv)
{
	struct service s = { .handler = serve, .hurry = command_end_all, .want_canceled = true };
	const struct cli_option own[] = { SERVICE_OPTIONS(&s), { 0 } };
	char **args = options(own, argc, argv, 2, -1);

	command = args + 1;
	signal(SIGPIPE, SIG_IGN);	/* of commands that do not read */
	return service_run(&s, args[0]);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_echo.c - lpcctl echo: a server that returns what it gets
 */
#include "options.h"
#include "service.h"

static int echo(struct lpc_req *r, void *arg)
{
	(void)arg;
	if (r->flags & LPC_REQ_DATAGRAM)
		return 0;
	return lpc_reply(r, 0, r->data, r->len);
}

int cmd_echo(int argc, char **argv)
{
	struct service s = { .handler = echo };
	const struct cli_option own[] = {
		SERVICE_OPTIONS(&s),
		{ OPT_TEXT, 0, "deny-uid", "USER", "refuse this user's connections", &s.deny_user },
		{ OPT_TEXT, 0, "deny-text", "TEXT", "and say this to him", &s.deny_text },
		{ 0 },
	};

	return service_run(&s, *options(own, argc, argv, 1, 1));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_wait.c - lpcctl wait: until the port exists
 */
#include <errno.h>
#include <stdio.h>

#include "errors.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "text.h"

int cmd_wait(int argc, char **argv)
{
	char **args = options(NULL, argc, argv, 1, 1);
	const char *name = need_name(args[0]);
	uint64_t begin = time_now();
	struct lpc_port_info port;
	int rc = need_device(), r;

	if (rc != RC_DONE)
		return rc;
	r = kern_port(name, true, time_limit(), &port);
	if (r == -EACCES) {
		/* it is there, and that was the question */
		if (!opt.quiet)
			fprintf(stderr, "lpcctl: %s exists; you may not look at it.\n", name);
		r = 0;
	}
	if (r < 0)
		return r == -ETIMEDOUT ? complain(DOING_WAIT, name, r, TAKEN_UNKNOWN) :
					 complain(DOING_QUERY, name, r, TAKEN_UNKNOWN);
	if (opt.json) {
		json_object(NULL);
		json_text("name", name);
		json_number("server_pid", port.server_pid);
		json_number("ns", time_now() - begin);
		json_end();
	}
	return RC_DONE;
}

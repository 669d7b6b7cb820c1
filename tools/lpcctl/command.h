/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - runs a command for one request: stdin in, stdout out
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <lpc.h>

/* What it writes. */
struct output {
	unsigned char *data;	/* to be freed */
	size_t len;
	size_t room;		/* bytes at @data */
	size_t max;		/* in: there may be */
};

/*
 * @argv: the command; @name: the port's. Returns the exit status, 128 + the
 * signal that killed it, or a negative errno: -EMSGSIZE it wrote more than may
 * be, -ECANCELED the caller has given up (and so has the command).
 */
int command_run(char **argv, const char *name, const struct lpc_req *r, struct output *out);

/* From @when on, commands are ended. For signal handlers too. */
void command_end_all(uint64_t when);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - runs a command for one request: stdin in, stdout out
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <lpc.h>

/*
 * @argv: the command; @name: the port's. @out takes what it writes, @len: in
 * room, out length. Returns the exit status, 128 + the signal that killed it,
 * or a negative errno: -EMSGSIZE it wrote more than fits, -ECANCELED the
 * caller has given up (and so has the command).
 */
int command_run(char **argv, const char *name, const struct lpc_req *r, void *out, size_t *len);

/* From @when on, commands are ended. For signal handlers too. */
void command_end_all(uint64_t when);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lpcctl.h - the verbs, the exit codes, the options every verb has
 */
#ifndef LPCCTL_H
#define LPCCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* checkpatch: ARRAY_SIZE: this is it */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: this defines it */
#define __printf(a, b)	__attribute__((format(printf, a, b)))
/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: likewise */
#define __noreturn	__attribute__((noreturn))

/* Promised in lpcctl(1); scripts test them. */
enum exit_code {
	RC_DONE		= 0,
	RC_SYSTEM	= 1,	/* the system failed */
	RC_USAGE	= 2,
	RC_NO_PORT	= 3,
	RC_DENIED	= 4,	/* refused or not allowed */
	RC_TIMEOUT	= 5,
	RC_GONE		= 6,	/* the server went away */
	RC_STATUS	= 7,	/* call: the server's status was not 0 */
	RC_NO_DEVICE	= 8,
};

struct globals {
	bool json;
	bool noheadings;
	bool quiet;
	const char *columns;	/* -o, NULL: the verb's own choice */
	uint64_t timeout;	/* ns, 0: none */
};

extern struct globals opt;

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *help;
	bool columns;		/* takes -o */
};

extern const struct verb *verb;		/* the one that runs */

int cmd_acl(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_ping(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_wait(int argc, char **argv);

#endif

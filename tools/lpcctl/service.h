/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * service.h - a port that is served until a signal comes, for echo and serve
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <lpc.h>

#include "lpcctl.h"

struct service {
	const char *name;		/* in full */
	uint32_t mode, threads;
	uint64_t room;			/* of a client's section, 0: any */
	const char *owner;		/* "USER[:GROUP]" */
	const char *acl;		/* entries, blanks between them */
	const char *deny_user;		/* clients of his are refused */
	const char *deny_text;		/* with these words */
	bool verbose;			/* tell who comes and goes */
	bool want_canceled;		/* lpc_req_canceled() is asked */
	lpc_handler *handler;
	void (*hurry)(uint64_t when);	/* in the signal handler: what runs then must end */
	uid_t deny_uid;
};

/* checkpatch: COMPLEX_MACRO: elements of an array; checkpatch: MACRO_ARG_REUSE: no effects */
#define SERVICE_OPTIONS(s) \
	{ OPT_MODE, 0, "mode", "MODE", "w connect, r look; 0600 if not given", &(s)->mode }, \
	{ OPT_TEXT, 0, "owner", "U[:G]", "give the port to this user and group", &(s)->owner }, \
	{ OPT_TEXT, 0, "acl", "ENTRIES", "as lpcctl acl has them, in one word", &(s)->acl }, \
	{ OPT_SIZE, 0, "room", "SIZE", "of a client's section, any if not given", &(s)->room }, \
	{ OPT_NUMBER, 0, "threads", "N", "that serve, 1 if not given", &(s)->threads }, \
	{ OPT_FLAG, 'v', "verbose", NULL, "tell who connects and leaves", &(s)->verbose }

/* Serves until SIGINT, SIGTERM or SIGHUP. Returns the exit code. */
int service_run(struct service *s, const char *name);

#endif

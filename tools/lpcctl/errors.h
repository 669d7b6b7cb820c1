/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * errors.h - what went wrong, why, and what to type; the exit code
 */
#ifndef ERRORS_H
#define ERRORS_H

#include "lpcctl.h"

enum doing {
	DOING_OPEN,	/* of /dev/lpc */
	DOING_CREATE,
	DOING_CONNECT,
	DOING_CALL,	/* or a datagram, on a connection that stood */
	DOING_QUERY,
	DOING_CHANGE,	/* of who may */
	DOING_WAIT,	/* for a name */
	DOING_SERVE,
};

enum { TAKEN_NO = 0, TAKEN_YES = 1, TAKEN_UNKNOWN = -1 };

/*
 * @err: a negative errno. Prints one line on stderr; with --json also an
 * object on stdout, with "taken" unless it is unknown. Returns the exit code.
 */
int complain(enum doing doing, const char *name, int err, int taken);

/* Likewise, in other words. */
__printf(3, 4)
int complain_text(int err, int taken, const char *fmt, ...);

/* A connect with a section of @bytes has failed: perhaps because of that. */
int complain_section(const char *name, int err, uint64_t bytes);

/* ECONNREFUSED, with the server's words. */
int complain_refused(const char *name, const void *answer, size_t len);

/* RC_DONE, or /dev/lpc cannot be used and that has been said. */
int need_device(void);

/* @name in full; exits with RC_USAGE if no port can have it. */
const char *need_name(const char *name);

#endif

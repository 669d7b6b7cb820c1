/* SPDX-License-Identifier: MIT */
/* A client's quick channel, and how one is asked for. */
#ifndef LIBLPC_QUICK_H
#define LIBLPC_QUICK_H

#include "channel.h"
#include "fork.h"

#define QUICK_VERSION	1u

/**
 * struct quick_ask - the payload of LPC_CODE_QUICK; an empty reply grants it
 * @version: QUICK_VERSION: layout of page and rings
 * @flags: enum lpc_quick_flags
 * @id: for QUICK_OPEN
 * @bytes: of each ring
 * @reserved: 0
 */
struct quick_ask {
	uint32_t	version;
	uint32_t	flags;
	uint64_t	id;
	uint32_t	bytes;
	uint32_t	reserved;
};

/**
 * struct lpc_quick - a client's channel
 * @ch: its side
 * @mark: see fork.h
 * @call_ms: as the connection's
 * @server: who opened it there
 * @calls: lpc_quick_call()s so far, their tags
 * @waiting: requests of lpc_quick_send() whose reply has not been received
 * @given_up: calls that were, and whose reply has yet to be thrown away
 * @over: why nothing goes any more, or 0
 */
struct lpc_quick {
	struct channel	ch;
	const int	*mark;
	uint64_t	call_ms;
	struct lpc_cred	server;
	uint64_t	calls;
	uint32_t	waiting;
	uint32_t	given_up;
	int		over;
};

#endif /* LIBLPC_QUICK_H */

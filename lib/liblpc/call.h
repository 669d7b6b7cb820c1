/* SPDX-License-Identifier: MIT */
#ifndef LIBLPC_CALL_H
#define LIBLPC_CALL_H

#include <lpc.h>

/* What a call may say of acting for its caller. */
#define CALL_CONSENT (LPC_CALL_NOT_FOR_ME | LPC_CALL_FOR_ME)

struct piece;
struct section;

/**
 * struct call_to - where a call goes
 * @fd: the end or port
 * @callback: a callback: the two ids below say into what
 * @id: the request served
 * @callback_id: the callback served, 0 for none
 * @deadline: for options that name none
 * @section: where @piece is
 * @piece: for a long request, and for the reply; NULL: none
 */
struct call_to {
	int		fd;
	bool		callback;
	uint64_t	id;
	uint64_t	callback_id;
	uint64_t	deadline;
	struct section	*section;
	struct piece	*piece;
};

int lpc_call_opts_read(struct lpc_call_opts *to, const struct lpc_call_opts **o);
ssize_t lpc_call_on(const struct call_to *to, uint32_t code, const void *req, size_t len,
		    void *rep, size_t room, const struct lpc_call_opts *o);

#endif /* LIBLPC_CALL_H */

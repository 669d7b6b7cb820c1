/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_ACCEPT_H
#define _LPC_ACCEPT_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "object.h"
#include "section.h"
#include "views.h"

struct lpc_conn;
struct lpc_end;
struct lpc_port;

/**
 * struct lpc_accepting - an ACCEPT on its way, on the stack of its thread
 * @port: of the ioctl
 * @args: of the ioctl
 * @data: for the client
 * @fd: will be the server end's
 * @offer: what the server gives; a reference until it is the connection's
 * @conn: whose request is claimed for mapping views, and which this uses; or NULL
 * @refuse: a view could not be mapped, or its client must not have this server
 * @tells: the client may know where its section is mapped here
 * @own_base: where @offer is mapped here
 * @base: where the client's section is mapped here
 */
struct lpc_accepting {
	struct lpc_port *port;
	struct lpc_accept *args;
	const u8 *data;
	struct lpc_fd fd;
	struct lpc_offer offer;
	struct lpc_conn *conn;
	bool refuse;
	bool tells;
	u64 own_base;
	u64 base;
};

int lpc_accept(struct lpc_accepting *a);
int lpc_accept_commit(struct lpc_accepting *a);
void lpc_accept_undo(struct lpc_accepting *a, int error);
int lpc_complete(struct lpc_end *end, struct lpc_complete *args);

#endif /* _LPC_ACCEPT_H */

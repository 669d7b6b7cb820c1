/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CALL_H
#define _LPC_CALL_H

#include <uapi/linux/lpc.h>

struct lpc_call;
struct lpc_end;
struct lpc_io;

int lpc_send(struct lpc_end *end, struct lpc_io *io);
int lpc_call(struct lpc_end *end, struct lpc_io *io);
int lpc_call_finish(struct lpc_call *call, struct lpc_io *io, bool handoff,
		    u8 how);
int lpc_cancel(struct lpc_end *end, struct lpc_cancel *args);

#endif /* _LPC_CALL_H */
